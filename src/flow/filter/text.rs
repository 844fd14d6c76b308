//! A filter as text that the table reads back as the same filter.

use std::fmt;

use super::{Cmp, Filter, NatKind, Place, PortRange, Test};
use crate::flow::{Direction, Status, Unit};

/// The filter as text that reads back as the same filter, labels by number; but what a script is
/// asked stands in `<>`, and does not.
impl<A: fmt::Display> fmt::Display for Filter<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, parts: &[Self], word: &str| {
            for (index, part) in parts.iter().enumerate() {
                if index > 0 {
                    write!(f, " {word} ")?;
                }
                // `and` binds tighter than `or`; inside of `and` only an `or` needs parentheses.
                match part {
                    Self::Or(_) | Self::And(_) => write!(f, "({part})")?,
                    part => write!(f, "{part}")?,
                }
            }
            Ok(())
        };
        match self {
            Self::All => f.write_str("all"),
            Self::Test(test) => write!(f, "{test}"),
            Self::Ask(question) => write!(f, "<{question}>"),
            Self::Not(inner) => match **inner {
                Self::And(_) | Self::Or(_) => write!(f, "not ({inner})"),
                _ => write!(f, "not {inner}"),
            },
            Self::And(parts) if parts.is_empty() => f.write_str("all"),
            Self::Or(parts) if parts.is_empty() => f.write_str("not all"),
            Self::And(parts) => joined(f, parts, "and"),
            Self::Or(parts) => joined(f, parts, "or"),
        }
    }
}

/// `a`, or `{a, b}`.
fn set<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: &[T]) -> fmt::Result {
    match items {
        [one] => write!(f, "{one}"),
        many => {
            let texts: Vec<String> = many.iter().map(ToString::to_string).collect();
            write!(f, "{{{}}}", texts.join(", "))
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Family(family) => write!(f, "{family}"),
            Self::Proto(protos) => {
                f.write_str("proto ")?;
                set(f, protos)
            }
            Self::Addr(place, nets) => {
                write!(f, "{} ", place.name("host", "src", "dst"))?;
                set(f, nets)
            }
            Self::AddrBits(place, value, mask) => {
                write!(f, "{} {value}/{mask}", place.name("host", "src", "dst"))
            }
            Self::Port(place, ranges) => {
                write!(f, "{} ", place.name("port", "sport", "dport"))?;
                set(f, ranges)
            }
            Self::State(states) => write!(f, "state {states}"),
            // Several names in braces would mean any of the bits, not all.
            Self::Status(bits) => match bits.names().as_slice() {
                [name] if Status::named(name).is_some() => write!(f, "status {name}"),
                _ => write!(f, "status {:#x}", bits.0),
            },
            Self::Unreplied => f.write_str("unreplied"),
            Self::Offload => f.write_str("offload"),
            Self::Mark(masked) => write!(f, "mark {masked}"),
            Self::Label(bit) => write!(f, "label {bit}"),
            Self::Nat(kind, nets, ports) => {
                f.write_str(match kind {
                    NatKind::Source => "snat",
                    NatKind::Destination => "dnat",
                    NatKind::Any => "nat",
                })?;
                if !nets.is_empty() {
                    f.write_str(" ")?;
                    set(f, nets)?;
                }
                ports.map_or(Ok(()), |range| write!(f, " port {range}"))
            }
            Self::Number(field, cmp, number) => {
                write!(f, "{} {cmp} ", field.name())?;
                match field.unit() {
                    Unit::Duration => in_units(f, *number, &SPANS, "ns"),
                    // A point in time is the span since 1970, as `date +%s` prints it.
                    Unit::Time => in_units(f, *number, SPANS.get(3..).unwrap_or_default(), "ns"),
                    Unit::Bytes => in_units(f, *number, &SIZES, ""),
                    _ => write!(f, "{number}"),
                }
            }
            Self::Text(field, texts) => {
                write!(f, "{} ", field.name())?;
                let escaped = |text: &String| text.replace('\\', r"\\").replace('"', "\\\"");
                let quoted: Vec<String> =
                    texts.iter().map(|text| format!("\"{}\"", escaped(text))).collect();
                set(f, &quoted)
            }
        }
    }
}

const SPANS: [(i64, &str); 6] = [
    (86_400_000_000_000, "d"),
    (3_600_000_000_000, "h"),
    (60_000_000_000, "m"),
    (1_000_000_000, "s"),
    (1_000_000, "ms"),
    (1_000, "us"),
];
const SIZES: [(i64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "KB")];

/// The number in the first unit that needs no fraction, or in the `smallest`.
fn in_units(
    f: &mut fmt::Formatter<'_>,
    number: i64,
    units: &[(i64, &str)],
    smallest: &str,
) -> fmt::Result {
    match units.iter().find(|(unit, _)| number != 0 && number % unit == 0) {
        Some((unit, name)) => write!(f, "{}{name}", number / unit),
        None => write!(f, "{number}{smallest}"),
    }
}

impl Place {
    fn name(self, any: &str, src: &str, dst: &str) -> String {
        match self {
            Self::Any => any.to_owned(),
            Self::Src(Direction::Orig) => src.to_owned(),
            Self::Dst(Direction::Orig) => dst.to_owned(),
            Self::Src(Direction::Reply) => format!("reply.{src}"),
            Self::Dst(Direction::Reply) => format!("reply.{dst}"),
        }
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { first, last } if first == last => write!(f, "{first}"),
            Self { first, last } => write!(f, "{first}-{last}"),
        }
    }
}

impl fmt::Display for Cmp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Eq => "=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        })
    }
}
