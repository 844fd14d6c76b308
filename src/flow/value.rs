//! A value of a field or of a result cell: what every format prints and every group is keyed by.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use super::Network;
use super::addr::compare;

/// One value. It says what it is, not how it looks.
#[derive(Debug, Clone)]
pub enum Value {
    /// The kernel did not send it; not 0 and not "".
    Absent,
    /// Yes or no.
    Bool(bool),
    /// A number that counts: never negative.
    Count(u64),
    /// A number that a script made.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Text(Cow<'static, str>),
    /// An address.
    Addr(IpAddr),
    /// A network.
    Net(Network),
    /// A span, in nanoseconds.
    Duration(i64),
    /// A point in time, nanoseconds since 1970.
    Time(u64),
    /// Several values.
    List(Vec<Value>),
    /// Named values, in this order.
    Map(Vec<(Cow<'static, str>, Value)>),
}

impl Value {
    /// Text from a name or a string.
    pub fn text(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Text(text.into())
    }

    /// `Absent` for `None`.
    pub fn or_absent<T>(value: Option<T>, make: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Absent, make)
    }

    /// True for [`Value::Absent`].
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The number, in its own unit (durations and times in nanoseconds), for sums and averages.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Count(count) | Self::Time(count) => Some(float(*count)),
            Self::Int(int) | Self::Duration(int) => Some(signed_float(*int)),
            Self::Float(float) => Some(*float),
            _ => None,
        }
    }

    /// Kinds in the order in which mixed values sort.
    fn rank(&self) -> u8 {
        match self {
            Self::Absent => 0,
            Self::Bool(_) => 1,
            Self::Count(_) | Self::Int(_) | Self::Float(_) => 2,
            Self::Duration(_) => 3,
            Self::Time(_) => 4,
            Self::Addr(_) => 5,
            Self::Net(_) => 6,
            Self::Text(_) => 7,
            Self::List(_) => 8,
            Self::Map(_) => 9,
        }
    }
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "no lossless way to f64")]
fn float(count: u64) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "no lossless way to f64")]
fn signed_float(int: i64) -> f64 {
    int as f64
}

/// A total order: absent first, numbers by size, addresses by number, then by kind.
impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Count(a), Self::Count(b)) | (Self::Time(a), Self::Time(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) | (Self::Duration(a), Self::Duration(b)) => a.cmp(b),
            (Self::Count(a), Self::Int(b)) => i128::from(*a).cmp(&i128::from(*b)),
            (Self::Int(a), Self::Count(b)) => i128::from(*a).cmp(&i128::from(*b)),
            (Self::Addr(a), Self::Addr(b)) => compare(a, b),
            (Self::Net(a), Self::Net(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::List(a), Self::List(b)) => a.cmp(b),
            (Self::Map(a), Self::Map(b)) => a.cmp(b),
            (a, b) if a.rank() == 2 && b.rank() == 2 => {
                a.number().unwrap_or(0.0).total_cmp(&b.number().unwrap_or(0.0))
            }
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u8(self.rank());
        match self {
            Self::Absent => (),
            Self::Bool(value) => value.hash(state),
            // Equal numbers of different kinds must hash alike.
            Self::Count(_) | Self::Int(_) | Self::Float(_) => {
                self.number().unwrap_or(0.0).to_bits().hash(state);
            }
            Self::Text(text) => text.hash(state),
            Self::Addr(IpAddr::V4(addr)) => state.write_u32(addr.to_bits()),
            Self::Addr(IpAddr::V6(addr)) => state.write_u128(addr.to_bits()),
            Self::Net(net) => net.hash(state),
            Self::Duration(span) => span.hash(state),
            Self::Time(time) => time.hash(state),
            Self::List(items) => items.hash(state),
            Self::Map(pairs) => pairs.hash(state),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn numbers_compare_across_kinds_and_absent_sorts_first() {
        let mut values = [Value::Count(3), Value::Absent, Value::Int(-1), Value::Float(1.5)];
        values.sort();
        let wanted = [Value::Absent, Value::Int(-1), Value::Float(1.5), Value::Count(3)];
        assert_eq!(values, wanted);
        assert_eq!(Value::Count(7), Value::Int(7));
        assert_ne!(Value::Absent, Value::Count(0));
    }
}
