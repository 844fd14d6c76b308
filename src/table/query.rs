//! A query: a source, and what is asked of it, stage by stage. Nothing is read before a cursor is
//! made, and a cursor keeps nothing.

use std::cell::Cell;
use std::ops::AddAssign;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::flow::{Filter, Flow, Question};
use crate::kernel::{DumpScope, Figures, Flows, KernelError, Pace, Source};

/// One stage of a query; flows pass them in order.
#[derive(Debug, Clone)]
pub enum Stage<A> {
    /// Only what the filter takes.
    Where(Filter<A>),
    /// Without the first so many.
    Skip(u64),
    /// No more than so many.
    Take(u64),
}

/// What reading a query took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Run {
    /// What the source sent, and how long it was waited for.
    pub source: Figures,
    /// Flows that passed what native code answers of the first stage.
    pub native: u64,
    /// Flows that a script was asked about.
    pub asked: u64,
    /// Flows that passed everything.
    pub given: u64,
    /// Time that it took to answer.
    pub asking: Duration,
    /// Time from the first flow to the end, with what was made of the flows.
    pub took: Duration,
}

/// Several readings together.
impl AddAssign for Run {
    fn add_assign(&mut self, other: Self) {
        let Self { source, native, asked, given, asking, took } = other;
        self.source.sent += source.sent;
        self.source.waited += source.waited;
        self.native += native;
        self.asked += asked;
        self.given += given;
        self.asking += asking;
        self.took += took;
    }
}

/// A lazy query. `A` is what a script call in a filter is.
#[derive(Debug, Clone)]
pub struct Query<A> {
    source: Rc<dyn Source>,
    scope: DumpScope,
    stages: Vec<Stage<A>>,
    /// What its last reading took; shared by its clones.
    last: Rc<Cell<Option<Run>>>,
}

impl<A: Question> Query<A> {
    /// Every flow of `source`.
    #[must_use]
    pub fn new(source: Rc<dyn Source>) -> Self {
        Self { source, scope: DumpScope::default(), stages: Vec::new(), last: Rc::default() }
    }

    /// Where the flows come from.
    #[must_use]
    pub fn source(&self) -> &Rc<dyn Source> {
        &self.source
    }

    /// The same query over another part of the source, such as one family or the dying list.
    #[must_use]
    pub fn with_scope(mut self, scope: DumpScope) -> Self {
        self.scope = scope;
        self.changed()
    }

    /// The part of the source that is read.
    #[must_use]
    pub fn scope(&self) -> &DumpScope {
        &self.scope
    }

    /// Only what `filter` takes of it.
    #[must_use]
    pub fn filtered(mut self, filter: Filter<A>) -> Self {
        match self.stages.last_mut() {
            Some(Stage::Where(last)) => *last = last.clone().and(filter),
            _ => self.stages.push(Stage::Where(filter)),
        }
        self.changed()
    }

    /// Without its first `count` flows.
    #[must_use]
    pub fn skip(mut self, count: u64) -> Self {
        self.stages.push(Stage::Skip(count));
        self.changed()
    }

    /// No more than its first `count` flows.
    #[must_use]
    pub fn take(mut self, count: u64) -> Self {
        self.stages.push(Stage::Take(count));
        self.changed()
    }

    /// Another query: what the last reading of the one before took is nothing of its own.
    fn changed(mut self) -> Self {
        self.last = Rc::default();
        self
    }

    /// What its last reading took; `None` if it was not read yet.
    #[must_use]
    pub fn last_run(&self) -> Option<Run> {
        self.last.get()
    }

    /// Its stages, in their order.
    #[must_use]
    pub fn stages(&self) -> &[Stage<A>] {
        &self.stages
    }

    /// True if it is the whole table: no stage narrows it.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        let idle = |stage: &Stage<A>| match stage {
            Stage::Where(filter) => filter.now().is_all(),
            Stage::Skip(count) => *count == 0,
            Stage::Take(_) => false,
        };
        self.scope == DumpScope::default() && self.stages.iter().all(idle)
    }

    /// The filter, if that is all the query does; `None` if it skips or takes.
    #[must_use]
    pub fn filter(&self) -> Option<Filter<A>> {
        match self.stages.as_slice() {
            [] => Some(Filter::All),
            [Stage::Where(filter)] => Some(filter.clone()),
            _ => None,
        }
    }

    /// What every flow of it satisfies now, whatever the query skips and wherever it ends.
    #[must_use]
    pub fn condition(&self) -> Filter<A> {
        let filters = self.stages.iter().filter_map(|stage| match stage {
            Stage::Where(filter) => Some(filter.now()),
            Stage::Skip(_) | Stage::Take(_) => None,
        });
        filters.fold(Filter::All, Filter::and)
    }

    /// What native code can answer of the first stage now: answered where the flow is decoded.
    #[must_use]
    pub fn native(&self) -> Filter {
        native(&self.present())
    }

    /// The stages as they are now.
    fn present(&self) -> Vec<Stage<A>> {
        let present = |stage: &Stage<A>| match stage {
            Stage::Where(filter) => Stage::Where(filter.now()),
            other => other.clone(),
        };
        self.stages.iter().map(present).collect()
    }

    /// Starts to read.
    ///
    /// # Errors
    ///
    /// The source cannot be read.
    pub fn cursor(&self) -> Result<Cursor<A>, KernelError> {
        let mut stages = self.present();
        let native = native(&stages);
        if matches!(stages.first(), Some(Stage::Where(filter)) if !filter.asks()) {
            stages.remove(0);
        }
        let started = Instant::now();
        let flows = self.source.flows(&self.scope, &native)?;
        let (now_ns, last) = (self.source.now_ns(), Rc::clone(&self.last));
        Ok(Cursor { flows, stages, now_ns, run: Run::default(), started, last })
    }
}

/// What native code can answer of the first stage: answered where the flow is decoded.
fn native<A>(stages: &[Stage<A>]) -> Filter {
    match stages.first() {
        Some(Stage::Where(filter)) => filter.native(),
        _ => Filter::All,
    }
}

/// A query being read.
pub struct Cursor<A> {
    flows: Box<dyn Flows>,
    stages: Vec<Stage<A>>,
    now_ns: u64,
    run: Run,
    started: Instant,
    /// Where the query remembers what this reading took.
    last: Rc<Cell<Option<Run>>>,
}

impl<A> Cursor<A> {
    /// Allows to receive flows before those that came earlier were used; to be said before the
    /// first. Not if the query may end before the flows do, nor in any order if that decides which
    /// flows it finds.
    #[must_use]
    pub fn at(mut self, pace: Pace) -> Self {
        let strict = |stage: &Stage<A>| match stage {
            Stage::Take(_) => true,
            Stage::Skip(_) => pace == Pace::Together,
            Stage::Where(filter) => pace == Pace::Together && filter.asks(),
        };
        if !self.stages.iter().any(strict) {
            self.flows.set_pace(pace);
        }
        self
    }

    /// The next flow that passes all stages, valid until the next call; `None` at the end.
    ///
    /// # Errors
    ///
    /// The source fails, or `ask` does.
    pub fn next<E: From<KernelError>>(
        &mut self,
        ask: &mut dyn FnMut(&A, &Flow) -> Result<bool, E>,
    ) -> Result<Option<&Flow>, E> {
        let Run { native, asked, given, asking, .. } = &mut self.run;
        let called = Cell::new(false);
        let mut timed = |question: &A, flow: &Flow| {
            let began = Instant::now();
            let answer = ask(question, flow);
            *asking += began.elapsed();
            called.set(true);
            answer
        };
        // A stage that takes no more ends the query before another flow is asked for.
        while !self.stages.iter().any(|stage| matches!(stage, Stage::Take(0))) {
            let Some(flow) = self.flows.next()? else { return Ok(None) };
            *native += 1;
            let passed = passes(&mut self.stages, flow, self.now_ns, &mut timed)?;
            *asked += u64::from(called.take());
            if passed {
                *given += 1;
                // Asked for again because the borrow of the first answer cannot outlive the loop.
                return Ok(self.flows.current());
            }
        }
        Ok(None)
    }
}

/// However it ends, by itself or because no more is wanted.
impl<A> Drop for Cursor<A> {
    fn drop(&mut self) {
        let (source, took) = (self.flows.figures(), self.started.elapsed());
        self.last.set(Some(Run { source, took, ..self.run }));
    }
}

fn passes<A, E>(
    stages: &mut [Stage<A>],
    flow: &Flow,
    now_ns: u64,
    ask: &mut dyn FnMut(&A, &Flow) -> Result<bool, E>,
) -> Result<bool, E> {
    for stage in stages {
        match stage {
            Stage::Where(filter) => {
                if !filter.judge(flow, now_ns, ask)? {
                    return Ok(false);
                }
            }
            Stage::Skip(0) => (),
            Stage::Skip(left) => {
                *left -= 1;
                return Ok(false);
            }
            Stage::Take(left) => *left = left.saturating_sub(1),
        }
    }
    Ok(true)
}
