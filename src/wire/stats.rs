//! Counters of the tables: per CPU, per CPU for expectations, and of the whole table.
//!
//! The answers carry message kinds that do not tell them apart (Linux 6.18 answers
//! `IPCTNL_MSG_EXP_GET_STATS_CPU` under the subsystem of flows): who asked knows what comes.

use crate::flow::{CpuStats, ExpectCpuStats, GlobalStats};

use super::DecodeError;
use super::attr::attrs;
use super::consts::{
    CTA_STATS, CTA_STATS_EXP, CTA_STATS_EXP_CREATE, CTA_STATS_EXP_DELETE, CTA_STATS_EXP_NEW,
    CTA_STATS_GLOBAL, CTA_STATS_GLOBAL_ENTRIES, CTA_STATS_GLOBAL_MAX_ENTRIES,
};
use super::message::NfGenMsg;

/// Names of `CTA_STATS_*` from 1 on, as `conntrack -S` prints them; a newer kernel's count too.
const NAMES: [&str; 19] = [
    "searched",
    "found",
    "new",
    "invalid",
    "ignore",
    "delete",
    "delete_list",
    "insert",
    "insert_failed",
    "drop",
    "early_drop",
    "error",
    "search_restart",
    "clash_resolve",
    "chaintoolong",
    "unknown1",
    "unknown2",
    "unknown3",
    "unknown4",
];

/// Decodes one CPU's answer to [`cpu_stats`](super::Requests::cpu_stats).
///
/// # Errors
///
/// If a counter is cut short.
pub fn decode_cpu_stats(payload: &[u8]) -> Result<CpuStats, DecodeError> {
    let (head, body) = NfGenMsg::split(payload)?;
    let mut stats = CpuStats { cpu: head.res_id, counters: Vec::with_capacity(NAMES.len()) };
    for attr in attrs(&CTA_STATS, body) {
        let attr = attr?;
        let name = usize::from(attr.kind).checked_sub(1).and_then(|index| NAMES.get(index));
        if let Some(name) = name {
            stats.counters.push((name, attr.be_u32()?));
        }
    }
    Ok(stats)
}

/// Decodes one CPU's answer to [`expect_cpu_stats`](super::Requests::expect_cpu_stats).
///
/// # Errors
///
/// If a counter is cut short.
pub fn decode_expect_cpu_stats(payload: &[u8]) -> Result<ExpectCpuStats, DecodeError> {
    let (head, body) = NfGenMsg::split(payload)?;
    let mut stats = ExpectCpuStats { cpu: head.res_id, ..ExpectCpuStats::default() };
    for attr in attrs(&CTA_STATS_EXP, body) {
        let attr = attr?;
        match attr.kind {
            CTA_STATS_EXP_NEW => stats.new = attr.be_u32()?,
            CTA_STATS_EXP_CREATE => stats.create = attr.be_u32()?,
            CTA_STATS_EXP_DELETE => stats.delete = attr.be_u32()?,
            _ => (),
        }
    }
    Ok(stats)
}

/// Decodes the answer to [`global_stats`](super::Requests::global_stats).
///
/// # Errors
///
/// If the number of entries is missing, or a counter is cut short.
pub fn decode_global_stats(payload: &[u8]) -> Result<GlobalStats, DecodeError> {
    let (_, body) = NfGenMsg::split(payload)?;
    let (mut entries, mut max) = (None, None);
    for attr in attrs(&CTA_STATS_GLOBAL, body) {
        let attr = attr?;
        match attr.kind {
            CTA_STATS_GLOBAL_ENTRIES => entries = Some(attr.be_u32()?),
            CTA_STATS_GLOBAL_MAX_ENTRIES => max = Some(attr.be_u32()?),
            _ => (),
        }
    }
    let missing = DecodeError::Missing(CTA_STATS_GLOBAL.attr(CTA_STATS_GLOBAL_ENTRIES));
    Ok(GlobalStats { entries: entries.ok_or(missing)?, max })
}
