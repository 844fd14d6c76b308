//! What the kernel is asked to leave out of a dump: only what a filter would not take anyway.

use crate::lab::{flowsh, in_namespace};

/// A table that stands still: both families, nine protocols, zones, marks, translation.
const TABLE: &str = r#"
    fn add(flow, n) {
        flow.timeout = 1.hour;
        if flow.proto in ["tcp", "sctp"] { flow.state = "ESTABLISHED" }
        if flow.proto == "sctp" { flow.vtag_orig = 1; flow.vtag_reply = 2 }
        if n % 3 == 0 { flow.mark = [0, 5, 0x100, 0x200, 0x105][n / 3 % 5] }
        if n % 4 == 1 { flow.zone = 2 + n / 4 % 2 }
        if n % 5 == 2 { flow.status = [["seen_reply", "assured"], ["assured"]][n / 5 % 2] }
        if n % 7 == 3 && "sport" in flow { flow.snat = if flow.src.family == "ipv4" { "203.0.113.7" } else { "2001:db8::7" } }
        flows.create(flow);
    }
    let n = 0;
    for hosts in [["10.0.0.9", "10.0.0.21"], ["10.0.0.21", "10.0.0.9"], ["192.168.1.66", "10.0.0.21"],
                  ["10.0.0.9", "203.0.113.7"], ["2001:db8:1::11", "2001:db8:2::1"]] {
        let src = ip(hosts[0]); let dst = ip(hosts[1]);
        for proto in ["tcp", "udp", "sctp", "udplite", "gre"] {
            for dport in [21, 53, 123, 443, 2905] {
                add(#{ proto: proto, src: src, dst: dst, sport: 5060 + n % 3, dport: dport }, n);
                n += 1;
            }
        }
        let ping = if src.family == "ipv4" { ["icmp", 8] } else { ["icmpv6", 128] };
        add(#{ proto: ping[0], src: src, dst: dst, icmp_type: ping[1], icmp_code: 0, icmp_id: n }, n);
        add(#{ proto: "50", src: src, dst: dst }, n + 1);
    }
"#;

/// Asks with each filter, and with the same one in a form that the kernel is not asked about.
const BOTH_WAYS: &str = r#"
    let filters = [
        "tcp", "udp dport 53", "tcp dport 443", "src 192.168.1.66", "dst 10.0.0.21 tcp", "assured",
        "tcp src 10.0.0.9 dport 21", "unreplied", "unreplied tcp", "assured unreplied", "zone 0",
        "zone 2", "zone 3", "zone 2 udp", "ipv6", "ipv4 tcp", "ipv6 udp dport 53", "icmp", "icmpv6",
        "sctp", "sctp dport 2905", "gre", "udplite", "proto 50", "mark 0", "mark 0x100/0xff00",
        "udp sport 5060", "src 2001:db8:1::11", "ipv6 src 10.0.0.1", "status src_nat",
        "src {10.0.0.9, 10.0.0.21}", "host 10.0.0.21", "src 192.168.1.66 or dst 10.0.0.21",
        "udp dport {53, 123}", "ipv4 dport 53 proto {tcp, udp}", "zone {2, 3}", "not assured",
        "snat 203.0.113.7", "nat 203.0.113.7", "reply.src 10.0.0.21", "reply.dst 203.0.113.7 tcp",
        "ipv4 udp port 53", "mark {0x100, 0x200}", "src in 192.168.0.0/16", "ipv4 tcp reply.sport 21",
    ];
    for text in filters {
        let hidden = "(" + text + ") or not all";
        let told = flows(hidden).map(|f| f.id);
        let asked = flows(text).map(|f| f.id);
        asked.sort(); told.sort();
        if asked != told { print(`${text}: ${asked.len()} of ${told.len()}`) }
        if told.is_empty() && text != "ipv6 src 10.0.0.1" { print(`${text}: nothing`) }
    }
    print(`${filters.len()} filters`);
"#;

#[test]
fn a_kernel_filter_loses_no_flow() {
    in_namespace(|| {
        let told = flowsh(&["sandbox", "-e", &format!("{TABLE}{BOTH_WAYS}")]);
        assert_eq!(format!("{}{}", told.stdout, told.stderr), "45 filters\n");
    });
}
