//! A filter: one tree of comparisons, whatever it was written in. This file judges a flow natively;
//! reading text is the table's task, calling a script the workshop's.

use std::convert::Infallible;
use std::fmt;
use std::net::IpAddr;

use super::{
    Direction, Family, Field, Flow, LabelMap, Masked, Network, Proto, StateSet, Status, Unit,
};

/// The leaf of a filter that asks no script.
pub type Never = Infallible;

/// A tree of tests. `A` is what a script call is; [`Never`] where there can be none.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter<A = Never> {
    /// Every flow.
    All,
    /// A comparison that native code makes.
    Test(Test),
    /// A question that only a script can answer.
    Ask(A),
    /// What the filter inside does not take.
    Not(Box<Filter<A>>),
    /// What all take, asked in this order until one does not.
    And(Vec<Filter<A>>),
    /// What any takes, asked in this order until one does.
    Or(Vec<Filter<A>>),
}

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
    /// The text of this field (helper, secctx) is one of these.
    Text(Field, Vec<String>),
}

impl<A> Filter<A> {
    /// True if it takes every flow without looking.
    #[must_use]
    pub fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }

    /// What both take, `self` asked first.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, filter) | (filter, Self::All) => filter,
            (Self::And(mut parts), Self::And(more)) => {
                parts.extend(more);
                Self::And(parts)
            }
            (Self::And(mut parts), filter) => {
                parts.push(filter);
                Self::And(parts)
            }
            (filter, Self::And(mut parts)) => {
                parts.insert(0, filter);
                Self::And(parts)
            }
            (a, b) => Self::And(vec![a, b]),
        }
    }

    /// What either takes, `self` asked first.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Or(mut parts), Self::Or(more)) => {
                parts.extend(more);
                Self::Or(parts)
            }
            (Self::Or(mut parts), filter) => {
                parts.push(filter);
                Self::Or(parts)
            }
            (filter, Self::Or(mut parts)) => {
                parts.insert(0, filter);
                Self::Or(parts)
            }
            (a, b) => Self::Or(vec![a, b]),
        }
    }

    /// What it does not take.
    #[must_use]
    pub fn negate(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            filter => Self::Not(Box::new(filter)),
        }
    }

    /// Asks whether it takes `flow`; `ask` answers for the leaves that only a script can.
    ///
    /// # Errors
    ///
    /// The first error of `ask`; what comes after it is not asked.
    #[inline]
    pub fn judge<E>(
        &self,
        flow: &Flow,
        now_ns: u64,
        ask: &mut dyn FnMut(&A, &Flow) -> Result<bool, E>,
    ) -> Result<bool, E> {
        match self {
            Self::All => Ok(true),
            Self::Test(test) => Ok(test.takes(flow, now_ns)),
            Self::Ask(question) => ask(question, flow),
            Self::Not(inner) => inner.judge(flow, now_ns, ask).map(|taken| !taken),
            Self::And(parts) => {
                for part in parts {
                    if !part.judge(flow, now_ns, ask)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Or(parts) => {
                for part in parts {
                    if part.judge(flow, now_ns, ask)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }

    /// True if some leaf asks a script.
    #[must_use]
    pub fn asks(&self) -> bool {
        match self {
            Self::Ask(_) => true,
            Self::All | Self::Test(_) => false,
            Self::Not(inner) => inner.asks(),
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::asks),
        }
    }

    /// The part that asks no script: it takes at least what the whole takes.
    #[must_use]
    pub fn native(&self) -> Filter {
        match self {
            Self::All | Self::Ask(_) => Filter::All,
            Self::Test(test) => Filter::Test(test.clone()),
            // The opposite of "at least" is "at most": nothing can be said of it.
            Self::Not(inner) if inner.asks() => Filter::All,
            Self::Not(inner) => Filter::Not(Box::new(inner.native())),
            Self::And(parts) => parts.iter().map(Self::native).fold(Filter::All, Filter::and),
            Self::Or(parts) => {
                let parts: Vec<Filter> = parts.iter().map(Self::native).collect();
                if parts.iter().any(Filter::is_all) { Filter::All } else { Filter::Or(parts) }
            }
        }
    }
}

impl Filter {
    /// True if it takes `flow` at the time `now_ns`.
    #[must_use]
    #[inline]
    pub fn takes(&self, flow: &Flow, now_ns: u64) -> bool {
        match self {
            Self::All => true,
            Self::Test(test) => test.takes(flow, now_ns),
            Self::Ask(never) => match *never {},
            Self::Not(inner) => !inner.takes(flow, now_ns),
            Self::And(parts) => parts.iter().all(|part| part.takes(flow, now_ns)),
            Self::Or(parts) => parts.iter().any(|part| part.takes(flow, now_ns)),
        }
    }

    /// The same filter where script calls are possible.
    #[must_use]
    pub fn widen<A>(&self) -> Filter<A> {
        match self {
            Self::All => Filter::All,
            Self::Test(test) => Filter::Test(test.clone()),
            Self::Ask(never) => match *never {},
            Self::Not(inner) => Filter::Not(Box::new(inner.widen())),
            Self::And(parts) => Filter::And(parts.iter().map(Self::widen).collect()),
            Self::Or(parts) => Filter::Or(parts.iter().map(Self::widen).collect()),
        }
    }
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
    /// True if it takes `flow` at the time `now_ns`.
    #[must_use]
    #[inline]
    pub fn takes(&self, flow: &Flow, now_ns: u64) -> bool {
        match self {
            Self::Family(family) => flow.family() == *family,
            Self::Proto(protos) => protos.contains(&flow.orig.proto),
            Self::Addr(place, nets) => addr_in(*place, flow, nets),
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
            Self::Text(_, texts) => flow
                .rare
                .as_ref()
                .and_then(|rare| rare.secctx.as_ref())
                .is_some_and(|secctx| texts.contains(secctx)),
        }
    }
}

fn addr_in(place: Place, flow: &Flow, nets: &[Network]) -> bool {
    let inside = |addr: &IpAddr| nets.iter().any(|net| net.contains(addr));
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

/// The filter as text that reads back as the same filter; labels by number, a script as `<script>`.
impl<A> fmt::Display for Filter<A> {
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
            Self::Ask(_) => f.write_str("<script>"),
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

impl Test {
    /// The test for a label by name or number.
    #[must_use]
    pub fn label(name: &str, map: &LabelMap) -> Option<Self> {
        map.bit(name).map(Self::Label)
    }
}
