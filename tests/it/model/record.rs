//! A flow as the model knows it: a type of the test's own, which shares nothing with flowsh's.

use std::fmt;
use std::net::IpAddr;

/// How many seconds may pass within a round, on a busy machine.
const SLACK_S: u32 = 60;
/// Timeouts from here on are cut down by the kernel to what fits its clock.
pub(super) const ENDLESS_S: u32 = 2_000_000;

/// An entry of the table, as the kernel sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) orig: End,
    pub(super) reply: End,
    pub(super) zone: Option<u16>,
    pub(super) status: u32,
    pub(super) timeout_s: Option<u32>,
    pub(super) mark: Option<u32>,
    pub(super) id: u32,
    pub(super) labels: [u32; 4],
    pub(super) helper: Option<String>,
    pub(super) state: Option<u8>,
    /// Packets and bytes of the original and of the reply direction.
    pub(super) counters: [Option<(u64, u64)>; 2],
    pub(super) start_ns: Option<u64>,
    /// Kind and bytes of everything else: it must not change, whatever it is.
    pub(super) rest: Vec<(u16, Vec<u8>)>,
}

/// One direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct End {
    pub(super) src: IpAddr,
    pub(super) dst: IpAddr,
    pub(super) proto: u8,
    pub(super) ports: Option<(u16, u16)>,
    /// Type, code and identifier.
    pub(super) icmp: Option<(u8, u8, u16)>,
    pub(super) zone: Option<u16>,
}

impl End {
    /// The same direction, whatever its zone.
    pub(super) fn anywhere(self) -> Self {
        Self { zone: None, ..self }
    }
}

impl Record {
    /// True if this is `other`, some moments later.
    pub(super) fn is_later(&self, other: &Self) -> bool {
        let timely = match (self.timeout_s, other.timeout_s) {
            (Some(now), Some(then)) if then >= ENDLESS_S => now + SLACK_S >= ENDLESS_S,
            (Some(now), Some(then)) => now <= then && now + SLACK_S >= then,
            (now, then) => now == then,
        };
        timely && *self == Self { timeout_s: self.timeout_s, ..other.clone() }
    }

    /// The zones in which its two directions are.
    pub(super) fn zones(&self) -> [u16; 2] {
        let both = self.zone.unwrap_or(0);
        [self.orig.zone.unwrap_or(both), self.reply.zone.unwrap_or(both)]
    }

    /// True if the source is translated: answers do not go where the first packet came from.
    pub(super) fn snat(&self) -> bool {
        let port = |end: End, first: bool| end.ports.map(|(a, b)| if first { a } else { b });
        self.orig.src != self.reply.dst
            || port(self.orig, true) != port(self.reply, false)
            || self.orig.icmp.map(|icmp| icmp.2) != self.reply.icmp.map(|icmp| icmp.2)
    }

    /// True if the destination is translated: answers do not come from where the packet went.
    pub(super) fn dnat(&self) -> bool {
        self.orig.dst != self.reply.src
            || self.orig.ports.map(|ports| ports.1) != self.reply.ports.map(|ports| ports.0)
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}>{}", self.src, self.dst)?;
        if let Some((src, dst)) = self.ports {
            write!(f, " {src}>{dst}")?;
        }
        if let Some((kind, code, id)) = self.icmp {
            write!(f, " type {kind} code {code} id {id}")?;
        }
        self.zone.map_or(Ok(()), |zone| write!(f, " dir-zone {zone}"))
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "proto {} {} | {}", self.orig.proto, self.orig, self.reply)?;
        if let Some(zone) = self.zone {
            write!(f, " zone {zone}")?;
        }
        write!(f, " status {:#x} state {:?} timeout", self.status, self.state)?;
        write!(f, " {:?} mark {:?} labels {:x?}", self.timeout_s, self.mark, self.labels)?;
        write!(f, " helper {:?} counters {:?}", self.helper, self.counters)?;
        write!(f, " start {:?} id {} rest {:x?}", self.start_ns, self.id, self.rest)
    }
}
