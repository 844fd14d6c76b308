//! What became of changes: of one, and of many together.

use std::collections::BTreeMap;
use std::fmt;

use super::reason::{Verb, hint};
use crate::flow::{Flow, FlowKey};
use crate::wire::Answer;

/// What became of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It was made; with the flow as it is now, if that was asked for and could still be read.
    Done(Option<Box<Flow>>),
    /// The flow was gone before it came to it.
    Gone,
    /// The kernel refused it with this errno.
    Failed(i32),
}

/// What became of the changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// Changes that the kernel made, or under `--dry-run` would have been asked to make.
    pub done: u64,
    /// Flows that were gone, or were replaced by another with the same tuple, before it came to it.
    pub gone: u64,
    /// Changes that the kernel refused.
    pub failed: u64,
    /// The refusals, by errno and what the kernel said; errno 0 is one of our own.
    pub reasons: BTreeMap<(i32, String), Refused>,
}

/// Refusals of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// How many.
    pub count: u64,
    /// The first of them, as text.
    pub example: String,
    /// What to do about it.
    pub hint: Option<&'static str>,
}

impl Applied {
    /// Counts a change by its answer, of which silence is success; `absent_is_gone` if a flow that is
    /// not there is none to complain about.
    pub(super) fn record(
        &mut self,
        verb: Verb,
        key: &FlowKey,
        absent_is_gone: bool,
        answer: Option<&Answer>,
    ) -> Fate {
        let Some(answer) = answer.filter(|answer| answer.errno != 0) else {
            self.done += 1;
            return Fate::Done(None);
        };
        if absent_is_gone && matches!(answer.errno, libc::ENOENT | libc::ETIME) {
            self.gone += 1;
            return Fate::Gone;
        }
        let said = answer.message.clone().unwrap_or_default();
        self.refuse(1, (answer.errno, said), key, hint(verb, answer.errno));
        Fate::Failed(answer.errno)
    }

    /// Counts changes that were not asked of the kernel, the first being that of `example`.
    pub fn refuse_unasked(&mut self, count: u64, example: &dyn fmt::Display, why: &str) {
        self.refuse(count, (0, why.to_owned()), example, None);
    }

    fn refuse(
        &mut self,
        count: u64,
        reason: (i32, String),
        example: &dyn fmt::Display,
        hint: Option<&'static str>,
    ) {
        self.failed += count;
        let first = || Refused { count: 0, example: example.to_string(), hint };
        self.reasons.entry(reason).or_insert_with(first).count += count;
    }

    /// Adds what became of other changes.
    pub fn merge(&mut self, other: Self) {
        self.done += other.done;
        self.gone += other.gone;
        self.failed += other.failed;
        for (reason, more) in other.reasons {
            self.reasons.entry(reason).and_modify(|r| r.count += more.count).or_insert(more);
        }
    }
}
