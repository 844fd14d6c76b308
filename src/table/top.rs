//! The first few flows of a sorted table, without keeping or sorting the rest.

use std::collections::BinaryHeap;

use super::sort::{Rank, SortKey};
use crate::flow::{Flow, View};

/// Keeps the first `count` flows in the order of some keys; of equals, those that came first.
#[derive(Debug)]
pub struct Top {
    count: usize,
    keys: Vec<SortKey>,
    /// The last of those kept is on top.
    kept: BinaryHeap<Kept>,
    /// How many flows came; makes every flow differ from every other in order.
    seen: u64,
    /// The ranks of the flow at hand: most flows are not kept and must not cost an allocation.
    ranks: Vec<Rank>,
}

#[derive(Debug)]
struct Kept {
    ranks: Vec<Rank>,
    arrival: u64,
    flow: Flow,
}

impl Top {
    /// Keeps `count` flows; with `usize::MAX` it sorts them all.
    #[must_use]
    pub fn new(count: usize, keys: Vec<SortKey>) -> Self {
        Self { count, keys, kept: BinaryHeap::new(), seen: 0, ranks: Vec::new() }
    }

    /// Looks at a flow and keeps a copy if it is among the first so far.
    pub fn add(&mut self, flow: &Flow, view: View<'_>) {
        self.ranks.clear();
        self.ranks.extend(self.keys.iter().map(|key| key.rank(flow, view)));
        self.seen += 1;
        if self.kept.len() >= self.count {
            // It came last, so it must be before the last one kept, not equal.
            match self.kept.peek() {
                Some(last) if self.ranks < last.ranks => self.kept.pop(),
                _ => return,
            };
        }
        let ranks = self.ranks.clone();
        self.kept.push(Kept { ranks, arrival: self.seen, flow: flow.clone() });
    }

    /// The flows, in order.
    #[must_use]
    pub fn finish(self) -> Vec<Flow> {
        self.kept.into_sorted_vec().into_iter().map(|kept| kept.flow).collect()
    }
}

impl Ord for Kept {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.ranks.cmp(&other.ranks).then(self.arrival.cmp(&other.arrival))
    }
}

impl PartialOrd for Kept {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Kept {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Top;
    use crate::flow::{LabelMap, View};
    use crate::table::samples::{flow, flows};
    use crate::table::sort::parse_sort_key;

    fn timeouts(count: usize, keys: &[&str], timeouts: &[Option<u32>]) -> Vec<Option<u32>> {
        let keys = keys.iter().map(|key| parse_sort_key(key).unwrap()).collect();
        let mut top = Top::new(count, keys);
        for timeout_s in timeouts {
            let mut flow = flow("tcp 10.0.0.1:1 10.0.0.2:2");
            flow.timeout_s = *timeout_s;
            top.add(&flow, View { now_ns: 0, labels: &LabelMap::default() });
        }
        top.finish().iter().map(|flow| flow.timeout_s).collect()
    }

    #[test]
    fn absent_values_come_last_in_either_direction() {
        let given = [None, Some(3), Some(1), None, Some(2)];
        assert_eq!(timeouts(3, &["timeout"], &given), [Some(1), Some(2), Some(3)]);
        assert_eq!(timeouts(4, &["-timeout"], &given), [Some(3), Some(2), Some(1), None]);
        assert_eq!(timeouts(0, &["-timeout"], &given), []);
    }

    proptest! {
        #[test]
        fn it_is_a_stable_sort_cut_short(
            flows in prop::collection::vec(flows(), 0..20),
            count in prop_oneof![0_usize..20, Just(usize::MAX)],
        ) {
            let labels = LabelMap::default();
            let view = View { now_ns: 5, labels: &labels };
            let keys = ["-state", "timeout", "-proto"].map(|key| parse_sort_key(key).unwrap());
            let mut top = Top::new(count, keys.to_vec());
            for flow in &flows {
                top.add(flow, view);
            }
            let mut sorted = flows;
            sorted.sort_by_key(|flow| keys.map(|key| key.rank(flow, view)));
            sorted.truncate(count);
            prop_assert_eq!(top.finish(), sorted);
        }
    }
}
