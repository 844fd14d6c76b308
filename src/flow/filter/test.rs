//! One comparison of a filter: what it asks, and how native code answers.

use std::net::IpAddr;

use crate::flow::{
    Direction, Family, Field, Flow, LabelMap, Masked, Network, Proto, StateSet, Status,
};

/// Where in a flow an address or a port is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// The source of one direction.
    Src(Direction),
    /// The destination of one direction.
    Dst(Direction),
    /// Any of the four: either side, before or after NAT.
    Any,
}

/// An inclusive range of ports or other 16-bit numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PortRange {
    /// The lowest.
    pub first: u16,
    /// The highest.
    pub last: u16,
}

/// How a number is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cmp {
    /// Equal.
    Eq,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
}

/// Which translation is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NatKind {
    /// Of the source: the new address is where answers go.
    Source,
    /// Of the destination: the new address is where answers come from.
    Destination,
    /// Either.
    Any,
}

/// One comparison. On a value that is absent every test is false.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// The family is this one.
    Family(Family),
    /// The protocol is one of these.
    Proto(Vec<Proto>),
    /// The address at this place lies in one of these networks.
    Addr(Place, Vec<Network>),
    /// The address at this place has these bits under a mask with holes, which no network has.
    AddrBits(Place, IpAddr, IpAddr),
    /// The port at this place lies in one of these ranges.
    Port(Place, Vec<PortRange>),
    /// The state is one of these.
    State(StateSet),
    /// All these bits are set.
    Status(Status),
    /// No answer was seen.
    Unreplied,
    /// A flowtable forwards it, in software or hardware.
    Offload,
    /// The mark under the mask is the value.
    Mark(Masked),
    /// This label is set.
    Label(u8),
    /// It is translated, to one of these networks and this port if they are given.
    Nat(NatKind, Vec<Network>, Option<PortRange>),
    /// The number of this field compares so; spans and times in nanoseconds.
    Number(Field, Cmp, i64),
    /// The text of this field (helper, secctx, netns) is one of these.
    Text(Field, Vec<String>),
}

impl PortRange {
    /// A range of one.
    #[must_use]
    pub fn one(port: u16) -> Self {
        Self { first: port, last: port }
    }

    /// True if `port` lies within.
    #[must_use]
    #[inline]
    pub fn contains(self, port: u16) -> bool {
        (self.first..=self.last).contains(&port)
    }
}

impl Cmp {
    /// True if `a` stands so to `b`.
    #[must_use]
    #[inline]
    pub fn holds(self, a: i64, b: i64) -> bool {
        match self {
            Self::Eq => a == b,
            Self::Lt => a < b,
            Self::Le => a <= b,
            Self::Gt => a > b,
            Self::Ge => a >= b,
        }
    }
}

impl Test {
    /// The test for a label by name or number.
    #[must_use]
    pub fn label(name: &str, map: &LabelMap) -> Option<Self> {
        map.bit(name).map(Self::Label)
    }

    /// True if it takes `flow` at the time `now_ns`.
    #[must_use]
    #[inline]
    pub fn takes(&self, flow: &Flow, now_ns: u64) -> bool {
        match self {
            Self::Family(family) => flow.family() == *family,
            Self::Proto(protos) => protos.contains(&flow.orig.proto),
            Self::Addr(place, nets) => {
                addr_at(*place, flow, |addr| nets.iter().any(|net| net.contains(addr)))
            }
            Self::AddrBits(place, value, mask) => {
                addr_at(*place, flow, |addr| same_bits(addr, value, mask))
            }
            Self::Port(place, ranges) => port_in(*place, flow, ranges),
            Self::State(states) => flow.proto_info.is_some_and(|info| states.contains(&info)),
            Self::Status(bits) => flow.has_status(*bits) == Some(true),
            Self::Unreplied => flow.has_status(Status::SEEN_REPLY) == Some(false),
            Self::Offload => {
                flow.status.is_some_and(|s| s.has(Status::OFFLOAD) || s.has(Status::HW_OFFLOAD))
            }
            Self::Mark(masked) => flow.mark.is_some_and(|mark| masked.matches(mark)),
            Self::Label(bit) => flow.labels.is_some_and(|labels| labels.has(*bit)),
            Self::Nat(kind, nets, ports) => is_translated(*kind, flow, nets, *ports),
            Self::Number(field, cmp, number) => {
                field.number(flow, now_ns).is_some_and(|found| cmp.holds(found, *number))
            }
            Self::Text(Field::Helper, texts) => {
                flow.helper.is_some_and(|helper| texts.iter().any(|text| text == helper.as_str()))
            }
            Self::Text(Field::Netns, texts) => {
                flow.netns().is_some_and(|netns| texts.iter().any(|text| **text == **netns))
            }
            Self::Text(_, texts) => flow
                .rare
                .as_ref()
                .and_then(|rare| rare.secctx.as_ref())
                .is_some_and(|secctx| texts.contains(secctx)),
        }
    }
}

#[inline]
fn addr_at(place: Place, flow: &Flow, inside: impl Fn(&IpAddr) -> bool) -> bool {
    match place {
        Place::Src(Direction::Orig) => inside(&flow.orig.src),
        Place::Src(Direction::Reply) => inside(&flow.reply.src),
        Place::Dst(Direction::Orig) => inside(&flow.orig.dst),
        Place::Dst(Direction::Reply) => inside(&flow.reply.dst),
        Place::Any => {
            let all = [&flow.orig.src, &flow.orig.dst, &flow.reply.src, &flow.reply.dst];
            all.into_iter().any(inside)
        }
    }
}

/// True if the bits under `mask` are those of `value`; never for addresses of different families.
fn same_bits(addr: &IpAddr, value: &IpAddr, mask: &IpAddr) -> bool {
    match (addr, value, mask) {
        (IpAddr::V4(addr), IpAddr::V4(value), IpAddr::V4(mask)) => {
            (addr.to_bits() ^ value.to_bits()) & mask.to_bits() == 0
        }
        (IpAddr::V6(addr), IpAddr::V6(value), IpAddr::V6(mask)) => {
            (addr.to_bits() ^ value.to_bits()) & mask.to_bits() == 0
        }
        _ => false,
    }
}

fn port_in(place: Place, flow: &Flow, ranges: &[PortRange]) -> bool {
    let inside = |port: Option<u16>| {
        port.is_some_and(|port| ranges.iter().any(|range| range.contains(port)))
    };
    match place {
        Place::Src(Direction::Orig) => inside(flow.orig.sport()),
        Place::Src(Direction::Reply) => inside(flow.reply.sport()),
        Place::Dst(Direction::Orig) => inside(flow.orig.dport()),
        Place::Dst(Direction::Reply) => inside(flow.reply.dport()),
        Place::Any => {
            let (orig, reply) = (&flow.orig, &flow.reply);
            [orig.sport(), orig.dport(), reply.sport(), reply.dport()].into_iter().any(inside)
        }
    }
}

fn is_translated(kind: NatKind, flow: &Flow, nets: &[Network], ports: Option<PortRange>) -> bool {
    let to = |addr: IpAddr, port: Option<u16>| {
        (nets.is_empty() || nets.iter().any(|net| net.contains(&addr)))
            && ports.is_none_or(|range| port.is_some_and(|port| range.contains(port)))
    };
    match kind {
        NatKind::Source => flow.is_snat() && to(flow.reply.dst, flow.reply.dport()),
        NatKind::Destination => flow.is_dnat() && to(flow.reply.src, flow.reply.sport()),
        NatKind::Any => [NatKind::Source, NatKind::Destination]
            .into_iter()
            .any(|kind| is_translated(kind, flow, nets, ports)),
    }
}
