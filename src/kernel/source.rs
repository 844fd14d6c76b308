//! What every source of flows can do, be it a live kernel or a recording.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::{KernelError, Live};
use crate::flow::{Expectation, Family, Filter, Flow, FlowKey};
pub use crate::wire::{DumpScope, FlowTable, KernelFilter};

/// Where flows come from.
pub trait Source: fmt::Debug {
    /// The flows in `scope` that `filter` takes, one after the other; nothing is kept.
    ///
    /// # Errors
    ///
    /// The source cannot be read, or not so.
    fn flows(&self, scope: &DumpScope, filter: &Filter) -> Result<Box<dyn Flows>, KernelError>;

    /// The expectations of one family, or of both.
    ///
    /// # Errors
    ///
    /// The source cannot be read, or holds none.
    fn expectations(&self, family: Option<Family>) -> Result<Vec<Expectation>, KernelError>;

    /// The live table behind it.
    ///
    /// # Errors
    ///
    /// It is not live: what was recorded cannot be changed or listened to. Or it is several.
    fn live(&self) -> Result<&Live, KernelError>;

    /// The live tables behind it: one, unless it is several namespaces.
    ///
    /// # Errors
    ///
    /// It is not live.
    fn lives(&self) -> Result<Vec<&Live>, KernelError> {
        self.live().map(|live| vec![live])
    }

    /// Of a source of several tables, that whose flows carry this tag.
    fn part(&self, netns: Option<&Arc<str>>) -> Option<&Rc<Live>> {
        let _ = netns;
        None
    }

    /// How many flows there are, where the kernel counts them itself.
    ///
    /// # Errors
    ///
    /// No permission.
    fn entries(&self) -> Result<Option<u64>, KernelError> {
        Ok(None)
    }

    /// The flow that `key` names; `None` if there is none.
    ///
    /// # Errors
    ///
    /// The source cannot be read.
    fn get(&self, key: &FlowKey) -> Result<Option<Flow>, KernelError> {
        self.live()?.get(key)
    }

    /// A flow that `key` names, or whose answers look so; `None` if there is none.
    ///
    /// # Errors
    ///
    /// The source cannot be read.
    fn find(&self, key: &FlowKey) -> Result<Option<Flow>, KernelError> {
        self.live()?.find(key)
    }

    /// The present as this source has it, from which ages are counted: a recording's is when it
    /// was made.
    fn now_ns(&self) -> u64 {
        super::now_ns()
    }
}

/// What it took to read flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Flows that the kernel sent, or entries of flows in a file.
    pub sent: u64,
    /// How long they were waited for; of a file they are read at once.
    pub waited: Duration,
}

/// How far what is received may be ahead of what is used. The kernel itself is one datagram ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pace {
    /// Nothing is received before it is wanted, one dump after the other: for whoever may stop early,
    /// or changes flows by what was seen of those before.
    #[default]
    InStep,
    /// All dumps of a plan at once, and some flows ahead, in the order of the plan: for whoever reads
    /// to the end and changes none, because what is seen is a little older.
    Ahead,
    /// All dumps at once, in the order in which their flows come: for whoever changes each of them,
    /// and looks only at that one. A datagram waits while one of another dump is being used.
    Together,
}

/// Flows being read.
pub trait Flows {
    /// The next flow, valid until the next call; `None` at the end.
    ///
    /// # Errors
    ///
    /// Reading failed; what came before still stands, but is not all.
    fn next(&mut self) -> Result<Option<&Flow>, KernelError>;

    /// The flow that [`Self::next`] gave last.
    fn current(&self) -> Option<&Flow>;

    /// How far what is received may be ahead of what is used; to be said before the first flow.
    fn set_pace(&mut self, pace: Pace) {
        let _ = pace;
    }

    /// What was read so far, and how long that took.
    fn figures(&self) -> Figures;
}
