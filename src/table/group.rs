//! Flows counted by the values of their fields.

use std::collections::HashMap;

use crate::flow::{Field, Flow, Value, View};

/// Counts flows, packets and bytes per distinct key.
///
/// The hash is keyed at random: addresses and ports are chosen by strangers.
#[derive(Debug)]
pub struct Group {
    fields: Vec<Field>,
    totals: HashMap<Box<[Value]>, Totals>,
    /// The key of the flow at hand; most keys are known and must not cost an allocation.
    key: Vec<Value>,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRow {
    /// The values that its flows have in common, one for each field.
    pub key: Vec<Value>,
    /// How many flows.
    pub flows: u64,
    /// Their packets; absent if no flow of the group has counters. Saturates.
    pub packets: Option<u64>,
    /// Their bytes; absent as `packets`.
    pub bytes: Option<u64>,
}

/// What is counted of flows.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) flows: u64,
    pub(super) packets: Option<u64>,
    pub(super) bytes: Option<u64>,
}

impl Group {
    /// Groups by these fields together.
    #[must_use]
    pub fn new(fields: Vec<Field>) -> Self {
        Self { fields, totals: HashMap::new(), key: Vec::new() }
    }

    /// Counts a flow under the values of the fields.
    pub fn add(&mut self, flow: &Flow, view: View<'_>) {
        self.key.clear();
        self.key.extend(self.fields.iter().map(|field| field.get(flow, view)));
        self.count(flow);
    }

    /// Counts a flow under a key that was made otherwise, as by a script.
    pub fn add_as(&mut self, key: impl IntoIterator<Item = Value>, flow: &Flow) {
        self.key.clear();
        self.key.extend(key);
        self.count(flow);
    }

    fn count(&mut self, flow: &Flow) {
        if let Some(totals) = self.totals.get_mut(self.key.as_slice()) {
            totals.add(flow);
        } else {
            let mut totals = Totals::default();
            totals.add(flow);
            self.totals.insert(self.key.drain(..).collect(), totals);
        }
    }

    /// How many groups there are so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.totals.len()
    }

    /// True if no flow came.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.totals.is_empty()
    }

    /// The groups, those of most flows first, equals by key.
    #[must_use]
    pub fn finish(mut self) -> Vec<GroupRow> {
        sorted(self.totals.drain().map(|(key, totals)| totals.row(key.into_vec())))
    }

    /// The same while more may come.
    #[must_use]
    pub fn rows(&self) -> Vec<GroupRow> {
        sorted(self.totals.iter().map(|(key, totals)| totals.row(key.to_vec())))
    }
}

fn sorted(rows: impl Iterator<Item = GroupRow>) -> Vec<GroupRow> {
    let mut rows: Vec<GroupRow> = rows.collect();
    rows.sort_unstable_by(|a, b| b.flows.cmp(&a.flows).then_with(|| a.key.cmp(&b.key)));
    rows
}

impl GroupRow {
    /// The key, then flows, packets and bytes.
    #[must_use]
    pub fn into_values(self) -> Vec<Value> {
        let Self { mut key, flows, packets, bytes } = self;
        key.push(Value::Count(flows));
        key.extend([packets, bytes].map(|count| Value::or_absent(count, Value::Count)));
        key
    }
}

impl Totals {
    fn row(&self, key: Vec<Value>) -> GroupRow {
        let Self { flows, packets, bytes } = *self;
        GroupRow { key, flows, packets, bytes }
    }

    pub(super) fn add(&mut self, flow: &Flow) {
        self.flows += 1;
        self.packets = sum(self.packets, flow.packets());
        self.bytes = sum(self.bytes, flow.bytes());
    }
}

fn sum(total: Option<u64>, more: Option<u64>) -> Option<u64> {
    match (total, more) {
        (Some(total), Some(more)) => Some(total.saturating_add(more)),
        (total, more) => total.or(more),
    }
}

#[cfg(test)]
mod tests {
    use super::Group;
    use crate::flow::{Counters, Field, LabelMap, Value, View};
    use crate::table::samples::flow;

    #[test]
    fn groups_are_ordered_by_flows_and_then_by_key() {
        let labels = LabelMap::default();
        let view = View { now_ns: 0, labels: &labels };
        let mut group = Group::new(vec![Field::named("src").unwrap(), Field::Proto]);
        for text in [
            "tcp 10.0.0.2:1 10.0.0.9:80",
            "udp 10.0.0.1:1 10.0.0.9:53",
            "tcp 10.0.0.3:1 10.0.0.9:80",
            "tcp 10.0.0.3:2 10.0.0.9:80",
        ] {
            let mut flow = flow(text);
            if text.starts_with("tcp") {
                flow.orig_counters = Some(Counters { packets: 1, bytes: u64::MAX / 2 + 9 });
            }
            group.add(&flow, view);
        }
        assert_eq!(group.len(), 3);
        let shown: Vec<String> = group
            .finish()
            .into_iter()
            .map(|row| {
                let [Value::Addr(src), Value::Text(proto)] = row.key.as_slice() else {
                    panic!("an address and a protocol")
                };
                format!("{src} {proto} {} {:?} {:?}", row.flows, row.packets, row.bytes)
            })
            .collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        10.0.0.3 tcp 2 Some(2) Some(18446744073709551615)
        10.0.0.1 udp 1 None None
        10.0.0.2 tcp 1 Some(1) Some(9223372036854775816)
        ");
    }
}
