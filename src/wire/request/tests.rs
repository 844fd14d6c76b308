//! Each request as the text of its bytes.

use std::net::IpAddr;

use insta::assert_snapshot;

use super::{DumpScope, FlowTable, KernelFilter, Requests, TupleFilter};
use crate::flow::{
    ExpectFlags, ExpectKey, ExpectNat, Family, FlowKey, HelperName, L4, LabelPatch, Labels, Masked,
    NatTarget, NewExpectation, NewFlow, Patch, Proto, ProtoInfo, SctpInfo, SeqAdj, StatePatch,
    Status, Synproxy, TcpFlags, TcpInfo, Tuple,
};
use crate::wire::tests::show;

/// The text of what `append` appends.
fn text(append: impl FnOnce(&mut Requests)) -> String {
    let mut requests = Requests::new();
    append(&mut requests);
    assert_eq!(requests.bytes_len(), requests.as_bytes().len());
    show::datagram(requests.as_bytes())
}

fn tuple(proto: Proto, src: &str, dst: &str, l4: L4) -> Tuple {
    Tuple { src: addr(src), dst: addr(dst), proto, l4, zone: None }
}

fn addr(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn udp() -> Tuple {
    tuple(Proto::UDP, "10.0.0.1", "10.0.0.2", L4::Ports { src: 1024, dst: 53 })
}

fn key(tuple: Tuple) -> FlowKey {
    FlowKey { tuple, reply_zone: None, zone: None, id: None }
}

fn helper(name: &str) -> HelperName {
    HelperName::new(name.as_bytes()).unwrap()
}

#[test]
fn a_delete_is_these_bytes() {
    let mut requests = Requests::new();
    let key = FlowKey { tuple: udp(), reply_zone: None, zone: Some(5), id: Some(0x1234_5678) };
    requests.delete_flow(7, &key, true);
    let bytes = "58000000 0201 0500 07000000 00000000 02 00 0000
        3400 0180 1400 0180 0800 0100 0a000001 0800 0200 0a000002
                  1c00 0280 0500 0100 11000000 0600 0200 04000000 0600 0300 00350000
        0600 1200 00050000 0800 0c00 12345678";
    assert_eq!(show::hex(requests.as_bytes()), show::hex(&show::unhex(bytes)));
}

#[test]
fn requests_follow_each_other_until_they_are_cleared() {
    let mut requests = Requests::new();
    assert!(requests.is_empty());
    requests.global_stats(1);
    requests.cpu_stats(2);
    requests.expect_cpu_stats(3);
    assert_eq!((requests.len(), requests.bytes_len()), (3, 60));
    assert_snapshot!(show::datagram(requests.as_bytes()), @"
    kind 0x105 flags 0x1 seq 1 family 0 version 0
    kind 0x104 flags 0x301 seq 2 family 0 version 0
    kind 0x203 flags 0x301 seq 3 family 0 version 0
    ");
    requests.clear();
    assert_eq!((requests.len(), requests.as_bytes()), (0, [].as_slice()));
}

#[test]
fn a_dump_names_table_family_and_zeroing() {
    let dump = |scope: DumpScope| text(|requests| requests.dump_flows(1, &scope));
    let all = DumpScope::default();
    assert_snapshot!(dump(all), @"kind 0x101 flags 0x301 seq 1 family 0 version 0");
    assert_snapshot!(dump(DumpScope { family: Some(Family::Ipv6), zero: true, ..all }), @"kind 0x103 flags 0x301 seq 1 family 10 version 0");
    assert_snapshot!(dump(DumpScope { table: FlowTable::Dying, ..all }), @"kind 0x106 flags 0x301 seq 1 family 0 version 0");
    assert_snapshot!(dump(DumpScope { table: FlowTable::Unconfirmed, ..all }), @"kind 0x107 flags 0x301 seq 1 family 0 version 0");
}

#[test]
fn a_kernel_filter_carries_only_what_is_asked() {
    let dump = |filter: KernelFilter| {
        text(|requests| requests.dump_flows(1, &DumpScope { filter, ..DumpScope::default() }))
    };
    let none = KernelFilter::default();
    let mark = Some(Masked { value: 0x100, mask: 0xff00 });
    let status = Some((Status::default(), Status::SEEN_REPLY));
    assert_snapshot!(dump(KernelFilter { mark, status, zone: Some(0), ..none }), @"
    kind 0x101 flags 0x301 seq 1 family 0 version 0
      CTA_MARK=00000100
      CTA_MARK_MASK=0000ff00
      CTA_STATUS=00000000
      CTA_STATUS_MASK=00000002
      CTA_ZONE=0000
    ");
    let orig = TupleFilter {
        dst: Some(addr("10.0.0.2")),
        proto: Some(Proto::TCP),
        dport: Some(80),
        ..TupleFilter::default()
    };
    let reply = TupleFilter { src: Some(addr("10.0.0.2")), ..TupleFilter::default() };
    assert_snapshot!(dump(KernelFilter { orig, reply, ..none }), @"
    kind 0x101 flags 0x301 seq 1 family 2 version 0
      CTA_TUPLE_ORIG{CTA_TUPLE_IP{CTA_IP_V4_DST=0a000002} CTA_TUPLE_PROTO{CTA_PROTO_NUM=06 CTA_PROTO_DST_PORT=0050}}
      CTA_TUPLE_REPLY{CTA_TUPLE_IP{CTA_IP_V4_SRC=0a000002}}
      CTA_FILTER{CTA_FILTER_ORIG_FLAGS=2a000000 CTA_FILTER_REPLY_FLAGS=01000000}
    ");
    let ping = TupleFilter {
        proto: Some(Proto::ICMPV6),
        icmp_type: Some(128),
        icmp_code: Some(0),
        icmp_id: Some(77),
        ..TupleFilter::default()
    };
    assert_snapshot!(dump(KernelFilter { orig: ping, ..none }), @"
    kind 0x101 flags 0x301 seq 1 family 0 version 0
      CTA_TUPLE_ORIG{CTA_TUPLE_PROTO{CTA_PROTO_NUM=3a CTA_PROTO_ICMPV6_ID=004d CTA_PROTO_ICMPV6_TYPE=80 CTA_PROTO_ICMPV6_CODE=00}}
      CTA_FILTER{CTA_FILTER_ORIG_FLAGS=080e0000 CTA_FILTER_REPLY_FLAGS=00000000}
    ");
}

#[test]
fn a_get_wants_no_acknowledgement() {
    assert_snapshot!(text(|requests| requests.get_flow(1, &key(udp()), false)), @"
    kind 0x101 flags 0x1 seq 1 family 2 version 0
      CTA_TUPLE_ORIG{CTA_TUPLE_IP{CTA_IP_V4_SRC=0a000001 CTA_IP_V4_DST=0a000002} CTA_TUPLE_PROTO{CTA_PROTO_NUM=11 CTA_PROTO_SRC_PORT=0400 CTA_PROTO_DST_PORT=0035}}
    ");
    let directional = FlowKey {
        tuple: Tuple { zone: Some(9), ..udp() },
        reply_zone: None,
        zone: None,
        id: Some(1),
    };
    assert_snapshot!(text(|requests| requests.get_flow(1, &directional, true)), @"
    kind 0x103 flags 0x1 seq 1 family 2 version 0
      CTA_TUPLE_ORIG{CTA_TUPLE_IP{CTA_IP_V4_SRC=0a000001 CTA_IP_V4_DST=0a000002} CTA_TUPLE_PROTO{CTA_PROTO_NUM=11 CTA_PROTO_SRC_PORT=0400 CTA_PROTO_DST_PORT=0035} CTA_TUPLE_ZONE=0009}
    ");
}

#[test]
fn every_protocol_names_its_layer_4() {
    let get = |tuple: Tuple| {
        let all = text(|requests| requests.get_flow(1, &key(tuple), false));
        all.lines().nth(1).unwrap().to_owned()
    };
    let v4 = |proto, l4| get(tuple(proto, "10.0.0.1", "10.0.0.2", l4));
    let v6 = |proto, l4| get(tuple(proto, "2001:db8::1", "2001:db8::2", l4));
    assert_snapshot!(v4(Proto::GRE, L4::Ports { src: 0x10, dst: 0x20 }), @"  CTA_TUPLE_ORIG{CTA_TUPLE_IP{CTA_IP_V4_SRC=0a000001 CTA_IP_V4_DST=0a000002} CTA_TUPLE_PROTO{CTA_PROTO_NUM=2f CTA_PROTO_SRC_PORT=0010 CTA_PROTO_DST_PORT=0020}}");
    assert_snapshot!(v4(Proto::ICMP, L4::Icmp { kind: 8, code: 0, id: 77 }), @"  CTA_TUPLE_ORIG{CTA_TUPLE_IP{CTA_IP_V4_SRC=0a000001 CTA_IP_V4_DST=0a000002} CTA_TUPLE_PROTO{CTA_PROTO_NUM=01 CTA_PROTO_ICMP_ID=004d CTA_PROTO_ICMP_TYPE=08 CTA_PROTO_ICMP_CODE=00}}");
    assert_snapshot!(v4(Proto(50), L4::None), @"  CTA_TUPLE_ORIG{CTA_TUPLE_IP{CTA_IP_V4_SRC=0a000001 CTA_IP_V4_DST=0a000002} CTA_TUPLE_PROTO{CTA_PROTO_NUM=32}}");
    assert_snapshot!(v6(Proto::ICMPV6, L4::Icmp { kind: 128, code: 0, id: 77 }), @"  CTA_TUPLE_ORIG{CTA_TUPLE_IP{CTA_IP_V6_SRC=20010db8000000000000000000000001 CTA_IP_V6_DST=20010db8000000000000000000000002} CTA_TUPLE_PROTO{CTA_PROTO_NUM=3a CTA_PROTO_ICMPV6_ID=004d CTA_PROTO_ICMPV6_TYPE=80 CTA_PROTO_ICMPV6_CODE=00}}");
}

#[test]
fn a_status_is_sent_only_if_there_is_one_and_then_confirmed() {
    let mut new = NewFlow::new(udp(), udp().inverted().unwrap(), 30);
    assert!(!text(|requests| requests.create_flow(1, &new, true, true)).contains("CTA_STATUS"));
    new.status = Some(Status::default());
    assert_snapshot!(text(|requests| requests.create_flow(1, &new, true, true)), @"
    kind 0x100 flags 0x605 seq 1 family 2 version 0
      CTA_TUPLE_ORIG{CTA_TUPLE_IP{CTA_IP_V4_SRC=0a000001 CTA_IP_V4_DST=0a000002} CTA_TUPLE_PROTO{CTA_PROTO_NUM=11 CTA_PROTO_SRC_PORT=0400 CTA_PROTO_DST_PORT=0035}}
      CTA_TUPLE_REPLY{CTA_TUPLE_IP{CTA_IP_V4_SRC=0a000002 CTA_IP_V4_DST=0a000001} CTA_TUPLE_PROTO{CTA_PROTO_NUM=11 CTA_PROTO_SRC_PORT=0035 CTA_PROTO_DST_PORT=0400}}
      CTA_TIMEOUT=0000001e
      CTA_STATUS=00000008
    ");
}

#[test]
fn a_new_flow_carries_all_that_it_is_to_have() {
    let orig = tuple(Proto::TCP, "10.0.0.1", "10.0.0.2", L4::Ports { src: 1024, dst: 80 });
    let mut new = NewFlow::new(orig, orig.inverted().unwrap(), 600);
    new.zone = Some(3);
    new.status = Some(Status::SEEN_REPLY | Status::ASSURED);
    let flags = Some(TcpFlags { flags: 0x0a, mask: 0x0a });
    new.proto_info = Some(ProtoInfo::Tcp(TcpInfo {
        state: 3,
        wscale_orig: Some(7),
        wscale_reply: Some(8),
        flags_orig: flags,
        flags_reply: None,
    }));
    new.mark = Some(0);
    new.labels = Labels::bit(32);
    new.helper = Some(helper("ftp"));
    new.snat = Some(NatTarget { addr: addr("192.0.2.1"), port: Some(4000) });
    new.dnat = Some(NatTarget { addr: addr("192.0.2.2"), port: None });
    new.master = Some(udp());
    let adjustment = SeqAdj { correction_pos: 1, offset_before: -2, offset_after: 3 };
    new.seqadj = [Some(adjustment), Some(adjustment)];
    new.synproxy = Some(Synproxy { isn: 1, its: 2, tsoff: 3 });
    assert_snapshot!(text(|requests| requests.create_flow(1, &new, false, false)), @"
    kind 0x100 flags 0x401 seq 1 family 2 version 0
      CTA_TUPLE_ORIG{CTA_TUPLE_IP{CTA_IP_V4_SRC=0a000001 CTA_IP_V4_DST=0a000002} CTA_TUPLE_PROTO{CTA_PROTO_NUM=06 CTA_PROTO_SRC_PORT=0400 CTA_PROTO_DST_PORT=0050}}
      CTA_ZONE=0003
      CTA_TUPLE_REPLY{CTA_TUPLE_IP{CTA_IP_V4_SRC=0a000002 CTA_IP_V4_DST=0a000001} CTA_TUPLE_PROTO{CTA_PROTO_NUM=06 CTA_PROTO_SRC_PORT=0050 CTA_PROTO_DST_PORT=0400}}
      CTA_TIMEOUT=00000258
      CTA_STATUS=0000000e
      CTA_PROTOINFO{CTA_PROTOINFO_TCP{CTA_PROTOINFO_TCP_STATE=03 CTA_PROTOINFO_TCP_WSCALE_ORIGINAL=07 CTA_PROTOINFO_TCP_WSCALE_REPLY=08 CTA_PROTOINFO_TCP_FLAGS_ORIGINAL=0b0b CTA_PROTOINFO_TCP_FLAGS_REPLY=0101}}
      CTA_MARK=00000000
      CTA_LABELS=00000000010000000000000000000000
      CTA_HELP{CTA_HELP_NAME=66747000}
      CTA_NAT_SRC{CTA_NAT_V4_MINIP=c0000201 CTA_NAT_V4_MAXIP=c0000201 CTA_NAT_PROTO{CTA_PROTONAT_PORT_MIN=0fa0 CTA_PROTONAT_PORT_MAX=0fa0}}
      CTA_NAT_DST{CTA_NAT_V4_MINIP=c0000202 CTA_NAT_V4_MAXIP=c0000202}
      CTA_TUPLE_MASTER{CTA_TUPLE_IP{CTA_IP_V4_SRC=0a000001 CTA_IP_V4_DST=0a000002} CTA_TUPLE_PROTO{CTA_PROTO_NUM=11 CTA_PROTO_SRC_PORT=0400 CTA_PROTO_DST_PORT=0035}}
      CTA_SEQ_ADJ_ORIG{CTA_SEQADJ_CORRECTION_POS=00000001 CTA_SEQADJ_OFFSET_BEFORE=fffffffe CTA_SEQADJ_OFFSET_AFTER=00000003}
      CTA_SEQ_ADJ_REPLY{CTA_SEQADJ_CORRECTION_POS=00000001 CTA_SEQADJ_OFFSET_BEFORE=fffffffe CTA_SEQADJ_OFFSET_AFTER=00000003}
      CTA_SYNPROXY{CTA_SYNPROXY_ISN=00000001 CTA_SYNPROXY_ITS=00000002 CTA_SYNPROXY_TSOFF=00000003}
    ");
}

#[test]
fn nat_of_ipv6_goes_under_its_own_attributes() {
    let orig = tuple(Proto::UDP, "2001:db8::1", "2001:db8::2", L4::Ports { src: 1, dst: 2 });
    let mut new = NewFlow::new(orig, orig.inverted().unwrap(), 600);
    new.snat = Some(NatTarget { addr: addr("2001:db8::9"), port: None });
    let text = text(|requests| requests.create_flow(1, &new, true, false));
    let nat: Vec<_> = text.lines().filter(|line| line.contains("NAT")).collect();
    assert_snapshot!(nat.join("\n"), @"  CTA_NAT_SRC{CTA_NAT_V6_MINIP=20010db8000000000000000000000009 CTA_NAT_V6_MAXIP=20010db8000000000000000000000009}");
}

#[test]
fn a_patch_carries_only_what_it_changes() {
    let update_of = |proto, patch: Patch, present: Option<Status>| {
        let key = key(Tuple { proto, ..udp() });
        let all = text(|requests| requests.update_flow(1, &key, &patch, present, false));
        let lines: Vec<_> = all.lines().filter(|line| !line.contains("TUPLE")).collect();
        lines.join("\n")
    };
    let update = |patch, present| update_of(Proto::UDP, patch, present);
    let none = Patch::default();
    assert_snapshot!(update(none.clone(), None), @"kind 0x100 flags 0x1 seq 1 family 2 version 0");
    let timeout = Patch { timeout_s: Some(60), ..none.clone() };
    assert_snapshot!(update(timeout, Some(Status::CONFIRMED)), @"
    kind 0x100 flags 0x1 seq 1 family 2 version 0
      CTA_TIMEOUT=0000003c
    ");
    let mark = Patch { mark: Some(Masked { value: 0xfff, mask: 0xf0 }), ..none.clone() };
    assert_snapshot!(update(mark, None), @"
    kind 0x100 flags 0x1 seq 1 family 2 version 0
      CTA_MARK=000000f0
      CTA_MARK_MASK=000000f0
    ");
    let status = Patch { status: Some(Status::ASSURED), ..none.clone() };
    let present = Status::EXPECTED | Status::SEEN_REPLY | Status::CONFIRMED;
    assert_snapshot!(update(status.clone(), Some(present)), @"
    kind 0x100 flags 0x1 seq 1 family 2 version 0
      CTA_STATUS=0000000f
    ");
    assert_snapshot!(update(status, None), @"
    kind 0x100 flags 0x1 seq 1 family 2 version 0
      CTA_STATUS=0000000c
    ");
    let labels =
        LabelPatch { set: Labels([0b111, 0, 0, 1 << 31]), mask: Labels([0b101, 0, 1, 1 << 31]) };
    assert_snapshot!(update(Patch { labels: Some(labels), ..none.clone() }, None), @"
    kind 0x100 flags 0x1 seq 1 family 2 version 0
      CTA_LABELS=05000000000000000000000000000080
      CTA_LABELS_MASK=05000000000000000100000000000080
    ");
    let state = Patch {
        state: StatePatch {
            tcp: Some(TcpInfo { state: 7, ..TcpInfo::default() }),
            sctp: Some(SctpInfo { state: 4, vtag_orig: Some(1), vtag_reply: Some(2) }),
            dccp: None,
        },
        ..none.clone()
    };
    assert_snapshot!(update_of(Proto::SCTP, state.clone(), None), @"
    kind 0x100 flags 0x1 seq 1 family 2 version 0
      CTA_PROTOINFO{CTA_PROTOINFO_SCTP{CTA_PROTOINFO_SCTP_STATE=04 CTA_PROTOINFO_SCTP_VTAG_ORIGINAL=00000001 CTA_PROTOINFO_SCTP_VTAG_REPLY=00000002}}
    ");
    assert_snapshot!(update_of(Proto::TCP, state.clone(), None), @"
    kind 0x100 flags 0x1 seq 1 family 2 version 0
      CTA_PROTOINFO{CTA_PROTOINFO_TCP{CTA_PROTOINFO_TCP_STATE=07}}
    ");
    assert_snapshot!(update(state, None), @"kind 0x100 flags 0x1 seq 1 family 2 version 0");
    let rest = Patch {
        helper: Some(helper("ftp")),
        seqadj: [None, Some(SeqAdj::default())],
        synproxy: Some(Synproxy::default()),
        ..none
    };
    assert_snapshot!(update(rest, None), @"
    kind 0x100 flags 0x1 seq 1 family 2 version 0
      CTA_HELP{CTA_HELP_NAME=66747000}
      CTA_SEQ_ADJ_REPLY{CTA_SEQADJ_CORRECTION_POS=00000000 CTA_SEQADJ_OFFSET_BEFORE=00000000 CTA_SEQADJ_OFFSET_AFTER=00000000}
      CTA_SYNPROXY{CTA_SYNPROXY_ISN=00000000 CTA_SYNPROXY_ITS=00000000 CTA_SYNPROXY_TSOFF=00000000}
    ");
}

#[test]
fn a_flush_of_one_family_says_version_1() {
    let flush = |family| text(|requests| requests.flush_flows(1, family));
    assert_snapshot!(flush(None), @"kind 0x102 flags 0x5 seq 1 family 0 version 0");
    assert_snapshot!(flush(Some(Family::Ipv6)), @"kind 0x102 flags 0x5 seq 1 family 10 version 1");
}

fn expect_key() -> ExpectKey {
    let tuple = tuple(Proto::TCP, "10.0.0.2", "10.0.0.1", L4::Ports { src: 0, dst: 4000 });
    ExpectKey { tuple, zone: Some(2), id: Some(9) }
}

#[test]
fn a_new_expectation_carries_all_that_it_is_to_have() {
    let all_ports = L4::Ports { src: 0, dst: 65535 };
    let new = NewExpectation {
        tuple: expect_key().tuple,
        mask: tuple(Proto::TCP, "255.255.255.255", "255.255.255.255", all_ports),
        master: tuple(Proto::TCP, "10.0.0.1", "10.0.0.2", L4::Ports { src: 1024, dst: 21 }),
        zone: Some(2),
        timeout_s: 300,
        flags: Some(ExpectFlags::PERMANENT),
        class: Some(0),
        helper: Some(helper("ftp")),
        nat: Some(ExpectNat { direction: 1, tuple: expect_key().tuple }),
        function: Some("nat-follow-master".to_owned()),
    };
    assert_snapshot!(text(|requests| requests.create_expectation(1, &new, true)), @"
    kind 0x200 flags 0x605 seq 1 family 2 version 0
      CTA_EXPECT_TUPLE{CTA_TUPLE_IP{CTA_IP_V4_SRC=0a000002 CTA_IP_V4_DST=0a000001} CTA_TUPLE_PROTO{CTA_PROTO_NUM=06 CTA_PROTO_SRC_PORT=0000 CTA_PROTO_DST_PORT=0fa0}}
      CTA_EXPECT_MASK{CTA_TUPLE_IP{CTA_IP_V4_SRC=ffffffff CTA_IP_V4_DST=ffffffff} CTA_TUPLE_PROTO{CTA_PROTO_NUM=06 CTA_PROTO_SRC_PORT=0000 CTA_PROTO_DST_PORT=ffff}}
      CTA_EXPECT_MASTER{CTA_TUPLE_IP{CTA_IP_V4_SRC=0a000001 CTA_IP_V4_DST=0a000002} CTA_TUPLE_PROTO{CTA_PROTO_NUM=06 CTA_PROTO_SRC_PORT=0400 CTA_PROTO_DST_PORT=0015}}
      CTA_EXPECT_ZONE=0002
      CTA_EXPECT_NAT{CTA_EXPECT_NAT_DIR=00000001 CTA_EXPECT_NAT_TUPLE{CTA_TUPLE_IP{CTA_IP_V4_SRC=0a000002 CTA_IP_V4_DST=0a000001} CTA_TUPLE_PROTO{CTA_PROTO_NUM=06 CTA_PROTO_SRC_PORT=0000 CTA_PROTO_DST_PORT=0fa0}}}
      CTA_EXPECT_TIMEOUT=0000012c
      CTA_EXPECT_FLAGS=00000001
      CTA_EXPECT_CLASS=00000000
      CTA_EXPECT_HELP_NAME=66747000
      CTA_EXPECT_FN=6e61742d666f6c6c6f772d6d617374657200
    ");
}

#[test]
fn expectations_are_asked_for_changed_and_deleted_by_their_key() {
    let by_key = text(|requests| {
        requests.get_expectation(1, &expect_key());
        requests.update_expectation_timeout(2, &expect_key(), 60, true);
        requests.delete_expectation(3, &expect_key(), false);
    });
    assert_snapshot!(by_key, @"
    kind 0x201 flags 0x1 seq 1 family 2 version 0
      CTA_EXPECT_TUPLE{CTA_TUPLE_IP{CTA_IP_V4_SRC=0a000002 CTA_IP_V4_DST=0a000001} CTA_TUPLE_PROTO{CTA_PROTO_NUM=06 CTA_PROTO_SRC_PORT=0000 CTA_PROTO_DST_PORT=0fa0}}
      CTA_EXPECT_ZONE=0002
      CTA_EXPECT_ID=00000009
    kind 0x200 flags 0x5 seq 2 family 2 version 0
      CTA_EXPECT_TUPLE{CTA_TUPLE_IP{CTA_IP_V4_SRC=0a000002 CTA_IP_V4_DST=0a000001} CTA_TUPLE_PROTO{CTA_PROTO_NUM=06 CTA_PROTO_SRC_PORT=0000 CTA_PROTO_DST_PORT=0fa0}}
      CTA_EXPECT_ZONE=0002
      CTA_EXPECT_ID=00000009
      CTA_EXPECT_MASK{CTA_TUPLE_IP{CTA_IP_V4_SRC=0a000002 CTA_IP_V4_DST=0a000001} CTA_TUPLE_PROTO{CTA_PROTO_NUM=06 CTA_PROTO_SRC_PORT=0000 CTA_PROTO_DST_PORT=0fa0}}
      CTA_EXPECT_MASTER{CTA_TUPLE_IP{CTA_IP_V4_SRC=0a000002 CTA_IP_V4_DST=0a000001} CTA_TUPLE_PROTO{CTA_PROTO_NUM=06 CTA_PROTO_SRC_PORT=0000 CTA_PROTO_DST_PORT=0fa0}}
      CTA_EXPECT_TIMEOUT=0000003c
    kind 0x202 flags 0x1 seq 3 family 2 version 0
      CTA_EXPECT_TUPLE{CTA_TUPLE_IP{CTA_IP_V4_SRC=0a000002 CTA_IP_V4_DST=0a000001} CTA_TUPLE_PROTO{CTA_PROTO_NUM=06 CTA_PROTO_SRC_PORT=0000 CTA_PROTO_DST_PORT=0fa0}}
      CTA_EXPECT_ZONE=0002
      CTA_EXPECT_ID=00000009
    ");
    let many = text(|requests| {
        requests.dump_expectations(1, None);
        requests.dump_expectations(2, Some(Family::Ipv4));
        requests.delete_expectations_of(3, helper("sip"));
        requests.flush_expectations(4);
    });
    assert_snapshot!(many, @"
    kind 0x201 flags 0x301 seq 1 family 0 version 0
    kind 0x201 flags 0x301 seq 2 family 2 version 0
    kind 0x202 flags 0x5 seq 3 family 0 version 0
      CTA_EXPECT_HELP_NAME=73697000
    kind 0x202 flags 0x5 seq 4 family 0 version 0
    ");
}
