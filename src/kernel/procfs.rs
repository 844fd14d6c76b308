//! Figures that `/proc` shows to everyone, for those who may not ask the kernel by netlink.

use std::fs;

/// The counters of each CPU in `/proc/net/stat/nf_conntrack`, by the names of its columns; absent
/// on a kernel without `CONFIG_NF_CONNTRACK_PROCFS`.
#[must_use]
pub fn procfs_cpu_stats() -> Option<Vec<Vec<(String, u32)>>> {
    let text = fs::read_to_string("/proc/net/stat/nf_conntrack").ok()?;
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next()?.split_whitespace().collect();
    let number = |word: &str| u32::from_str_radix(word, 16).unwrap_or_default();
    let row = |line: &str| {
        let numbers = line.split_whitespace().map(number);
        names.iter().map(|name| (*name).to_owned()).zip(numbers).collect()
    };
    Some(lines.map(row).collect())
}
