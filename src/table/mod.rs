//! The library: what is asked of the table and what is kept of its answers. No socket and no
//! printing; a flow comes in by reference and what leaves is counted, ranked or packed.

mod change;
mod query;
pub mod text;

pub use change::{Change, ChangeError, Limit, Outcome, change};
pub use query::{Cursor, Query};
pub use text::{TextError, closest, parse_duration, parse_field_test, parse_filter, parse_size};
