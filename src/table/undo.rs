//! Putting back what was changed: the way back from a [`Past`].

use std::cell::Cell;
use std::collections::{HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use super::{Guard, Outcome, Past, Unfinished};
use crate::flow::{Changed, FlowKey, NewFlow, Patch, Status};
use crate::kernel::{Batch, Fate, KernelError, Live, Source, now_ns};

/// What takes a change back, once.
#[derive(Debug, Clone)]
pub struct Undo(Rc<Kept>);

#[derive(Debug)]
struct Kept {
    source: Rc<dyn Source>,
    past: Past,
    used: Cell<bool>,
}

impl Undo {
    /// What takes `past` back in the table of `source`; absent if nothing was changed.
    #[must_use]
    pub fn of(source: &Rc<dyn Source>, past: Past) -> Option<Self> {
        if past.is_empty() {
            return None;
        }
        let (source, used) = (Rc::clone(source), Cell::new(false));
        Some(Self(Rc::new(Kept { source, past, used })))
    }

    /// The table it belongs to.
    #[must_use]
    pub fn source(&self) -> &Rc<dyn Source> {
        &self.0.source
    }

    /// True if it was put back already, as far as that could be.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.0.used.get()
    }

    /// Puts everything back; see [`put_back`].
    ///
    /// # Errors
    ///
    /// As [`put_back`]; then it can be tried again.
    pub fn run<E: From<KernelError>>(
        &self,
        guard: &mut dyn Guard<E>,
    ) -> Result<Outcome, Unfinished<E>> {
        let outcome = put_back(&*self.0.source, &self.0.past, guard)?;
        // If nothing of it came back, it may yet, once what came later is undone.
        self.0.used.set(outcome.applied.done > 0 && !outcome.dry_run);
        Ok(outcome)
    }
}

/// Puts back what was changed in the table of `source`, the last change first: makes the flows that
/// were deleted, and writes the old values of those that were updated.
///
/// A flow that would have run out meanwhile is gone. One that is there again, that somebody else
/// changed since, or whose values the kernel does not take back, has failed.
///
/// # Errors
///
/// Changes are forbidden, the source is not live, or it is interrupted.
pub fn put_back<E: From<KernelError>>(
    source: &dyn Source,
    past: &Past,
    guard: &mut dyn Guard<E>,
) -> Result<Outcome, Unfinished<E>> {
    let started = Instant::now();
    let mut outcome = Outcome::new("put back");
    let ran = all_back(source, past, guard, &mut outcome);
    outcome.took = started.elapsed();
    match ran {
        Ok(()) => Ok(outcome),
        Err(error) => Err(Unfinished { outcome: Box::new(outcome), error: error.into() }),
    }
}

fn all_back<E>(
    source: &dyn Source,
    past: &Past,
    guard: &mut dyn Guard<E>,
    outcome: &mut Outcome,
) -> Result<(), KernelError> {
    for tag in &past.tags {
        let live = match source.part(tag.as_ref()) {
            Some(live) => live,
            None => source.live()?,
        };
        outcome.dry_run = live.is_dry_run();
        let batch = live.batch("put flows back")?.telling();
        let (sent, made, heirs) = (VecDeque::new(), HashSet::new(), Vec::new());
        let mut way = Way { live, batch, now_ns: now_ns(), sent, made, heirs };
        let ran = way.go(past, tag.as_ref(), guard, outcome);
        live.remember_again(way.made);
        outcome.applied.merge(way.batch.into_applied());
        ran?;
    }
    if let Some(key) = &past.example {
        outcome.matched += past.left_out;
        outcome.applied.refuse_unasked(past.left_out, key, "it was not kept: there were too many");
    }
    Ok(())
}

/// The way back.
struct Way<'a> {
    live: &'a Live,
    batch: Batch<'a>,
    now_ns: u64,
    /// Names of flows whose answers are awaited, and whether they are to be made.
    sent: VecDeque<(FlowKey, bool)>,
    /// Names of flows that were made again, and so have another id than they had.
    made: HashSet<FlowKey>,
    /// Flows that can be made only after their masters.
    heirs: Vec<NewFlow>,
}

impl Way<'_> {
    fn go<E>(
        &mut self,
        past: &Past,
        tag: Option<&Arc<str>>,
        guard: &mut dyn Guard<E>,
        outcome: &mut Outcome,
    ) -> Result<(), KernelError> {
        for changed in past.back().filter(|changed| changed.was.netns() == tag) {
            outcome.matched += 1;
            if changed.became.is_none() {
                self.make(&changed)?;
            } else if !self.write(&changed, guard)? {
                outcome.protected += 1;
            }
        }
        self.settle()?;
        for heir in std::mem::take(&mut self.heirs) {
            self.batch.create(&heir)?;
        }
        self.batch.flush()
    }

    /// Makes a deleted flow again.
    fn make(&mut self, changed: &Changed) -> Result<(), KernelError> {
        let was = &changed.was;
        let Some(left_s) = changed.left_s(self.now_ns) else {
            match was.timeout_s {
                Some(_) => self.batch.count_gone(),
                None => self.batch.count_refused(&was.key(), "it showed no timeout"),
            }
            return Ok(());
        };
        let new = NewFlow::again(was, left_s);
        if new.master.is_some() {
            self.heirs.push(new);
            return Ok(());
        }
        self.batch.create(&new)?;
        self.await_answer(FlowKey { id: None, ..was.key() }, true);
        Ok(())
    }

    /// Waits for the answer about `key`, and takes those that have come.
    fn await_answer(&mut self, key: FlowKey, is_made: bool) {
        self.sent.push_back((key, is_made));
        self.answers();
    }

    /// Sends what is left, and takes what was answered.
    fn settle(&mut self) -> Result<(), KernelError> {
        self.batch.flush()?;
        self.answers();
        Ok(())
    }

    /// Takes what was answered.
    fn answers(&mut self) {
        for fate in self.batch.take_fates() {
            if let (Some((key, true)), Fate::Done(_)) = (self.sent.pop_front(), fate) {
                self.made.insert(key);
            }
        }
    }

    /// Writes the old values of an updated flow; false if it is protected.
    fn write<E>(
        &mut self,
        changed: &Changed,
        guard: &mut dyn Guard<E>,
    ) -> Result<bool, KernelError> {
        let key = FlowKey { id: None, ..changed.was.key() };
        if self.sent.iter().any(|(sent, _)| *sent == key) {
            self.settle()?;
        }
        let Some(now) = self.live.get(&key)? else {
            if self.made.contains(&key) && self.live.is_dry_run() {
                self.batch.update(&key, &Patch::default(), None)?;
                self.await_answer(key, false);
            } else {
                self.batch.count_gone();
            }
            return Ok(true);
        };
        if guard.protects(&now) {
            return Ok(false);
        }
        let again = self.made.contains(&key) || self.live.is_again(&key);
        if now.id != changed.was.id && !again {
            self.batch.count_refused(&key, "another flow has taken its place");
            return Ok(true);
        }
        let Some(mut patch) = changed.back(&now, self.now_ns) else {
            self.batch.count_refused(&key, "it was changed since");
            return Ok(true);
        };
        let stuck = changed.stuck();
        if stuck.has(Status::FIXED_TIMEOUT) {
            // That is what it is fixed to.
            patch.timeout_s = None;
        }
        if stuck != Status::default() {
            let rest = if patch.is_empty() { "" } else { ", the rest was put back" };
            self.batch.count_refused(&key, &format!("{stuck} cannot be cleared again{rest}"));
        }
        if stuck == Status::default() || !patch.is_empty() {
            self.batch.update(&key, &patch, now.status)?;
            self.await_answer(key, false);
        }
        Ok(true)
    }
}
