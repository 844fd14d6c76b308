//! Changing what a query finds, each flow in its own way, and telling of each what became of it. The
//! changes are sent while the dump still runs: one batch is gathered while the one before it is carried
//! out.

use std::collections::VecDeque;

use super::Query;
use crate::flow::{Flow, Never, Patch};
use crate::kernel::{Batch, Fate, KernelError, Pace};

/// What is to be done with one flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Leave it alone.
    Nothing,
    /// Delete it.
    Delete,
    /// Change it.
    Update(Patch),
}

impl Deed {
    /// The same, but nothing where `flow` is already as it would be afterwards.
    #[must_use]
    pub fn needed(self, flow: &Flow) -> Self {
        match self {
            Self::Update(patch) if !patch.changes(flow) => Self::Nothing,
            deed => deed,
        }
    }
}

/// Does to every flow of `query` what `decide` says, looks at what it changed again, and tells of
/// each what became of it, in the order in which they come; `what` completes "cannot …".
///
/// # Errors
///
/// Changes are forbidden, the source is not live or cannot be read, or `tell` fails: then what was
/// already sent stays.
pub fn change_each<E: From<KernelError>>(
    query: &Query<Never>,
    what: &str,
    decide: &mut dyn FnMut(&Flow) -> Deed,
    tell: &mut dyn FnMut(&Flow, Fate) -> Result<(), E>,
) -> Result<(), E> {
    let mut batch = query.source().live()?.batch(what)?.telling().apart();
    let mut waiting = VecDeque::new();
    let ran = send_each(query, &mut batch, &mut waiting, decide, tell);
    // After an error, what was decided but not sent is not sent; what was sent is told of.
    let settled = if ran.is_ok() { batch.flush() } else { batch.settle() };
    let told = settle(&mut batch, &mut waiting, tell);
    ran.and(settled.map_err(E::from)).and(told)
}

fn send_each<E: From<KernelError>>(
    query: &Query<Never>,
    batch: &mut Batch<'_>,
    waiting: &mut VecDeque<Flow>,
    decide: &mut dyn FnMut(&Flow) -> Deed,
    tell: &mut dyn FnMut(&Flow, Fate) -> Result<(), E>,
) -> Result<(), E> {
    let mut cursor = query.cursor()?.at(Pace::Together);
    while let Some(flow) = cursor.next::<E>(&mut |never, _| match *never {})? {
        match decide(flow) {
            Deed::Nothing => continue,
            Deed::Delete => batch.delete(&flow.key())?,
            Deed::Update(patch) => batch.update_and_read(&flow.key(), &patch, flow.status)?,
        }
        waiting.push_back(flow.clone());
        settle(batch, waiting, tell)?;
    }
    Ok(())
}

/// Tells what became of the flows that waited for their answer.
fn settle<E>(
    batch: &mut Batch<'_>,
    waiting: &mut VecDeque<Flow>,
    tell: &mut dyn FnMut(&Flow, Fate) -> Result<(), E>,
) -> Result<(), E> {
    for fate in batch.take_fates() {
        if let Some(flow) = waiting.pop_front() {
            tell(&flow, fate)?;
        }
    }
    Ok(())
}
