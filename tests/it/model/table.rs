//! A table full of flows that look alike: few addresses and ports, the same again in other zones,
//! turned round, translated, with labels and helpers; and a few that real packets made.

use std::net::{IpAddr, UdpSocket};

use flowsh::flow::{
    HelperName, L4, Labels, NatTarget, NewFlow, Proto, ProtoInfo, SctpInfo, Status, TcpFlags,
    TcpInfo, Tuple,
};
use flowsh::kernel::Live;

use super::dice::Dice;
use super::raw::Wire;
use super::record::{End, Record};

/// Timeouts far from each other and from what filters ask for.
pub(super) const TIMEOUTS_S: [u32; 4] = [300, 900, 4000, 90_000];

const V4: [&str; 5] = ["10.0.0.1", "10.0.0.2", "10.9.0.1", "192.0.2.1", "203.0.113.7"];
const V6: [&str; 4] = ["fd00::1", "fd00::2", "2001:db8::1", "fe80::7"];
const PORTS: [u16; 6] = [0, 22, 53, 80, 5060, 65_535];
const ZONES: [u16; 4] = [1, 2, 7, 65_535];
const MARKS: [u32; 6] = [0, 1, 0x100, 0x1ff, 0xdead_0000, u32::MAX];

/// Makes up to so many flows, some of them twins of those that are there, and gives what there is
/// then; the kernel refuses some.
pub(super) fn fill(
    dice: &mut Dice,
    live: &Live,
    wire: &mut Wire,
    present: &[Record],
    count: usize,
) -> Vec<Record> {
    let flows: Vec<NewFlow> = (0..count).map(|_| flow(dice, present)).collect();
    let mut batch = live.batch("fill the table").unwrap();
    for flow in &flows {
        batch.create(flow).unwrap();
    }
    batch.finish().unwrap();
    wire.all(&[present, &flows.iter().map(blueprint).collect::<Vec<_>>()].concat())
}

/// What is to come of a new flow.
pub(super) fn blueprint(new: &NewFlow) -> Record {
    Record {
        orig: end(&new.orig),
        reply: end(&new.reply),
        zone: new.zone,
        status: new.status.unwrap_or_default().0 | 8,
        timeout_s: Some(new.timeout_s),
        mark: Some(new.mark.unwrap_or(0)),
        id: 0,
        labels: new.labels.unwrap_or_default().0,
        helper: None,
        state: new.proto_info.map(|info| info.state()),
        counters: [None; 2],
        start_ns: None,
        rest: Vec::new(),
    }
}

/// A flow that the kernel may take or refuse.
fn flow(dice: &mut Dice, present: &[Record]) -> NewFlow {
    let new = plain(dice, present);
    let nat = |dice: &mut Dice| NatTarget {
        addr: addr(dice, new.orig.src.is_ipv4()),
        port: dice.maybe(&[1024, 5000]),
    };
    let ported = matches!(new.orig.l4, L4::Ports { .. });
    let translated = ported && dice.chance(15);
    let helper = match new.orig.proto {
        Proto::TCP if dice.chance(30) => HelperName::new(b"ftp"),
        Proto::UDP if dice.chance(30) => HelperName::new(b"tftp"),
        _ => None,
    };
    NewFlow {
        snat: (translated && dice.chance(60)).then(|| nat(dice)),
        dnat: (translated && dice.chance(60)).then(|| nat(dice)),
        helper,
        ..new
    }
}

/// A flow of which it is known what the kernel makes of it.
pub(super) fn plain(dice: &mut Dice, present: &[Record]) -> NewFlow {
    let (mut orig, mut reply) = match present {
        [_, ..] if dice.chance(30) => {
            let of = dice.one(present);
            twin(dice, &of)
        }
        _ => fresh(dice),
    };
    let mut zone = dice.maybe(&ZONES).filter(|_| dice.chance(50));
    match dice.below(6) {
        0 => (zone, orig.zone) = (None, Some(dice.one(&ZONES))),
        1 => (zone, reply.zone) = (None, Some(dice.one(&ZONES))),
        _ => (),
    }
    NewFlow {
        zone,
        status: dice
            .one(&[None, Some(0), Some(2), Some(6), Some(6), Some(0x400), Some(0x406)])
            .map(Status),
        proto_info: state(dice, orig.proto),
        mark: dice.maybe(&MARKS),
        labels: dice.maybe(&[
            Labels([1, 0, 0, 0]),
            Labels([1 << 31, 0b11, 0, 1 << 31]),
            Labels([0, 1, 1 << 31, 1]),
            Labels([0; 4]),
        ]),
        ..NewFlow::new(orig, reply, dice.one(&TIMEOUTS_S))
    }
}

/// The directions of a flow that is there, the same or turned round, as in another zone.
fn twin(dice: &mut Dice, of: &Record) -> (Tuple, Tuple) {
    let (orig, reply) = (tuple(&of.orig), tuple(&of.reply));
    if dice.chance(50) { (orig, reply) } else { (reply, orig) }
}

/// A direction as the library has it, whatever its zone.
pub(super) fn tuple(end: &End) -> Tuple {
    let l4 = match (end.ports, end.icmp) {
        (Some((src, dst)), _) => L4::Ports { src, dst },
        (_, Some((kind, code, id))) => L4::Icmp { kind, code, id },
        _ => L4::None,
    };
    Tuple { src: end.src, dst: end.dst, proto: Proto(end.proto), l4, zone: None }
}

/// The same as the model has it.
fn end(tuple: &Tuple) -> End {
    let (ports, icmp) = match tuple.l4 {
        L4::Ports { src, dst } => (Some((src, dst)), None),
        L4::Icmp { kind, code, id } => (None, Some((kind, code, id))),
        L4::None => (None, None),
    };
    let Tuple { src, dst, proto, zone, .. } = *tuple;
    End { src, dst, proto: proto.0, ports, icmp, zone }
}

fn fresh(dice: &mut Dice) -> (Tuple, Tuple) {
    let v4 = dice.chance(65);
    let (src, dst) = (addr(dice, v4), addr(dice, v4));
    let (proto, l4) = match dice.below(10) {
        0..3 => (Proto::TCP, ports(dice)),
        3..6 => (Proto::UDP, ports(dice)),
        6 => (dice.one(&[Proto::SCTP, Proto::GRE, Proto::UDPLITE]), ports(dice)),
        7 => (dice.one(&[Proto(50), Proto(99), Proto::DCCP]), L4::None),
        _ => {
            let (proto, kinds) =
                if v4 { (Proto::ICMP, [8, 13]) } else { (Proto::ICMPV6, [128, 139]) };
            let (kind, code) = (dice.one(&kinds), dice.one(&[0, 0, 3]));
            (proto, L4::Icmp { kind, code, id: dice.one(&[0, 77, 65_535]) })
        }
    };
    let orig = Tuple { src, dst, proto, l4, zone: None };
    let mut reply = orig.inverted().unwrap();
    // It looks translated, although no rule did it.
    if dice.chance(10) {
        reply.src = addr(dice, v4);
    }
    if dice.chance(10) {
        reply.dst = addr(dice, v4);
    }
    if let (L4::Ports { dst, .. }, true) = (&mut reply.l4, dice.chance(10)) {
        *dst = dice.one(&PORTS);
    }
    (orig, reply)
}

fn addr(dice: &mut Dice, v4: bool) -> IpAddr {
    dice.one(if v4 { &V4[..] } else { &V6[..] }).parse().unwrap()
}

fn ports(dice: &mut Dice) -> L4 {
    L4::Ports { src: dice.one(&PORTS), dst: dice.one(&PORTS) }
}

fn state(dice: &mut Dice, proto: Proto) -> Option<ProtoInfo> {
    let liberal = Some(TcpFlags { flags: 8, mask: 8 });
    match proto {
        Proto::TCP => Some(ProtoInfo::Tcp(TcpInfo {
            state: dice.one(&[1, 3, 3, 5, 7, 8]),
            wscale_orig: None,
            wscale_reply: None,
            flags_orig: liberal,
            flags_reply: liberal,
        })),
        Proto::SCTP => Some(ProtoInfo::Sctp(SctpInfo {
            state: dice.one(&[1, 2, 4, 5]),
            vtag_orig: Some(5),
            vtag_reply: Some(6),
        })),
        _ => None,
    }
}

/// Flows that packets over `lo` make, so that counters have something to count: some answered, some
/// not. Each packet is received before this ends, so that nothing changes afterwards.
pub(super) fn traffic(dice: &mut Dice) {
    for local in ["127.0.0.1", "::1"] {
        let local: IpAddr = local.parse().unwrap();
        let ends = [4001, 4002, 4003].map(|port| UdpSocket::bind((local, port)).unwrap());
        for _ in 0..4 {
            let (from, to) = (dice.one(&[0, 1, 2]), dice.one(&[0, 1, 2]));
            let bytes = vec![0; dice.one(&[1, 100, 1000])];
            ends[from].send_to(&bytes, ends[to].local_addr().unwrap()).unwrap();
            ends[to].recv(&mut [0; 2000]).unwrap();
        }
    }
}
