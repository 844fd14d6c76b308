//! What the kernel tells of its own accord.

use std::borrow::Cow;
use std::fmt;

use super::{Expectation, Flow};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventKind {
    /// It was made.
    New,
    /// It changed.
    Update,
    /// It went.
    Destroy,
}

impl EventKind {
    /// All kinds, in the order of a flow's life.
    pub const ALL: [Self; 3] = [Self::New, Self::Update, Self::Destroy];

    /// `new`, `update` or `destroy`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Update => "update",
            Self::Destroy => "destroy",
        }
    }

    /// The kind with this name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }
}

/// To what it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A flow, as far as the event shows it: no counters and no start before its end.
    Flow(Flow),
    /// An expectation.
    Expectation(Expectation),
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// To what.
    pub subject: Subject,
    /// When, nanoseconds since 1970: the kernel's time where it sends one (Linux 6.14 with
    /// `nf_conntrack_timestamp`), else the time of receipt.
    pub time_ns: u64,
    /// The netlink port of the process that caused it; 0 is a packet or the kernel itself.
    pub port_id: u32,
    /// True if flowsh found it by comparing tables, not by being told.
    pub synthetic: bool,
}

impl Event {
    /// The flow as filters judge it; absent for an expectation.
    ///
    /// The kernel leaves a mark of 0 out of events, unless it has just become 0:
    /// `ctnetlink_dump_mark()`, Linux 6.18.
    #[must_use]
    pub fn judged(&self) -> Option<Cow<'_, Flow>> {
        match &self.subject {
            Subject::Flow(flow) if flow.mark.is_none() => {
                Some(Cow::Owned(Flow { mark: Some(0), ..flow.clone() }))
            }
            Subject::Flow(flow) => Some(Cow::Borrowed(flow)),
            Subject::Expectation(_) => None,
        }
    }
}

/// `new tcp 10.0.0.1:1024 -> 10.0.0.2:80 SYN_SENT`.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            Subject::Flow(flow) => write!(f, "{} {flow}", self.kind.name()),
            Subject::Expectation(expectation) => write!(f, "{} {expectation}", self.kind.name()),
        }
    }
}
