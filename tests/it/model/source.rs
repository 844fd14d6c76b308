//! The ways to read the table that engines are tried with. All of them give real messages of the
//! kernel; who chooses among them, and why, is the affair of `round` and `storm`.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use flowsh::flow::{Expectation, Family, Filter, Flow};
use flowsh::kernel::{DumpScope, Figures, Flows, KernelError, Live, NetNs, Safety, Source, now_ns};
use flowsh::wire::{Screen, decode_taken};

use super::raw::Wire;
use super::record::Record;

/// How the table is read.
#[derive(Debug, Clone)]
pub(super) enum Reading {
    /// As flowsh does it: by dumps from which the kernel leaves out what it can.
    Dumps,
    /// By one dump of everything, each flow being judged as a whole.
    Plain,
    /// By looking up each of these, which are all that there are. A dump takes the kernel ten
    /// milliseconds where its table has room for a million flows, however few this namespace has; a
    /// look-up takes microseconds, and its answer is judged like a message of a dump.
    LookUps(Vec<Record>),
}

/// The table under the rules, and read in the way, that a round asks for.
#[derive(Debug)]
pub(super) struct Switch {
    lives: [Live; 3],
    pub(super) safety: Cell<Safety>,
    pub(super) reading: RefCell<Reading>,
}

impl Switch {
    pub(super) fn new() -> Self {
        let live = |safety| Live::new(NetNs::Current, safety, Arc::new(AtomicBool::new(false)));
        Self {
            lives: [Safety::Live, Safety::DryRun, Safety::ReadOnly].map(live),
            safety: Cell::new(Safety::Live),
            reading: RefCell::new(Reading::Dumps),
        }
    }

    /// The table, without any rule of the house.
    pub(super) fn free(&self) -> &Live {
        &self.lives[0]
    }
}

impl Source for Switch {
    fn flows(&self, scope: &DumpScope, filter: &Filter) -> Result<Box<dyn Flows>, KernelError> {
        let live = self.live()?;
        Ok(match &*self.reading.borrow() {
            Reading::Dumps => live.flows(scope, filter)?,
            Reading::Plain => Box::new(Plain {
                all: live.flows(&scope.unfiltered(), &Filter::All)?,
                filter: filter.clone(),
                now_ns: now_ns(),
            }),
            Reading::LookUps(known) => Box::new(LookUps {
                wire: Wire::open(),
                known: known.clone().into(),
                found: VecDeque::new(),
                screen: Screen::new(filter, now_ns()),
                flow: None,
            }),
        })
    }

    fn expectations(&self, family: Option<Family>) -> Result<Vec<Expectation>, KernelError> {
        self.live()?.expectations(family)
    }

    fn entries(&self) -> Result<Option<u64>, KernelError> {
        self.live()?.entries()
    }

    fn live(&self) -> Result<&Live, KernelError> {
        let [live, dry_run, read_only] = &self.lives;
        Ok(match self.safety.get() {
            Safety::Live => live,
            Safety::DryRun => dry_run,
            Safety::ReadOnly => read_only,
        })
    }
}

struct Plain {
    all: Box<dyn Flows>,
    filter: Filter,
    now_ns: u64,
}

impl Flows for Plain {
    fn next(&mut self) -> Result<Option<&Flow>, KernelError> {
        while let Some(flow) = self.all.next()? {
            if self.filter.takes(flow, self.now_ns) {
                return Ok(self.all.current());
            }
        }
        Ok(None)
    }

    fn current(&self) -> Option<&Flow> {
        self.all.current()
    }

    fn figures(&self) -> Figures {
        self.all.figures()
    }
}

struct LookUps {
    wire: Wire,
    /// Flows that are yet to be looked up, and messages that are yet to be read.
    known: VecDeque<Record>,
    found: VecDeque<Vec<u8>>,
    screen: Screen,
    flow: Option<Flow>,
}

/// As many as a small datagram of a dump has: those behind are looked up when these were dealt with.
const AT_ONCE: usize = 20;

impl Flows for LookUps {
    fn next(&mut self) -> Result<Option<&Flow>, KernelError> {
        loop {
            while let Some(payload) = self.found.pop_front() {
                if decode_taken(&payload, &mut self.flow, &self.screen)? {
                    return Ok(self.flow.as_ref());
                }
            }
            let some: Vec<Record> = self.known.drain(..AT_ONCE.min(self.known.len())).collect();
            if some.is_empty() {
                return Ok(None);
            }
            self.wire.answers(&some, &mut |payload| self.found.push_back(payload.to_vec()));
        }
    }

    fn current(&self) -> Option<&Flow> {
        self.flow.as_ref()
    }

    fn figures(&self) -> Figures {
        Figures::default()
    }
}
