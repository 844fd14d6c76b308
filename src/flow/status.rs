//! `CTA_STATUS`: the `IPS_` bits of a flow. Bits without a name here are kept.

use std::fmt;
use std::ops::{BitAnd, BitOr};

/// A set of `IPS_` bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Status(pub u32);

/// Bit numbers and names of `enum ip_conntrack_status` (Linux 6.18).
const NAMES: [(u32, &str); 16] = [
    (0, "expected"),
    (1, "seen_reply"),
    (2, "assured"),
    (3, "confirmed"),
    (4, "src_nat"),
    (5, "dst_nat"),
    (6, "seq_adjust"),
    (7, "src_nat_done"),
    (8, "dst_nat_done"),
    (9, "dying"),
    (10, "fixed_timeout"),
    (11, "template"),
    (12, "nat_clash"),
    (13, "helper"),
    (14, "offload"),
    (15, "hw_offload"),
];

impl Status {
    /// Every bit there can be.
    pub const ALL: Self = Self(u32::MAX);
    /// `IPS_EXPECTED`: made by an expectation.
    pub const EXPECTED: Self = Self(1);
    /// `IPS_SEEN_REPLY`: traffic went both ways.
    pub const SEEN_REPLY: Self = Self(1 << 1);
    /// `IPS_ASSURED`: not evicted early when the table is full.
    pub const ASSURED: Self = Self(1 << 2);
    /// `IPS_CONFIRMED`: its first packet left the machine.
    pub const CONFIRMED: Self = Self(1 << 3);
    /// `IPS_SRC_NAT`.
    pub const SRC_NAT: Self = Self(1 << 4);
    /// `IPS_DST_NAT`.
    pub const DST_NAT: Self = Self(1 << 5);
    /// `IPS_SEQ_ADJUST`.
    pub const SEQ_ADJUST: Self = Self(1 << 6);
    /// `IPS_SRC_NAT_DONE`: NAT of the source was set up, be it to translate nothing.
    pub const SRC_NAT_DONE: Self = Self(1 << 7);
    /// `IPS_DST_NAT_DONE`: likewise of the destination.
    pub const DST_NAT_DONE: Self = Self(1 << 8);
    /// `IPS_DYING`.
    pub const DYING: Self = Self(1 << 9);
    /// `IPS_FIXED_TIMEOUT`: neither packets nor requests change the timeout.
    pub const FIXED_TIMEOUT: Self = Self(1 << 10);
    /// `IPS_HELPER`: the helper was set by a rule or a request.
    pub const HELPER: Self = Self(1 << 13);
    /// `IPS_OFFLOAD`: a flowtable forwards it; timeout and state are not kept here.
    pub const OFFLOAD: Self = Self(1 << 14);
    /// `IPS_HW_OFFLOAD`.
    pub const HW_OFFLOAD: Self = Self(1 << 15);

    /// True if all bits of `other` are set.
    #[must_use]
    #[inline]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The bit with this name in any case (`unreplied` is not a bit).
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let found = NAMES.iter().find(|(_, known)| known.eq_ignore_ascii_case(name))?;
        Some(Self(1 << found.0))
    }

    /// The names of the bits that are set, lowest first; a bit without a name is `bitN`.
    #[must_use]
    pub fn names(self) -> Vec<String> {
        (0..32)
            .filter(|bit| self.0 & (1 << bit) != 0)
            .map(|bit| match NAMES.iter().find(|(known, _)| *known == bit) {
                Some((_, name)) => (*name).to_owned(),
                None => format!("bit{bit}"),
            })
            .collect()
    }

    /// Every bit's name, for completion and suggestions.
    pub fn known() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(_, name)| *name)
    }
}

impl BitOr for Status {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for Status {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(","))
    }
}
