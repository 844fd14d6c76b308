//! Flows for tests: one from a few words, and any flow that the types can hold.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use proptest::option::of;
use proptest::prelude::*;

use crate::flow::{
    Counters, DccpInfo, Flow, HelperName, L4, Labels, Proto, ProtoInfo, Rare, SctpInfo, SeqAdj,
    Status, Synproxy, TcpFlags, TcpInfo, Tuple,
};

/// An untranslated flow from `tcp 10.0.0.1:1024 10.0.0.2:80`.
pub(super) fn flow(text: &str) -> Flow {
    let [proto, src, dst] = text.split(' ').collect::<Vec<_>>()[..] else {
        panic!("`{text}` is not three words")
    };
    let (src, dst): (SocketAddr, SocketAddr) = (src.parse().unwrap(), dst.parse().unwrap());
    let l4 = L4::Ports { src: src.port(), dst: dst.port() };
    let proto = proto.parse().unwrap();
    let orig = Tuple { src: src.ip(), dst: dst.ip(), proto, l4, zone: None };
    Flow::new(orig, orig.inverted().unwrap())
}

fn addr() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| Ipv4Addr::from_bits(bits).into()),
        any::<u128>().prop_map(|bits| Ipv6Addr::from_bits(bits).into()),
    ]
}

fn tuple() -> impl Strategy<Value = Tuple> {
    let ports = any::<(u16, u16)>().prop_map(|(src, dst)| L4::Ports { src, dst });
    let icmp = any::<(u8, u8, u16)>().prop_map(|(kind, code, id)| L4::Icmp { kind, code, id });
    let l4 = prop_oneof![Just(L4::None), ports, icmp];
    (addr(), addr(), any::<u8>(), l4, of(any::<u16>()))
        .prop_map(|(src, dst, proto, l4, zone)| Tuple { src, dst, proto: Proto(proto), l4, zone })
}

fn proto_info() -> impl Strategy<Value = ProtoInfo> {
    let flags = || of(any::<(u8, u8)>().prop_map(|(flags, mask)| TcpFlags { flags, mask }));
    let tcp = (any::<u8>(), of(any::<u8>()), of(any::<u8>()), flags(), flags()).prop_map(
        |(state, wscale_orig, wscale_reply, flags_orig, flags_reply)| {
            ProtoInfo::Tcp(TcpInfo { state, wscale_orig, wscale_reply, flags_orig, flags_reply })
        },
    );
    let sctp =
        any::<(u8, Option<u32>, Option<u32>)>().prop_map(|(state, vtag_orig, vtag_reply)| {
            ProtoInfo::Sctp(SctpInfo { state, vtag_orig, vtag_reply })
        });
    let dccp = any::<(u8, Option<u8>, Option<u64>)>().prop_map(|(state, role, handshake_seq)| {
        ProtoInfo::Dccp(DccpInfo { state, role, handshake_seq })
    });
    prop_oneof![tcp, sctp, dccp]
}

fn counters() -> impl Strategy<Value = Option<Counters>> {
    of(any::<(u64, u64)>().prop_map(|(packets, bytes)| Counters { packets, bytes }))
}

fn rare() -> impl Strategy<Value = Rare> {
    let seqadj = || {
        of(any::<(u32, i32, i32)>().prop_map(|(correction_pos, offset_before, offset_after)| {
            SeqAdj { correction_pos, offset_before, offset_after }
        }))
    };
    let synproxy =
        of(any::<(u32, u32, u32)>().prop_map(|(isn, its, tsoff)| Synproxy { isn, its, tsoff }));
    let info = of(prop::collection::vec(any::<u8>(), 0..300));
    let netns = of("[a-c]{1,2}".prop_map(Into::into));
    (of(tuple()), of(any::<String>()), info, seqadj(), seqadj(), synproxy, netns).prop_map(
        |(master, secctx, helper_info, seqadj_orig, seqadj_reply, synproxy, netns)| Rare {
            master,
            secctx,
            helper_info,
            seqadj_orig,
            seqadj_reply,
            synproxy,
            netns,
        },
    )
}

/// Any flow; every second one is not translated.
pub(super) fn flows() -> impl Strategy<Value = Flow> {
    let words = (of(any::<u32>()), of(any::<u32>()), of(any::<u32>()), of(any::<u32>()));
    let times = (of(any::<u64>()), of(any::<u64>()), of(any::<u32>()), of(any::<u16>()));
    let labels = of(any::<[u32; 4]>().prop_map(Labels));
    let helper = of("[a-z]{1,15}".prop_map(|name| HelperName::new(name.as_bytes()).unwrap()));
    let rare = of(rare().prop_map(Box::new));
    let counters = (counters(), counters());
    (tuple(), of(tuple()), words, times, of(proto_info()), counters, labels, helper, rare).prop_map(
        |(orig, reply, words, times, proto_info, counters, labels, helper, rare)| Flow {
            reply: reply.or_else(|| orig.inverted()).unwrap_or(orig),
            orig,
            status: words.0.map(Status),
            told: words.2.map_or(Status::ALL, Status),
            timeout_s: words.1,
            proto_info,
            mark: words.2,
            id: words.3,
            zone: times.3,
            refs: times.2,
            orig_counters: counters.0,
            reply_counters: counters.1,
            start_ns: times.0,
            stop_ns: times.1,
            labels,
            helper,
            rare,
        },
    )
}
