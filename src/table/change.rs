//! Changing what a query finds: plan, check, apply, outcome.
//!
//! Without a limit the changes are sent while the dump still runs, one batch behind it. With one,
//! the keys are gathered first, and each flow is looked up and judged again before it is changed.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use super::Query;
use crate::flow::{Filter, Flow, FlowKey, Patch, Status};
use crate::kernel::{Applied, Batch, KernelError, now_ns};

/// What is to be done with each flow.
#[derive(Debug, Clone, Copy)]
pub enum Change<'a> {
    /// Delete it.
    Delete,
    /// Change it.
    Update(&'a Patch),
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

impl Change<'_> {
    fn verb(self) -> &'static str {
        match self {
            Self::Delete => "deleted",
            Self::Update(_) => "updated",
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Delete => "delete flows",
            Self::Update(_) => "update flows",
        }
    }

    fn push(
        self,
        batch: &mut Batch<'_>,
        key: &FlowKey,
        present: Option<Status>,
    ) -> Result<(), KernelError> {
        match self {
            Self::Delete => batch.delete(key),
            Self::Update(patch) => batch.update(key, patch, present),
        }
    }
}

/// A change that was not made to its end: what was done of it, and why no more.
#[derive(Debug)]
pub struct Unfinished<E> {
    /// What was done; `matched` counts what was looked at.
    pub outcome: Outcome,
    /// Why it ended.
    pub error: E,
}

/// Makes `change` to every flow of `query`; `ask` answers for the filter's script calls.
///
/// # Errors
///
/// Changes are forbidden, the source is not live or cannot be read, `ask` fails, it is interrupted,
/// or there are more flows than `limit`. The error says what was done before it.
pub fn change<A: Clone, E: From<KernelError> + From<ChangeError>>(
    query: &Query<A>,
    change: Change<'_>,
    limit: Option<Limit>,
    ask: &mut dyn FnMut(&A, &Flow) -> Result<bool, E>,
) -> Result<Outcome, Unfinished<E>> {
    let started = Instant::now();
    let mut outcome = Outcome {
        verb: change.verb(),
        matched: 0,
        protected: 0,
        applied: Applied::default(),
        dry_run: false,
        took: Duration::ZERO,
    };
    let opened = query.source().live().and_then(|live| {
        outcome.dry_run = live.is_dry_run();
        live.batch(change.what())
    });
    let mut batch = match opened {
        Ok(batch) => batch,
        Err(error) => return Err(Unfinished { outcome, error: error.into() }),
    };
    let ran = match limit {
        None => stream(query, change, ask, &mut batch, &mut outcome.matched),
        Some(limit) => planned(query, change, limit, ask, &mut batch, &mut outcome.matched),
    };
    // After an error, what was judged but not sent is not sent.
    let ran = ran.and_then(|()| Ok(batch.flush()?));
    outcome.applied = batch.into_applied();
    outcome.took = started.elapsed();
    match ran {
        Ok(()) => Ok(outcome),
        Err(error) => Err(Unfinished { outcome, error }),
    }
}

/// Changes flows while they are listed.
fn stream<A: Clone, E: From<KernelError>>(
    query: &Query<A>,
    change: Change<'_>,
    ask: &mut dyn FnMut(&A, &Flow) -> Result<bool, E>,
    batch: &mut Batch<'_>,
    matched: &mut u64,
) -> Result<(), E> {
    let mut cursor = query.cursor()?;
    while let Some(flow) = cursor.next(ask)? {
        *matched += 1;
        change.push(batch, &flow.key(), flow.status)?;
    }
    Ok(())
}

/// Counts first; then looks each flow up and judges it again before it is changed.
fn planned<A: Clone, E: From<KernelError> + From<ChangeError>>(
    query: &Query<A>,
    change: Change<'_>,
    limit: Limit,
    ask: &mut dyn FnMut(&A, &Flow) -> Result<bool, E>,
    batch: &mut Batch<'_>,
    matched: &mut u64,
) -> Result<(), E> {
    let live = query.source().live()?;
    let filter = query.filter().unwrap_or(Filter::All);
    for key in plan(query, change, limit, ask)? {
        *matched += 1;
        match live.get(&key)?.filter(|flow| flow.id == key.id) {
            Some(flow) if filter.judge(&flow, now_ns(), ask)? => {
                change.push(batch, &flow.key(), flow.status)?;
            }
            _ => batch.count_gone(),
        }
    }
    Ok(())
}

/// The keys of all flows that `query` finds, if there are not too many.
fn plan<A: Clone, E: From<KernelError> + From<ChangeError>>(
    query: &Query<A>,
    change: Change<'_>,
    limit: Limit,
    ask: &mut dyn FnMut(&A, &Flow) -> Result<bool, E>,
) -> Result<Vec<FlowKey>, E> {
    let max = match limit {
        Limit::Flows(max) => max,
        Limit::Percent(percent) => share(query.source().live()?.global_stats()?.entries, percent),
    };
    let (mut keys, mut found) = (Vec::new(), 0);
    let mut cursor = query.cursor()?;
    while let Some(flow) = cursor.next(ask)? {
        found += 1;
        if found <= max {
            keys.push(flow.key());
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
    clippy::as_conversions,
    reason = "the product lies between 0 and u32::MAX"
)]
fn share(entries: u32, percent: f64) -> u64 {
    (f64::from(entries) * percent / 100.0).floor() as u64
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
        Ok(())
    }
}
