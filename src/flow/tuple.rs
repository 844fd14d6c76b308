//! One direction of a flow.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::{Family, Proto};

/// What layer 4 adds to the addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum L4 {
    /// Nothing: the kernel tracks the protocol by its addresses alone.
    #[default]
    None,
    /// Ports of tcp, udp, udplite, sctp and dccp; call keys of gre.
    Ports {
        /// Source port or key.
        src: u16,
        /// Destination port or key.
        dst: u16,
    },
    /// Message type, code and identifier of icmp and icmpv6.
    Icmp {
        /// Message type of this direction.
        kind: u8,
        /// Message code.
        code: u8,
        /// Identifier.
        id: u16,
    },
}

/// Addresses, protocol and layer 4 of one direction, with its directional zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tuple {
    /// Source address.
    pub src: IpAddr,
    /// Destination address; of the same family as `src`.
    pub dst: IpAddr,
    /// Protocol.
    pub proto: Proto,
    /// Ports or icmp.
    pub l4: L4,
    /// `CTA_TUPLE_ZONE`: a zone of this direction alone; absent if there is none.
    pub zone: Option<u16>,
}

impl Tuple {
    /// The family of both addresses.
    #[must_use]
    pub fn family(&self) -> Family {
        Family::of(&self.src)
    }

    /// Source port; absent for protocols without ports.
    #[must_use]
    #[inline]
    pub fn sport(&self) -> Option<u16> {
        match self.l4 {
            L4::Ports { src, .. } => Some(src),
            _ => None,
        }
    }

    /// Destination port; absent for protocols without ports.
    #[must_use]
    #[inline]
    pub fn dport(&self) -> Option<u16> {
        match self.l4 {
            L4::Ports { dst, .. } => Some(dst),
            _ => None,
        }
    }

    /// True if `told`, a direction as the kernel tells it, is the one that was asked for by this:
    /// of a protocol without a tracker the kernel keeps no ports. Zones do not count.
    #[must_use]
    pub fn names(&self, told: &Self) -> bool {
        let ends = |tuple: &Self| (tuple.src, tuple.dst, tuple.proto);
        ends(self) == ends(told) && (self.l4 == told.l4 || told.l4 == L4::None)
    }

    /// The same flow seen from the other end; `None` for an icmp type that nothing answers.
    ///
    /// Source: `nf_conntrack_invert_icmp_tuple()` and its icmpv6 twin, Linux 6.18.
    #[must_use]
    pub fn inverted(&self) -> Option<Self> {
        let l4 = match self.l4 {
            L4::None => L4::None,
            L4::Ports { src, dst } => L4::Ports { src: dst, dst: src },
            L4::Icmp { kind, code, id } => {
                L4::Icmp { kind: answer_to(self.proto, kind)?, code, id }
            }
        };
        Some(Self { src: self.dst, dst: self.src, proto: self.proto, l4, zone: None })
    }
}

/// The icmp or icmpv6 type that answers `kind`, if one does.
fn answer_to(proto: Proto, kind: u8) -> Option<u8> {
    const ICMP: [(u8, u8); 4] = [(8, 0), (13, 14), (15, 16), (17, 18)];
    const ICMPV6: [(u8, u8); 2] = [(128, 129), (139, 140)];
    let pairs: &[(u8, u8)] = if proto == Proto::ICMPV6 { &ICMPV6 } else { &ICMP };
    pairs.iter().find_map(|&(ask, answer)| match kind {
        kind if kind == ask => Some(answer),
        kind if kind == answer => Some(ask),
        _ => None,
    })
}

/// `tcp 10.0.0.1:1024 -> 10.0.0.2:80`, `icmp 10.0.0.1 -> 10.0.0.2 type 8 code 0 id 77`.
impl fmt::Display for Tuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { src, dst, proto, l4, .. } = self;
        match *l4 {
            L4::None => write!(f, "{proto} {src} -> {dst}"),
            L4::Icmp { kind, code, id } => {
                write!(f, "{proto} {src} -> {dst} type {kind} code {code} id {id}")
            }
            L4::Ports { src: sport, dst: dport } => {
                let (src, dst) = (SocketAddr::new(*src, sport), SocketAddr::new(*dst, dport));
                write!(f, "{proto} {src} -> {dst}")
            }
        }
    }
}
