//! One comparison: what it means, said as plainly as the documentation says it. How it is written
//! stands in `write`.

use std::net::IpAddr;

use super::dice::Dice;
use super::record::{End, Record};

/// What a filter can ask in one word and its values.
#[derive(Debug, Clone)]
pub(super) enum Leaf {
    /// 4 or 6.
    Family(u8),
    Proto(Vec<u8>),
    Addr(Place, Vec<Net>),
    /// A value and a mask with holes.
    Bits(Place, IpAddr, IpAddr),
    Port(Place, Vec<(u16, u16)>),
    State(Vec<&'static str>),
    /// All of these bits.
    Status(u32),
    Flag(&'static str),
    /// A value and a mask.
    Mark(u32, u32),
    Label(u8),
    /// `snat`, `dnat` or `nat`, with where to.
    Nat(&'static str, Vec<Net>, Option<(u16, u16)>),
    /// The number's place in [`NUMBERS`], a sign of [`SIGNS`], and what it is compared with.
    Number(usize, &'static str, i64),
    Helper(Vec<&'static str>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Src,
    Dst,
    ReplySrc,
    ReplyDst,
    Any,
}

/// From the first address to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Net {
    pub(super) first: IpAddr,
    pub(super) last: IpAddr,
}

/// A number that can be compared: its name, its unit in texts and in scripts, how many of the
/// smallest unit that is, and how it is read off a record at a time in seconds.
pub(super) struct Number {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
    pub(super) script: &'static str,
    pub(super) scale: i64,
    of: fn(&Record, i64) -> Option<i64>,
}

pub(super) const SIGNS: [&str; 5] = ["=", "<", "<=", ">", ">="];
pub(super) const FLAGS: [&str; 8] =
    ["assured", "unreplied", "replied", "related", "offload", "snat", "dnat", "nat"];
pub(super) const PLACES: [Place; 5] =
    [Place::Src, Place::Dst, Place::ReplySrc, Place::ReplyDst, Place::Any];
/// Names that make states of tcp, of sctp, or of both.
const STATES: [&str; 9] = [
    "NONE",
    "SYN_SENT",
    "ESTABLISHED",
    "TIME_WAIT",
    "CLOSE",
    "CLOSED",
    "COOKIE_WAIT",
    "SHUTDOWN_SENT",
    "SYN_SENT2",
];
/// Seconds that no timeout is near of.
const BETWEEN_S: [i64; 5] = [0, 150, 600, 2000, 50_000];

/// Numbers; those from `packets` on have no value that can be met by chance.
pub(super) const NUMBERS: [Number; 16] = [
    plain("sport", |r, _| r.orig.ports.map(|ports| ports.0.into())),
    plain("reply.dport", |r, _| r.reply.ports.map(|ports| ports.1.into())),
    plain("icmp_type", |r, _| r.orig.icmp.map(|icmp| icmp.0.into())),
    plain("icmp_code", |r, _| r.orig.icmp.map(|icmp| icmp.1.into())),
    plain("reply.icmp_type", |r, _| r.reply.icmp.map(|icmp| icmp.0.into())),
    plain("icmp_id", |r, _| r.orig.icmp.map(|icmp| icmp.2.into())),
    plain("zone", |r, _| {
        let split = r.orig.zone.is_some() || r.reply.zone.is_some();
        if split { None } else { Some(r.zone.unwrap_or(0).into()) }
    }),
    plain("orig.zone", |r, _| r.orig.zone.map(i64::from)),
    plain("reply.zone", |r, _| r.reply.zone.map(i64::from)),
    plain("mark", |r, _| r.mark.map(i64::from)),
    plain("id", |r, _| Some(r.id.into())),
    plain("packets", |r, _| both(r, |counters| counters.0)),
    plain("reply.bytes", |r, _| r.counters[1].map(|counters| counters.1.cast_signed())),
    plain("bytes", |r, _| both(r, |counters| counters.1)),
    span("timeout", |r, _| r.timeout_s.map(i64::from)),
    span("age", |r, now| r.start_ns.map(|start| now - (start / 1_000_000_000).cast_signed())),
];

const fn plain(name: &'static str, of: fn(&Record, i64) -> Option<i64>) -> Number {
    Number { name, text: "", script: "", scale: 1, of }
}

const fn span(name: &'static str, of: fn(&Record, i64) -> Option<i64>) -> Number {
    Number { name, text: "s", script: ".sec", scale: 1_000_000_000, of }
}

fn both(record: &Record, of: fn((u64, u64)) -> u64) -> Option<i64> {
    match record.counters {
        [None, None] => None,
        [orig, reply] => Some((orig.map_or(0, of) + reply.map_or(0, of)).cast_signed()),
    }
}

impl Leaf {
    /// True if it takes the flow; what a flow does not have is never taken.
    pub(super) fn takes(&self, record: &Record, now_s: i64) -> bool {
        let Record { orig, reply, .. } = record;
        match self {
            Self::Family(family) => (*family == 4) == orig.src.is_ipv4(),
            Self::Proto(protos) => protos.contains(&orig.proto),
            Self::Addr(place, nets) => {
                addrs(*place, orig, reply).iter().any(|addr| inside(nets, *addr))
            }
            Self::Bits(place, value, mask) => {
                addrs(*place, orig, reply).iter().any(|addr| match (addr, value, mask) {
                    (IpAddr::V4(a), IpAddr::V4(v), IpAddr::V4(m)) => *a & *m == *v & *m,
                    (IpAddr::V6(a), IpAddr::V6(v), IpAddr::V6(m)) => *a & *m == *v & *m,
                    _ => false,
                })
            }
            Self::Port(place, ranges) => ports(*place, orig, reply)
                .into_iter()
                .flatten()
                .any(|port| ranges.iter().any(|(first, last)| *first <= port && port <= *last)),
            Self::State(names) => state_name(record).is_some_and(|name| names.contains(&name)),
            Self::Status(bits) => record.status & bits == *bits,
            Self::Flag(name) => flag(name, record),
            Self::Mark(value, mask) => record.mark.is_some_and(|mark| mark & mask == *value),
            Self::Label(bit) => record.labels[usize::from(bit / 32)] >> (bit % 32) & 1 == 1,
            Self::Nat(kind, nets, range) => {
                let to = |addr, port: Option<u16>| {
                    (nets.is_empty() || inside(nets, addr))
                        && range.is_none_or(|(first, last)| {
                            port.is_some_and(|port| first <= port && port <= last)
                        })
                };
                let snat = record.snat() && to(reply.dst, reply.ports.map(|ports| ports.1));
                let dnat = record.dnat() && to(reply.src, reply.ports.map(|ports| ports.0));
                (snat && *kind != "dnat") || (dnat && *kind != "snat")
            }
            Self::Number(at, sign, number) => {
                (NUMBERS[*at].of)(record, now_s).is_some_and(|found| match *sign {
                    "=" => found == *number,
                    "<" => found < *number,
                    "<=" => found <= *number,
                    ">" => found > *number,
                    _ => found >= *number,
                })
            }
            Self::Helper(names) => {
                record.helper.as_ref().is_some_and(|helper| names.contains(&helper.as_str()))
            }
        }
    }

    /// True if it asks for a translation.
    pub(super) fn is_nat(&self) -> bool {
        matches!(self, Self::Nat(..) | Self::Flag("snat" | "dnat" | "nat"))
    }

    /// Any comparison, with values of these flows, so that it takes some and leaves some.
    pub(super) fn draw(dice: &mut Dice, records: &[Record], now_s: i64) -> Self {
        let from = dice.one(records);
        let place = dice.one(&PLACES);
        match dice.below(20) {
            0 => Self::Family(dice.one(&[4, 6])),
            1 | 2 => {
                let mut protos = dice.some(&[1, 6, 17, 33, 47, 50, 58, 99, 132, 136], 0, 2);
                protos.push(from.orig.proto);
                Self::Proto(protos)
            }
            3..=5 => Self::Addr(place, nets(dice, place, &from, records)),
            6 => {
                let addr = dice.one(&addrs(place, &from.orig, &from.reply));
                let mask = match addr {
                    IpAddr::V4(_) => dice.one(&["255.0.0.255", "0.0.0.1", "0.255.255.255"]),
                    IpAddr::V6(_) => dice.one(&["::ffff", "ffff::1"]),
                };
                Self::Bits(place, addr, mask.parse().unwrap())
            }
            7 | 8 => {
                let near = ports(place, &from.orig, &from.reply).into_iter().flatten().next();
                let mut ranges = dice.some(&[(0, 0), (53, 80), (400, 65_535), (22, 22)], 0, 2);
                ranges.extend(near.map(|port| (port, port)));
                Self::Port(place, ranges)
            }
            9 => {
                let mut names = dice.some(&STATES, 0, 2);
                names.extend(state_name(&from));
                Self::State(names)
            }
            10 => Self::Status(dice.one(&[2, 4, 6, 8, 16, 32, 1 << 10, 1 << 13, 0x30, 1, 12])),
            11 => Self::Flag(dice.one(&FLAGS)),
            12 => {
                let mask = dice.one(&[u32::MAX, 0xff00, 1, 0, 0xffff_0000]);
                Self::Mark(from.mark.unwrap_or(0) & mask, mask)
            }
            13 => Self::Label(dice.one(&[0, 1, 31, 32, 33, 64, 95, 96, 127])),
            14 | 15 => {
                let kind = dice.one(&["snat", "dnat", "nat"]);
                let place = if kind == "dnat" { Place::ReplySrc } else { Place::ReplyDst };
                let nets = if dice.chance(40) { vec![] } else { nets(dice, place, &from, records) };
                Self::Nat(kind, nets, dice.maybe(&[(0, 1023), (80, 80), (1000, 65_535)]))
            }
            16 => Self::Helper(dice.some(&["ftp", "tftp", "sip"], 0, 2)),
            _ => {
                let at = dice.below(NUMBERS.len());
                let found = (NUMBERS[at].of)(&from, now_s);
                let (signs, number) = match NUMBERS[at].name {
                    // They move while the test runs.
                    "timeout" => (&SIGNS[1..], dice.one(&BETWEEN_S)),
                    "age" => (&SIGNS[1..], dice.one(&[36_000, 360_000])),
                    _ => (&SIGNS[..], found.unwrap_or(0) + dice.one(&[0, 0, 0, -1, 1])),
                };
                let greatest = match NUMBERS[at].name {
                    "mark" | "id" => u32::MAX.into(),
                    "icmp_type" | "icmp_code" | "reply.icmp_type" => u8::MAX.into(),
                    "packets" | "bytes" | "reply.bytes" | "timeout" | "age" => i64::MAX,
                    _ => u16::MAX.into(),
                };
                Self::Number(at, dice.one(signs), number.clamp(0, greatest))
            }
        }
    }
}

fn addrs(place: Place, orig: &End, reply: &End) -> Vec<IpAddr> {
    match place {
        Place::Src => vec![orig.src],
        Place::Dst => vec![orig.dst],
        Place::ReplySrc => vec![reply.src],
        Place::ReplyDst => vec![reply.dst],
        Place::Any => vec![orig.src, orig.dst, reply.src, reply.dst],
    }
}

fn ports(place: Place, orig: &End, reply: &End) -> Vec<Option<u16>> {
    let ends = [orig, reply].map(|end| end.ports);
    let [src, reply_src] = ends.map(|ports| ports.map(|ports| ports.0));
    let [dst, reply_dst] = ends.map(|ports| ports.map(|ports| ports.1));
    match place {
        Place::Src => vec![src],
        Place::Dst => vec![dst],
        Place::ReplySrc => vec![reply_src],
        Place::ReplyDst => vec![reply_dst],
        Place::Any => vec![src, dst, reply_src, reply_dst],
    }
}

fn inside(nets: &[Net], addr: IpAddr) -> bool {
    let same = |net: &&Net| net.first.is_ipv4() == addr.is_ipv4();
    nets.iter().filter(same).any(|net| net.first <= addr && addr <= net.last)
}

/// Up to three networks, one of them with an address of this flow.
fn nets(dice: &mut Dice, place: Place, from: &Record, records: &[Record]) -> Vec<Net> {
    let all = ["10.0.0.0-10.255.255.255", "0.0.0.0-255.255.255.255", "fd00::-fd00::ffff"];
    let mut nets: Vec<Net> = dice.some(&all, 0, 1).iter().map(|text| range(text)).collect();
    let addr = dice.one(&addrs(place, &from.orig, &from.reply));
    nets.push(Net { first: addr, last: addr });
    let other = dice.one(records).orig.dst;
    if dice.chance(20) && other.is_ipv4() == addr.is_ipv4() {
        nets.push(Net { first: addr.min(other), last: addr.max(other) });
    }
    // Several are any of them; none is nothing.
    if dice.chance(5) { Vec::new() } else { nets }
}

fn range(text: &str) -> Net {
    let (first, last) = text.split_once('-').unwrap();
    Net { first: first.parse().unwrap(), last: last.parse().unwrap() }
}

fn flag(name: &str, record: &Record) -> bool {
    match name {
        "assured" => record.status & 4 != 0,
        "unreplied" => record.status & 2 == 0,
        "replied" => record.status & 2 != 0,
        "related" => record.status & 1 != 0,
        "offload" => record.status & 0xc000 != 0,
        "snat" => record.snat(),
        "dnat" => record.dnat(),
        _ => record.snat() || record.dnat(),
    }
}

/// The state by the name that conntrack prints.
fn state_name(record: &Record) -> Option<&'static str> {
    let names: &[&'static str] = match record.orig.proto {
        6 => &[
            "NONE",
            "SYN_SENT",
            "SYN_RECV",
            "ESTABLISHED",
            "FIN_WAIT",
            "CLOSE_WAIT",
            "LAST_ACK",
            "TIME_WAIT",
            "CLOSE",
            "SYN_SENT2",
        ],
        _ => &[
            "NONE",
            "CLOSED",
            "COOKIE_WAIT",
            "COOKIE_ECHOED",
            "ESTABLISHED",
            "SHUTDOWN_SENT",
            "SHUTDOWN_RECD",
            "SHUTDOWN_ACK_SENT",
            "HEARTBEAT_SENT",
        ],
    };
    names.get(usize::from(record.state?)).copied()
}
