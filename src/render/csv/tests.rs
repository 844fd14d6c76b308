//! Rows as CSV: quoting, absent cells, columns.

use insta::assert_snapshot;

use crate::flow::{Unit, Value};
use crate::render::samples::{self, print};
use crate::render::{Column, Columns, Screen};

#[test]
fn flows_have_a_column_per_field() {
    let flows = [samples::tcp(), samples::adorned(), samples::bare()];
    let shown = print("csv", Columns::Flows, Screen::default(), &samples::items(&flows));
    assert_snapshot!(shown.replace('\u{1b}', "^"), @r#"
    family,proto,src,dst,sport,dport,icmp_type,icmp_code,icmp_id,state,status,mark,zone,labels,timeout,id,packets,bytes,helper,master,secctx,netns,start,stop,age,snat,dnat,nat,assured,unreplied,related,offload,refs,protoinfo,seqadj,synproxy,reply.src,reply.dst,reply.sport,reply.dport,reply.icmp_type,reply.icmp_code,reply.icmp_id,orig.zone,reply.zone,orig.packets,orig.bytes,reply.packets,reply.bytes
    ipv4,tcp,10.0.0.1,10.0.0.2,1000,80,,,,ESTABLISHED,"seen_reply,assured,confirmed",7,0,,431994,4192558749,20,1250052,,,,,2026-11-20T20:09:46.25Z,,6.5,false,false,false,true,false,false,false,1,state=ESTABLISHED wscale_orig=7,,,10.0.0.2,10.0.0.1,80,1000,,,,,,12,1250000,8,52
    ipv4,tcp,10.0.0.8,10.0.0.2,1024,21,,,,,"seen_reply,confirmed,fixed_timeout",0,0,"voip,2,hundred",299,4192558749,,,ftp,proto=tcp src=10.0.0.8 dst=10.0.0.2 sport=1024 dport=21,"a<&""
    ^[31mz",,,,,false,false,false,false,false,false,false,1,,,,10.0.0.2,10.0.0.8,21,1024,,,,,,,,,
    ipv4,udp,10.0.0.1,10.0.0.2,1,2,,,,,,,0,,,,,,,,,,,,,false,false,false,,,,,,,,,10.0.0.2,10.0.0.1,2,1,,,,,,,,,
    "#);
}

#[test]
fn the_header_is_there_without_rows() {
    let shown = print("csv", Columns::Expectations, Screen::default(), &[]);
    assert_snapshot!(shown, @"family,proto,src,dst,sport,dport,mask,master,timeout,id,helper,zone,flags,class,function,nat");
}

#[test]
fn records_are_quoted_where_they_must() {
    let records = samples::records();
    let items = samples::record_items(&records);
    let shown = print("csv", samples::record_columns(), Screen::default(), &items);
    assert_snapshot!(shown.replace('\u{1b}', "^"), @r#"
    name,ok,count,bytes,share,addr,net,age,start,tags,more <&>
    "a,""b"" <&
    ^[2J",true,-3,1250000,0.5,10.0.0.1,10.0.0.0/8,90.5,2026-11-20T20:09:46.25Z,"x,y",k=1 l=
    ,,,,,,,,,,
    "#);
}

#[test]
fn a_long_row_is_whole() {
    let records = vec![vec![Value::text("x".repeat(5_000)), Value::text("y".repeat(5_000))]];
    let columns = vec![Column::new("a", Unit::Text), Column::new("b", Unit::Text)];
    let shown = print("csv", columns, Screen::default(), &samples::record_items(&records));
    assert_eq!(shown.len(), "a,b\n".len() + 10_002);
}
