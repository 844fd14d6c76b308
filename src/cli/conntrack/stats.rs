//! `-C` and `-S`: figures of the tables.

use std::fmt::{Display, Write as _};
use std::io::{self, Write};

use crate::flow::ExpectCpuStats;
use crate::kernel::{KernelError, NetNs, Source, procfs_cpu_stats, sysctl};

use super::Machine;
use super::command::{Command, Table};
use super::message::Fault;

/// How many entries there are; of expectations those of both families.
pub(super) fn count(machine: &Machine, table: Table) -> Result<u8, Fault> {
    let counted = match table {
        Table::Expect => machine.live.expectations(None).map(|found| found.len().to_string()),
        _ => machine.live.global_stats().map(|stats| stats.entries.to_string()),
    };
    let (shown, refusal) = match counted {
        Ok(count) => (Some(count), None),
        // What everyone may read is shown all the same.
        Err(error) => {
            let flows = table == Table::Conntrack;
            let count = flows.then(|| sysctl::read(&NetNs::Current, "count").ok()).flatten();
            (count.map(|count| count.to_string()), Some(error))
        }
    };
    if let Some(count) = shown {
        writeln!(io::stdout(), "{count}")?;
    }
    told(refusal, Command::Count, table)
}

/// The counters of each CPU.
pub(super) fn stats(machine: &Machine, table: Table) -> Result<u8, Fault> {
    let read = match table {
        Table::Expect => machine.live.expect_cpu_stats().map(|cpus| {
            let counters = |cpu: ExpectCpuStats| {
                [
                    ("expect_new", cpu.new),
                    ("expect_create", cpu.create),
                    ("expect_delete", cpu.delete),
                ]
            };
            cpus.into_iter().map(|cpu| row(cpu.cpu, counters(cpu))).collect::<String>()
        }),
        _ => machine
            .live
            .cpu_stats()
            .map(|cpus| cpus.into_iter().map(|cpu| row(cpu.cpu, cpu.counters)).collect::<String>()),
    };
    let (text, refusal) = match read {
        Ok(text) => (text, None),
        Err(error) => {
            let cpus = procfs_cpu_stats().unwrap_or_default();
            let rows = (0..).zip(cpus).map(|(cpu, counters)| row(cpu, counters));
            (rows.collect(), Some(error))
        }
    };
    io::stdout().write_all(text.as_bytes())?;
    told(refusal, Command::Stats, table)
}

fn told(refusal: Option<KernelError>, command: Command, table: Table) -> Result<u8, Fault> {
    refusal.map_or(Ok(0), |error| Err(Fault::kernel(&error, command, table)))
}

fn row(cpu: u16, counters: impl IntoIterator<Item = (impl Display, u32)>) -> String {
    let mut text = format!("cpu={cpu:<4}\t");
    for (name, value) in counters {
        // Writing to memory does not fail.
        let _ = write!(text, "{name}={value} ");
    }
    text.push('\n');
    text
}
