//! Expectations: flows that a helper foresees.

use std::fmt;

use super::{HelperName, Tuple};

/// One entry of the expectation table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// What is expected.
    pub tuple: Tuple,
    /// Which bits of it count.
    pub mask: Tuple,
    /// The original direction of the flow that foresaw it.
    pub master: Tuple,
    /// Seconds until it goes; absent for a permanent one without a timer.
    pub timeout_s: Option<u32>,
    /// `CTA_EXPECT_ID`.
    pub id: Option<u32>,
    /// The helper that made it.
    pub helper: Option<HelperName>,
    /// `CTA_EXPECT_ZONE`; kernels up to 6.18 never send it.
    pub zone: Option<u16>,
    /// `NF_CT_EXPECT_*` bits.
    pub flags: Option<ExpectFlags>,
    /// Class within the helper.
    pub class: Option<u32>,
    /// NAT that the expected flow will get.
    pub nat: Option<ExpectNat>,
    /// Name of the function that the kernel calls for it.
    pub function: Option<String>,
}

/// `CTA_EXPECT_NAT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpectNat {
    /// 0 original, 1 reply.
    pub direction: u32,
    /// Only its source counts.
    pub tuple: Tuple,
}

/// `CTA_EXPECT_FLAGS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ExpectFlags(pub u32);

impl ExpectFlags {
    /// `NF_CT_EXPECT_PERMANENT`: stays after a match.
    pub const PERMANENT: Self = Self(1);
    /// `NF_CT_EXPECT_INACTIVE`: not matched.
    pub const INACTIVE: Self = Self(2);
    /// `NF_CT_EXPECT_USERSPACE`: made by a user space helper.
    pub const USERSPACE: Self = Self(4);

    const NAMES: [(Self, &'static str); 3] = [
        (Self::PERMANENT, "permanent"),
        (Self::INACTIVE, "inactive"),
        (Self::USERSPACE, "userspace"),
    ];

    /// Names of the bits that are set.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        let set = Self::NAMES.iter().filter(|(bit, _)| self.0 & bit.0 != 0);
        set.map(|(_, name)| *name).collect()
    }

    /// The bit with this name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(_, known)| known.eq_ignore_ascii_case(name))?;
        Some(found.0)
    }
}

/// Names an expectation to the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExpectKey {
    /// What is expected.
    pub tuple: Tuple,
    /// The zone of its master.
    pub zone: Option<u16>,
    /// `CTA_EXPECT_ID`, checked by get and delete.
    pub id: Option<u32>,
}

impl Expectation {
    /// What names it to the kernel.
    #[must_use]
    pub fn key(&self) -> ExpectKey {
        ExpectKey { tuple: self.tuple, zone: self.zone, id: self.id }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expect {} of {}", self.tuple, self.master)?;
        if let Some(helper) = self.helper {
            write!(f, " helper {helper}")?;
        }
        Ok(())
    }
}

/// An expectation that is to be made; its master must have a helper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewExpectation {
    /// What is expected.
    pub tuple: Tuple,
    /// Which bits count; the kernel looks at the source alone.
    pub mask: Tuple,
    /// The original direction of an existing flow with a helper.
    pub master: Tuple,
    /// The zone of the master.
    pub zone: Option<u16>,
    /// Seconds; the kernel takes the helper's own timeout on create.
    pub timeout_s: u32,
    /// `NF_CT_EXPECT_*` bits.
    pub flags: Option<ExpectFlags>,
    /// Class within the helper.
    pub class: Option<u32>,
    /// The helper's name; it must be the master's.
    pub helper: Option<HelperName>,
    /// NAT for the expected flow.
    pub nat: Option<ExpectNat>,
    /// `nat-follow-master`, `sip`, `Q.931` or `callforwarding`.
    pub function: Option<String>,
}
