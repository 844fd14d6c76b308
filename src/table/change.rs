//! Changing what a query finds: plan, check, apply, outcome.
//!
//! Without a limit the changes are sent while the dump still runs, one batch behind it. With one,
//! the keys are gathered first, and each flow is looked up and judged again before it is changed.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::batches::Batches;
use super::{Deed, Query};
use crate::flow::{Filter, Flow, FlowKey, Patch, Question};
use crate::kernel::{Applied, Batch, KernelError, now_ns};

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

/// What became of a change.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// `deleted`, `updated` or `created`.
    pub verb: &'static str,
    /// Flows that the query found.
    pub matched: u64,
    /// Flows that were left alone because they are protected.
    pub protected: u64,
    /// What the kernel did with the rest.
    pub applied: Applied,
    /// What one should know about it: sentences, a hint behind a line break.
    pub note: Option<String>,
    /// True under `--dry-run`: nothing was sent.
    pub dry_run: bool,
    /// How long it took.
    pub took: Duration,
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The kernel, or the way to it.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// More flows than allowed; nothing was changed.
    #[error("would have {verb} {found} flows, more than max {max}; nothing was changed")]
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
    fn verb(self) -> &'static str {
        match self {
            Self::Delete => "deleted",
            Self::Update(_) => "updated",
            Self::Rule { verb, .. } => verb,
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Delete => "delete flows",
            Self::Update(_) => "update flows",
            Self::Rule { .. } => "change flows",
        }
    }

    /// False if `flow` is to be left as it is.
    fn concerns(self, flow: &Flow) -> Result<bool, E> {
        match self {
            Self::Rule { rule, .. } => Ok(rule(flow)? != Deed::Nothing),
            Self::Delete | Self::Update(_) => Ok(true),
        }
    }
}

impl<E: From<KernelError>> Change<'_, E> {
    fn push(self, batch: &mut Batch<'_>, flow: &Flow) -> Result<(), E> {
        let key = flow.key();
        match self {
            Self::Delete => batch.delete(&key)?,
            Self::Update(patch) => batch.update(&key, patch, flow.status)?,
            Self::Rule { rule, .. } => match rule(flow)? {
                Deed::Nothing => (),
                Deed::Delete => batch.delete(&key)?,
                Deed::Update(patch) => batch.update(&key, &patch, flow.status)?,
            },
        }
        Ok(())
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

/// Makes `change` to every flow of `query`; `ask` answers for the filter's script calls.
///
/// # Errors
///
/// Changes are forbidden, the source is not live or cannot be read, `ask` fails, it is interrupted,
/// or there are more flows than `limit`. The error says what was done before it.
pub fn change<A: Question, E: From<KernelError> + From<ChangeError>>(
    query: &Query<A>,
    change: Change<'_, E>,
    limit: Option<Limit>,
    ask: &mut dyn FnMut(&A, &Flow) -> Result<bool, E>,
) -> Result<Outcome, Unfinished<E>> {
    let started = Instant::now();
    let mut outcome = Outcome {
        verb: change.verb(),
        matched: 0,
        protected: 0,
        applied: Applied::default(),
        note: None,
        dry_run: false,
        took: Duration::ZERO,
    };
    let opened = query.source().lives().and_then(|lives| {
        outcome.dry_run = lives.iter().any(|live| live.is_dry_run());
        Batches::new(query.source(), change.what())
    });
    let mut batches = match opened {
        Ok(batches) => batches,
        Err(error) => {
            return Err(Unfinished { outcome: Box::new(outcome), error: error.into() });
        }
    };
    let ran = match limit {
        None => stream(query, change, ask, &mut batches, &mut outcome.matched),
        Some(limit) => planned(query, change, limit, ask, &mut batches, &mut outcome.matched),
    };
    // After an error, what was judged but not sent is not sent.
    let ran = ran.and_then(|()| Ok(batches.flush()?));
    outcome.applied = batches.into_applied();
    outcome.took = started.elapsed();
    match ran {
        Ok(()) => Ok(outcome),
        Err(error) => Err(Unfinished { outcome: Box::new(outcome), error }),
    }
}

/// Changes flows while they are listed.
fn stream<A: Question, E: From<KernelError>>(
    query: &Query<A>,
    change: Change<'_, E>,
    ask: &mut dyn FnMut(&A, &Flow) -> Result<bool, E>,
    batches: &mut Batches<'_>,
    matched: &mut u64,
) -> Result<(), E> {
    let mut cursor = query.cursor()?;
    while let Some(flow) = cursor.next(ask)? {
        *matched += 1;
        let (_, batch) = batches.of(flow.netns())?;
        change.push(batch, flow)?;
    }
    Ok(())
}

/// The key of a flow in the namespace that it is tagged with.
type Tagged = (Option<Arc<str>>, FlowKey);

/// Counts first; then looks each flow up and judges it again before it is changed.
fn planned<A: Question, E: From<KernelError> + From<ChangeError>>(
    query: &Query<A>,
    change: Change<'_, E>,
    limit: Limit,
    ask: &mut dyn FnMut(&A, &Flow) -> Result<bool, E>,
    batches: &mut Batches<'_>,
    matched: &mut u64,
) -> Result<(), E> {
    let filter = query.filter().map_or(Filter::All, |filter| filter.now());
    for (netns, key) in plan(query, change, limit, ask, matched)? {
        let (live, batch) = batches.of(netns.as_ref())?;
        match live.get(&key)?.filter(|flow| flow.id == key.id) {
            Some(flow) if filter.judge(&flow, now_ns(), ask)? => change.push(batch, &flow)?,
            _ => batch.count_gone(),
        }
    }
    Ok(())
}

/// The keys of all flows that `query` finds and `change` concerns, if there are not too many.
fn plan<A: Question, E: From<KernelError> + From<ChangeError>>(
    query: &Query<A>,
    change: Change<'_, E>,
    limit: Limit,
    ask: &mut dyn FnMut(&A, &Flow) -> Result<bool, E>,
    matched: &mut u64,
) -> Result<Vec<Tagged>, E> {
    let max = match limit {
        Limit::Flows(max) => max,
        Limit::Percent(percent) => share(query.source().entries()?.unwrap_or(0), percent),
    };
    let (mut keys, mut found) = (Vec::new(), 0);
    let mut cursor = query.cursor()?;
    while let Some(flow) = cursor.next(ask)? {
        *matched += 1;
        if !change.concerns(flow)? {
            continue;
        }
        found += 1;
        if found <= max {
            keys.push((flow.netns().cloned(), flow.key()));
        }
    }
    if found > max {
        return Err(ChangeError::TooMany { verb: change.verb(), found, max }.into());
    }
    Ok(keys)
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

impl Outcome {
    /// True if nothing failed.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.applied.failed == 0
    }
}

/// `deleted 812, gone 3, failed 0, protected 0  (0.02 s)`, and a line for each kind of failure.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Applied { done, gone, failed, reasons } = &self.applied;
        let (verb, protected, took) = (self.verb, self.protected, self.took.as_secs_f64());
        let would = if self.dry_run { "would have " } else { "" };
        write!(
            f,
            "{would}{verb} {done}, gone {gone}, failed {failed}, protected {protected}  ({took:.2} s)"
        )?;
        for ((errno, said), refused) in reasons {
            let error = std::io::Error::from_raw_os_error(*errno);
            write!(f, "\n  {} failed: {error}", refused.count)?;
            if !said.is_empty() {
                write!(f, ": {said}")?;
            }
            write!(f, "; the first was {}", refused.example)?;
            if let Some(hint) = refused.hint {
                write!(f, "\n  hint: {hint}")?;
            }
        }
        if let Some(note) = &self.note {
            note.lines().try_for_each(|line| write!(f, "\n  {line}"))?;
        }
        Ok(())
    }
}
