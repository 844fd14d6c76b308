//! What is translated to what, in one pass: public addresses with the ports in use, and forwards.
//!
//! The kernel may use a public port again for another destination: it is the reply direction as a
//! whole that must be unique (`nf_nat_used_tuple()`, Linux 6.18). So the ports of an address run out
//! for one destination at a time, and that is what is counted.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use super::group::{Group, GroupRow, Totals};
use crate::flow::{Direction, Field, Flow, L4, PortRange, Proto, View};

/// The ports that the kernel chooses from unless a rule names others: `nf_nat_l4proto_unique_tuple()`,
/// Linux 6.18.
pub const USUAL_PORTS: PortRange = PortRange { first: 1024, last: u16::MAX };
/// Identifiers of icmp.
const ALL: PortRange = PortRange { first: 0, last: u16::MAX };

/// Translated flows, counted.
#[derive(Debug)]
pub struct Nat {
    range: PortRange,
    pools: HashMap<(IpAddr, Proto), Pool>,
    forwards: Group,
}

/// A public address and protocol, being counted.
#[derive(Debug, Default)]
struct Pool {
    totals: Totals,
    ports: Ports,
    loads: HashMap<(IpAddr, Option<u16>), Load>,
}

/// A set of ports: few bytes for few, 8 KiB for all.
#[derive(Debug, Default)]
struct Ports(BTreeMap<u8, [u64; 4]>);

#[derive(Debug, Default, Clone, Copy)]
struct Load {
    flows: u64,
    /// Those with a port out of the range that is shared.
    within: u64,
}

/// A destination of a public address: each port of the address can serve it once.
#[derive(Debug, Clone, PartialEq)]
pub struct PortUse {
    /// The public address.
    pub address: IpAddr,
    /// The protocol.
    pub proto: Proto,
    /// Where the packets go.
    pub dst: IpAddr,
    /// And to which port; absent without ports.
    pub dport: Option<u16>,
    /// Flows, each with a port of its own.
    pub flows: u64,
    /// The percentage of the range that they take; absent without ports.
    pub share: Option<f64>,
}

/// A public address and a protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolUse {
    /// How many flows are translated to it.
    pub flows: u64,
    /// Their packets; absent without accounting.
    pub packets: Option<u64>,
    /// Their bytes; absent without accounting.
    pub bytes: Option<u64>,
    /// How many of its ports are in use for any destination.
    pub ports: u64,
    /// Its fullest destination.
    pub fullest: PortUse,
}

impl Nat {
    /// Nothing counted yet; shares are of `range`.
    #[must_use]
    pub fn new(range: PortRange) -> Self {
        let fields = [
            Field::Proto,
            Field::Dst(Direction::Orig),
            Field::Dport(Direction::Orig),
            Field::Src(Direction::Reply),
            Field::Sport(Direction::Reply),
        ];
        Self { range, pools: HashMap::new(), forwards: Group::new(fields.to_vec()) }
    }

    /// Counts a flow; one that is not translated counts nowhere.
    pub fn add(&mut self, flow: &Flow, view: View<'_>) {
        if flow.is_dnat() {
            self.forwards.add(flow, view);
        }
        if !flow.is_snat() {
            return;
        }
        let (reply, proto) = (&flow.reply, flow.orig.proto);
        let pool = self.pools.entry((reply.dst, proto)).or_default();
        pool.totals.add(flow);
        let (dport, port) = match reply.l4 {
            L4::Ports { src, dst } => (Some(src), Some(dst)),
            L4::Icmp { id, .. } => (None, Some(id)),
            L4::None => (None, None),
        };
        let load = pool.loads.entry((reply.src, dport)).or_default();
        load.flows += 1;
        if let Some(port) = port {
            pool.ports.add(port);
            load.within += u64::from(range_of(proto, self.range).contains(port));
        }
    }

    /// Every public address and protocol, the fullest first.
    #[must_use]
    pub fn pools(&self) -> Vec<PoolUse> {
        let pools = self.pools.iter().filter_map(|(&(address, proto), pool)| {
            let fullest = self.uses(address, proto, pool).min_by(order)?;
            let Totals { flows, packets, bytes } = pool.totals;
            Some(PoolUse { flows, packets, bytes, ports: pool.ports.count(), fullest })
        });
        let mut pools: Vec<PoolUse> = pools.collect();
        pools.sort_by(|a, b| order(&a.fullest, &b.fullest));
        pools
    }

    /// Every destination of every public address, the fullest first.
    #[must_use]
    pub fn ports(&self) -> Vec<PortUse> {
        let pools = self.pools.iter();
        let mut uses: Vec<PortUse> =
            pools.flat_map(|(&(address, proto), pool)| self.uses(address, proto, pool)).collect();
        uses.sort_by(order);
        uses
    }

    /// Every forward: protocol, address and port that visitors see, address and port of the server.
    #[must_use]
    pub fn forwards(&self) -> Vec<GroupRow> {
        self.forwards.rows()
    }

    fn uses<'a>(
        &self,
        address: IpAddr,
        proto: Proto,
        pool: &'a Pool,
    ) -> impl Iterator<Item = PortUse> + use<'a> {
        let range = range_of(proto, self.range);
        let room = f64::from(range.last - range.first) + 1.0;
        let numbered = !pool.ports.0.is_empty();
        pool.loads.iter().map(move |(&(dst, dport), load)| {
            let share = numbered.then(|| percent(load.within, room));
            PortUse { address, proto, dst, dport, flows: load.flows, share }
        })
    }
}

impl Ports {
    fn add(&mut self, port: u16) {
        let [high, low] = port.to_be_bytes();
        if let Some(word) = self.0.entry(high).or_default().get_mut(usize::from(low / 64)) {
            *word |= 1 << (low % 64);
        }
    }

    fn count(&self) -> u64 {
        self.0.values().flatten().map(|word| u64::from(word.count_ones())).sum()
    }
}

/// Identifiers of icmp are not taken from the range of ports.
fn range_of(proto: Proto, ports: PortRange) -> PortRange {
    if proto.is_icmp() { ALL } else { ports }
}

/// The fullest first.
fn order(a: &PortUse, b: &PortUse) -> Ordering {
    let share = |port_use: &PortUse| port_use.share.unwrap_or(-1.0);
    let key = |of: &PortUse| (Reverse(of.flows), of.address, of.proto.0, of.dst, of.dport);
    share(b).total_cmp(&share(a)).then_with(|| key(a).cmp(&key(b)))
}

/// To a hundredth.
#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "no lossless way to f64")]
fn percent(part: u64, whole: f64) -> f64 {
    (part as f64 * 10_000.0 / whole).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::{Nat, USUAL_PORTS};
    use crate::flow::{Flow, L4, LabelMap, PortRange, View};
    use crate::table::samples::flow;

    /// A flow translated to `port` of 203.0.113.7.
    fn snat(text: &str, port: u16) -> Flow {
        let mut flow = flow(text);
        flow.reply.dst = [203, 0, 113, 7].into();
        if let L4::Ports { dst, .. } = &mut flow.reply.l4 {
            *dst = port;
        }
        flow
    }

    fn counted(flows: &[Flow], range: PortRange) -> Nat {
        let labels = LabelMap::default();
        let mut nat = Nat::new(range);
        for flow in flows {
            nat.add(flow, View { now_ns: 0, labels: &labels });
        }
        nat
    }

    #[test]
    fn a_port_that_serves_two_destinations_is_one_port_and_fills_neither_twice() {
        let flows = [
            snat("tcp 10.0.0.1:4000 192.0.2.1:80", 4000),
            snat("tcp 10.0.0.2:4000 192.0.2.1:80", 4001),
            snat("tcp 10.0.0.3:4000 192.0.2.2:80", 4000),
            snat("udp 10.0.0.3:4000 192.0.2.2:80", 500),
            flow("tcp 10.0.0.3:4000 192.0.2.2:80"),
        ];
        let nat = counted(&flows, PortRange { first: 4000, last: 4009 });
        let shown: Vec<String> = nat
            .pools()
            .iter()
            .map(|pool| {
                let full = &pool.fullest;
                let (dst, dport) = (full.dst, full.dport);
                let what = format!("{} {} {} flows", full.address, full.proto, pool.flows);
                format!("{what} {} ports, {dst} {dport:?} {:?} %", pool.ports, full.share)
            })
            .collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        203.0.113.7 tcp 3 flows 2 ports, 192.0.2.1 Some(80) Some(20.0) %
        203.0.113.7 udp 1 flows 1 ports, 192.0.2.2 Some(80) Some(0.0) %
        ");
        let loads: Vec<u64> = nat.ports().iter().map(|port_use| port_use.flows).collect();
        assert_eq!(loads, [2, 1, 1]);
    }

    #[test]
    fn what_has_no_ports_has_no_share() {
        let mut gre = flow("udp 10.0.0.1:1 192.0.2.1:2");
        (gre.orig.l4, gre.reply.l4) = (L4::None, L4::None);
        gre.reply.dst = [203, 0, 113, 7].into();
        let nat = counted(&[gre], USUAL_PORTS);
        assert_eq!(nat.ports()[0].share, None);
        assert_eq!((nat.ports()[0].dport, nat.pools()[0].ports), (None, 0));
    }
}
