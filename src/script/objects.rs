//! The objects that scripts hold: handles, cheap to clone, that know the table they belong to.

use std::rc::Rc;

use rhai::Dynamic;

use super::closure::Closure;
use crate::flow::{Direction, Event, Expectation, Filter, Flow, Subject};
use crate::kernel::{KernelError, Live, Namespaces, Recording, Source};
use crate::table;

/// A query: `flows`, and what `where`, `skip` and `take` make of it.
pub type Flows = table::Query<Closure>;

/// A filter as a value.
#[derive(Debug, Clone)]
pub(super) struct FilterHandle(pub Filter<Closure>);

/// A flow, as it was when it was read.
#[derive(Debug, Clone)]
pub struct FlowHandle {
    /// The flow.
    pub flow: Rc<Flow>,
    /// Its table.
    pub source: Rc<dyn Source>,
}

impl FlowHandle {
    /// A handle of `flow`, which came from `source`; of several tables, from the one it names.
    #[must_use]
    pub fn new(flow: impl Into<Rc<Flow>>, source: &Rc<dyn Source>) -> Self {
        let flow = flow.into();
        let source: Rc<dyn Source> = match source.part(flow.netns()) {
            Some(live) => Rc::<Live>::clone(live),
            None => Rc::clone(source),
        };
        Self { flow, source }
    }

    /// The flow as its table has it now; `None` if it is gone, also if another has taken its name.
    ///
    /// # Errors
    ///
    /// The table cannot be read.
    pub fn now(&self) -> Result<Option<Self>, KernelError> {
        let now = self.source.get(&self.flow.key())?.filter(|now| self.flow.is_still(now));
        Ok(now.map(|now| Self::new(now, &self.source)))
    }
}

/// One direction of a flow: `f.orig`, `f.reply`.
#[derive(Debug, Clone)]
pub(super) struct Side {
    /// The flow.
    pub flow: Rc<Flow>,
    /// Its table.
    pub source: Rc<dyn Source>,
    /// Which direction.
    pub direction: Direction,
}

/// The expectation table, or part of it.
#[derive(Debug, Clone)]
pub(super) struct Expectations {
    /// Where they come from.
    pub source: Rc<dyn Source>,
    /// Closures that all must take an expectation.
    pub tests: Vec<Closure>,
}

/// An expectation, as it was when it was read.
#[derive(Debug, Clone)]
pub(super) struct ExpectHandle {
    /// The expectation.
    pub expectation: Rc<Expectation>,
    /// Its table.
    pub source: Rc<dyn Source>,
}

/// An event.
#[derive(Debug, Clone)]
pub struct EventHandle {
    /// The event.
    pub event: Rc<Event>,
    /// The table it comes from.
    pub source: Rc<dyn Source>,
}

impl EventHandle {
    /// A handle of `event`.
    #[must_use]
    pub fn new(event: Rc<Event>, source: Rc<dyn Source>) -> Self {
        Self { event, source }
    }

    /// The flow it is about, as a script sees it.
    #[must_use]
    pub fn flow(&self) -> Option<Dynamic> {
        match &self.event.subject {
            Subject::Flow(flow) => Some(Dynamic::from(FlowHandle::new(flow.clone(), &self.source))),
            Subject::Expectation(_) => None,
        }
    }

    /// The expectation it is about, as a script sees it.
    #[must_use]
    pub fn expectation(&self) -> Option<Dynamic> {
        match &self.event.subject {
            Subject::Expectation(expectation) => {
                let expectation = Rc::new(expectation.clone());
                let source = Rc::clone(&self.source);
                Some(Dynamic::from(ExpectHandle { expectation, source }))
            }
            Subject::Flow(_) => None,
        }
    }
}

/// A snapshot that was kept.
#[derive(Debug, Clone)]
pub(super) struct SnapshotHandle {
    /// The flows.
    pub snapshot: Rc<table::Snapshot>,
    /// Their table.
    pub source: Rc<dyn Source>,
}

/// Another namespace.
#[derive(Debug, Clone)]
pub(super) struct Netns {
    /// Its table.
    pub source: Rc<dyn Source>,
}

/// Several namespaces together.
#[derive(Debug, Clone)]
pub(super) struct NetnsAll {
    /// Their tables.
    pub source: Rc<Namespaces>,
}

/// A recording that was opened.
#[derive(Debug, Clone)]
pub(super) struct Capture {
    /// The recording.
    pub recording: Rc<Recording>,
}

/// The sysctls of a namespace.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// The namespace's table.
    pub source: Rc<dyn Source>,
}

/// A handler or a timer, to take it off again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Handle(pub i64);
