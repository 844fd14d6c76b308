//! One field over many flows: its sum, average, least, greatest, and distinct values.

use std::collections::HashSet;

use crate::flow::{Field, Flow, Value, View};

/// Sums up one field. Flows without it are counted apart, never as 0.
#[derive(Debug)]
pub struct Tally {
    field: Field,
    numbers: u64,
    sum: i128,
    present: u64,
    absent: u64,
    min: Value,
    max: Value,
}

impl Tally {
    /// Sums up this field.
    #[must_use]
    pub fn new(field: Field) -> Self {
        let (min, max) = (Value::Absent, Value::Absent);
        Self { field, numbers: 0, sum: 0, present: 0, absent: 0, min, max }
    }

    /// Counts a flow.
    pub fn add(&mut self, flow: &Flow, view: View<'_>) {
        let value = self.field.get(flow, view);
        if value.is_absent() {
            self.absent += 1;
            return;
        }
        self.present += 1;
        if let Some(number) = self.field.number(flow, view.now_ns) {
            self.numbers += 1;
            self.sum += i128::from(number);
        }
        if self.max.is_absent() || value > self.max {
            self.max = value.clone();
        }
        if self.min.is_absent() || value < self.min {
            self.min = value;
        }
    }

    /// The sum of the numbers, spans and times in nanoseconds. It cannot overflow: that would take
    /// 2⁶⁴ flows.
    #[must_use]
    pub fn sum(&self) -> i128 {
        self.sum
    }

    /// The average of the numbers; `None` if no flow had one.
    #[must_use]
    #[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "no lossless way")]
    pub fn average(&self) -> Option<f64> {
        (self.numbers > 0).then(|| self.sum as f64 / self.numbers as f64)
    }

    /// The least value, also of fields that are no numbers; absent if no flow had one.
    #[must_use]
    pub fn min(&self) -> &Value {
        &self.min
    }

    /// The greatest value; absent if no flow had one.
    #[must_use]
    pub fn max(&self) -> &Value {
        &self.max
    }

    /// How many flows had the field.
    #[must_use]
    pub fn present(&self) -> u64 {
        self.present
    }

    /// How many flows did not have it.
    #[must_use]
    pub fn absent(&self) -> u64 {
        self.absent
    }
}

/// Collects the distinct values of one field.
#[derive(Debug)]
pub struct Distinct {
    field: Field,
    values: HashSet<Value>,
    absent: u64,
}

impl Distinct {
    /// Collects the values of this field.
    #[must_use]
    pub fn new(field: Field) -> Self {
        Self { field, values: HashSet::new(), absent: 0 }
    }

    /// Looks at a flow.
    pub fn add(&mut self, flow: &Flow, view: View<'_>) {
        match self.field.get(flow, view) {
            Value::Absent => self.absent += 1,
            value => {
                self.values.insert(value);
            }
        }
    }

    /// How many values there are so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// True if no flow had the field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many flows did not have the field.
    #[must_use]
    pub fn absent(&self) -> u64 {
        self.absent
    }

    /// The values in order.
    #[must_use]
    pub fn finish(self) -> Vec<Value> {
        let mut values: Vec<Value> = self.values.into_iter().collect();
        values.sort_unstable();
        values
    }
}

#[cfg(test)]
mod tests {
    use super::{Distinct, Tally};
    use crate::flow::{Counters, Field, LabelMap, Value, View};
    use crate::table::samples::flow;

    #[test]
    fn absent_is_not_zero_and_sums_do_not_wrap() {
        let labels = LabelMap::default();
        let view = View { now_ns: 0, labels: &labels };
        let (mut bytes, mut src) = (Tally::new(Field::Bytes), Tally::new(Field::Proto));
        let mut protos = Distinct::new(Field::Proto);
        let huge = u64::try_from(i64::MAX).unwrap();
        for (text, counted) in [
            ("tcp 10.0.0.1:1 10.0.0.2:2", Some(huge)),
            ("udp 10.0.0.1:1 10.0.0.2:2", Some(huge)),
            ("tcp 10.0.0.1:3 10.0.0.2:2", None),
        ] {
            let mut flow = flow(text);
            flow.orig_counters = counted.map(|bytes| Counters { packets: 1, bytes });
            bytes.add(&flow, view);
            src.add(&flow, view);
            protos.add(&flow, view);
        }
        assert_eq!((bytes.present(), bytes.absent()), (2, 1));
        assert_eq!(bytes.sum(), i128::from(huge) * 2);
        assert_eq!(bytes.average(), Some(9_223_372_036_854_775_807.0));
        assert_eq!((bytes.min(), bytes.max()), (&Value::Count(huge), &Value::Count(huge)));
        assert_eq!((src.sum(), src.average()), (0, None));
        assert_eq!((src.min(), src.max()), (&Value::text("tcp"), &Value::text("udp")));
        assert_eq!(protos.finish(), [Value::text("tcp"), Value::text("udp")]);
    }
}
