//! Changing what a query finds: plan, check, apply, outcome.
//!
//! Where nobody must know the number first, the changes are sent while the dump still runs: one batch
//! is gathered while the one before it is carried out. For a limit or a question the keys are gathered
//! first, and each flow is looked up and judged again before it is changed.

use std::rc::Rc;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Instant;

use super::hand::Hand;
use super::{Deed, Guard, Outcome, Query};
use crate::flow::{Flow, FlowKey, Patch, Question};
use crate::kernel::{KernelError, Pace, Source, now_ns};

/// Flows that a question shows.
const SAMPLE: usize = 3;

/// What is to be done with each flow.
pub enum Change<'a, E> {
    /// Delete it.
    Delete,
    /// Change it.
    Update(&'a Patch),
    /// What the rule says of it.
    Rule {
        /// How the outcome calls what was done.
        verb: &'static str,
        /// True if what it says may depend on what it was asked before.
        remembers: bool,
        /// What to do with a flow; an error ends the change.
        rule: &'a dyn Fn(&Flow) -> Result<Deed, E>,
    },
}

/// How many flows a change may reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// This many.
    Flows(u64),
    /// This share of the table, in percent.
    Percent(f64),
}

/// Reads `5000` or `10%`.
impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let limit = match text.strip_suffix('%') {
            Some(percent) => percent.trim().parse().ok().map(Self::Percent),
            None => text.parse().ok().map(Self::Flows),
        };
        match limit {
            Some(Self::Percent(percent)) if !(0.0..=100.0).contains(&percent) => None,
            limit => limit,
        }
        .ok_or_else(|| format!("`{text}` is no limit: write a number of flows, or `10%`"))
    }
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The kernel, or the way to it.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// More flows than allowed; nothing was changed.
    #[error(
        "would have {verb} {found} flow{}, more than max {max}; nothing was changed",
        if *found == 1 { "" } else { "s" }
    )]
    TooMany {
        /// `deleted` or `updated`.
        verb: &'static str,
        /// Flows that the query found.
        found: u64,
        /// Flows that it may reach.
        max: u64,
    },
}

impl<E> Clone for Change<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Change<'_, E> {}

impl<E> Change<'_, E> {
    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Delete => "deleted",
            Self::Update(_) => "updated",
            Self::Rule { verb, .. } => verb,
        }
    }

    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Delete => "delete flows",
            Self::Update(_) => "update flows",
            Self::Rule { .. } => "change flows",
        }
    }

    /// The word for it, to ask with.
    fn word(self) -> &'static str {
        self.what().trim_end_matches(" flows")
    }

    /// What is to be done with `flow`.
    pub(super) fn deed(self, flow: &Flow) -> Result<Deed, E> {
        match self {
            Self::Delete => Ok(Deed::Delete),
            Self::Update(patch) => Ok(Deed::Update(patch.clone())),
            Self::Rule { rule, .. } => rule(flow),
        }
    }
}

/// A change that was not made to its end: what was done of it, and why no more.
#[derive(Debug)]
pub struct Unfinished<E> {
    /// What was done; `matched` counts what was looked at.
    pub outcome: Box<Outcome>,
    /// Why it ended.
    pub error: E,
}

/// Makes `change` to every flow of `query`, as `guard` lets it; `ask` answers for the filter's
/// script calls.
///
/// # Errors
///
/// Changes are forbidden, the source is not live or cannot be read, `ask` or `guard` fails, it is
/// interrupted, or there are more flows than `limit`. The error says what was done before it.
pub fn change<A: Question, E: From<KernelError> + From<ChangeError>>(
    query: &Query<A>,
    change: Change<'_, E>,
    limit: Option<Limit>,
    guard: &mut dyn Guard<E>,
    ask: &mut dyn FnMut(&A, &Flow) -> Result<bool, E>,
) -> Result<Outcome, Unfinished<E>> {
    let mut hand = Hand::new(query.source(), change, guard)?;
    let asks_above = hand.guard.asks_above().filter(|_| !hand.outcome.dry_run);
    let ran = if limit.is_none() && asks_above.is_none() {
        stream(query, ask, &mut hand)
    } else {
        planned(query, limit, asks_above, ask, &mut hand)
    };
    hand.finish(ran)
}

/// Makes `change` to `flow` of the table of `source`, as `guard` lets it.
///
/// # Errors
///
/// As [`change()`].
pub fn change_one<E: From<KernelError>>(
    source: &Rc<dyn Source>,
    change: Change<'_, E>,
    flow: &Flow,
    guard: &mut dyn Guard<E>,
) -> Result<Outcome, Unfinished<E>> {
    let mut hand = Hand::new(source, change, guard)?;
    hand.outcome.matched = 1;
    let taken = take_held(flow, &mut hand);
    hand.finish(taken)
}

/// Takes a flow that was seen whenever it was: it is looked up again, and what it is now is guarded.
fn take_held<E: From<KernelError>>(flow: &Flow, hand: &mut Hand<'_, E>) -> Result<(), E> {
    let (live, batch) = hand.batches.of(flow.netns())?;
    match live.get(&flow.key())?.filter(|present| flow.is_still(present)) {
        Some(present) => hand.take(&present),
        None => {
            batch.count_gone();
            Ok(())
        }
    }
}

/// Changes flows while they are listed.
fn stream<A: Question, E: From<KernelError>>(
    query: &Query<A>,
    ask: &mut dyn FnMut(&A, &Flow) -> Result<bool, E>,
    hand: &mut Hand<'_, E>,
) -> Result<(), E> {
    let pace = match hand.change {
        // What it says may depend on the flows before.
        Change::Rule { .. } => Pace::InStep,
        Change::Delete | Change::Update(_) => Pace::Together,
    };
    let mut cursor = query.cursor()?.at(pace);
    while let Some(flow) = cursor.next(ask)? {
        hand.outcome.matched += 1;
        hand.take(flow)?;
    }
    Ok(())
}

/// Counts first; then looks each flow up and judges it again before it is changed.
fn planned<A: Question, E: From<KernelError> + From<ChangeError>>(
    query: &Query<A>,
    limit: Option<Limit>,
    asks_above: Option<u64>,
    ask: &mut dyn FnMut(&A, &Flow) -> Result<bool, E>,
    hand: &mut Hand<'_, E>,
) -> Result<(), E> {
    let max = match limit {
        None => u64::MAX,
        Some(Limit::Flows(max)) => max,
        Some(Limit::Percent(percent)) => share(query.source().entries()?.unwrap_or(0), percent),
    };
    let Plan { found: flows, count: found, sample } = plan(query, max, ask, hand)?;
    if found > max {
        return Err(ChangeError::TooMany { verb: hand.outcome.verb, found, max }.into());
    }
    let word = hand.change.word();
    if asks_above.is_some_and(|many| found > many) {
        let asked = Instant::now();
        let agrees = hand.guard.agrees(word, found, &sample)?;
        // What the one who was asked thought about it is no time that the change took.
        hand.started += asked.elapsed();
        if !agrees {
            hand.outcome.declined = true;
            return Ok(());
        }
    }
    let condition = query.condition().again();
    for Found { netns, key, deed } in flows {
        let (live, batch) = hand.batches.of(netns.as_ref())?;
        match live.get(&key)?.filter(|flow| key.is_still(flow)) {
            Some(flow) if condition.judge(&flow, now_ns(), ask)? => match deed {
                Some(deed) => hand.take_for(&flow, *deed)?,
                None => hand.take(&flow)?,
            },
            _ => batch.count_gone(),
        }
    }
    Ok(())
}

/// What a change would reach.
struct Plan {
    /// Its flows, up to the limit.
    found: Vec<Found>,
    count: u64,
    /// The first of them.
    sample: Vec<Flow>,
}

/// A flow that was found.
struct Found {
    /// The namespace that it is tagged with.
    netns: Option<Arc<str>>,
    key: FlowKey,
    /// What is to be done with it, if that cannot be asked again.
    deed: Option<Box<Deed>>,
}

/// What `query` finds of flows that the change concerns and nobody protects.
fn plan<A: Question, E: From<KernelError>>(
    query: &Query<A>,
    max: u64,
    ask: &mut dyn FnMut(&A, &Flow) -> Result<bool, E>,
    hand: &mut Hand<'_, E>,
) -> Result<Plan, E> {
    let mut plan = Plan { found: Vec::new(), count: 0, sample: Vec::new() };
    let remembers = matches!(hand.change, Change::Rule { remembers: true, .. });
    let mut cursor = query.cursor()?.at(Pace::Ahead);
    while let Some(flow) = cursor.next(ask)? {
        hand.outcome.matched += 1;
        let deed = hand.deed(flow)?;
        if deed == Deed::Nothing {
            continue;
        }
        plan.count += 1;
        if plan.count <= max {
            let deed = remembers.then(|| Box::new(deed));
            plan.found.push(Found { netns: flow.netns().cloned(), key: flow.key(), deed });
        }
        if plan.sample.len() < SAMPLE {
            plan.sample.push(flow.clone());
        }
    }
    Ok(plan)
}

/// `percent` of `entries`, rounded down.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "a table has fewer than 2^52 flows, and a share of it is not negative"
)]
fn share(entries: u64, percent: f64) -> u64 {
    (entries as f64 * percent / 100.0).floor() as u64
}
