//! What was changed, packed in memory, to be put back by [`undo`](super::undo).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Snapshot;
use super::pack::unpack;
use crate::flow::{Changed, Flow, FlowKey};

/// What was changed, in memory.
///
/// A flow that was changed ends, so to speak, where its packed form has the end of a destroyed one;
/// a flow without an end is what the one before it became.
#[derive(Debug, Default)]
pub struct Past {
    flows: Snapshot,
    changes: u64,
    /// The namespaces, by the tags of their flows.
    pub(super) tags: BTreeSet<Option<Arc<str>>>,
    /// Changes that were not kept, because there were too many; and one of them.
    pub(super) left_out: u64,
    pub(super) example: Option<FlowKey>,
}

impl Past {
    /// The most that is kept, in bytes: about a million deleted flows, or half as many updated.
    pub const BYTES: usize = 64 << 20;

    /// Adds a change; one too many is only counted.
    pub fn push(&mut self, Changed { was, became, time_ns }: &Changed) {
        if self.flows.bytes() > Self::BYTES {
            self.left_out += 1;
            self.example.get_or_insert_with(|| was.key());
            return;
        }
        self.changes += 1;
        if !self.tags.contains(&was.netns().cloned()) {
            self.tags.insert(was.netns().cloned());
        }
        self.flows.push(&Flow { stop_ns: Some(*time_ns), ..was.clone() });
        if let Some(became) = became {
            self.flows.push(&Flow { stop_ns: None, ..became.clone() });
        }
    }

    /// True if nothing was changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes == 0
    }

    /// True if there were changes too many.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.left_out > 0
    }

    /// How many changes there are, and the flow that the last was made to.
    #[must_use]
    pub fn last(&self) -> Option<(u64, FlowKey)> {
        Some((self.changes, self.back().next()?.was.key()))
    }

    /// The changes, the last one first.
    pub(super) fn back(&self) -> impl Iterator<Item = Changed> + '_ {
        let packed: Vec<&[u8]> = self.flows.packed().collect();
        let mut flows =
            packed.into_iter().rev().filter_map(|bytes| unpack(bytes).map(|(flow, _)| flow));
        std::iter::from_fn(move || {
            let last = flows.next()?;
            let (mut was, became) = match last.stop_ns {
                Some(_) => (last, None),
                None => (flows.next()?, Some(last)),
            };
            let time_ns = was.stop_ns.take().unwrap_or_default();
            Some(Changed { was, became, time_ns })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Past;
    use crate::flow::{Changed, Flow};
    use crate::table::samples::flow;

    fn changed(was: Flow, became: Option<Flow>, time_ns: u64) -> Changed {
        Changed { was, became, time_ns }
    }

    #[test]
    fn a_past_goes_back_from_the_last_change_to_the_first() {
        let was = flow("udp 10.0.0.1:1 10.0.0.2:53");
        let became = Flow { mark: Some(7), ..was.clone() };
        let changes = [
            changed(was.clone(), Some(became.clone()), 1),
            changed(became, None, 2),
            changed(flow("udp 10.0.0.1:2 10.0.0.2:53"), None, 3),
        ];
        let mut past = Past::default();
        for changed in &changes {
            past.push(changed);
        }
        assert!(past.back().eq(changes.into_iter().rev()));
    }

    #[test]
    fn a_past_is_bounded_and_counts_what_it_leaves_out() {
        let mut big = flow("udp 10.0.0.1:1 10.0.0.2:53");
        big.rare_mut().secctx = Some("x".repeat(1 << 20));
        let mut past = Past::default();
        for _ in 0..70 {
            past.push(&changed(big.clone(), None, 1));
        }
        assert!(past.changes >= 60 && past.flows.bytes() < Past::BYTES + (4 << 20));
        assert_eq!(past.changes + past.left_out, 70);
        assert!(past.is_cut());
    }
}
