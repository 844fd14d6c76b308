//! Flows as the arguments that make them again.

use insta::assert_snapshot;

use crate::render::samples::{self, print};
use crate::render::{Columns, Screen};

#[test]
fn every_flow_is_the_command_that_makes_it() {
    let flows = samples::flows();
    let shown = print("conntrack,save", Columns::Flows, Screen::default(), &samples::items(&flows));
    assert_snapshot!(shown, @"
    -A -t 431994 -u SEEN_REPLY,ASSURED -s 10.0.0.1 -d 10.0.0.2 -r 10.0.0.2 -q 10.0.0.1 -p tcp --sport 1000 --dport 80 --reply-port-src 80 --reply-port-dst 1000 --state ESTABLISHED
    -A -t 299 -u UNSET -s fd00::1 -d 2001:db8::53 -r 2001:db8::53 -n 2001:db8::7 -p udp --sport 5000 --dport 53 --reply-port-src 53 --reply-port-dst 61000
    -A -t 299 -u SEEN_REPLY -s 10.0.0.1 -d 10.0.0.2 -r 10.0.0.2 -q 10.0.0.1 -p icmp --icmp-type 8 --icmp-code 0 --icmp-id 77
    -A -t 299 -u SEEN_REPLY -s 10.0.0.1 -d 10.0.0.2 -r 10.0.0.2 -q 10.0.0.1 -p gre --srckey 16 --dstkey 32 --reply-key-src 32 --reply-key-dst 16
    -A -t 299 -u UNSET -s 10.0.0.1 -d 10.0.0.2 -r 10.0.0.2 -q 10.0.0.1 -p 42
    -A -t 299 -u UNSET -s 10.0.0.1 -d 10.0.0.2 -r 10.0.0.2 -q 10.0.0.1 -p dccp
    -A -t 299 -u SEEN_REPLY -w 5 -s 10.0.0.1 -d 10.0.0.2 -r 10.0.0.2 -q 10.0.0.1 -p sctp --sport 5 --dport 6 --reply-port-src 6 --reply-port-dst 5 --state ESTABLISHED --orig-vtag 1 --reply-vtag 305419896
    -A -t 299 -u UNSET --orig-zone 6 --reply-zone 7 -s 10.0.0.1 -d 10.0.0.2 -r 10.0.0.2 -q 10.0.0.1 -p udplite --sport 5 --dport 6 --reply-port-src 6 --reply-port-dst 5
    -A -u SEEN_REPLY,ASSURED -s 10.0.0.3 -d 10.0.0.2 -r 10.0.0.2 -q 10.0.0.3 -p tcp --sport 1 --dport 80 --reply-port-src 80 --reply-port-dst 1
    -A -t 299 -u SEEN_REPLY,FIXED_TIMEOUT -s 10.0.0.8 -d 10.0.0.2 -r 10.0.0.2 -q 10.0.0.8 -p tcp --sport 1024 --dport 21 --reply-port-src 21 --reply-port-dst 1024
    -A -s 10.0.0.1 -d 10.0.0.2 -r 10.0.0.2 -q 10.0.0.1 -p udp --sport 1 --dport 2 --reply-port-src 2 --reply-port-dst 1
    ");
}

#[test]
fn marks_and_labels_are_saved_where_they_are_asked_for() {
    let flows = samples::flows();
    let items = samples::items(&flows);
    let rest = |format| {
        let shown = print(format, Columns::Flows, Screen::default(), &items);
        let ends = shown.lines().filter_map(|line| {
            line.find(" -m ").or(line.find(" --label-add ")).map(|at| line[at..].to_owned())
        });
        ends.collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(rest("conntrack,save,extended,labels"), @"
        -m 7
        -m 0
        -m 0
        -m 0
        -m 0
        -m 0
        -m 0
        -m 0
        -m 0
        -m 0 --label-add voip,hundred
        ");
    assert_snapshot!(rest("conntrack,save,labels"), @" --label-add voip,hundred");
    assert_snapshot!(rest("conntrack,save"), @"");
}

#[test]
fn events_are_the_commands_that_repeat_them() {
    let events = samples::events();
    let items = samples::event_items(&events);
    let shown = print("conntrack,save", Columns::Events, Screen::default(), &items);
    assert_snapshot!(shown, @"
    -A -t 299 -u SEEN_REPLY -s 10.0.0.1 -d 10.0.0.2 -r 10.0.0.2 -q 10.0.0.1 -p icmp --icmp-type 8 --icmp-code 0 --icmp-id 77
    -U -t 299 -u SEEN_REPLY -w 5 -s 10.0.0.1 -d 10.0.0.2 -r 10.0.0.2 -q 10.0.0.1 -p sctp --sport 5 --dport 6 --reply-port-src 6 --reply-port-dst 5 --state ESTABLISHED --orig-vtag 1 --reply-vtag 305419896
    -D -u SEEN_REPLY,ASSURED -s 10.0.0.1 -d 10.0.0.2 -r 10.0.0.2 -q 10.0.0.1 -p tcp --sport 1000 --dport 80 --reply-port-src 80 --reply-port-dst 1000 --state ESTABLISHED
        [NEW] 299 proto=6 src=10.0.0.2 dst=10.0.0.8 sport=0 dport=5555 mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 master-src=10.0.0.8 master-dst=10.0.0.2 sport=1024 dport=21 PERMANENT,INACTIVE class=0 helper=ftp
    ");
}
