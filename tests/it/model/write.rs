//! A comparison in every form that there is: as text, as an entry of a map, in a closure, as native
//! code has it, and as options of conntrack(8). What it means is not said here.

use std::net::IpAddr;

use flowsh::flow::{
    Cmp, Direction, Family, Field, Masked, NatKind, Network, PortRange, Proto, StateSet, Status,
    Test,
};
use flowsh::table::text::number_test;

use super::dice::Dice;
use super::leaf::{Leaf, NUMBERS, Net, Number, Place, SIGNS};
use super::tree::enclosed;

/// Labels that have names where the test runs.
pub(super) const LABELS: &str = "0 first\n33 second\n96 fourth\n127 last\n";

impl Leaf {
    /// In the words of a filter text.
    pub(super) fn text(&self, dice: &mut Dice) -> String {
        let (field, value) = self.entry();
        match self {
            Self::Family(_) => value,
            Self::Proto(protos) if protos.len() == 1 && value != "99" && dice.chance(50) => value,
            Self::Flag(_) => dice.one(&[field.clone(), format!("{field} true")]),
            _ => format!("{field} {value}"),
        }
    }

    /// As `field: value` of a map, ready for a script.
    pub(super) fn map(&self) -> String {
        let (field, value) = self.entry();
        let quoted = if value == "true" { value } else { format!("{value:?}") };
        format!("#{{ {field:?}: {quoted} }}")
    }

    fn entry(&self) -> (String, String) {
        let (field, value) = match self {
            Self::Family(family) => ("family", format!("ipv{family}")),
            Self::Proto(protos) => ("proto", set(protos.iter().map(|proto| name(*proto)))),
            Self::Addr(place, nets) => (place.addr(), set(nets.iter().map(Net::text))),
            Self::Bits(place, value, mask) => (place.addr(), format!("{value}/{mask}")),
            Self::Port(place, ranges) => {
                (place.port(), set(ranges.iter().copied().map(port_range)))
            }
            Self::State(names) => ("state", set(names.iter().map(|name| name.to_lowercase()))),
            Self::Status(bits) => ("status", format!("{bits:#x}")),
            Self::Flag(name) => (*name, "true".to_owned()),
            Self::Mark(value, mask) => ("mark", format!("{value:#x}/{mask:#x}")),
            Self::Label(bit) => ("label", label(*bit)),
            Self::Nat(kind, nets, range) => {
                let target = if nets.is_empty() {
                    "0.0.0.0/0, ::/0".to_owned()
                } else {
                    nets.iter().map(Net::text).collect::<Vec<_>>().join(", ")
                };
                let port = range.map(|range| format!(" port {}", port_range(range)));
                (*kind, format!("{{{target}}}{}", port.unwrap_or_default()))
            }
            Self::Number(at, sign, number) => {
                let Number { name, text, .. } = &NUMBERS[*at];
                (*name, format!("{sign} {number}{text}"))
            }
            Self::Helper(names) => ("helper", set(names.iter().map(|name| (*name).to_owned()))),
        };
        (field.to_owned(), value)
    }

    /// What a closure of `f` answers; there is none for bits of addresses.
    pub(super) fn closure(&self) -> Option<String> {
        let any = |parts: Vec<String>| enclosed(&parts, " || ", "false");
        let quoted = |texts: Vec<String>| {
            texts.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>().join(", ")
        };
        Some(match self {
            Self::Family(family) => format!("f.family == \"ipv{family}\""),
            Self::Proto(protos) => {
                let names = protos.iter().map(|proto| name(*proto)).collect();
                format!("f.proto in [{}]", quoted(names))
            }
            Self::Addr(place, nets) => {
                let texts = quoted(nets.iter().map(Net::text).collect());
                any(place.addrs().iter().map(|field| format!("f.{field} in [{texts}]")).collect())
            }
            Self::Bits(..) => return None,
            Self::Port(place, ranges) => {
                let in_one = |field: &&str| {
                    let one = |(a, b): &(u16, u16)| format!("f.{field} in {a}..={b}");
                    ranges.iter().map(one).collect::<Vec<_>>()
                };
                any(place.ports().iter().flat_map(in_one).collect())
            }
            Self::State(names) => {
                format!("f.state in [{}]", quoted(names.iter().map(ToString::to_string).collect()))
            }
            Self::Status(bits) => {
                let names = Status(*bits).names();
                let set: Vec<_> = names.iter().map(|bit| format!("{bit:?} in f.status")).collect();
                format!("({})", set.join(" && "))
            }
            Self::Flag("replied") => "f.unreplied == false".to_owned(),
            Self::Flag(name) => format!("f.{name} == true"),
            Self::Mark(value, mask) => {
                format!("(f.mark != () && (f.mark & {mask:#x}) == {value:#x})")
            }
            Self::Label(bit) => format!("{:?} in f.labels", label(*bit)),
            Self::Nat(kind, nets, range) => {
                let one = |kind: &str, addr: &str, port: &str| {
                    let texts = quoted(nets.iter().map(Net::text).collect());
                    let to = format!(" && f.reply.{addr} in [{texts}]");
                    let to = if nets.is_empty() { "" } else { &to };
                    let port = range.map(|(a, b)| format!(" && f.reply.{port} in {a}..={b}"));
                    format!("f.{kind}{to}{}", port.unwrap_or_default())
                };
                let (snat, dnat) = (one("snat", "dst", "dport"), one("dnat", "src", "sport"));
                match *kind {
                    "snat" => format!("({snat})"),
                    "dnat" => format!("({dnat})"),
                    _ => format!("(({snat}) || ({dnat}))"),
                }
            }
            Self::Number(at, sign, number) => {
                let sign = if *sign == "=" { "==" } else { sign };
                let Number { name, script, .. } = &NUMBERS[*at];
                format!("f.{name} {sign} {number}{script}")
            }
            Self::Helper(names) => {
                format!("f.helper in [{}]", quoted(names.iter().map(ToString::to_string).collect()))
            }
        })
    }

    /// As native code has it, in the plain form or in the one that engines know best.
    pub(super) fn test(&self, dice: &mut Dice) -> Test {
        match self {
            Self::Family(4) => Test::Family(Family::Ipv4),
            Self::Family(_) => Test::Family(Family::Ipv6),
            Self::Proto(protos) => Test::Proto(protos.iter().map(|proto| Proto(*proto)).collect()),
            Self::Addr(place, nets) => {
                Test::Addr(place.native(), nets.iter().map(Net::native).collect())
            }
            Self::Bits(place, value, mask) => Test::AddrBits(place.native(), *value, *mask),
            Self::Port(place, ranges) => {
                Test::Port(place.native(), ranges.iter().copied().map(native_range).collect())
            }
            Self::State(names) => {
                let one = |name: &&str| StateSet::named(name).unwrap();
                Test::State(names.iter().map(one).fold(StateSet::default(), StateSet::union))
            }
            Self::Status(bits) => Test::Status(Status(*bits)),
            Self::Flag(name) => match *name {
                "assured" => Test::Status(Status::ASSURED),
                "unreplied" => Test::Unreplied,
                "replied" => Test::Status(Status::SEEN_REPLY),
                "related" => Test::Status(Status::EXPECTED),
                "offload" => Test::Offload,
                kind => Test::Nat(nat_kind(kind), Vec::new(), None),
            },
            Self::Mark(value, mask) => Test::Mark(Masked { value: *value, mask: *mask }),
            Self::Label(bit) => Test::Label(*bit),
            Self::Nat(kind, nets, range) => Test::Nat(
                nat_kind(kind),
                nets.iter().map(Net::native).collect(),
                range.map(native_range),
            ),
            Self::Number(at, sign, number) => {
                const CMPS: [Cmp; 5] = [Cmp::Eq, Cmp::Lt, Cmp::Le, Cmp::Gt, Cmp::Ge];
                let Number { name, scale, .. } = &NUMBERS[*at];
                let cmp = CMPS[SIGNS.iter().position(|known| known == sign).unwrap()];
                let (field, number) = (Field::named(name).unwrap(), number * scale);
                if dice.chance(50) {
                    number_test(field, cmp, number)
                } else {
                    Test::Number(field, cmp, number)
                }
            }
            Self::Helper(names) => {
                Test::Text(Field::Helper, names.iter().map(ToString::to_string).collect())
            }
        }
    }

    /// As options of conntrack(8), with the kind of option: only one of each is given, so that no
    /// family is demanded twice.
    pub(super) fn flags(&self) -> Option<(u8, String)> {
        Some(match self {
            Self::Family(family) => (0, format!("-f ipv{family}")),
            Self::Proto(protos) => match protos.as_slice() {
                [proto] => (1, format!("-p {proto}")),
                _ => return None,
            },
            Self::Addr(place, nets) => match (place, nets.as_slice()) {
                (_, [net]) if net.first != net.last => return None,
                (Place::Src, [net]) => (0, format!("-s {}", net.first)),
                (Place::Dst, [net]) => (0, format!("-d {}", net.first)),
                (Place::ReplySrc, [net]) => (0, format!("-r {}", net.first)),
                (Place::ReplyDst, [net]) => (0, format!("-q {}", net.first)),
                _ => return None,
            },
            Self::Status(4) | Self::Flag("assured") => (6, "-u ASSURED".to_owned()),
            Self::Status(2) | Self::Flag("replied") => (6, "-u SEEN_REPLY".to_owned()),
            Self::Mark(value, mask) => (7, format!("-m {value}/{mask}")),
            Self::Label(bit @ (0 | 33 | 96 | 127)) => (8, format!("-l {}", label(*bit))),
            // To conntrack(8) a flow with a zone in one direction alone is one of zone 0 as well.
            Self::Number(at, "=", zone) if NUMBERS[*at].name == "zone" && *zone > 0 => {
                (11, format!("-w {zone}"))
            }
            Self::Nat("snat", nets, None) if nets.is_empty() => (9, "--src-nat".to_owned()),
            Self::Nat("dnat", nets, None) if nets.is_empty() => (10, "--dst-nat".to_owned()),
            _ => return None,
        })
    }
}

impl Place {
    fn addr(self) -> &'static str {
        match self {
            Self::Any => "host",
            place => place.addrs()[0],
        }
    }

    fn port(self) -> &'static str {
        match self {
            Self::Any => "port",
            place => place.ports()[0],
        }
    }

    fn addrs(self) -> &'static [&'static str] {
        match self {
            Self::Src => &["src"],
            Self::Dst => &["dst"],
            Self::ReplySrc => &["reply.src"],
            Self::ReplyDst => &["reply.dst"],
            Self::Any => &["src", "dst", "reply.src", "reply.dst"],
        }
    }

    fn ports(self) -> &'static [&'static str] {
        match self {
            Self::Src => &["sport"],
            Self::Dst => &["dport"],
            Self::ReplySrc => &["reply.sport"],
            Self::ReplyDst => &["reply.dport"],
            Self::Any => &["sport", "dport", "reply.sport", "reply.dport"],
        }
    }

    fn native(self) -> flowsh::flow::Place {
        use flowsh::flow::Place as Native;
        match self {
            Self::Src => Native::Src(Direction::Orig),
            Self::Dst => Native::Dst(Direction::Orig),
            Self::ReplySrc => Native::Src(Direction::Reply),
            Self::ReplyDst => Native::Dst(Direction::Reply),
            Self::Any => Native::Any,
        }
    }
}

impl Net {
    fn text(&self) -> String {
        match (self.first, self.last) {
            (first, last) if first == last => first.to_string(),
            (IpAddr::V4(first), IpAddr::V4(last))
                if first.is_unspecified() && last.is_broadcast() =>
            {
                "0.0.0.0/0".to_owned()
            }
            (first, last) => format!("{first}-{last}"),
        }
    }

    fn native(&self) -> Network {
        Network::range(self.first, self.last).unwrap()
    }
}

fn nat_kind(kind: &str) -> NatKind {
    match kind {
        "snat" => NatKind::Source,
        "dnat" => NatKind::Destination,
        _ => NatKind::Any,
    }
}

fn native_range(range: (u16, u16)) -> PortRange {
    PortRange { first: range.0, last: range.1 }
}

fn port_range((first, last): (u16, u16)) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

/// A label by its name, by its number if it has none.
pub(super) fn label(bit: u8) -> String {
    let named = LABELS.lines().find_map(|line| line.strip_prefix(&format!("{bit} ")));
    named.map_or_else(|| bit.to_string(), str::to_owned)
}

/// A protocol by its name.
fn name(proto: u8) -> String {
    let named = match proto {
        1 => "icmp",
        6 => "tcp",
        17 => "udp",
        33 => "dccp",
        47 => "gre",
        50 => "esp",
        58 => "icmpv6",
        132 => "sctp",
        136 => "udplite",
        other => return other.to_string(),
    };
    named.to_owned()
}

/// One value alone or several in braces.
fn set(values: impl Iterator<Item = String>) -> String {
    let values: Vec<String> = values.collect();
    match values.as_slice() {
        [one] => one.clone(),
        many => format!("{{{}}}", many.join(", ")),
    }
}
