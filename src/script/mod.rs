//! The workshop: the only room that names `rhai`. Here a script is compiled, meets the objects of
//! `api`, and its errors become readable.

#[allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::needless_pass_by_value,
    clippy::trivially_copy_pass_by_ref,
    clippy::ptr_arg,
    clippy::unwrap_used,
    clippy::wildcard_imports,
    clippy::must_use_candidate,
    clippy::single_match,
    clippy::single_match_else,
    reason = "plugin modules: Rhai's macros read names and docs off items that look unused, and \
              its calling convention decides how arguments come"
)]
mod api;
mod asking;
mod callback;
mod cells;
mod closure;
mod compat;
mod diag;
mod doc;
mod engine;
mod explain;
mod expr;
mod fault;
mod guard;
mod host;
mod journal;
mod lookup;
mod loops;
mod maps;
mod objects;
mod ops;
mod process;
mod resolver;
mod rows;
mod show;
mod stage;
mod syntax;
mod value;
mod waiting;
mod wording;

pub use callback::Callback;
pub use closure::Closure;
pub use diag::{Report, Trouble};
pub use doc::{Docs, Entry};
pub use engine::Program;
pub use explain::{figures, time_text};
pub use fault::{Blame, Fallible, Fault, chain};
pub use guard::{Protected, Protection};
pub use host::{Host, Options, Output, Permissions, Permit, SIGPIPE_STATUS, Tally};
pub use journal::Journal;
pub use lookup::Lookups;
pub use objects::{EventHandle, FlowHandle, Flows};
pub use rows::Rows;
pub use show::{Style, show};
pub use stage::{Mishap, Stage, deliver, fire};
pub use syntax::{Kind, Piece, Syntax};
pub use value::{Span, Time};
