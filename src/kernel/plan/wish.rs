//! What of one test the kernel can be asked for.

use std::net::IpAddr;

use super::both;
use crate::flow::{
    Cmp, Direction, Family, Field, Filter, Masked, NatKind, Network, Place, PortRange, Proto,
    Status, Test,
};
use crate::wire::{DumpScope, KernelFilter, TupleFilter};

/// What the kernel can be asked for in one go; the default is everything.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Wish {
    pub(super) family: Option<Family>,
    pub(super) filter: KernelFilter,
}

impl Wish {
    /// Both: where they contradict each other no flow fulfils them, and the first is asked for.
    pub(super) fn and(&self, other: &Self) -> Self {
        let (a, b) = (&self.filter, &other.filter);
        let status = match (a.status, b.status) {
            (Some((value, mask)), Some((more, of))) => Some((value | more, mask | of)),
            (a, b) => a.or(b),
        };
        let filter = KernelFilter {
            mark: a.mark.or(b.mark),
            status,
            zone: a.zone.or(b.zone),
            orig: tuple_and(&a.orig, &b.orig),
            reply: tuple_and(&a.reply, &b.reply),
        };
        Self { family: self.family.or(other.family), filter }
    }

    /// What is demanded by either.
    pub(super) fn or(self, other: Self) -> Self {
        let (a, b) = (self.filter, other.filter);
        let bits = |(value, mask): (u32, u32), (other, of): (u32, u32)| {
            let mask = mask & of & !(value ^ other);
            (mask != 0).then_some((value & mask, mask))
        };
        let mark = a.mark.zip(b.mark);
        let mark = mark.and_then(|(a, b)| bits((a.value, a.mask), (b.value, b.mask)));
        let status = a.status.zip(b.status);
        let status = status.and_then(|(a, b)| bits((a.0.0, a.1.0), (b.0.0, b.1.0)));
        let filter = KernelFilter {
            mark: mark.map(|(value, mask)| Masked { value, mask }),
            status: status.map(|(value, mask)| (Status(value), Status(mask))),
            zone: same(a.zone, b.zone),
            orig: tuple_or(&a.orig, &b.orig),
            reply: tuple_or(&a.reply, &b.reply),
        };
        Self { family: same(self.family, other.family), filter }
    }

    /// True if few flows fulfil it, as far as one can tell.
    pub(super) fn is_selective(&self) -> bool {
        let KernelFilter { mark, zone, orig, reply, .. } = self.settled();
        let port = [orig, reply].iter().any(|end| end.sport.is_some() || end.dport.is_some());
        let beyond_default = mark.is_some_and(|mark| mark.value != 0) || zone > Some(0);
        self.has_address() || port || beyond_default
    }

    /// True if it names an address.
    pub(super) fn has_address(&self) -> bool {
        let ends = [self.filter.orig, self.filter.reply];
        ends.iter().any(|end| end.src.is_some() || end.dst.is_some())
    }

    /// Gives up what it demands of the reply direction.
    pub(super) fn forget_replies(&mut self) {
        self.filter.reply = TupleFilter::default();
    }

    /// The dumps that it takes within `scope`.
    pub(super) fn scopes(&self, scope: &DumpScope) -> Vec<DumpScope> {
        DumpScope { family: self.family, filter: self.settled(), ..*scope }.per_family()
    }

    /// The filter as it can be asked: ports of other protocols are not compared, and without a
    /// protocol they are an error.
    fn settled(&self) -> KernelFilter {
        let mut filter = self.filter;
        let ported = filter.orig.proto.filter(|proto| [Proto::TCP, Proto::UDP].contains(proto));
        let KernelFilter { orig, reply, .. } = &mut filter;
        for end in [orig, reply] {
            if ported.is_none() {
                (end.sport, end.dport) = (None, None);
            } else if end.sport.is_some() || end.dport.is_some() {
                end.proto = ported;
            }
        }
        filter
    }

    /// What tells it from other wishes, as native code judges it: what a flow keeps for life.
    pub(super) fn keys(&self) -> Filter {
        use Direction::{Orig, Reply};
        let KernelFilter { zone, orig, reply, .. } = self.settled();
        let family = self.family.map(Test::Family);
        let proto = orig.proto.map(|proto| Test::Proto(vec![proto]));
        let zone = zone.map(|zone| Test::Number(Field::Zone, Cmp::Eq, zone.into()));
        let ends = [
            (Place::Src(Orig), orig.src, orig.sport),
            (Place::Dst(Orig), orig.dst, orig.dport),
            (Place::Src(Reply), reply.src, reply.sport),
            (Place::Dst(Reply), reply.dst, reply.dport),
        ];
        let ends = ends.into_iter().flat_map(|(place, addr, port)| {
            let addr = addr.map(|addr| Test::Addr(place, vec![Network::host(addr)]));
            [addr, port.map(|port| Test::Port(place, vec![PortRange::one(port)]))]
        });
        let tests = [family, proto, zone].into_iter().chain(ends).flatten();
        tests.map(Filter::Test).fold(Filter::All, Filter::and)
    }

    /// Where an address and a port of this place are asked for.
    fn end(&mut self, place: Place) -> Option<(&mut Option<IpAddr>, &mut Option<u16>)> {
        use Direction::{Orig, Reply};
        let KernelFilter { orig, reply, .. } = &mut self.filter;
        match place {
            Place::Src(Orig) => Some((&mut orig.src, &mut orig.sport)),
            Place::Dst(Orig) => Some((&mut orig.dst, &mut orig.dport)),
            Place::Src(Reply) => Some((&mut reply.src, &mut reply.sport)),
            Place::Dst(Reply) => Some((&mut reply.dst, &mut reply.dport)),
            Place::Any => None,
        }
    }
}

fn tuple_and(a: &TupleFilter, b: &TupleFilter) -> TupleFilter {
    TupleFilter {
        src: a.src.or(b.src),
        dst: a.dst.or(b.dst),
        proto: a.proto.or(b.proto),
        sport: a.sport.or(b.sport),
        dport: a.dport.or(b.dport),
        ..*a
    }
}

fn tuple_or(a: &TupleFilter, b: &TupleFilter) -> TupleFilter {
    TupleFilter {
        src: same(a.src, b.src),
        dst: same(a.dst, b.dst),
        proto: same(a.proto, b.proto),
        sport: same(a.sport, b.sport),
        dport: same(a.dport, b.dport),
        ..TupleFilter::default()
    }
}

fn same<T: Copy + PartialEq>(a: Option<T>, b: Option<T>) -> Option<T> {
    a.filter(|_| a == b)
}

/// What each choice of `test` demands; everything for what the kernel cannot be asked.
pub(super) fn of_test(test: &Test) -> Vec<Wish> {
    match test {
        Test::Family(family) => vec![Wish { family: Some(*family), ..Wish::default() }],
        Test::Proto(protos) => protos.iter().map(|proto| of_proto(*proto)).collect(),
        Test::Addr(place, nets) => addresses(&places(*place), nets),
        Test::Port(place, ranges) => ports(&places(*place), ranges),
        Test::Nat(kind, nets, range) => {
            let to = |end| both(&addresses(&[end], nets), &ports(&[end], range.as_slice()));
            let (source, destination) =
                (Place::Dst(Direction::Reply), Place::Src(Direction::Reply));
            match kind {
                NatKind::Source => to(source),
                NatKind::Destination => to(destination),
                NatKind::Any => [to(source), to(destination)].concat(),
            }
        }
        test => vec![of_trait(test)],
    }
}

/// What a test demands that leaves no choice.
fn of_trait(test: &Test) -> Wish {
    let none = KernelFilter::default();
    let filter = match test {
        Test::Mark(masked) => KernelFilter { mark: Some(*masked), ..none },
        Test::Status(set) if set.0 != 0 => KernelFilter { status: Some((*set, *set)), ..none },
        Test::Unreplied => {
            KernelFilter { status: Some((Status::default(), Status::SEEN_REPLY)), ..none }
        }
        Test::Number(Field::Zone, Cmp::Eq, number) => {
            KernelFilter { zone: u16::try_from(*number).ok(), ..none }
        }
        _ => none,
    };
    Wish { filter, ..Wish::default() }
}

/// What the opposite of `filter` demands.
pub(super) fn of_opposite(filter: &Filter) -> Wish {
    let status = match filter {
        // Of several bits any may be the one that is not set.
        Filter::Test(Test::Status(bit)) if bit.0.is_power_of_two() => (Status::default(), *bit),
        Filter::Test(Test::Unreplied) => (Status::SEEN_REPLY, Status::SEEN_REPLY),
        _ => return Wish::default(),
    };
    let filter = KernelFilter { status: Some(status), ..KernelFilter::default() };
    Wish { filter, ..Wish::default() }
}

fn of_proto(proto: Proto) -> Wish {
    let orig = TupleFilter { proto: Some(proto), ..TupleFilter::default() };
    Wish { filter: KernelFilter { orig, ..KernelFilter::default() }, ..Wish::default() }
}

fn places(place: Place) -> Vec<Place> {
    use Direction::{Orig, Reply};
    match place {
        Place::Any => {
            vec![Place::Src(Orig), Place::Dst(Orig), Place::Src(Reply), Place::Dst(Reply)]
        }
        place => vec![place],
    }
}

/// A wish for each of `nets` at each of `places`; of networks no more than the family.
fn addresses(places: &[Place], nets: &[Network]) -> Vec<Wish> {
    choices(places, nets, |wish, place, net| {
        let addr = net.first();
        wish.family = Some(Family::of(&addr));
        let host = addr == net.last() && addr.is_ipv4();
        if let Some((end, _)) = wish.end(place).filter(|_| host) {
            *end = Some(addr);
        }
    })
}

/// A wish for each of `ranges` that is one port, at each of `places`.
fn ports(places: &[Place], ranges: &[PortRange]) -> Vec<Wish> {
    choices(places, ranges, |wish, place, range| {
        if let Some((_, end)) = wish.end(place).filter(|_| range.first == range.last) {
            *end = Some(range.first);
        }
    })
}

/// What `set` makes of a wish for each of `items` at each of `places`; without any, everything.
fn choices<T>(places: &[Place], items: &[T], set: impl Fn(&mut Wish, Place, &T)) -> Vec<Wish> {
    let mut wishes = Vec::new();
    for place in places {
        for item in items {
            let mut wish = Wish::default();
            set(&mut wish, *place, item);
            wishes.push(wish);
        }
    }
    if wishes.is_empty() { vec![Wish::default()] } else { wishes }
}
