//! `stats()`: the kernel's own counters, per CPU.

use std::rc::Rc;

use rhai::plugin::*;
use rhai::{Dynamic, INT, Map};

use crate::flow::{CpuStats, Unit};
use crate::kernel::Source;
use crate::render::Column;
use crate::script::fault::Fallible;
use crate::script::host::Host;
use crate::script::objects::{Expectations, Netns};
use crate::script::rows::Rows;

pub(super) fn module() -> Module {
    exported_module!(stats_api)
}

/// A row per CPU; the columns are the counters that this kernel sends.
fn rows(stats: &[CpuStats]) -> Rows {
    let mut columns = vec![Column::new("cpu", Unit::Number)];
    let names = stats.first().map(|cpu| cpu.counters.as_slice()).unwrap_or_default();
    columns.extend(names.iter().map(|(name, _)| Column::new(*name, Unit::Number)));
    let records = stats.iter().map(|cpu| {
        let mut record = Map::from([("cpu".into(), INT::from(cpu.cpu).into())]);
        for (name, count) in &cpu.counters {
            record.insert((*name).into(), INT::from(*count).into());
        }
        record
    });
    Rows::of_records(columns, records)
}

fn stats_of(source: &Rc<dyn Source>) -> Fallible<Rows> {
    Ok(rows(&source.live()?.cpu_stats()?))
}

#[export_module]
mod stats_api {
    /// Counters of the conntrack table, a row per CPU: `found invalid insert insert_failed drop
    /// early_drop error search_restart clash_resolve chaintoolong` (as this kernel has them).
    ///
    /// They count from boot, or from the making of the namespace.
    ///
    /// # Example
    /// ```rhai
    /// stats().sum("insert_failed")
    /// ```
    #[rhai_fn(return_raw)]
    pub fn stats() -> Fallible<Rows> {
        stats_of(&Host::current()?.source)
    }

    /// The same counters of another namespace.
    #[rhai_fn(name = "stats", pure, return_raw)]
    pub fn stats_there(netns: &mut Netns) -> Fallible<Rows> {
        stats_of(&netns.source)
    }

    /// Counters of the expectation table, a row per CPU: `expect_new expect_create expect_delete`.
    ///
    /// # Example
    /// ```rhai
    /// expectations.stats()
    /// ```
    #[rhai_fn(name = "stats", pure, return_raw)]
    pub fn expect_stats(query: &mut Expectations) -> Fallible<Rows> {
        let names = ["cpu", "expect_new", "expect_create", "expect_delete"];
        let columns = names.map(|name| Column::new(name, Unit::Number)).to_vec();
        let records = query.source.live()?.expect_cpu_stats()?.into_iter().map(|cpu| {
            let values = [cpu.cpu.into(), cpu.new, cpu.create, cpu.delete];
            let cells = names.into_iter().zip(values);
            cells.map(|(name, value)| (name.into(), Dynamic::from(INT::from(value)))).collect()
        });
        Ok(Rows::of_records(columns, records))
    }
}
