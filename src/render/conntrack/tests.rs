//! Flows, events and expectations as `conntrack` prints them, byte for byte.

use insta::assert_snapshot;
use jiff::tz::TimeZone;

use super::Conntrack;
use crate::flow::{Flow, View};
use crate::render::samples::{self, print};
use crate::render::{Columns, ConntrackStyle, Item, Screen};
use crate::wire;

const PLAIN: ConntrackStyle = ConntrackStyle::PLAIN;

fn flows(format: &str, flows: &[Flow]) -> String {
    print(format, Columns::Flows, Screen::default(), &samples::items(flows))
}

#[test]
fn every_kind_of_flow_has_its_line() {
    assert_snapshot!(flows("conntrack", &samples::flows()), @r#"
    tcp      6 431994 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=80 packets=12 bytes=1250000 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1000 packets=8 bytes=52 [ASSURED] mark=7 delta-time=6 use=1
    udp      17 299 src=fd00::1 dst=2001:db8::53 sport=5000 dport=53 [UNREPLIED] src=2001:db8::53 dst=2001:db8::7 sport=53 dport=61000 mark=0 use=1
    icmp     1 299 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=77 src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=77 mark=0 use=1
    gre      47 299 src=10.0.0.1 dst=10.0.0.2 srckey=0x10 dstkey=0x20 src=10.0.0.2 dst=10.0.0.1 srckey=0x20 dstkey=0x10 mark=0 use=1
    unknown  42 299 src=10.0.0.1 dst=10.0.0.2 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 mark=0 use=1
    dccp     33 299 src=10.0.0.1 dst=10.0.0.2 sport=0 dport=0 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=0 dport=0 mark=0 use=1
    sctp     132 299 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=5 dport=6 src=10.0.0.2 dst=10.0.0.1 sport=6 dport=5 mark=0 zone=5 use=1
    udplite  136 299 src=10.0.0.1 dst=10.0.0.2 sport=5 dport=6 zone-orig=6 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=6 dport=5 zone-reply=7 mark=0 use=1
    tcp      6 src=10.0.0.3 dst=10.0.0.2 sport=1 dport=80 src=10.0.0.2 dst=10.0.0.3 sport=80 dport=1 [OFFLOAD] mark=0 use=1
    tcp      6 299 src=10.0.0.8 dst=10.0.0.2 sport=1024 dport=21 src=10.0.0.2 dst=10.0.0.8 sport=21 dport=1024 mark=0 secctx=a<&"\n\u{1b}[31mz helper=ftp use=1
    udp      17 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1
    "#);
}

#[test]
fn the_words_of_conntrack_add_their_fields() {
    let rows = [samples::tcp(), samples::udp6_nat(), samples::adorned()];
    // The start is in local time, which tests cannot choose: its text has its own test.
    assert_snapshot!(flows("conntrack,extended,id,labels,timestamp", &rows), @r#"
    ipv4     2 tcp      6 431994 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=80 packets=12 bytes=1250000 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1000 packets=8 bytes=52 [ASSURED] mark=7 delta-time=6 use=1 id=4192558749
    ipv6     10 udp      17 299 src=fd00::1 dst=2001:db8::53 sport=5000 dport=53 [UNREPLIED] src=2001:db8::53 dst=2001:db8::7 sport=53 dport=61000 mark=0 use=1 id=4192558749
    ipv4     2 tcp      6 299 src=10.0.0.8 dst=10.0.0.2 sport=1024 dport=21 src=10.0.0.2 dst=10.0.0.8 sport=21 dport=1024 mark=0 secctx=a<&"\n\u{1b}[31mz helper=ftp use=1 id=4192558749 labels=voip,hundred
    "#);
}

#[test]
fn labels_without_a_name_are_a_word_alone() {
    let labelled = |word| {
        let flow = Flow { labels: Some(crate::flow::Labels([word, 0, 0, 0])), ..samples::bare() };
        flows("conntrack,labels", &[flow])
    };
    assert!(labelled(1 << 9).ends_with(" labels\n"));
    assert!(labelled(1 << 9 | 2).ends_with(" labels=voip\n"));
    assert!(!labelled(0).contains("labels"));
}

#[test]
fn events_say_what_happened_and_who_did_it() {
    let events = samples::events();
    let events = samples::event_items(&events);
    let show = |format| print(format, Columns::Events, Screen::default(), &events);
    assert_snapshot!(show("conntrack"), @r"
        [NEW] icmp     1 299 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=77 src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=77 mark=0 use=1
     [UPDATE] sctp     132 299 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=5 dport=6 src=10.0.0.2 dst=10.0.0.1 sport=6 dport=5 mark=0 zone=5 use=1 [USERSPACE] portid=13264
    [DESTROY] tcp      6 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=80 packets=12 bytes=1250000 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1000 packets=8 bytes=52 [ASSURED] delta-time=6 use=1
        [NEW] 299 proto=6 src=10.0.0.2 dst=10.0.0.8 sport=0 dport=5555 mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 master-src=10.0.0.8 master-dst=10.0.0.2 sport=1024 dport=21 PERMANENT,INACTIVE class=0 helper=ftp
    ");
    assert_snapshot!(show("conntrack,timestamp"), @r"
    [1795205392.803416]	    [NEW] icmp     1 299 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=77 src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=77 mark=0 use=1
    [1795205392.803416]	 [UPDATE] sctp     132 299 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=5 dport=6 src=10.0.0.2 dst=10.0.0.1 sport=6 dport=5 mark=0 zone=5 use=1 [USERSPACE] portid=13264
    [1795205392.803416]	[DESTROY] tcp      6 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=80 packets=12 bytes=1250000 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1000 packets=8 bytes=52 [ASSURED] delta-time=6 use=1
    [1795205392.803416]	    [NEW] 299 proto=6 src=10.0.0.2 dst=10.0.0.8 sport=0 dport=5555 mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 master-src=10.0.0.8 master-dst=10.0.0.2 sport=1024 dport=21 PERMANENT,INACTIVE class=0 helper=ftp
    ");
}

#[test]
fn expectations_show_tuple_mask_and_master() {
    let expectation = samples::expectation();
    let mut bare = samples::expectation();
    (bare.timeout_s, bare.flags, bare.class, bare.helper) = (None, None, None, None);
    let items = [Item::Expectation(&expectation), Item::Expectation(&bare)];
    let shown = print("conntrack", Columns::Expectations, Screen::default(), &items);
    assert_snapshot!(shown, @r"
    299 proto=6 src=10.0.0.2 dst=10.0.0.8 sport=0 dport=5555 mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 master-src=10.0.0.8 master-dst=10.0.0.2 sport=1024 dport=21 PERMANENT,INACTIVE class=0 helper=ftp
    proto=6 src=10.0.0.2 dst=10.0.0.8 sport=0 dport=5555 mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 master-src=10.0.0.8 master-dst=10.0.0.2 sport=1024 dport=21
    ");
}

#[test]
fn records_are_pairs() {
    let records = samples::records();
    let items = samples::record_items(&records);
    let shown = print("conntrack", samples::record_columns(), Screen::default(), &items);
    assert_snapshot!(shown, @r#"name=a,"b" <&\n\u{1b}[2J ok=true count=-3 bytes=1250000 share=0.5 addr=10.0.0.1 net=10.0.0.0/8 age=90.5 start=2026-11-20T20:09:46.25Z tags=x,y more <&>=k=1 l="#);
}

/// What conntrack printed when the flows were six seconds old and the clock showed UTC. The dump is
/// a little older than its lines: the time left is taken from them.
#[test]
fn the_kernels_dump_prints_as_conntrack_printed_it() {
    let dump = include_bytes!("../../../tests/fixtures/mixed_ct_dump.bin");
    let printed = include_str!("../../../tests/fixtures/mixed_conntrack_L.txt");
    let flows: Vec<Flow> = wire::messages(dump)
        .map(Result::unwrap)
        .filter(|message| message.kind != wire::NLMSG_DONE)
        .map(|message| wire::decode_flow(message.payload).unwrap())
        .collect();
    let style = ConntrackStyle { extended: true, id: true, ktimestamp: true, ..PLAIN };
    let mut ours = Conntrack::new(&Columns::Flows, style, samples::view());
    ours.zone = TimeZone::UTC;
    for theirs in printed.lines() {
        let id = theirs.rsplit("id=").next().unwrap().parse().ok();
        let mut flow = flows.iter().find(|flow| flow.id == id).unwrap().clone();
        flow.timeout_s = theirs.split_whitespace().nth(4).unwrap().parse().ok();
        let now_ns = flow.start_ns.unwrap() + 6_000_000_000;
        ours.line.truncate(0);
        ours.flow(&flow, View { now_ns, ..samples::view() });
        assert_eq!(ours.line.as_str(), theirs);
    }
}
