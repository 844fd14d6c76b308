//! Flows, events and expectations as the XML of `conntrack`.

use insta::assert_snapshot;

use crate::render::samples::{self, print};
use crate::render::{Columns, Item, Screen};

#[test]
fn flows_are_a_document_of_conntrack() {
    let flows = samples::flows();
    let shown = print(
        "conntrack,xml,labels,ktimestamp",
        Columns::Flows,
        Screen::default(),
        &samples::items(&flows),
    );
    assert_snapshot!(shown, @r#"
    <?xml version="1.0" encoding="utf-8"?>
    <conntrack>
    <flow><meta direction="original"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.1</src><dst>10.0.0.2</dst></layer3><layer4 protonum="6" protoname="tcp"><sport>1000</sport><dport>80</dport></layer4><counters><packets>12</packets><bytes>1250000</bytes></counters></meta><meta direction="reply"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.2</src><dst>10.0.0.1</dst></layer3><layer4 protonum="6" protoname="tcp"><sport>80</sport><dport>1000</dport></layer4><counters><packets>8</packets><bytes>52</bytes></counters></meta><meta direction="independent"><state>ESTABLISHED</state><timeout>431994</timeout><mark>7</mark><use>1</use><id>4192558749</id><assured/><timestamp><start>1795205386250000000</start></timestamp><deltatime>6</deltatime></meta></flow>
    <flow><meta direction="original"><layer3 protonum="10" protoname="ipv6"><src>fd00::1</src><dst>2001:db8::53</dst></layer3><layer4 protonum="17" protoname="udp"><sport>5000</sport><dport>53</dport></layer4></meta><meta direction="reply"><layer3 protonum="10" protoname="ipv6"><src>2001:db8::53</src><dst>2001:db8::7</dst></layer3><layer4 protonum="17" protoname="udp"><sport>53</sport><dport>61000</dport></layer4></meta><meta direction="independent"><timeout>299</timeout><mark>0</mark><use>1</use><id>4192558749</id><unreplied/></meta></flow>
    <flow><meta direction="original"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.1</src><dst>10.0.0.2</dst></layer3><layer4 protonum="1" protoname="icmp"></layer4></meta><meta direction="reply"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.2</src><dst>10.0.0.1</dst></layer3><layer4 protonum="1" protoname="icmp"></layer4></meta><meta direction="independent"><timeout>299</timeout><mark>0</mark><use>1</use><id>4192558749</id></meta></flow>
    <flow><meta direction="original"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.1</src><dst>10.0.0.2</dst></layer3><layer4 protonum="47" protoname="gre"><srckey>0x10</srckey><dstkey>0x20</dstkey></layer4></meta><meta direction="reply"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.2</src><dst>10.0.0.1</dst></layer3><layer4 protonum="47" protoname="gre"><srckey>0x20</srckey><dstkey>0x10</dstkey></layer4></meta><meta direction="independent"><timeout>299</timeout><mark>0</mark><use>1</use><id>4192558749</id></meta></flow>
    <flow><meta direction="original"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.1</src><dst>10.0.0.2</dst></layer3><layer4 protonum="42" protoname="unknown"></layer4></meta><meta direction="reply"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.2</src><dst>10.0.0.1</dst></layer3><layer4 protonum="42" protoname="unknown"></layer4></meta><meta direction="independent"><timeout>299</timeout><mark>0</mark><use>1</use><id>4192558749</id><unreplied/></meta></flow>
    <flow><meta direction="original"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.1</src><dst>10.0.0.2</dst></layer3><layer4 protonum="33" protoname="dccp"><sport>0</sport><dport>0</dport></layer4></meta><meta direction="reply"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.2</src><dst>10.0.0.1</dst></layer3><layer4 protonum="33" protoname="dccp"><sport>0</sport><dport>0</dport></layer4></meta><meta direction="independent"><timeout>299</timeout><mark>0</mark><use>1</use><id>4192558749</id><unreplied/></meta></flow>
    <flow><meta direction="original"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.1</src><dst>10.0.0.2</dst></layer3><layer4 protonum="132" protoname="sctp"><sport>5</sport><dport>6</dport></layer4></meta><meta direction="reply"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.2</src><dst>10.0.0.1</dst></layer3><layer4 protonum="132" protoname="sctp"><sport>6</sport><dport>5</dport></layer4></meta><meta direction="independent"><state>ESTABLISHED</state><timeout>299</timeout><mark>0</mark><zone>5</zone><use>1</use><id>4192558749</id></meta></flow>
    <flow><meta direction="original"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.1</src><dst>10.0.0.2</dst></layer3><layer4 protonum="136" protoname="udplite"><sport>5</sport><dport>6</dport></layer4><zone>6</zone></meta><meta direction="reply"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.2</src><dst>10.0.0.1</dst></layer3><layer4 protonum="136" protoname="udplite"><sport>6</sport><dport>5</dport></layer4><zone>7</zone></meta><meta direction="independent"><timeout>299</timeout><mark>0</mark><use>1</use><id>4192558749</id><unreplied/></meta></flow>
    <flow><meta direction="original"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.3</src><dst>10.0.0.2</dst></layer3><layer4 protonum="6" protoname="tcp"><sport>1</sport><dport>80</dport></layer4></meta><meta direction="reply"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.2</src><dst>10.0.0.3</dst></layer3><layer4 protonum="6" protoname="tcp"><sport>80</sport><dport>1</dport></layer4></meta><meta direction="independent"><mark>0</mark><use>1</use><id>4192558749</id><assured/></meta></flow>
    <flow><meta direction="original"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.8</src><dst>10.0.0.2</dst></layer3><layer4 protonum="6" protoname="tcp"><sport>1024</sport><dport>21</dport></layer4></meta><meta direction="reply"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.2</src><dst>10.0.0.8</dst></layer3><layer4 protonum="6" protoname="tcp"><sport>21</sport><dport>1024</dport></layer4></meta><meta direction="independent"><timeout>299</timeout><mark>0</mark><labels><label>voip</label><label>hundred</label></labels><secctx>a&lt;&amp;&quot;
    �[31mz</secctx><use>1</use><id>4192558749</id></meta><helper>ftp</helper></flow>
    <flow><meta direction="original"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.1</src><dst>10.0.0.2</dst></layer3><layer4 protonum="17" protoname="udp"><sport>1</sport><dport>2</dport></layer4></meta><meta direction="reply"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.2</src><dst>10.0.0.1</dst></layer3><layer4 protonum="17" protoname="udp"><sport>2</sport><dport>1</dport></layer4></meta><meta direction="independent"></meta></flow>
    </conntrack>
    "#);
}

#[test]
fn plain_xml_has_no_times_and_no_labels() {
    let flows = [samples::tcp(), samples::adorned()];
    let shown = print("xml", Columns::Flows, Screen::default(), &samples::items(&flows));
    assert!(!shown.contains("<timestamp>") && !shown.contains("<label"), "{shown}");
}

#[test]
fn events_carry_their_type() {
    let events = samples::events();
    let items = samples::event_items(&events);
    let shown = print("xml", Columns::Events, Screen::default(), &items[2..]);
    assert_snapshot!(shown, @r#"
    <?xml version="1.0" encoding="utf-8"?>
    <conntrack>
    <flow type="destroy"><meta direction="original"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.1</src><dst>10.0.0.2</dst></layer3><layer4 protonum="6" protoname="tcp"><sport>1000</sport><dport>80</dport></layer4><counters><packets>12</packets><bytes>1250000</bytes></counters></meta><meta direction="reply"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.2</src><dst>10.0.0.1</dst></layer3><layer4 protonum="6" protoname="tcp"><sport>80</sport><dport>1000</dport></layer4><counters><packets>8</packets><bytes>52</bytes></counters></meta><meta direction="independent"><state>ESTABLISHED</state><use>1</use><id>4192558749</id><assured/><deltatime>6</deltatime></meta></flow>
    <flow type="new"><layer3 protonum="2" protoname="ipv4"><expected><src>10.0.0.2</src><dst>10.0.0.8</dst></expected><mask><src>255.255.255.255</src><dst>255.255.255.255</dst></mask><master><src>10.0.0.8</src><dst>10.0.0.2</dst></master></layer3><layer4 protonum="6" protoname="tcp"><expected><sport>0</sport><dport>5555</dport></expected><mask><sport>0</sport><dport>65535</dport></mask><master><sport>1024</sport><dport>21</dport></master></layer4><meta><helper-name>ftp</helper-name><timeout>299</timeout><class>0</class><permanent/><inactive/></meta></flow>
    </conntrack>
    "#);
}

#[test]
fn expectations_are_a_document_of_their_own() {
    let expectation = samples::expectation();
    let items = [Item::Expectation(&expectation)];
    let shown = print("xml", Columns::Expectations, Screen::default(), &items);
    assert_snapshot!(shown, @r#"
    <?xml version="1.0" encoding="utf-8"?>
    <expect>
    <flow><layer3 protonum="2" protoname="ipv4"><expected><src>10.0.0.2</src><dst>10.0.0.8</dst></expected><mask><src>255.255.255.255</src><dst>255.255.255.255</dst></mask><master><src>10.0.0.8</src><dst>10.0.0.2</dst></master></layer3><layer4 protonum="6" protoname="tcp"><expected><sport>0</sport><dport>5555</dport></expected><mask><sport>0</sport><dport>65535</dport></mask><master><sport>1024</sport><dport>21</dport></master></layer4><meta><helper-name>ftp</helper-name><timeout>299</timeout><class>0</class><permanent/><inactive/></meta></flow>
    </expect>
    "#);
}

#[test]
fn records_are_rows_of_named_cells() {
    let records = samples::records();
    let items = samples::record_items(&records);
    let shown = print("xml", samples::record_columns(), Screen::default(), &items);
    assert_snapshot!(shown, @r#"
    <?xml version="1.0" encoding="utf-8"?>
    <rows>
    <row><cell name="name">a,&quot;b&quot; &lt;&amp;
    �[2J</cell><cell name="ok">true</cell><cell name="count">-3</cell><cell name="bytes">1250000</cell><cell name="share">0.5</cell><cell name="addr">10.0.0.1</cell><cell name="net">10.0.0.0/8</cell><cell name="age">90.5</cell><cell name="start">2026-11-20T20:09:46.25Z</cell><cell name="tags">x,y</cell><cell name="more &lt;&amp;&gt;">k=1 l=</cell></row>
    <row></row>
    </rows>
    "#);
}

#[test]
fn no_rows_are_no_document() {
    assert_eq!(print("xml", Columns::Flows, Screen::default(), &[]), "");
}
