//! A flow in few bytes, without loss: about 60 for an ordinary IPv4 flow. The bytes are for this
//! process's memory, not for files: their form may change with every version.
//!
//! A packed flow begins with its key: the original direction, the zone and the namespace, the same
//! bytes for the same key. What is absent takes one bit; a reply that is the plain inverse counts as
//! absent.

mod bytes;

use std::net::IpAddr;

pub(super) use bytes::{Bytes, put_bytes};
use bytes::{PartsIn, PartsOut, put_varint};

use crate::flow::{
    Counters, DccpInfo, Flow, HelperName, L4, Labels, Proto, ProtoInfo, Rare, SctpInfo, SeqAdj,
    Status, Synproxy, TcpFlags, TcpInfo, Tuple,
};

/// Bits of the first byte of a tuple.
const SRC_IPV6: u8 = 1;
const DST_IPV6: u8 = 1 << 1;
const PORTS: u8 = 1 << 2;
const ICMP: u8 = 1 << 3;
const TUPLE_ZONE: u8 = 1 << 4;
/// The zone of both directions follows; only in a key.
const FLOW_ZONE: u8 = 1 << 5;
/// The network namespace follows; only in a key.
const FLOW_NETNS: u8 = 1 << 6;

/// Appends `flow` to `out`.
pub fn pack(flow: &Flow, out: &mut Vec<u8>) {
    let netns = flow.netns();
    let bits = flow.zone.map_or(0, |_| FLOW_ZONE) | netns.map_or(0, |_| FLOW_NETNS);
    put_tuple(out, &flow.orig, bits);
    out.extend(flow.zone.into_iter().flat_map(u16::to_le_bytes));
    if let Some(netns) = netns {
        put_bytes(out, netns.as_bytes());
    }

    let reply = Some(flow.reply).filter(|reply| flow.orig.inverted() != Some(*reply));
    let mut parts = PartsOut::new(out);
    parts.put(reply, |out, reply| put_tuple(out, &reply, 0));
    parts.put(flow.status, |out, status| put_varint(out, status.0.into()));
    parts.put(Some(flow.told).filter(|told| *told != Status::ALL), |out, told| {
        put_varint(out, told.0.into());
    });
    parts.put(flow.timeout_s, |out, seconds| put_varint(out, seconds.into()));
    parts.put(flow.proto_info, |out, info| put_proto_info(out, &info));
    parts.put(flow.mark, |out, mark| put_varint(out, mark.into()));
    parts.put(flow.id, |out, id| out.extend(id.to_le_bytes()));
    parts.put(flow.refs, |out, refs| put_varint(out, refs.into()));
    parts.put(flow.orig_counters, put_counters);
    parts.put(flow.reply_counters, put_counters);
    parts.put(flow.start_ns, |out, ns| out.extend(ns.to_le_bytes()));
    parts.put(flow.stop_ns, |out, ns| out.extend(ns.to_le_bytes()));
    parts.put(flow.labels, |out, labels| {
        for word in labels.0 {
            put_varint(out, word.into());
        }
    });
    parts.put(flow.helper, |out, name| put_bytes(out, name.as_str().as_bytes()));
    parts.put(flow.rare.as_ref(), |out, rare| put_rare(out, rare));
    parts.finish();
}

/// The flow at the start of `bytes`, and what is behind it; `None` if `pack` did not write them.
#[must_use]
pub fn unpack(bytes: &[u8]) -> Option<(Flow, &[u8])> {
    let mut bytes = Bytes(bytes);
    let (orig, bits) = bytes.tuple()?;
    let zone = if bits & FLOW_ZONE == 0 { None } else { Some(bytes.u16()?) };
    let netns = if bits & FLOW_NETNS == 0 { None } else { Some(bytes.text()?) };

    let mut parts = PartsIn::new(&mut bytes)?;
    let reply = match parts.take(|bytes| Some(bytes.tuple()?.0))? {
        Some(reply) => reply,
        None => orig.inverted()?,
    };
    let mut flow = Flow {
        orig,
        reply,
        zone,
        status: parts.take(Bytes::varint_u32)?.map(Status),
        told: parts.take(Bytes::varint_u32)?.map_or(Status::ALL, Status),
        timeout_s: parts.take(Bytes::varint_u32)?,
        proto_info: parts.take(Bytes::proto_info)?,
        mark: parts.take(Bytes::varint_u32)?,
        id: parts.take(Bytes::u32)?,
        refs: parts.take(Bytes::varint_u32)?,
        orig_counters: parts.take(Bytes::counters)?,
        reply_counters: parts.take(Bytes::counters)?,
        start_ns: parts.take(Bytes::u64)?,
        stop_ns: parts.take(Bytes::u64)?,
        labels: parts.take(Bytes::labels)?,
        helper: parts.take(|bytes| HelperName::new(bytes.bytes()?))?,
        rare: parts.take(Bytes::rare)?.map(Box::new),
    };
    if let Some(netns) = netns {
        flow.rare_mut().netns = Some(netns.into());
    }
    Some((flow, bytes.0))
}

/// The key at the start of a packed flow.
pub(super) fn key(packed: &[u8]) -> &[u8] {
    let bits = packed.first().copied().unwrap_or_default();
    let has = |bit: u8| bits & bit != 0;
    let addr = |bit: u8| if has(bit) { 16 } else { 4 };
    let l4 = if has(PORTS | ICMP) { 4 } else { 0 };
    let zones = [TUPLE_ZONE, FLOW_ZONE].into_iter().filter(|bit| has(*bit)).count() * 2;
    let numbers = 2 + addr(SRC_IPV6) + addr(DST_IPV6) + l4 + zones;
    let mut rest = Bytes(packed.get(numbers..).unwrap_or_default());
    if has(FLOW_NETNS) && rest.bytes().is_some() {
        return packed.get(..packed.len() - rest.0.len()).unwrap_or(packed);
    }
    packed.get(..numbers).unwrap_or(packed)
}

fn put_tuple(out: &mut Vec<u8>, tuple: &Tuple, more_bits: u8) {
    let bit = |wanted: bool, bit: u8| if wanted { bit } else { 0 };
    let l4 = match tuple.l4 {
        L4::None => 0,
        L4::Ports { .. } => PORTS,
        L4::Icmp { .. } => ICMP,
    };
    let bits = bit(tuple.src.is_ipv6(), SRC_IPV6)
        | bit(tuple.dst.is_ipv6(), DST_IPV6)
        | bit(tuple.zone.is_some(), TUPLE_ZONE);
    out.extend([bits | l4 | more_bits, tuple.proto.0]);
    for addr in [tuple.src, tuple.dst] {
        match addr {
            IpAddr::V4(addr) => out.extend(addr.octets()),
            IpAddr::V6(addr) => out.extend(addr.octets()),
        }
    }
    match tuple.l4 {
        L4::None => (),
        L4::Ports { src, dst } => out.extend([src, dst].into_iter().flat_map(u16::to_le_bytes)),
        L4::Icmp { kind, code, id } => {
            out.extend([kind, code]);
            out.extend(id.to_le_bytes());
        }
    }
    out.extend(tuple.zone.into_iter().flat_map(u16::to_le_bytes));
}

fn put_counters(out: &mut Vec<u8>, counters: Counters) {
    put_varint(out, counters.packets);
    put_varint(out, counters.bytes);
}

/// Kind and state, then what the kind adds.
fn put_proto_info(out: &mut Vec<u8>, info: &ProtoInfo) {
    let kind = match info {
        ProtoInfo::Tcp(_) => 0,
        ProtoInfo::Sctp(_) => 1,
        ProtoInfo::Dccp(_) => 2,
    };
    out.extend([kind, info.state()]);
    let put_u8 = |out: &mut Vec<u8>, byte| out.push(byte);
    let put_flags = |out: &mut Vec<u8>, flags: TcpFlags| out.extend([flags.flags, flags.mask]);
    let put_u32 = |out: &mut Vec<u8>, word: u32| out.extend(word.to_le_bytes());
    let mut parts = PartsOut::new(out);
    match info {
        ProtoInfo::Tcp(tcp) => {
            parts.put(tcp.wscale_orig, put_u8);
            parts.put(tcp.wscale_reply, put_u8);
            parts.put(tcp.flags_orig, put_flags);
            parts.put(tcp.flags_reply, put_flags);
        }
        ProtoInfo::Sctp(sctp) => {
            parts.put(sctp.vtag_orig, put_u32);
            parts.put(sctp.vtag_reply, put_u32);
        }
        ProtoInfo::Dccp(dccp) => {
            parts.put(dccp.role, put_u8);
            parts.put(dccp.handshake_seq, put_varint);
        }
    }
    parts.finish();
}

fn put_rare(out: &mut Vec<u8>, rare: &Rare) {
    let put_seqadj = |out: &mut Vec<u8>, adj: SeqAdj| {
        out.extend(adj.correction_pos.to_le_bytes());
        out.extend(adj.offset_before.to_le_bytes());
        out.extend(adj.offset_after.to_le_bytes());
    };
    let mut parts = PartsOut::new(out);
    parts.put(rare.master, |out, master| put_tuple(out, &master, 0));
    parts.put(rare.secctx.as_ref(), |out, text| put_bytes(out, text.as_bytes()));
    parts.put(rare.helper_info.as_ref(), |out, info| put_bytes(out, info));
    parts.put(rare.seqadj_orig, put_seqadj);
    parts.put(rare.seqadj_reply, put_seqadj);
    parts.put(rare.synproxy, |out, proxy| {
        let words = [proxy.isn, proxy.its, proxy.tsoff];
        out.extend(words.into_iter().flat_map(u32::to_le_bytes));
    });
    parts.finish();
}

/// What the functions above wrote.
impl<'a> Bytes<'a> {
    /// A tuple and the bits of its first byte.
    fn tuple(&mut self) -> Option<(Tuple, u8)> {
        let [bits, proto] = self.array()?;
        let mut addr = |ipv6: u8| -> Option<IpAddr> {
            if bits & ipv6 == 0 {
                self.array::<4>().map(IpAddr::from)
            } else {
                self.array::<16>().map(IpAddr::from)
            }
        };
        let (src, dst) = (addr(SRC_IPV6)?, addr(DST_IPV6)?);
        let l4 = match bits & (PORTS | ICMP) {
            0 => L4::None,
            PORTS => L4::Ports { src: self.u16()?, dst: self.u16()? },
            _ => L4::Icmp { kind: self.u8()?, code: self.u8()?, id: self.u16()? },
        };
        let zone = if bits & TUPLE_ZONE == 0 { None } else { Some(self.u16()?) };
        Some((Tuple { src, dst, proto: Proto(proto), l4, zone }, bits))
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    fn counters(&mut self) -> Option<Counters> {
        Some(Counters { packets: self.varint()?, bytes: self.varint()? })
    }

    fn labels(&mut self) -> Option<Labels> {
        let mut word = || self.varint_u32();
        Some(Labels([word()?, word()?, word()?, word()?]))
    }

    fn proto_info(&mut self) -> Option<ProtoInfo> {
        let [kind, state] = self.array()?;
        let flags =
            |bytes: &mut Self| bytes.array().map(|[flags, mask]: [u8; 2]| TcpFlags { flags, mask });
        let mut parts = PartsIn::new(self)?;
        Some(match kind {
            0 => ProtoInfo::Tcp(TcpInfo {
                state,
                wscale_orig: parts.take(Self::u8)?,
                wscale_reply: parts.take(Self::u8)?,
                flags_orig: parts.take(flags)?,
                flags_reply: parts.take(flags)?,
            }),
            1 => ProtoInfo::Sctp(SctpInfo {
                state,
                vtag_orig: parts.take(Self::u32)?,
                vtag_reply: parts.take(Self::u32)?,
            }),
            _ => ProtoInfo::Dccp(DccpInfo {
                state,
                role: parts.take(Self::u8)?,
                handshake_seq: parts.take(Self::varint)?,
            }),
        })
    }

    fn seqadj(&mut self) -> Option<SeqAdj> {
        Some(SeqAdj {
            correction_pos: self.u32()?,
            offset_before: self.i32()?,
            offset_after: self.i32()?,
        })
    }

    fn rare(&mut self) -> Option<Rare> {
        let mut parts = PartsIn::new(self)?;
        Some(Rare {
            master: parts.take(|bytes| Some(bytes.tuple()?.0))?,
            secctx: parts.take(|bytes| bytes.text().map(str::to_owned))?,
            helper_info: parts.take(|bytes| Some(bytes.bytes()?.to_vec()))?,
            seqadj_orig: parts.take(Self::seqadj)?,
            seqadj_reply: parts.take(Self::seqadj)?,
            synproxy: parts.take(|bytes| {
                Some(Synproxy { isn: bytes.u32()?, its: bytes.u32()?, tsoff: bytes.u32()? })
            })?,
            // Part of the key.
            netns: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{key, pack, unpack};
    use crate::flow::Flow;
    use crate::table::samples::flows;

    proptest! {
        #[test]
        fn a_flow_comes_back_as_it_was(flow in flows(), behind in any::<[u8; 3]>()) {
            let mut bytes = Vec::new();
            pack(&flow, &mut bytes);
            bytes.extend(behind);
            prop_assert_eq!(unpack(&bytes), Some((flow, &behind[..])));
        }

        #[test]
        fn the_key_is_the_same_bytes_exactly_for_the_same_key(a in flows(), mut b in flows()) {
            let packed = |flow: &Flow| {
                let mut bytes = Vec::new();
                pack(flow, &mut bytes);
                key(&bytes).to_vec()
            };
            let same = (a.orig, a.zone, a.netns()) == (b.orig, b.zone, b.netns());
            prop_assert_eq!(packed(&a) == packed(&b), same);
            (b.orig, b.zone) = (a.orig, a.zone);
            b.rare_mut().netns = a.netns().cloned();
            prop_assert_eq!(packed(&a), packed(&b));
        }

        #[test]
        fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = (unpack(&bytes), key(&bytes));
        }

        #[test]
        fn a_cut_flow_is_none(flow in flows(), cut in 1_usize..9) {
            let mut bytes = Vec::new();
            pack(&flow, &mut bytes);
            bytes.truncate(bytes.len().saturating_sub(cut));
            prop_assert_eq!(unpack(&bytes), None);
        }
    }
}
