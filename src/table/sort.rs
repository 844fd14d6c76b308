//! The order of flows by their fields. An absent value comes last, whichever way one sorts.

use std::cmp::Reverse;

use super::text::{TextError, field_at};
use crate::flow::{Field, Flow, Value, View};

/// A field to sort by, and which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortKey {
    /// What is compared.
    pub field: Field,
    /// The greatest first.
    pub descending: bool,
}

/// Reads a field's name; a `-` before it means the greatest first.
///
/// # Errors
///
/// No field has this name; the error knows the nearest.
pub fn parse_sort_key(text: &str) -> Result<SortKey, TextError> {
    let name = text.strip_prefix('-');
    let descending = name.is_some();
    let field = field_at(text, usize::from(descending))?;
    Ok(SortKey { field, descending })
}

/// The place of a flow under one key. At one key all ranks go the same way, so the order of the
/// variants only puts the absent last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Ascending(Value),
    Descending(Reverse<Value>),
    Absent,
}

impl SortKey {
    pub(super) fn rank(self, flow: &Flow, view: View<'_>) -> Rank {
        match self.field.get(flow, view) {
            Value::Absent => Rank::Absent,
            value if self.descending => Rank::Descending(Reverse(value)),
            value => Rank::Ascending(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parse_sort_key;
    use crate::flow::Field;

    #[test]
    fn a_leading_minus_means_the_greatest_first() {
        let key = parse_sort_key("-bytes").unwrap();
        assert_eq!((key.field, key.descending), (Field::Bytes, true));
        assert!(!parse_sort_key("bytes").unwrap().descending);
        let error = parse_sort_key("-btyes").unwrap_err();
        insta::assert_snapshot!(error, @"unknown field `btyes` at column 2 of `-btyes`");
        assert_eq!(error.suggestion(), Some("bytes"));
        assert!(parse_sort_key("--bytes").is_err());
    }
}
