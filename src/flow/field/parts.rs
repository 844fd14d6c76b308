//! Values with parts: tuples, protocol info, sequence adjustments as named values.

use std::borrow::Cow;

use crate::flow::{Flow, ProtoInfo, SeqAdj, Tuple, Value};

pub(super) fn map<const N: usize>(pairs: [(&'static str, Value); N]) -> Value {
    let present = pairs.into_iter().filter(|(_, value)| !value.is_absent());
    Value::Map(present.map(|(name, value)| (Cow::Borrowed(name), value)).collect())
}

pub(super) fn number(value: Option<impl Into<u64>>) -> Value {
    Value::or_absent(value, |value| Value::Count(value.into()))
}

/// The parts of a tuple, as an expectation or a master shows them.
pub(super) fn tuple_value(tuple: &Tuple) -> Value {
    map([
        ("proto", Value::text(tuple.proto.to_string())),
        ("src", Value::Addr(tuple.src)),
        ("dst", Value::Addr(tuple.dst)),
        ("sport", number(tuple.sport())),
        ("dport", number(tuple.dport())),
        ("zone", number(tuple.zone)),
    ])
}

pub(super) fn proto_info(info: &ProtoInfo) -> Value {
    let state = ("state", Value::or_absent(info.state_name(), Value::text));
    match info {
        ProtoInfo::Tcp(tcp) => map([
            state,
            ("wscale_orig", number(tcp.wscale_orig)),
            ("wscale_reply", number(tcp.wscale_reply)),
            ("flags_orig", number(tcp.flags_orig.map(|flags| flags.flags))),
            ("flags_reply", number(tcp.flags_reply.map(|flags| flags.flags))),
        ]),
        ProtoInfo::Sctp(sctp) => map([
            state,
            ("vtag_orig", number(sctp.vtag_orig)),
            ("vtag_reply", number(sctp.vtag_reply)),
        ]),
        ProtoInfo::Dccp(dccp) => {
            map([state, ("role", number(dccp.role)), ("handshake_seq", number(dccp.handshake_seq))])
        }
    }
}

pub(super) fn seqadj(flow: &Flow) -> Value {
    let Some(rare) = &flow.rare else { return Value::Absent };
    let side = |adj: Option<SeqAdj>| {
        Value::or_absent(adj, |adj| {
            map([
                ("correction_pos", Value::Count(adj.correction_pos.into())),
                ("offset_before", Value::Int(adj.offset_before.into())),
                ("offset_after", Value::Int(adj.offset_after.into())),
            ])
        })
    };
    match (rare.seqadj_orig, rare.seqadj_reply) {
        (None, None) => Value::Absent,
        (orig, reply) => map([("orig", side(orig)), ("reply", side(reply))]),
    }
}
