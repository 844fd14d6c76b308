//! The library: what is asked of the table and what is kept of its answers. No socket and no
//! printing; a flow comes in by reference and what leaves is counted, ranked or packed.
//!
//! - read: [`text`], filters and field names as people write them
//! - counted: [`Group`], [`Tally`], [`Distinct`]; ranked: [`Top`] in some [`Order`]
//! - asked: [`Query`]; changed: [`change()`], as a [`Guard`] lets it, with its [`Outcome`]; put back:
//!   [`Undo`]
//! - kept: [`Snapshot`], compared by [`diff()`] and [`rates`]

mod batches;
mod change;
mod diff;
mod each;
mod group;
mod guard;
mod hand;
mod nat;
mod outcome;
mod pack;
mod pairs;
mod past;
mod query;
#[cfg(test)]
mod samples;
mod snapshot;
mod sort;
mod tally;
pub mod text;
mod top;
mod undo;

pub use change::{Change, ChangeError, Limit, Unfinished, change, change_one};
pub use diff::{Diff, Rate, diff, rates};
pub use each::{Deed, change_each};
pub use group::{Group, GroupRow};
pub use guard::Guard;
pub use nat::{Nat, PoolUse, PortUse, USUAL_PORTS};
pub use outcome::{Outcome, reason};
pub use pack::{pack, unpack};
pub use past::Past;
pub use query::{Cursor, Query, Run, Stage};
pub use snapshot::Snapshot;
pub use sort::Order;
pub use tally::{Distinct, Tally};
pub use text::{
    TextError, closest, filter_words, number_test, parse_duration, parse_field_test, parse_filter,
    parse_size,
};
pub use top::Top;
pub use undo::{Undo, put_back};
