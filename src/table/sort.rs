//! The order of values. An absent one comes last, whichever way one sorts.

use std::cmp::Reverse;

use crate::flow::Value;

/// Which way values are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The least first.
    Ascending,
    /// The greatest first.
    Descending,
}

/// The place of a value under one key. At one key all ranks go the same way, so the order of the
/// variants only puts the absent last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Ascending(Value),
    Descending(Reverse<Value>),
    Absent,
}

impl Order {
    pub(super) fn rank(self, value: Value) -> Rank {
        match (value, self) {
            (Value::Absent, _) => Rank::Absent,
            (value, Self::Ascending) => Rank::Ascending(value),
            (value, Self::Descending) => Rank::Descending(Reverse(value)),
        }
    }
}
