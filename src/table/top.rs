//! The first few flows of a sorted table, without keeping or sorting the rest.

use super::sort::{Order, Rank};
use crate::flow::{Flow, Value};

/// Keeps the first `count` flows in the order of some keys; of equals, those that came first.
#[derive(Debug)]
pub struct Top<K> {
    count: usize,
    keys: Vec<(K, Order)>,
    /// Up to twice `count`: sorting out the half now and then is cheaper than a heap's every step.
    kept: Vec<Kept>,
    /// The last place that is still of interest, once there are `count` flows.
    bar: Option<Place>,
    arrivals: u64,
}

#[derive(Debug)]
struct Kept {
    place: Place,
    /// Apart, because sorting moves the entries.
    flow: Box<Flow>,
}

/// Where a flow stands. One key is the rule, and must not cost an allocation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    first: Rank,
    rest: Vec<Rank>,
    arrival: u64,
}

impl<K> Top<K> {
    /// Keeps `count` flows, in the order of each key; with `usize::MAX` it sorts them all.
    #[must_use]
    pub fn new(count: usize, keys: Vec<(K, Order)>) -> Self {
        Self { count, keys, kept: Vec::new(), bar: None, arrivals: 0 }
    }

    /// Looks at a flow and keeps a copy if it is among the first so far; `value` is asked for the
    /// value of each key, of those behind the first only where that may matter.
    ///
    /// # Errors
    ///
    /// Those of `value`.
    pub fn add<E>(
        &mut self,
        flow: &Flow,
        mut value: impl FnMut(&K) -> Result<Value, E>,
    ) -> Result<(), E> {
        self.arrivals += 1;
        let mut ranks = self.keys.iter().map(|(key, order)| Ok(order.rank(value(key)?)));
        let first = ranks.next().unwrap_or(Ok(Rank::Absent))?;
        if self.count == 0 || self.bar.as_ref().is_some_and(|bar| first > bar.first) {
            return Ok(());
        }
        let rest = ranks.collect::<Result<_, E>>()?;
        let place = Place { first, rest, arrival: self.arrivals };
        if self.bar.as_ref().is_some_and(|bar| place > *bar) {
            return Ok(());
        }
        self.kept.push(Kept { place, flow: Box::new(flow.clone()) });
        if self.kept.len() >= self.count.saturating_mul(2) {
            self.sort_out();
        }
        Ok(())
    }

    /// The flows, in order.
    #[must_use]
    pub fn finish(mut self) -> Vec<Flow> {
        self.sort_out();
        self.kept.sort_unstable_by(|a, b| a.place.cmp(&b.place));
        self.kept.into_iter().map(|kept| *kept.flow).collect()
    }

    /// Drops what is not among the first `count`, and sets the bar.
    fn sort_out(&mut self) {
        if self.kept.len() > self.count && self.count > 0 {
            let by_place = |a: &Kept, b: &Kept| a.place.cmp(&b.place);
            let (_, last, _) = self.kept.select_nth_unstable_by(self.count - 1, by_place);
            self.bar = Some(last.place.clone());
            self.kept.truncate(self.count);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Top;
    use crate::flow::{Field, Flow, LabelMap, Never, Value, View};
    use crate::table::samples::{flow, flows};
    use crate::table::sort::Order::{self, Ascending, Descending};

    fn add(top: &mut Top<Field>, flow: &Flow) {
        let labels = LabelMap::default();
        let view = View { now_ns: 5, labels: &labels };
        let Ok(()) = top.add(flow, |field| Ok::<Value, Never>(field.get(flow, view)));
    }

    fn timeouts(count: usize, order: Order, timeouts: &[Option<u32>]) -> Vec<Option<u32>> {
        let mut top = Top::new(count, vec![(Field::Timeout, order)]);
        for timeout_s in timeouts {
            let mut flow = flow("tcp 10.0.0.1:1 10.0.0.2:2");
            flow.timeout_s = *timeout_s;
            add(&mut top, &flow);
        }
        top.finish().iter().map(|flow| flow.timeout_s).collect()
    }

    #[test]
    fn absent_values_come_last_in_either_direction() {
        let given = [None, Some(3), Some(1), None, Some(2)];
        assert_eq!(timeouts(3, Ascending, &given), [Some(1), Some(2), Some(3)]);
        assert_eq!(timeouts(4, Descending, &given), [Some(3), Some(2), Some(1), None]);
        assert_eq!(timeouts(0, Descending, &given), []);
    }

    proptest! {
        #[test]
        fn it_is_a_stable_sort_cut_short(
            flows in prop::collection::vec(flows(), 0..40),
            count in prop_oneof![0_usize..20, Just(usize::MAX)],
        ) {
            let labels = LabelMap::default();
            let view = View { now_ns: 5, labels: &labels };
            let keys = [
                (Field::State, Descending),
                (Field::Timeout, Ascending),
                (Field::Proto, Descending),
            ];
            let mut top = Top::new(count, keys.to_vec());
            for flow in &flows {
                add(&mut top, flow);
            }
            let mut sorted = flows;
            sorted.sort_by_key(|flow| keys.map(|(field, order)| order.rank(field.get(flow, view))));
            sorted.truncate(count);
            prop_assert_eq!(top.finish(), sorted);
        }
    }
}
