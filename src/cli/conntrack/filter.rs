//! A command line as a filter: which flows it lists, deletes, follows or changes.

use std::net::IpAddr;

use crate::flow::{
    Cmp, Direction, Field, Filter, Network, Place, PortRange, Proto, ProtoInfo, SctpInfo, StateSet,
    Status, TcpInfo, Test,
};
use crate::flow::{DccpInfo, Masked, NatKind, NatTarget};

use super::line::{Half, Line};
use super::message::Fault;
use super::options::Opt;
use super::value::{NatWord, StatusWord};

use Direction::{Orig, Reply};

const NS_PER_S: i64 = 1_000_000_000;

/// The flows that `-L`, `-D`, `-E` and `-G` mean.
///
/// # Errors
///
/// It asks for what no kernel tells.
pub(super) fn filter(line: &Line) -> Result<Filter, Fault> {
    if line.secmark.is_some() {
        let text = "cannot filter by --secmark: the kernel tells no number, but the context, which \
                    is shown as secctx=";
        return Err(Fault::other(text));
    }
    let mut filter = places(line);
    for test in [
        state(line),
        line.mark.map(mark),
        line.timeout_s
            .map(|seconds| number(Field::Timeout, Cmp::Eq, i64::from(seconds) * NS_PER_S)),
        line.zone.map(|zone| zone_of(Field::Zone, zone)),
        line.orig.zone.map(|zone| zone_of(Field::DirZone(Orig), zone)),
        line.reply.zone.map(|zone| zone_of(Field::DirZone(Reply), zone)),
    ] {
        filter = filter.and(test.unwrap_or(Filter::All));
    }
    Ok(filter.and(line.status.map_or(Filter::All, status)))
}

/// The flows that `-U` means: status, mark, timeout and state say what they shall become.
pub(super) fn update_filter(line: &Line) -> Filter {
    places(line)
}

/// What both look at: protocol, addresses, ports, NAT, labels, id.
fn places(line: &Line) -> Filter {
    let mut filter = line.proto.map_or(Filter::All, |proto| Filter::Test(Test::Proto(vec![proto])));
    let masked = [(Opt::MaskSrc, line.mask.src), (Opt::MaskDst, line.mask.dst)];
    let [src, dst] = masked.map(|(option, mask)| mask.filter(|_| line.given.has(option)));
    let mut tests = Vec::new();
    for (direction, half, masks) in
        [(Orig, &line.orig, [src, dst]), (Reply, &line.reply, [None, None])]
    {
        tests.extend(addresses(direction, half, masks));
        tests.extend(ports(direction, half));
    }
    let (kind, code, id) = line.icmp;
    let icmp = [
        (Field::IcmpType(Orig), kind.map(i64::from)),
        (Field::IcmpCode(Orig), code.map(i64::from)),
        (Field::IcmpId(Orig), id.map(i64::from)),
    ];
    tests.extend(
        icmp.into_iter()
            .filter_map(|(field, value)| value.map(|value| Test::Number(field, Cmp::Eq, value))),
    );
    tests.extend(line.labels.iter().map(|bit| Test::Label(*bit)));
    tests.extend(line.id.map(|id| Test::Number(Field::Id, Cmp::Eq, id.into())));
    // An address says the family as well.
    let addressed = tests.iter().any(|test| matches!(test, Test::Addr(..) | Test::AddrBits(..)));
    if let Some(family) = line.family.filter(|_| !addressed) {
        filter = Filter::Test(Test::Family(family)).and(filter);
    }
    filter = tests.into_iter().map(Filter::Test).fold(filter, Filter::and);
    let source = line.snat.map(|nat| translated(NatKind::Source, nat));
    let destination = line.dnat.map(|nat| translated(NatKind::Destination, nat));
    let any = line
        .any_nat
        .map(|nat| translated(NatKind::Source, nat).or(translated(NatKind::Destination, nat)));
    [source, destination, any].into_iter().flatten().fold(filter, Filter::and)
}

fn addresses(
    direction: Direction,
    half: &Half,
    [src_mask, dst_mask]: [Option<IpAddr>; 2],
) -> impl Iterator<Item = Test> {
    let (src, dst) = (Place::Src(direction), Place::Dst(direction));
    [(src, half.src, src_mask), (dst, half.dst, dst_mask)].into_iter().filter_map(
        |(place, addr, mask)| {
            let addr = addr?;
            Some(match mask {
                None => Test::Addr(place, vec![Network::host(addr)]),
                Some(mask) => match format!("{addr}/{mask}").parse::<Network>() {
                    Ok(network) => Test::Addr(place, vec![network]),
                    Err(_) => Test::AddrBits(place, addr, mask),
                },
            })
        },
    )
}

fn ports(direction: Direction, half: &Half) -> impl Iterator<Item = Test> {
    let (src, dst) = (Place::Src(direction), Place::Dst(direction));
    [(src, half.sport), (dst, half.dport)]
        .into_iter()
        .filter_map(|(place, port)| port.map(|port| Test::Port(place, vec![PortRange::one(port)])))
}

/// Flows whose source or destination is translated, to this address and port if they are given.
///
/// conntrack takes an address for one that differs from the side that it replaces, and so for the
/// port: a flow that only has another port is not translated *to* its own address.
fn translated(kind: NatKind, word: NatWord) -> Filter {
    let place = if kind == NatKind::Source { Place::Src(Orig) } else { Place::Dst(Orig) };
    // Tuples that differ are no NAT unless the kernel set it up.
    let done = |bit| Filter::Test(Test::Status(bit));
    let done = done(Status::SRC_NAT_DONE).or(done(Status::DST_NAT_DONE));
    let Some(NatTarget { addr, port }) = word.to else {
        return Filter::Test(Test::Nat(kind, Vec::new(), None)).and(done);
    };
    let host = vec![Network::host(addr)];
    let own = Filter::Test(Test::Addr(place, host.clone())).negate();
    let range = port.map(PortRange::one);
    let own_port =
        range.map_or(Filter::All, |range| Filter::Test(Test::Port(place, vec![range])).negate());
    Filter::Test(Test::Nat(kind, host, range)).and(own).and(own_port).and(done)
}

fn state(line: &Line) -> Option<Filter> {
    let info = proto_info(line.proto?, line.state?);
    StateSet::named(info.state_name()?).map(|states| Filter::Test(Test::State(states)))
}

/// The state number of a protocol, with nothing else.
pub(super) fn proto_info(proto: Proto, state: u8) -> ProtoInfo {
    match proto {
        Proto::SCTP => ProtoInfo::Sctp(SctpInfo { state, ..SctpInfo::default() }),
        Proto::DCCP => ProtoInfo::Dccp(DccpInfo { state, ..DccpInfo::default() }),
        _ => ProtoInfo::Tcp(TcpInfo { state, ..TcpInfo::default() }),
    }
}

/// `mark & mask == value`: a value with bits outside of its mask matches no flow.
fn mark(masked: Masked) -> Filter {
    match masked.value & !masked.mask {
        0 => Filter::Test(Test::Mark(masked)),
        _ => Filter::Or(Vec::new()),
    }
}

/// A zone; a flow without one is in zone 0, also if one of its directions has its own.
fn zone_of(field: Field, zone: u16) -> Filter {
    match zone {
        0 => number(field, Cmp::Gt, 0).negate(),
        zone => number(field, Cmp::Eq, zone.into()),
    }
}

fn number(field: Field, cmp: Cmp, number: i64) -> Filter {
    Filter::Test(Test::Number(field, cmp, number))
}

/// All these bits set, and each of those clear.
fn status(word: StatusWord) -> Filter {
    let each =
        |bits: Status| (0..u32::BITS).map(|bit| Status(1 << bit)).filter(move |bit| bits.has(*bit));
    let has = |bit: Status| match bit {
        Status::SRC_NAT => translated(NatKind::Source, NatWord { to: None }),
        Status::DST_NAT => translated(NatKind::Destination, NatWord { to: None }),
        bit => Filter::Test(Test::Status(bit)),
    };
    let lacks = |bit: Status| match bit {
        Status::SEEN_REPLY => Filter::Test(Test::Unreplied),
        bit => has(bit).negate(),
    };
    let set = word.bits();
    let told = (set != Status(0)).then_some(Filter::Test(Test::Status(set)));
    let nat = each(Status(word.set().0 & !set.0)).map(has);
    told.into_iter().chain(each(word.clear()).map(lacks)).chain(nat).fold(Filter::All, Filter::and)
}
