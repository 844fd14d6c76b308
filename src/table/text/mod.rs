//! Filters as text, read into [`Filter`]; its `Display` writes what this reads.
//!
//! ```text
//! filter   = all-of { ("or" | "||") all-of }
//! all-of   = factor { ["and" | "&&"] factor }
//! factor   = ("not" | "!") factor | "(" filter ")" | test
//! test     = "all" | PROTOCOL | "ip" | "ip6" | "ipv4" | "ipv6" | STATE
//!          | FLAG [["="] ("true" | "false")]
//!          | ("snat" | "dnat" | "nat") [[relation] values] ["port" values]
//!          | FIELD [relation] values
//! relation = ["=" | "==" | "in"] | "!=" | "not in" | "<" | "<=" | ">" | ">="
//! values   = value | "{" [value {"," value}] "}"
//! ```
//!
//! `FIELD` is a name of [`Field`], `host` (an address on any side), `port` or `label`. A value is
//! what the field needs: an address, network or range of addresses; a number, size, span or time or
//! a range of them; a name. Several values mean any of them.
//!
//! - `80-90` takes both ends; `80..90` leaves out 90 and `80..=90` does not, as in scripts.
//! - A span without a unit is in seconds; a time is RFC 3339 or a span since 1970.
//! - A value with blanks or symbols, or that is a word of the grammar, is quoted.
//! - `!=` is `not =`, so it also takes flows where the field is absent.
//! - Names are read in any case, except those of labels and helpers.

mod closest;
mod error;
mod lex;
mod number;
mod parse;
mod subject;
#[cfg(test)]
mod tests;
mod units;
mod values;

pub use closest::closest;
pub use error::TextError;
pub use number::number_test;
pub use units::{parse_duration, parse_size};

use crate::flow::{Field, Filter, LabelMap};
use parse::Reader;

/// Reads a filter; `labels` are the names that `label` may use.
///
/// # Errors
///
/// What is wrong and where, with the nearest known word. An empty text is an error: every flow is
/// `all`.
pub fn parse_filter(text: &str, labels: &LabelMap) -> Result<Filter, TextError> {
    Reader::new(text, labels)?.whole_filter()
}

/// Reads the test of one field, as `dport` and `{80, 443}`, `bytes` and `> 10MB`.
///
/// The value is read as a value and nothing else: `80 or all` is an error, not a second test.
///
/// # Errors
///
/// As [`parse_filter`]; the text of the error is field and value side by side.
pub fn parse_field_test(field: &str, value: &str, labels: &LabelMap) -> Result<Filter, TextError> {
    Reader::new(&format!("{field} {value}"), labels)?.whole_test(field)
}

/// Every word that can stand in a text filter without being somebody's own name.
#[must_use]
pub fn filter_words() -> Vec<String> {
    let mut words = subject::test_words();
    words.push("in".to_owned());
    words
}

/// The field with this name.
///
/// # Errors
///
/// No field has this name; the error knows the nearest.
pub fn parse_field(name: &str) -> Result<Field, TextError> {
    field_at(name, 0)
}

/// The field whose name is the rest of `text` from `start` on.
pub(super) fn field_at(text: &str, start: usize) -> Result<Field, TextError> {
    let name = text.get(start..).unwrap_or_default();
    Field::named(name).ok_or_else(|| {
        let fault = TextError::new(text, start..text.len(), format!("unknown field `{name}`"));
        fault.suggest(closest(name, Field::all().map(Field::name)))
    })
}
