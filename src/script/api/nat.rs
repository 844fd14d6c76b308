//! `nat()`: who is behind a public address, what it forwards, and how full its ports are.

use std::cell::OnceCell;
use std::ops::{ControlFlow, Range, RangeInclusive};
use std::rc::Rc;

use rhai::plugin::*;
use rhai::{Dynamic, INT, Map, NativeCallContext};

use crate::flow::{Filter, NatKind, PortRange, Test, Unit, Value};
use crate::render::Column;
use crate::script::cells::record;
use crate::script::fault::{Fallible, Fault};
use crate::script::host::Host;
use crate::script::objects::Flows;
use crate::script::ops::{each, network, only_known, to_filter};
use crate::script::rows::Rows;
use crate::script::value::describe;
use crate::table::{self, GroupRow, PortUse, USUAL_PORTS};

pub(super) fn module() -> Module {
    exported_module!(nat_api)
}

/// The translated flows of a query; read once, when the first answer is wanted.
#[derive(Debug, Clone)]
pub(super) struct NatHandle(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    query: Flows,
    range: PortRange,
    counted: OnceCell<table::Nat>,
}

impl NatHandle {
    fn new(query: &Flows, options: &Map) -> Fallible<Self> {
        only_known("nat", options, &["ports"])?;
        let range = options.get("ports").map(ports).transpose()?.unwrap_or(USUAL_PORTS);
        let (query, counted) = (query.clone(), OnceCell::new());
        Ok(Self(Rc::new(Inner { query, range, counted })))
    }

    /// What was counted; the table is read for it if it was not yet.
    fn counted(&self, ctx: &NativeCallContext<'_>) -> Fallible<&table::Nat> {
        if let Some(counted) = self.0.counted.get() {
            return Ok(counted);
        }
        let (host, mut nat) = (Host::current()?, table::Nat::new(self.0.range));
        let query =
            self.0.query.clone().filtered(Filter::Test(Test::Nat(NatKind::Any, Vec::new(), None)));
        let view = host.view_of(&**query.source());
        each(ctx.engine(), &query, &mut |flow| {
            nat.add(flow, view);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(self.0.counted.get_or_init(|| nat))
    }

    /// The flows whose source is translated to `address`, and to `port` if it is given.
    fn behind(&self, address: &Dynamic, port: Option<INT>) -> Fallible<Flows> {
        let port = port.map(one_port).transpose()?.map(PortRange::one);
        let test = Test::Nat(NatKind::Source, vec![network(address)?], port);
        Ok(self.0.query.clone().filtered(Filter::Test(test)))
    }
}

fn one_port(port: INT) -> Fallible<u16> {
    u16::try_from(port)
        .map_err(|_| Fault::new(format!("a port goes from 0 to 65535, not {port}")).thrown())
}

/// A range of ports as a script writes it: `10000..=19999`.
fn ports(range: &Dynamic) -> Fallible<PortRange> {
    let ends = if let Some(range) = range.read_lock::<Range<INT>>() {
        Some((range.start, range.end.saturating_sub(1)))
    } else {
        range.read_lock::<RangeInclusive<INT>>().map(|range| (*range.start(), *range.end()))
    };
    let Some((first, last)) = ends else {
        return Fault::new(format!("`ports` needs a range, found {}", describe(range)))
            .hint("for example 10000..=19999")
            .throw();
    };
    let range = PortRange { first: one_port(first)?, last: one_port(last)? };
    if range.first > range.last {
        return Fault::new(format!("`ports`: there is nothing from {first} to {last}")).throw();
    }
    Ok(range)
}

/// Rows under columns of these names and units.
fn rows<const N: usize>(
    columns: [(&str, Unit); N],
    values: impl Iterator<Item = Vec<Value>>,
) -> Fallible<Rows> {
    let columns = columns.map(|(name, unit)| Column::new(name, unit)).to_vec();
    let records = values.map(|values| record(&columns, values)).collect::<Fallible<Vec<_>>>()?;
    Ok(Rows::of_records(columns, records))
}

/// The cells of a destination.
fn destination(port_use: &PortUse) -> [Value; 2] {
    let port = Value::or_absent(port_use.dport, |port| Value::Count(port.into()));
    [Value::Addr(port_use.dst), port]
}

#[export_module]
mod nat_api {
    /// What is translated to what. The table is read once, when the first answer is wanted.
    pub type Nat = NatHandle;

    /// What is translated to what in the whole table; `flows("…").nat()` for a part of it.
    ///
    /// # Example
    /// ```rhai
    /// let n = nat(); print(n.pools); print(n.ports.top(10)); print(n.forwards)
    /// ```
    #[rhai_fn(return_raw)]
    pub fn nat() -> Fallible<NatHandle> {
        nat_with(Map::new())
    }

    /// The same with options: `#{ ports: 10000..=19999 }` is the range that shares are of, if a rule
    /// names one. Usually the kernel takes 1024 to 65535.
    #[rhai_fn(name = "nat", return_raw)]
    pub fn nat_with(options: Map) -> Fallible<NatHandle> {
        NatHandle::new(&Flows::new(Rc::clone(&Host::current()?.source)), &options)
    }

    /// What is translated to what in these flows.
    ///
    /// # Example
    /// ```rhai
    /// flows("src in 192.168.0.0/16").nat().pools
    /// ```
    #[rhai_fn(name = "nat", pure, return_raw)]
    pub fn nat_of(query: &mut Flows) -> Fallible<NatHandle> {
        NatHandle::new(query, &Map::new())
    }

    /// The same with options, as `nat` has them.
    #[rhai_fn(name = "nat", pure, return_raw)]
    pub fn nat_of_with(query: &mut Flows, options: Map) -> Fallible<NatHandle> {
        NatHandle::new(query, &options)
    }

    /// A row per public address and protocol, the fullest first: its flows, how many of its `ports`
    /// are in use, and the destination (`dst`, `dport`) that takes the largest share of them.
    ///
    /// One port serves many destinations, each once. So new flows fail when the `share` of one
    /// destination comes near 100 (percent of the range). For icmp, ports are identifiers.
    ///
    /// # Example
    /// ```rhai
    /// nat().pools.where(|pool| pool.share > 80)
    /// ```
    #[rhai_fn(get = "pools", pure, return_raw)]
    pub fn pools(ctx: NativeCallContext, nat: &mut NatHandle) -> Fallible<Rows> {
        let columns = [
            ("address", Unit::Addr),
            ("proto", Unit::Text),
            ("flows", Unit::Number),
            ("packets", Unit::Number),
            ("bytes", Unit::Bytes),
            ("ports", Unit::Number),
            ("dst", Unit::Addr),
            ("dport", Unit::Number),
            ("share", Unit::Number),
        ];
        let pools = nat.counted(&ctx)?.pools();
        let values = pools.iter().map(|pool| {
            let mut values = vec![
                Value::Addr(pool.fullest.address),
                Value::text(pool.fullest.proto.to_string()),
                Value::Count(pool.flows),
                Value::or_absent(pool.packets, Value::Count),
                Value::or_absent(pool.bytes, Value::Count),
                Value::Count(pool.ports),
            ];
            values.extend(destination(&pool.fullest));
            values.push(Value::or_absent(pool.fullest.share, Value::Float));
            values
        });
        rows(columns, values)
    }

    /// A row per public address and destination, the fullest first: how many ports of the address it
    /// takes, one per flow, and what `share` of the range that is, in percent.
    ///
    /// # Example
    /// ```rhai
    /// nat().ports.top(10)
    /// ```
    #[rhai_fn(get = "ports", pure, return_raw)]
    pub fn ports_in_use(ctx: NativeCallContext, nat: &mut NatHandle) -> Fallible<Rows> {
        let columns = [
            ("address", Unit::Addr),
            ("proto", Unit::Text),
            ("dst", Unit::Addr),
            ("dport", Unit::Number),
            ("flows", Unit::Number),
            ("share", Unit::Number),
        ];
        let uses = nat.counted(&ctx)?.ports();
        let values = uses.iter().map(|port_use| {
            let (address, proto) = (port_use.address, port_use.proto.to_string());
            let mut values = vec![Value::Addr(address), Value::text(proto)];
            values.extend(destination(port_use));
            values.push(Value::Count(port_use.flows));
            values.push(Value::or_absent(port_use.share, Value::Float));
            values
        });
        rows(columns, values)
    }

    /// A row per forwarded address and port (`dst`, `dport`) and the `server` and `server_port`
    /// behind it, the busiest first.
    ///
    /// # Example
    /// ```rhai
    /// nat().forwards.distinct("server")
    /// ```
    #[rhai_fn(get = "forwards", pure, return_raw)]
    pub fn forwards(ctx: NativeCallContext, nat: &mut NatHandle) -> Fallible<Rows> {
        let columns = [
            ("proto", Unit::Text),
            ("dst", Unit::Addr),
            ("dport", Unit::Number),
            ("server", Unit::Addr),
            ("server_port", Unit::Number),
            ("flows", Unit::Number),
            ("packets", Unit::Number),
            ("bytes", Unit::Bytes),
        ];
        let forwards = nat.counted(&ctx)?.forwards().into_iter();
        rows(columns, forwards.map(GroupRow::into_values))
    }

    /// The flows whose source is translated to `address`, an address or a network.
    ///
    /// # Example
    /// ```rhai
    /// nat().behind("203.0.113.7").distinct("src")
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn behind(nat: &mut NatHandle, address: Dynamic) -> Fallible<Flows> {
        nat.behind(&address, None)
    }

    /// The flows whose source is translated to `address` and `port`: one for each destination that
    /// the port serves, so the abuse desk had better say which.
    ///
    /// # Example
    /// ```rhai
    /// nat().behind("203.0.113.7", 40001).select("src", "sport", "dst", "dport")
    /// ```
    #[rhai_fn(name = "behind", pure, return_raw)]
    pub fn behind_port(nat: &mut NatHandle, address: Dynamic, port: INT) -> Fallible<Flows> {
        nat.behind(&address, Some(port))
    }

    /// Those of them that `filter` takes, such as `"udp dst 192.0.2.1"`.
    ///
    /// # Example
    /// ```rhai
    /// nat().behind("203.0.113.7", 40001, #{ proto: "tcp", dst: "192.0.2.1", dport: 443 }).first()
    /// ```
    #[rhai_fn(name = "behind", pure, return_raw)]
    pub fn behind_that(
        ctx: NativeCallContext,
        nat: &mut NatHandle,
        address: Dynamic,
        port: INT,
        filter: Dynamic,
    ) -> Fallible<Flows> {
        Ok(nat.behind(&address, Some(port))?.filtered(to_filter(&ctx, filter)?))
    }

    /// How much is translated, in one sentence.
    #[rhai_fn(name = "to_string", name = "to_debug", pure, return_raw)]
    pub fn nat_text(ctx: NativeCallContext, nat: &mut NatHandle) -> Fallible<String> {
        let counted = nat.counted(&ctx)?;
        let (pools, forwards) = (counted.pools(), counted.forwards());
        let behind: u64 = pools.iter().map(|pool| pool.flows).sum();
        let forwarded: u64 = forwards.iter().map(|row| row.flows).sum();
        let mut addresses: Vec<_> = pools.iter().map(|pool| pool.fullest.address).collect();
        addresses.sort_unstable();
        addresses.dedup();
        Ok(format!(
            "{behind} flows behind {} addresses, {forwarded} flows through {} forwards: see .pools, \
             .ports, .forwards, .behind(address, port)",
            addresses.len(),
            forwards.len()
        ))
    }
}
