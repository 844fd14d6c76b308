//! Any flows, drawn from few values so that filters meet them, with every part absent now and then.
//! Their ids are their places.

use std::net::IpAddr;

use flowsh::flow::{
    Counters, DccpInfo, Flow, HelperName, L4, Labels, Proto, ProtoInfo, Rare, SctpInfo, Status,
    TcpInfo, Tuple,
};
use flowsh::kernel::now_ns;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

/// Up to forty flows.
pub(super) fn flows() -> impl Strategy<Value = Vec<Flow>> {
    vec(flow(), 0..40).prop_map(|mut flows| {
        for (id, flow) in (0..).zip(&mut flows) {
            flow.id = Some(id);
        }
        flows
    })
}

fn flow() -> impl Strategy<Value = Flow> {
    let marks = of(select(vec![0, 1, 0x100, 0x1ff, u32::MAX]));
    let times = (of(select(vec![0, 29, 30, 3600])), of(select(vec![0_u64, 30, 90, 7200])));
    let counts = (of(counters()), of(counters()));
    let words = (of(labels()), of(select(vec!["ftp", "sip", "ftp-20000"])), of(secctx()));
    let numbers = (of(select(vec![0_u16, 1, 7])), of(1..4_u32));
    (ends(), of(status()), marks, times, counts, words, numbers).prop_map(
        |((orig, reply), status, mark, (timeout_s, age_s), counts, words, (zone, refs))| Flow {
            status,
            mark,
            timeout_s,
            zone,
            refs,
            proto_info: proto_info(orig.proto, timeout_s.unwrap_or(3)),
            orig_counters: counts.0,
            reply_counters: counts.1,
            start_ns: age_s.map(|age| now_ns() - age * 1_000_000_000),
            labels: words.0,
            helper: words.1.and_then(|name: &str| HelperName::new(name.as_bytes())),
            rare: words.2.map(|secctx| Box::new(Rare { secctx: Some(secctx), ..Rare::default() })),
            ..Flow::new(orig, reply)
        },
    )
}

fn counters() -> impl Strategy<Value = Counters> {
    (select(vec![0, 1, 60, 1000]), select(vec![0, 40, 10_000_000, 1 << 40]))
        .prop_map(|(packets, bytes)| Counters { packets, bytes })
}

fn labels() -> impl Strategy<Value = Labels> {
    select(vec![Labels([1, 0, 0, 0]), Labels([0b10_0010, 0, 0, 1 << 31])])
}

fn secctx() -> impl Strategy<Value = String> {
    select(vec!["system_u:object_r:x".to_owned(), "a \"b\" \\".to_owned()])
}

fn status() -> impl Strategy<Value = Status> {
    any::<u16>().prop_map(|bits| Status(bits.into()))
}

fn proto_info(proto: Proto, seed: u32) -> Option<ProtoInfo> {
    let state = u8::try_from(seed % 13).ok()?;
    match proto {
        Proto::TCP => Some(ProtoInfo::Tcp(TcpInfo {
            state,
            wscale_orig: None,
            wscale_reply: Some(7),
            flags_orig: None,
            flags_reply: None,
        })),
        Proto::SCTP => Some(ProtoInfo::Sctp(SctpInfo { state, vtag_orig: None, vtag_reply: None })),
        Proto::DCCP => Some(ProtoInfo::Dccp(DccpInfo { state, role: None, handshake_seq: None })),
        _ => None,
    }
}

/// Both directions: the second is the inverse of the first, or translated.
fn ends() -> impl Strategy<Value = (Tuple, Tuple)> {
    let addrs = prop_oneof![
        3 => (v4(), v4(), of(v4()), of(v4())),
        1 => (v6(), v6(), of(v6()), of(v6())),
    ];
    let nat = (any::<[bool; 2]>(), of(port()));
    let zones = (of(0..3_u16), of(0..3_u16));
    (addrs, layer_4(), nat, zones).prop_map(|(addrs, (proto, l4), (used, moved), zones)| {
        let (src, dst, snat, dnat) = addrs;
        let orig = Tuple { src, dst, proto, l4, zone: zones.0.filter(|zone| *zone > 0) };
        let mut reply = orig.inverted().unwrap_or(Tuple { src: dst, dst: src, ..orig });
        reply.zone = zones.1.filter(|zone| *zone > 0);
        reply.dst = snat.filter(|_| used[0]).unwrap_or(reply.dst);
        reply.src = dnat.filter(|_| used[1]).unwrap_or(reply.src);
        if let (L4::Ports { src, .. }, Some(port)) = (&mut reply.l4, moved) {
            *src = port;
        }
        (orig, reply)
    })
}

fn v4() -> impl Strategy<Value = IpAddr> {
    select(addrs(&["10.0.0.1", "10.0.0.2", "10.9.0.1", "192.0.2.1", "203.0.113.7"]))
}

fn v6() -> impl Strategy<Value = IpAddr> {
    select(addrs(&["2001:db8::1", "2001:db8::2", "fe80::1", "::"]))
}

fn addrs(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn port() -> impl Strategy<Value = u16> {
    select(vec![0, 22, 53, 80, 85, 90, 443, 65_535])
}

fn layer_4() -> impl Strategy<Value = (Proto, L4)> {
    let ported = [Proto::TCP, Proto::UDP, Proto::SCTP, Proto::DCCP, Proto::GRE, Proto::UDPLITE];
    let ported = (select(ported.to_vec()), port(), port())
        .prop_map(|(proto, src, dst)| (proto, L4::Ports { src, dst }));
    let kinds = select(vec![(Proto::ICMP, 8), (Proto::ICMP, 3), (Proto::ICMPV6, 128)]);
    let icmp = (kinds, 0..2_u8, select(vec![0, 77]))
        .prop_map(|((proto, kind), code, id)| (proto, L4::Icmp { kind, code, id }));
    let other = select(vec![Proto(50), Proto(99)]).prop_map(|proto| (proto, L4::None));
    prop_oneof![5 => ported, 2 => icmp, 1 => other]
}
