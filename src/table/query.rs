//! A query: a source, and what is asked of it, stage by stage. Nothing is read before a cursor is
//! made, and a cursor keeps nothing.

use std::rc::Rc;

use crate::flow::{Filter, Flow};
use crate::kernel::{DumpScope, Flows, KernelError, Source};

/// One stage of a query; flows pass them in order.
#[derive(Debug, Clone)]
enum Stage<A> {
    Where(Filter<A>),
    Skip(u64),
    Take(u64),
}

/// A lazy query. `A` is what a script call in a filter is.
#[derive(Debug, Clone)]
pub struct Query<A> {
    source: Rc<dyn Source>,
    scope: DumpScope,
    stages: Vec<Stage<A>>,
}

impl<A: Clone> Query<A> {
    /// Every flow of `source`.
    #[must_use]
    pub fn new(source: Rc<dyn Source>) -> Self {
        Self { source, scope: DumpScope::default(), stages: Vec::new() }
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
        self
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
        self
    }

    /// Without its first `count` flows.
    #[must_use]
    pub fn skip(mut self, count: u64) -> Self {
        self.stages.push(Stage::Skip(count));
        self
    }

    /// No more than its first `count` flows.
    #[must_use]
    pub fn take(mut self, count: u64) -> Self {
        self.stages.push(Stage::Take(count));
        self
    }

    /// True if it is the whole table: no stage narrows it.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        let idle = |stage: &Stage<A>| matches!(stage, Stage::Where(filter) if filter.is_all());
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

    /// What native code can answer of the first stage: answered where the flow is decoded.
    #[must_use]
    pub fn native(&self) -> Filter {
        match self.stages.first() {
            Some(Stage::Where(filter)) => filter.native(),
            _ => Filter::All,
        }
    }

    /// Starts to read.
    ///
    /// # Errors
    ///
    /// The source cannot be read.
    pub fn cursor(&self) -> Result<Cursor<A>, KernelError> {
        let mut stages = self.stages.clone();
        let native = self.native();
        if matches!(stages.first(), Some(Stage::Where(filter)) if !filter.asks()) {
            stages.remove(0);
        }
        let flows = self.source.flows(&self.scope, &native)?;
        Ok(Cursor { flows, stages, now_ns: self.source.now_ns() })
    }
}

/// A query being read.
pub struct Cursor<A> {
    flows: Box<dyn Flows>,
    stages: Vec<Stage<A>>,
    now_ns: u64,
}

impl<A> Cursor<A> {
    /// The next flow that passes all stages, valid until the next call; `None` at the end.
    ///
    /// # Errors
    ///
    /// The source fails, or `ask` does.
    pub fn next<E: From<KernelError>>(
        &mut self,
        ask: &mut dyn FnMut(&A, &Flow) -> Result<bool, E>,
    ) -> Result<Option<&Flow>, E> {
        // A stage that takes no more ends the query before another flow is asked for.
        while !self.stages.iter().any(|stage| matches!(stage, Stage::Take(0))) {
            let Some(flow) = self.flows.next()? else { return Ok(None) };
            if passes(&mut self.stages, flow, self.now_ns, ask)? {
                // Asked for again because the borrow of the first answer cannot outlive the loop.
                return Ok(self.flows.current());
            }
        }
        Ok(None)
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
