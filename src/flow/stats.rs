//! Counters of the tables themselves.

/// `CTA_STATS_*` of one CPU: `(name, value)` in the kernel's order, only those it sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CpuStats {
    /// The CPU's number.
    pub cpu: u16,
    /// Names as `conntrack -S` prints them.
    pub counters: Vec<(&'static str, u32)>,
}

/// `CTA_STATS_EXP_*` of one CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExpectCpuStats {
    /// The CPU's number.
    pub cpu: u16,
    /// Expectations that a helper set up.
    pub new: u32,
    /// Expectations that were inserted.
    pub create: u32,
    /// Expectations that went.
    pub delete: u32,
}

/// `CTA_STATS_GLOBAL_*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GlobalStats {
    /// Flows in the table.
    pub entries: u32,
    /// `nf_conntrack_max`; absent before Linux 4.18.
    pub max: Option<u32>,
}
