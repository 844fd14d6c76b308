//! Rows as JSON and NDJSON: absent cells are left out, numbers stay exact.

use insta::assert_snapshot;

use crate::flow::Unit;
use crate::render::samples::{self, print};
use crate::render::{Column, Columns, Item, Screen};

#[test]
fn a_flow_has_every_field_that_is_present() {
    let flows = samples::flows();
    let shown = print("ndjson", Columns::Flows, Screen::default(), &samples::items(&flows));
    assert_snapshot!(shown, @r#"
    {"family":"ipv4","proto":"tcp","src":"10.0.0.1","dst":"10.0.0.2","sport":1000,"dport":80,"state":"ESTABLISHED","status":["seen_reply","assured","confirmed"],"mark":7,"zone":0,"timeout":431994,"id":4192558749,"packets":20,"bytes":1250052,"start":"2026-11-20T20:09:46.25Z","age":6.5,"snat":false,"dnat":false,"nat":false,"assured":true,"unreplied":false,"related":false,"offload":false,"refs":1,"protoinfo":{"state":"ESTABLISHED","wscale_orig":7},"orig":{"packets":12,"bytes":1250000},"reply":{"src":"10.0.0.2","dst":"10.0.0.1","sport":80,"dport":1000,"packets":8,"bytes":52}}
    {"family":"ipv6","proto":"udp","src":"fd00::1","dst":"2001:db8::53","sport":5000,"dport":53,"status":["confirmed","src_nat"],"mark":0,"zone":0,"timeout":299,"id":4192558749,"snat":true,"dnat":false,"nat":true,"assured":false,"unreplied":true,"related":false,"offload":false,"refs":1,"reply":{"src":"2001:db8::53","dst":"2001:db8::7","sport":53,"dport":61000}}
    {"family":"ipv4","proto":"icmp","src":"10.0.0.1","dst":"10.0.0.2","icmp_type":8,"icmp_code":0,"icmp_id":77,"status":["seen_reply","confirmed"],"mark":0,"zone":0,"timeout":299,"id":4192558749,"snat":false,"dnat":false,"nat":false,"assured":false,"unreplied":false,"related":false,"offload":false,"refs":1,"reply":{"src":"10.0.0.2","dst":"10.0.0.1","icmp_type":0,"icmp_code":0,"icmp_id":77}}
    {"family":"ipv4","proto":"gre","src":"10.0.0.1","dst":"10.0.0.2","sport":16,"dport":32,"status":["seen_reply","confirmed"],"mark":0,"zone":0,"timeout":299,"id":4192558749,"snat":false,"dnat":false,"nat":false,"assured":false,"unreplied":false,"related":false,"offload":false,"refs":1,"reply":{"src":"10.0.0.2","dst":"10.0.0.1","sport":32,"dport":16}}
    {"family":"ipv4","proto":"42","src":"10.0.0.1","dst":"10.0.0.2","status":["confirmed"],"mark":0,"zone":0,"timeout":299,"id":4192558749,"snat":false,"dnat":false,"nat":false,"assured":false,"unreplied":true,"related":false,"offload":false,"refs":1,"reply":{"src":"10.0.0.2","dst":"10.0.0.1"}}
    {"family":"ipv4","proto":"dccp","src":"10.0.0.1","dst":"10.0.0.2","status":["confirmed"],"mark":0,"zone":0,"timeout":299,"id":4192558749,"snat":false,"dnat":false,"nat":false,"assured":false,"unreplied":true,"related":false,"offload":false,"refs":1,"reply":{"src":"10.0.0.2","dst":"10.0.0.1"}}
    {"family":"ipv4","proto":"sctp","src":"10.0.0.1","dst":"10.0.0.2","sport":5,"dport":6,"state":"ESTABLISHED","status":["seen_reply","confirmed"],"mark":0,"zone":5,"timeout":299,"id":4192558749,"snat":false,"dnat":false,"nat":false,"assured":false,"unreplied":false,"related":false,"offload":false,"refs":1,"protoinfo":{"state":"ESTABLISHED","vtag_orig":1,"vtag_reply":305419896},"reply":{"src":"10.0.0.2","dst":"10.0.0.1","sport":6,"dport":5}}
    {"family":"ipv4","proto":"udplite","src":"10.0.0.1","dst":"10.0.0.2","sport":5,"dport":6,"status":["confirmed"],"mark":0,"timeout":299,"id":4192558749,"snat":false,"dnat":false,"nat":false,"assured":false,"unreplied":true,"related":false,"offload":false,"refs":1,"orig":{"zone":6},"reply":{"src":"10.0.0.2","dst":"10.0.0.1","sport":6,"dport":5,"zone":7}}
    {"family":"ipv4","proto":"tcp","src":"10.0.0.3","dst":"10.0.0.2","sport":1,"dport":80,"status":["seen_reply","assured","confirmed","offload"],"mark":0,"zone":0,"id":4192558749,"snat":false,"dnat":false,"nat":false,"assured":true,"unreplied":false,"related":false,"offload":true,"refs":1,"reply":{"src":"10.0.0.2","dst":"10.0.0.3","sport":80,"dport":1}}
    {"family":"ipv4","proto":"tcp","src":"10.0.0.8","dst":"10.0.0.2","sport":1024,"dport":21,"status":["seen_reply","confirmed","fixed_timeout"],"mark":0,"zone":0,"labels":["voip","2","hundred"],"timeout":299,"id":4192558749,"helper":"ftp","master":{"proto":"tcp","src":"10.0.0.8","dst":"10.0.0.2","sport":1024,"dport":21},"secctx":"a<&\"\n\u001b[31mz","snat":false,"dnat":false,"nat":false,"assured":false,"unreplied":false,"related":false,"offload":false,"refs":1,"reply":{"src":"10.0.0.2","dst":"10.0.0.8","sport":21,"dport":1024}}
    {"family":"ipv4","proto":"udp","src":"10.0.0.1","dst":"10.0.0.2","sport":1,"dport":2,"zone":0,"snat":false,"dnat":false,"nat":false,"reply":{"src":"10.0.0.2","dst":"10.0.0.1","sport":2,"dport":1}}
    "#);
}

#[test]
fn an_array_has_an_object_per_line() {
    let records = samples::records();
    let items = samples::record_items(&records);
    let shown = print("json", samples::record_columns(), Screen::default(), &items);
    assert_snapshot!(shown, @r#"
    [
    {"name":"a,\"b\" <&\n\u001b[2J","ok":true,"count":-3,"bytes":1250000,"share":0.5,"addr":"10.0.0.1","net":"10.0.0.0/8","age":90.5,"start":"2026-11-20T20:09:46.25Z","tags":["x","y"],"more <&>":{"k":1,"l":null}},
    {"name":null,"ok":null,"count":null,"bytes":null,"share":null,"addr":null,"net":null,"age":null,"start":null,"tags":null,"more <&>":null}
    ]
    "#);
    assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&shown).unwrap().len(), 2);
}

#[test]
fn no_rows_are_an_empty_array_or_nothing() {
    assert_eq!(print("json", Columns::Flows, Screen::default(), &[]), "[]\n");
    assert_eq!(print("ndjson", Columns::Flows, Screen::default(), &[]), "");
}

#[test]
fn events_and_expectations_nest_what_they_are_about() {
    let events = samples::events();
    let items = samples::event_items(&events);
    let shown = print("ndjson", Columns::Events, Screen::default(), &items[2..]);
    assert_snapshot!(shown, @r#"
    {"time":"2026-11-20T20:09:52.803416Z","event":"destroy","portid":0,"synthetic":false,"flow":{"family":"ipv4","proto":"tcp","src":"10.0.0.1","dst":"10.0.0.2","sport":1000,"dport":80,"state":"ESTABLISHED","status":["seen_reply","assured","confirmed"],"zone":0,"id":4192558749,"packets":20,"bytes":1250052,"start":"2026-11-20T20:09:46.25Z","stop":"2026-11-20T20:09:52.75Z","age":6.5,"snat":false,"dnat":false,"nat":false,"assured":true,"unreplied":false,"related":false,"offload":false,"refs":1,"protoinfo":{"state":"ESTABLISHED","wscale_orig":7},"orig":{"packets":12,"bytes":1250000},"reply":{"src":"10.0.0.2","dst":"10.0.0.1","sport":80,"dport":1000,"packets":8,"bytes":52}}}
    {"time":"2026-11-20T20:09:52.803416Z","event":"new","portid":0,"synthetic":false,"expectation":{"family":"ipv4","proto":"tcp","src":"10.0.0.2","dst":"10.0.0.8","sport":0,"dport":5555,"mask":{"proto":"tcp","src":"255.255.255.255","dst":"255.255.255.255","sport":0,"dport":65535},"master":{"proto":"tcp","src":"10.0.0.8","dst":"10.0.0.2","sport":1024,"dport":21},"timeout":299,"id":5,"helper":"ftp","flags":["permanent","inactive"],"class":0,"function":"nat-follow-master"}}
    "#);
}

#[test]
fn chosen_columns_are_all_there_is() {
    let columns = ["src", "helper", "no such"].map(|name| Column::new(name, Unit::Text)).to_vec();
    let (flow, expectation) = (samples::tcp(), samples::expectation());
    let items = [Item::Flow(&flow), Item::Expectation(&expectation)];
    let shown = print("ndjson", columns, Screen::default(), &items);
    assert_snapshot!(shown, @r#"
    {"src":"10.0.0.1","helper":null,"no such":null}
    {"src":"10.0.0.2","helper":"ftp","no such":null}
    "#);
}
