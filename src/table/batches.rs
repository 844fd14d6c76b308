//! The batches of one change: one for each table that its flows come from. What is put into them is
//! for [`change`](super::change()).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::rc::Rc;
use std::sync::Arc;
use std::vec::IntoIter;

use crate::kernel::{Applied, Batch, Fate, KernelError, Live, Source};

/// Batches by the tag of the table that they change; each is opened when its first flow is to change.
pub(super) struct Batches<'a> {
    source: &'a Rc<dyn Source>,
    what: &'static str,
    open: BTreeMap<Option<Arc<str>>, (&'a Live, Batch<'a>)>,
}

impl<'a> Batches<'a> {
    /// Batches for flows of `source`; `what` completes "will not …".
    ///
    /// # Errors
    ///
    /// Changes are forbidden, or the source is not live.
    pub(super) fn new(source: &'a Rc<dyn Source>, what: &'static str) -> Result<Self, KernelError> {
        for live in source.lives()? {
            live.may(what)?;
        }
        Ok(Self { source, what, open: BTreeMap::new() })
    }

    /// The table of flows that are tagged with `netns`, and its batch.
    ///
    /// # Errors
    ///
    /// The namespace cannot be entered, or there is no netfilter netlink.
    pub(super) fn of(
        &mut self,
        netns: Option<&Arc<str>>,
    ) -> Result<(&'a Live, &mut Batch<'a>), KernelError> {
        let (live, batch) = match self.open.entry(netns.cloned()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => {
                let live = match self.source.part(netns) {
                    Some(live) => live,
                    None => self.source.live()?,
                };
                free.insert((live, live.batch(self.what)?.telling().apart()))
            }
        };
        Ok((live, batch))
    }

    /// Sends what is left; threads may be at it still.
    ///
    /// # Errors
    ///
    /// As [`Batch::flush`].
    pub(super) fn send(&mut self) -> Result<(), KernelError> {
        self.open.values_mut().try_for_each(|(_, batch)| batch.send())
    }

    /// Waits for the answers to what was sent.
    ///
    /// # Errors
    ///
    /// As [`Batch::flush`].
    pub(super) fn settle(&mut self) -> Result<(), KernelError> {
        // What one table has answered is known, also if another fails.
        let settled = self.open.values_mut().map(|(_, batch)| batch.settle());
        settled.fold(Ok(()), Result::and)
    }

    /// What became of each change of which that is known since this was last asked, in the order of
    /// each table.
    pub(super) fn take_fates(&mut self) -> BTreeMap<Option<Arc<str>>, IntoIter<Fate>> {
        let fates = |(tag, (_, batch)): (&Option<Arc<str>>, &mut (&Live, Batch<'_>))| {
            (tag.clone(), batch.take_fates().into_iter())
        };
        self.open.iter_mut().map(fates).collect()
    }

    /// What became of everything that was sent.
    pub(super) fn into_applied(self) -> Applied {
        let mut applied = Applied::default();
        for (_, batch) in self.open.into_values() {
            applied.merge(batch.into_applied());
        }
        applied
    }
}
