//! A filter taken apart by the attributes that each part of it looks at, so that a flow is refused as
//! soon as one part is decided: most flows are refused by their first tuple, and the rest of their
//! message is never read. What a test asks is the flow's affair, what is read the decoder's.

use std::sync::Arc;

use super::consts::{
    CTA_COUNTERS_ORIG, CTA_COUNTERS_REPLY, CTA_HELP, CTA_ID, CTA_LABELS, CTA_MARK, CTA_PROTOINFO,
    CTA_SECCTX, CTA_STATUS, CTA_TIMEOUT, CTA_TIMESTAMP, CTA_TUPLE_ORIG, CTA_TUPLE_REPLY, CTA_USE,
    CTA_ZONE,
};
use crate::flow::{Direction, Field, Filter, Flow, Place, Test, Tuple};

/// A filter as the decoder asks it. The default takes every flow.
#[derive(Debug, Clone, Default)]
pub struct Screen {
    parts: Vec<Part>,
    /// The attributes after which some part may be decided.
    awaited: Kinds,
    now_ns: u64,
    /// The network namespace that every flow is given before it is judged.
    tag: Option<Arc<str>>,
}

/// What a flow must satisfy, and what of its message decides that.
#[derive(Debug, Clone)]
struct Part {
    needs: Kinds,
    filter: Filter,
}

/// A set of top-level attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Kinds(u32);

impl Screen {
    /// The parts of `filter`, which judges ages at the time `now_ns`.
    #[must_use]
    pub fn new(filter: &Filter, now_ns: u64) -> Self {
        let mut screen = Self { now_ns, ..Self::default() };
        screen.add(filter);
        screen
    }

    /// The same, for flows of the network namespace `tag`.
    #[must_use]
    pub fn tagged(self, tag: Option<Arc<str>>) -> Self {
        Self { tag, ..self }
    }

    /// An empty flow to decode into.
    #[inline]
    pub(super) fn blank(&self, orig: Tuple, reply: Tuple) -> Flow {
        let mut flow = Flow::new(orig, reply);
        if let Some(tag) = &self.tag {
            flow.rare_mut().netns = Some(Arc::clone(tag));
        }
        flow
    }

    fn add(&mut self, filter: &Filter) {
        match filter {
            Filter::All => (),
            Filter::And(parts) => parts.iter().for_each(|part| self.add(part)),
            filter => {
                let needs = needs(filter);
                self.awaited = self.awaited.and(needs);
                self.parts.push(Part { needs, filter: filter.clone() });
            }
        }
    }

    /// Begins to judge a flow.
    #[inline]
    pub(super) fn judge(&self) -> Judge<'_> {
        Judge { screen: self, seen: Kinds::default() }
    }
}

/// A screen that judges one flow while it is being decoded.
pub(super) struct Judge<'a> {
    screen: &'a Screen,
    /// Which of the attributes that are awaited were decoded.
    seen: Kinds,
}

impl Judge<'_> {
    /// True unless a part that `kind`, just decoded into `flow`, has decided refuses it.
    #[inline]
    pub(super) fn lets_pass(&mut self, flow: &Flow, kind: u16) -> bool {
        let kind = Kinds::of(kind);
        if kind.0 & self.screen.awaited.0 == 0 {
            return true;
        }
        self.seen = self.seen.and(kind);
        self.all(flow, |needs| needs.has(kind) && self.seen.has(needs))
    }

    /// Asks the parts that nothing in the message has decided, at its end: what was not sent is
    /// absent.
    #[inline]
    pub(super) fn takes_rest(&self, flow: &Flow) -> bool {
        self.all(flow, |needs| !self.seen.has(needs) || needs == Kinds::default())
    }

    #[inline]
    fn all(&self, flow: &Flow, which: impl Fn(Kinds) -> bool) -> bool {
        let mut parts = self.screen.parts.iter().filter(|part| which(part.needs));
        parts.all(|part| part.filter.takes(flow, self.screen.now_ns))
    }
}

impl Kinds {
    /// The attribute `kind`; nothing for one that no test looks at.
    #[inline]
    fn of(kind: u16) -> Self {
        Self(1_u32.checked_shl(kind.into()).unwrap_or(0))
    }

    #[inline]
    fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// True if all of `wanted` are among them.
    #[inline]
    fn has(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }
}

/// The attributes that decide whether `filter` takes a flow.
fn needs(filter: &Filter) -> Kinds {
    match filter {
        Filter::All => Kinds::default(),
        Filter::Ask(never) => match *never {},
        Filter::Test(test) => {
            let kinds = kinds(test).iter().map(|kind| Kinds::of(*kind));
            kinds.fold(Kinds::default(), Kinds::and)
        }
        Filter::Not(inner) => needs(inner),
        Filter::And(parts) | Filter::Or(parts) => {
            parts.iter().map(needs).fold(Kinds::default(), Kinds::and)
        }
    }
}

/// The kinds of attribute that `test` looks at.
fn kinds(test: &Test) -> &'static [u16] {
    match test {
        Test::Family(_) | Test::Proto(_) => &[CTA_TUPLE_ORIG],
        Test::Addr(place, _) | Test::AddrBits(place, ..) | Test::Port(place, _) => match place {
            Place::Src(dir) | Place::Dst(dir) => tuple(*dir),
            Place::Any => &[CTA_TUPLE_ORIG, CTA_TUPLE_REPLY],
        },
        Test::Nat(..) => &[CTA_TUPLE_ORIG, CTA_TUPLE_REPLY],
        Test::State(_) => &[CTA_PROTOINFO],
        Test::Status(_) | Test::Unreplied | Test::Offload => &[CTA_STATUS],
        Test::Mark(_) => &[CTA_MARK],
        Test::Label(_) => &[CTA_LABELS],
        Test::Number(field, ..) => number(*field),
        Test::Text(Field::Helper, _) => &[CTA_HELP],
        Test::Text(Field::Netns, _) => &[],
        Test::Text(..) => &[CTA_SECCTX],
    }
}

fn tuple(direction: Direction) -> &'static [u16] {
    match direction {
        Direction::Orig => &[CTA_TUPLE_ORIG],
        Direction::Reply => &[CTA_TUPLE_REPLY],
    }
}

/// The kinds of attribute that the number of `field` is made from.
fn number(field: Field) -> &'static [u16] {
    use Direction::{Orig, Reply};
    match field {
        Field::Sport(dir)
        | Field::Dport(dir)
        | Field::DirZone(dir)
        | Field::IcmpType(dir)
        | Field::IcmpCode(dir)
        | Field::IcmpId(dir) => tuple(dir),
        Field::Zone => &[CTA_TUPLE_ORIG, CTA_TUPLE_REPLY, CTA_ZONE],
        Field::Mark => &[CTA_MARK],
        Field::Timeout => &[CTA_TIMEOUT],
        Field::Id => &[CTA_ID],
        Field::Refs => &[CTA_USE],
        Field::Packets | Field::Bytes => &[CTA_COUNTERS_ORIG, CTA_COUNTERS_REPLY],
        Field::DirPackets(Orig) | Field::DirBytes(Orig) => &[CTA_COUNTERS_ORIG],
        Field::DirPackets(Reply) | Field::DirBytes(Reply) => &[CTA_COUNTERS_REPLY],
        Field::Start | Field::Stop | Field::Age => &[CTA_TIMESTAMP],
        // What has no number, whatever is sent.
        _ => &[],
    }
}
