//! The hand that changes flows: guarded, written down, sent in batches, and kept for who wants them
//! back. Which flows come to it is for [`change`](super::change()).

use std::rc::Rc;
use std::time::Instant;

use super::batches::Batches;
use super::{Change, Deed, Guard, Outcome, Past, Undo, Unfinished};
use crate::flow::{Changed, Flow};
use crate::kernel::{Fate, KernelError, REQUESTS, Source, now_ns};

/// Changes on their way.
pub(super) struct Hand<'h, E> {
    source: &'h Rc<dyn Source>,
    pub(super) change: Change<'h, E>,
    pub(super) guard: &'h mut dyn Guard<E>,
    pub(super) batches: Batches<'h>,
    pub(super) outcome: Outcome,
    /// What goes with the next batch.
    next: Vec<Deed>,
    changes: Vec<Changed>,
    /// What went with the last, of which it is not known yet what became of it.
    sent: Vec<Changed>,
    past: Past,
    pub(super) started: Instant,
}

impl<'h, E: From<KernelError>> Hand<'h, E> {
    /// A hand that makes `change` to flows of `source`.
    pub(super) fn new(
        source: &'h Rc<dyn Source>,
        change: Change<'h, E>,
        guard: &'h mut dyn Guard<E>,
    ) -> Result<Self, Unfinished<E>> {
        let started = Instant::now();
        let mut outcome = Outcome::new(change.verb());
        let opened = source.lives().and_then(|lives| {
            outcome.dry_run = lives.iter().any(|live| live.is_dry_run());
            Batches::new(source, change.what())
        });
        let batches = match opened {
            Ok(batches) => batches,
            Err(error) => {
                return Err(Unfinished { outcome: Box::new(outcome), error: error.into() });
            }
        };
        let room = || Vec::with_capacity(REQUESTS);
        let (next, changes, sent) = (Vec::with_capacity(REQUESTS), room(), room());
        let past = Past::default();
        Ok(Self { source, change, guard, batches, outcome, next, changes, sent, past, started })
    }

    /// What is to be done with `flow`: nothing if it is protected.
    pub(super) fn deed(&mut self, flow: &Flow) -> Result<Deed, E> {
        let deed = self.change.deed(flow)?;
        Ok(self.guarded(flow, deed))
    }

    fn guarded(&mut self, flow: &Flow, deed: Deed) -> Deed {
        if deed != Deed::Nothing && self.guard.protects(flow) {
            self.outcome.protected += 1;
            return Deed::Nothing;
        }
        deed
    }

    /// Takes a flow to be changed.
    pub(super) fn take(&mut self, flow: &Flow) -> Result<(), E> {
        let deed = self.change.deed(flow)?;
        self.take_for(flow, deed)
    }

    /// Takes a flow, for what is to be done with it.
    pub(super) fn take_for(&mut self, flow: &Flow, deed: Deed) -> Result<(), E> {
        let mut deed = self.guarded(flow, deed);
        if let Deed::Update(patch) = &mut deed {
            patch.fit(flow);
        }
        let became = match &deed {
            Deed::Nothing => return Ok(()),
            Deed::Delete => None,
            Deed::Update(patch) if !patch.suits(flow.orig.proto) => {
                let (_, batch) = self.batches.of(flow.netns())?;
                let why = format!("{} has no such state", flow.orig.proto);
                batch.count_refused(&flow.key(), &why);
                return Ok(());
            }
            Deed::Update(patch) => Some(patch.applied(flow)),
        };
        self.next.push(deed);
        self.changes.push(Changed { was: flow.clone(), became, time_ns: 0 });
        if self.next.len() < REQUESTS { Ok(()) } else { self.send() }
    }

    /// Sends what was taken, once it is known what became of what was sent before, and this is
    /// written down.
    fn send(&mut self) -> Result<(), E> {
        self.settle()?;
        let time_ns = now_ns();
        self.changes.iter_mut().for_each(|changed| changed.time_ns = time_ns);
        self.guard.record(&self.changes)?;
        let pushed = self.push();
        self.next.clear();
        std::mem::swap(&mut self.sent, &mut self.changes);
        Ok(pushed?)
    }

    /// Waits until it is known what became of what was sent, and keeps that.
    fn settle(&mut self) -> Result<(), E> {
        let settled = self.batches.settle();
        let mut fates = self.batches.take_fates();
        let (mut unmade, mut refused, mut partly) = (Vec::new(), Vec::new(), Vec::new());
        for changed in self.sent.drain(..) {
            let fate = fates.get_mut(&changed.was.netns().cloned()).and_then(Iterator::next);
            match fate {
                Some(Fate::Done(_)) if !self.outcome.dry_run => self.past.push(&changed),
                Some(Fate::Gone) => unmade.push(changed),
                Some(Fate::Failed(_)) => refused.push(changed),
                _ => (),
            }
        }
        // A delete is done or not.
        for changed in refused.iter().filter(|changed| changed.became.is_some()) {
            partly.extend(self.halfway(changed)?);
        }
        unmade.append(&mut refused);
        if !unmade.is_empty() {
            self.guard.strike(&unmade)?;
        }
        if !partly.is_empty() {
            self.guard.record(&partly)?;
            for changed in &partly {
                self.past.push(changed);
                self.outcome.partly += 1;
            }
        }
        Ok(settled?)
    }

    /// What the kernel made of an update before it refused the rest.
    fn halfway(&mut self, changed: &Changed) -> Result<Option<Changed>, KernelError> {
        let (live, _) = self.batches.of(changed.was.netns())?;
        let key = changed.was.key();
        let now = live.get(&key)?.filter(|now| key.is_still(now));
        // Its time tells it from the whole, which the journal strikes out.
        let half = now.and_then(|now| changed.halfway(&now));
        Ok(half.map(|half| Changed { time_ns: now_ns(), ..half }))
    }

    fn push(&mut self) -> Result<(), KernelError> {
        for (deed, Changed { was, .. }) in self.next.iter().zip(&self.changes) {
            let (_, batch) = self.batches.of(was.netns())?;
            match deed {
                Deed::Nothing => (),
                Deed::Delete => batch.delete(&was.key())?,
                Deed::Update(patch) => batch.update(&was.key(), patch, was.status)?,
            }
        }
        self.batches.send()
    }

    /// Sends what is left, unless there was an error, and says what became of everything.
    pub(super) fn finish(mut self, ran: Result<(), E>) -> Result<Outcome, Unfinished<E>> {
        // After an error, what was judged but not sent is not sent.
        let ran = ran.and_then(|()| self.send());
        let settled = self.settle();
        let ran = ran.and(settled);
        let mut outcome = self.outcome;
        outcome.applied = self.batches.into_applied();
        outcome.undo = Undo::of(self.source, self.past);
        outcome.took = self.started.elapsed();
        match ran {
            Ok(()) => Ok(outcome),
            Err(error) => Err(Unfinished { outcome: Box::new(outcome), error }),
        }
    }
}
