//! Any flow and any expectation that the kernel could show.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::array::uniform4;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use crate::flow::{
    Counters, DccpInfo, ExpectFlags, ExpectNat, Expectation, Flow, HelperName, L4, Labels, Proto,
    ProtoInfo, Rare, SctpInfo, SeqAdj, Status, Synproxy, TcpFlags, TcpInfo, Tuple,
};

pub(super) fn tuple() -> impl Strategy<Value = Tuple> {
    let v4 = any::<(Ipv4Addr, Ipv4Addr)>().prop_map(|(src, dst)| (src.into(), dst.into()));
    let v6 = any::<(Ipv6Addr, Ipv6Addr)>().prop_map(|(src, dst)| (src.into(), dst.into()));
    (prop_oneof![v4, v6], layer_4(), of(any::<u16>()))
        .prop_map(|((src, dst), (proto, l4), zone)| Tuple { src, dst, proto, l4, zone })
}

fn layer_4() -> impl Strategy<Value = (Proto, L4)> {
    let ports = any::<(u8, u16, u16)>()
        .prop_map(|(proto, src, dst)| (Proto(proto), L4::Ports { src, dst }));
    let icmp = (prop_oneof![Just(Proto::ICMP), Just(Proto::ICMPV6)], any::<(u8, u8, u16)>())
        .prop_map(|(proto, (kind, code, id))| (proto, L4::Icmp { kind, code, id }));
    let other = any::<u8>().prop_map(|proto| (Proto(proto), L4::None));
    prop_oneof![3 => ports, 1 => icmp, 1 => other]
}

fn protoinfo() -> impl Strategy<Value = ProtoInfo> {
    let flags = || of(any::<(u8, u8)>().prop_map(|(flags, mask)| TcpFlags { flags, mask }));
    let tcp = (any::<(u8, Option<u8>, Option<u8>)>(), flags(), flags()).prop_map(
        |((state, wscale_orig, wscale_reply), flags_orig, flags_reply)| {
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
    prop_oneof![2 => tcp, 1 => sctp, 1 => dccp]
}

fn helper() -> impl Strategy<Value = HelperName> {
    "[a-zA-Z0-9_.-]{1,15}".prop_map(|name| HelperName::new(name.as_bytes()).unwrap())
}

fn seqadj() -> impl Strategy<Value = SeqAdj> {
    any::<(u32, i32, i32)>().prop_map(|(correction_pos, offset_before, offset_after)| SeqAdj {
        correction_pos,
        offset_before,
        offset_after,
    })
}

/// Never of zeros: that is how the kernel shows that there is none.
fn synproxy() -> impl Strategy<Value = Synproxy> {
    (1..=u32::MAX, any::<u32>(), any::<u32>()).prop_map(|(isn, its, tsoff)| Synproxy {
        isn,
        its,
        tsoff,
    })
}

/// The rare parts; absent if there is none of them.
fn rare() -> impl Strategy<Value = Option<Box<Rare>>> {
    (
        of(tuple()),
        of("[a-zé:_]{0,40}"),
        of(vec(any::<u8>(), 0..40)),
        of(seqadj()),
        of(seqadj()),
        of(synproxy()),
    )
        .prop_map(|(master, secctx, helper_info, seqadj_orig, seqadj_reply, synproxy)| {
            let netns = None;
            let rare =
                Rare { master, secctx, helper_info, seqadj_orig, seqadj_reply, synproxy, netns };
            (rare != Rare::default()).then(|| Box::new(rare))
        })
}

pub(crate) fn flow() -> impl Strategy<Value = Flow> {
    let counters =
        || of(any::<(u64, u64)>().prop_map(|(packets, bytes)| Counters { packets, bytes }));
    let numbers = any::<(Option<u32>, Option<u32>, Option<u32>, Option<u32>, Option<u16>)>();
    let rest = (
        any::<Option<u32>>(),
        of(protoinfo()),
        any::<(Option<u64>, Option<u64>)>(),
        of(uniform4(any::<u32>())),
        of(helper()),
        prop_oneof![Just(None), rare()],
    );
    (tuple(), tuple(), numbers, counters(), counters(), rest).prop_map(
        |(orig, reply, (timeout_s, mark, id, refs, zone), orig_counters, reply_counters, rest)| {
            let (status, proto_info, (start_ns, stop_ns), labels, helper, rare) = rest;
            let (status, labels) = (status.map(Status), labels.map(Labels));
            Flow {
                orig,
                told: Status::ALL,
                reply,
                status,
                timeout_s,
                proto_info,
                mark,
                id,
                zone,
                refs,
                orig_counters,
                reply_counters,
                start_ns,
                stop_ns,
                labels,
                helper,
                rare,
            }
        },
    )
}

pub(super) fn expectation() -> impl Strategy<Value = Expectation> {
    let nat = (any::<u32>(), tuple()).prop_map(|(direction, tuple)| ExpectNat { direction, tuple });
    let numbers = any::<(Option<u32>, Option<u32>, Option<u32>, Option<u32>, Option<u16>)>();
    let texts = (of(helper()), of("[a-zA-Z0-9.-]{0,20}"));
    (tuple(), tuple(), tuple(), numbers, of(nat), texts).prop_map(
        |(tuple, mask, master, (timeout_s, id, flags, class, zone), nat, (helper, function))| {
            let flags = flags.map(ExpectFlags);
            Expectation {
                tuple,
                mask,
                master,
                timeout_s,
                id,
                helper,
                zone,
                flags,
                class,
                nat,
                function,
            }
        },
    )
}
