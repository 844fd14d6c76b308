//! The flows: 70 % tcp in various states, 25 % udp, 5 % icmp; every tenth IPv6, marks 0 to 9. They
//! are the same in every run.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use flowsh::flow::{L4, NewFlow, Proto, ProtoInfo, Status, TcpInfo, Tuple};
use flowsh::kernel::{Applied, Live, NetNs, Safety};

use crate::Outcome;

/// States as tables have them: most are established.
const TCP_STATES: [u8; 13] = [1, 2, 3, 3, 3, 3, 3, 3, 4, 5, 7, 7, 8];
/// `TCP_CONNTRACK_ESTABLISHED`.
const ESTABLISHED: u8 = 3;
/// Services as tables have them: most are https.
const PORTS: [u16; 16] =
    [443, 443, 443, 443, 443, 80, 80, 80, 53, 53, 22, 25, 993, 8080, 3306, 5432];
/// Long enough for every run.
const TIMEOUT_S: u32 = 7_200;

/// The table of this namespace.
pub(crate) fn live() -> Live {
    Live::new(NetNs::Current, Safety::Live, Arc::new(AtomicBool::new(false)))
}

/// Makes `count` flows and says how fast.
pub(crate) fn fill(count: u32) -> Outcome<String> {
    let started = Instant::now();
    let applied = create((0..count).map(flow))?;
    let Applied { done, failed, .. } = applied;
    let took = started.elapsed().as_secs_f64();
    if failed > 0 {
        return Err(format!("made {done} flows, failed {failed}").into());
    }
    Ok(format!("{done} flows made in {took:.1} s"))
}

/// Makes again those of `count` flows that `lost` tells.
pub(crate) fn refill(count: u32, lost: impl Fn(&NewFlow) -> bool) -> Outcome<()> {
    create((0..count).map(flow).filter(lost)).map(drop)
}

fn create(flows: impl Iterator<Item = NewFlow>) -> Outcome<Applied> {
    let live = live();
    let mut batch = live.batch("fill the table")?;
    for flow in flows {
        batch.create(&flow)?;
    }
    Ok(batch.finish()?)
}

/// The flow with this number.
pub(crate) fn flow(number: u32) -> NewFlow {
    let ipv6 = number % 10 == 9;
    let proto = match (number / 10 % 20, ipv6) {
        (0..14, _) => Proto::TCP,
        (14..19, _) => Proto::UDP,
        (_, false) => Proto::ICMP,
        (_, true) => Proto::ICMPV6,
    };
    // Coprime to each other: every flow has its own addresses and port.
    let (client, server) = (number % 4_093, number % 65_521 * 7_919 % 65_521);
    let (src, dst): (IpAddr, IpAddr) = if ipv6 {
        let host = |net: u128, host: u32| Ipv6Addr::from_bits(net << 96 | u128::from(host)).into();
        (host(0x2001_0db8, client), host(0x2606_2800, server))
    } else {
        let host = |net: u32, host: u32| Ipv4Addr::from_bits(net | host).into();
        (host(0x0a00_0000, client), host(0x5db8_0000, server))
    };
    let port = u16::try_from(1_024 + number / 4_093 * 13 % 64_000).unwrap_or(u16::MAX);
    let l4 = match proto {
        Proto::ICMP => L4::Icmp { kind: 8, code: 0, id: port },
        Proto::ICMPV6 => L4::Icmp { kind: 128, code: 0, id: port },
        _ => L4::Ports { src: port, dst: pick(&PORTS, number.wrapping_mul(31)) },
    };
    let orig = Tuple { src, dst, proto, l4, zone: None };
    let reply = orig.inverted().unwrap_or(orig);
    let mut flow = NewFlow::new(orig, reply, TIMEOUT_S + number % 600);
    flow.mark = Some(number / 7 % 10);
    if proto == Proto::TCP {
        let state = pick(&TCP_STATES, number.wrapping_mul(17));
        flow.proto_info = Some(ProtoInfo::Tcp(TcpInfo { state, ..TcpInfo::default() }));
        flow.status = Some(match state {
            ESTABLISHED => Status::SEEN_REPLY | Status::ASSURED,
            1 | 2 => Status::default(),
            _ => Status::SEEN_REPLY,
        });
    } else if !number.is_multiple_of(3) {
        flow.status = Some(Status::SEEN_REPLY);
    }
    flow
}

fn pick<T: Copy + Default, const N: usize>(from: &[T; N], number: u32) -> T {
    let index = usize::try_from(number).unwrap_or_default() % N;
    from.get(index).copied().unwrap_or_default()
}
