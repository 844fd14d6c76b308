//! What flowsh does to the real tables, and what it says of them, beside what `conntrack` does and
//! says. Every test has a network of its own.

mod create;
mod delete;
mod errors;
mod events;
mod expectations;
mod explain;
mod guards;
mod limit;
mod lookups;
mod loss;
mod namespaces;
mod narrowed;
mod output;
mod reconcile;
mod safety;
mod since;
mod tables;
mod undo;
mod update;
mod walks;
mod zones;
