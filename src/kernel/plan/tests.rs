//! Filters as text, and the dumps they become.

use insta::assert_snapshot;

use super::{Part, plan};
use crate::flow::LabelMap;
use crate::table::parse_filter;
use crate::wire::DumpScope;

fn parts(text: &str, replies: bool) -> Vec<Part> {
    plan(&DumpScope::default(), &parse_filter(text, &LabelMap::default()).unwrap(), replies)
}

#[track_caller]
fn check(text: &str, asked: &str) {
    let scopes = parts(text, true).into_iter().map(|part| part.scope.to_string());
    assert_eq!(scopes.collect::<Vec<_>>().join("; "), asked, "{text}");
}

#[test]
fn the_kernel_is_asked_for_what_every_flow_must_have() {
    check("mark 5", "mark 0x5");
    check(
        "tcp and mark 0x100/0xff00",
        "ipv4 mark 0x100/0xff00 proto tcp; ipv6 mark 0x100/0xff00 proto tcp",
    );
    check("udp dport 53", "ipv4 proto udp dport 53; ipv6 proto udp dport 53");
    check("ipv4 and src 10.0.0.1 dst 10.0.0.2", "ipv4 src 10.0.0.1 dst 10.0.0.2");
    check("assured and zone 3", "assured zone 3");
    check("unreplied assured", "assured not seen_reply");
    check("not assured not unreplied", "seen_reply not assured");
    check("snat 203.0.113.7", "ipv4 reply.dst 203.0.113.7");
    check("udp snat 203.0.113.7 port 53", "ipv4 proto udp reply.dst 203.0.113.7 reply.dport 53");
}

#[test]
fn a_network_tells_the_family() {
    check("src 10.0.0.0/8", "ipv4");
    check("src fd00::1 udp", "ipv6 proto udp");
    check("dst {10.0.0.0/8, 192.168.0.0/16}", "ipv4");
    check("dst {10.0.0.0/8, fd00::/8}", "everything");
}

#[test]
fn few_alternatives_are_several_dumps() {
    check("src {10.0.0.1, 10.0.0.2}", "ipv4 src 10.0.0.1; ipv4 src 10.0.0.2");
    check("ipv4 udp dport {53, 123}", "ipv4 proto udp dport 53; ipv4 proto udp dport 123");
    check("src 10.0.0.1 or dst 10.0.0.1", "ipv4 src 10.0.0.1; ipv4 dst 10.0.0.1");
    check(
        "host 10.0.0.1",
        "ipv4 src 10.0.0.1; ipv4 dst 10.0.0.1; ipv4 reply.src 10.0.0.1; ipv4 reply.dst 10.0.0.1",
    );
    check("ipv4 dport 53 proto {tcp, udp}", "ipv4 proto tcp dport 53; ipv4 proto udp dport 53");
    check("(ipv6 tcp or ipv4 udp) dport 53", "ipv6 proto tcp dport 53; ipv4 proto udp dport 53");
    check("mark 7 src {10.0.0.1, 10.0.0.2}", "ipv4 mark 0x7");
    check("zone {1, 2}", "zone 1; zone 2");
    check("nat 10.0.0.1", "ipv4 reply.dst 10.0.0.1; ipv4 reply.src 10.0.0.1");
}

#[test]
fn too_many_alternatives_are_what_they_have_in_common() {
    check("udp dport {53, 123, 161}", "ipv4 proto udp; ipv6 proto udp");
    check("host {10.0.0.1, 10.0.0.2}", "ipv4");
    check("src 10.0.0.1 dport 53 or src 10.0.0.1 dport {1, 2, 3, 4, 5}", "ipv4 src 10.0.0.1");
    check("proto {tcp, udp}", "everything");
    check("src 10.0.0.1 or tcp", "everything");
    check("ipv4 (src 10.0.0.1 or tcp)", "ipv4");
}

#[test]
fn the_choice_that_needs_fewest_dumps_is_made() {
    check(
        "src {10.0.0.1, 10.0.0.2} udp dport {53, 123}",
        "ipv4 proto udp src 10.0.0.1; ipv4 proto udp src 10.0.0.2",
    );
    check("src 10.0.0.1 udp dport {53, 123}", "ipv4 proto udp src 10.0.0.1");
}

#[test]
fn what_may_change_between_two_dumps_does_not_tell_them_apart() {
    check("mark 1 or mark 2", "mark 0x0/0xfffffffc");
    check("mark {0x10, 0x11}", "mark 0x10/0xfffffffe");
    check("assured or unreplied", "everything");
    check(
        "(mark 5 src 10.0.0.1) or (mark 7 dst 10.0.0.2)",
        "ipv4 mark 0x5/0xfffffffd src 10.0.0.1; ipv4 mark 0x5/0xfffffffd dst 10.0.0.2",
    );
}

#[test]
fn what_some_flows_need_not_have_is_no_matter_of_the_kernel() {
    for text in
        ["all", "not all", "mark 5 or tcp", "not mark 5", "not (mark 5 and tcp)", "zone > 3"]
    {
        check(text, "everything");
    }
}

#[test]
fn what_kernels_get_wrong_is_never_asked_for() {
    check("src 2001:db8::1", "ipv6");
    check("dport 53", "everything");
    check("sctp dport 53", "ipv4 proto sctp; ipv6 proto sctp");
    check("snat port 53", "everything");
    let scopes = |text| parts(text, false).into_iter().map(|part| part.scope.to_string());
    assert_eq!(scopes("snat 10.0.0.1 tcp").collect::<Vec<_>>(), ["ipv4 proto tcp"]);
    assert_eq!(scopes("host 10.0.0.1").collect::<Vec<_>>(), ["ipv4"]);
}

#[test]
fn a_flow_is_wanted_of_the_first_dump_alone_that_shows_it() {
    let wanted = |text| {
        let filters = parts(text, true).into_iter().map(|part| part.filter.to_string());
        filters.collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(wanted("udp dport 53"), @r"
    proto udp and dport 53
    proto udp and dport 53
    ");
    assert_snapshot!(wanted("src 10.0.0.1 or dst 10.0.0.1"), @r"
    ipv4 and src 10.0.0.1 and (src 10.0.0.1 or dst 10.0.0.1)
    ipv4 and dst 10.0.0.1 and not (ipv4 and src 10.0.0.1) and (src 10.0.0.1 or dst 10.0.0.1)
    ");
}
