//! Many values: their sum, mean, least, greatest, and which different ones there are.

use std::collections::HashSet;

use crate::flow::Value;

/// Sums values up. Absent ones are counted apart, never as 0.
#[derive(Debug)]
pub struct Tally {
    kind: Kind,
    whole: i128,
    fraction: f64,
    present: u64,
    absent: u64,
    min: Value,
    max: Value,
}

/// What the sum is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Fraction,
    Duration,
}

impl Default for Tally {
    fn default() -> Self {
        let (min, max) = (Value::Absent, Value::Absent);
        Self { kind: Kind::Number, whole: 0, fraction: 0.0, present: 0, absent: 0, min, max }
    }
}

impl Tally {
    /// Counts a value; false if it has no sum, as text and times have none.
    pub fn add(&mut self, value: &Value) -> bool {
        if value.is_absent() {
            self.absent += 1;
            return true;
        }
        if self.max.is_absent() || *value > self.max {
            self.max = value.clone();
        }
        if self.min.is_absent() || *value < self.min {
            self.min = value.clone();
        }
        self.present += 1;
        match value {
            Value::Count(count) => self.whole += i128::from(*count),
            Value::Int(int) => self.whole += i128::from(*int),
            Value::Float(float) => {
                self.kind = Kind::Fraction;
                self.fraction += float;
            }
            Value::Duration(nanos) => {
                self.kind = Kind::Duration;
                self.whole += i128::from(*nanos);
            }
            _ => return false,
        }
        true
    }

    /// The sum: 0 of nothing, absent if every value was; a fraction where it would not fit 63 bits.
    #[must_use]
    pub fn sum(&self) -> Value {
        if self.present == 0 && self.absent > 0 {
            return Value::Absent;
        }
        match (self.kind, i64::try_from(self.whole)) {
            (Kind::Number, Ok(whole)) => Value::Int(whole),
            (Kind::Duration, whole) => Value::Duration(whole.unwrap_or(i64::MAX)),
            _ => Value::Float(self.total()),
        }
    }

    /// The mean; absent of nothing. A mean of durations is a duration.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::as_conversions,
        reason = "a mean lies between its values, and loses no more than a fraction of the last digit"
    )]
    pub fn avg(&self) -> Value {
        if self.present == 0 {
            return Value::Absent;
        }
        let mean = self.total() / self.present as f64;
        match self.kind {
            Kind::Duration => Value::Duration(mean.round() as i64),
            _ => Value::Float(mean),
        }
    }

    #[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "no lossless way")]
    fn total(&self) -> f64 {
        self.whole as f64 + self.fraction
    }

    /// The least value, also of those that have no sum; absent of nothing.
    #[must_use]
    pub fn min(&self) -> Value {
        self.min.clone()
    }

    /// The greatest value; absent of nothing.
    #[must_use]
    pub fn max(&self) -> Value {
        self.max.clone()
    }

    /// How many values were absent.
    #[must_use]
    pub fn absent(&self) -> u64 {
        self.absent
    }
}

/// Collects different values.
///
/// The hash is keyed at random: addresses and ports are chosen by strangers.
#[derive(Debug, Default)]
pub struct Distinct(HashSet<Value>);

impl Distinct {
    /// Looks at a value; an absent one is none.
    pub fn add(&mut self, value: Value) {
        if !value.is_absent() {
            self.0.insert(value);
        }
    }

    /// The values in order.
    #[must_use]
    pub fn finish(self) -> Vec<Value> {
        let mut values: Vec<Value> = self.0.into_iter().collect();
        values.sort_unstable();
        values
    }
}

#[cfg(test)]
mod tests {
    use super::{Distinct, Tally};
    use crate::flow::Value;

    fn tally(values: &[Value]) -> Tally {
        let mut tally = Tally::default();
        for value in values {
            assert!(tally.add(value));
        }
        tally
    }

    #[test]
    fn absent_values_are_no_zeros() {
        let tally = tally(&[Value::Count(4), Value::Absent, Value::Count(2)]);
        assert_eq!(tally.sum(), Value::Int(6));
        assert_eq!(tally.avg(), Value::Float(3.0));
        assert_eq!(tally.min(), Value::Count(2));
        assert_eq!(tally.absent(), 1);
    }

    #[test]
    fn the_sum_of_absent_values_is_absent() {
        assert!(tally(&[Value::Absent, Value::Absent]).sum().is_absent());
    }

    #[test]
    fn the_sum_of_nothing_is_zero_and_its_mean_is_absent() {
        assert_eq!(Tally::default().sum(), Value::Int(0));
        assert!(Tally::default().avg().is_absent());
    }

    #[test]
    fn a_sum_beyond_63_bits_does_not_wrap() {
        let tally = tally(&[Value::Count(u64::MAX), Value::Count(u64::MAX)]);
        assert_eq!(tally.sum(), Value::Float(36_893_488_147_419_103_000.0));
    }

    #[test]
    fn durations_stay_durations_and_text_has_no_sum() {
        let mut tally = tally(&[Value::Duration(10), Value::Duration(20)]);
        assert_eq!(tally.avg(), Value::Duration(15));
        assert!(!tally.add(&Value::text("tcp")));
    }

    #[test]
    fn distinct_values_come_sorted_and_once() {
        let mut seen = Distinct::default();
        for value in [Value::Count(2), Value::Absent, Value::Count(1), Value::Count(2)] {
            seen.add(value);
        }
        assert_eq!(seen.finish(), [Value::Count(1), Value::Count(2)]);
    }
}
