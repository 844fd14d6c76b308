//! Tests of the whole room: captured bytes ⇄ text, and laws that hold for any bytes and any flow.

pub(crate) mod arbitrary;
mod errors;
mod fixtures;
mod laws;
mod oracle;
pub(super) mod show;
