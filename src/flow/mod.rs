//! The vocabulary: what a flow is, what names one, what may be asked of one. No bytes, no I/O, no
//! script; nothing here can fail except reading a name.
//!
//! - seen: [`Flow`], [`Expectation`], [`Event`], [`CpuStats`]
//! - named: [`FlowKey`], [`ExpectKey`]
//! - to be made: [`NewFlow`], [`NewExpectation`]; to be changed: [`Patch`]; taken back: [`Changed`]
//! - asked: [`Filter`] over [`Test`]s; [`Field`]s with their [`Value`]s

mod addr;
mod changed;
mod event;
mod expect;
mod field;
mod filter;
mod label;
mod mark;
mod new;
mod patch;
mod proto;
mod seen;
mod state;
mod stats;
mod status;
mod tuple;
mod value;

pub use addr::{Family, Network};
pub use changed::Changed;
pub use event::{Event, EventKind, Subject};
pub use expect::{ExpectFlags, ExpectKey, ExpectNat, Expectation, NewExpectation};
pub use field::{Direction, ExpectField, Field, Unit, View};
pub use filter::{Cmp, Filter, NatKind, Never, Place, PortRange, Question, Test};
pub use label::{LabelMap, Labels};
pub use mark::Masked;
pub use new::{FlowKey, NatTarget, NewFlow};
pub use patch::{LabelPatch, Patch, StatePatch};
pub use proto::Proto;
pub use seen::{Counters, Flow, HelperName, Rare, SeqAdj, Synproxy};
pub use state::{DccpInfo, ProtoInfo, SctpInfo, StateSet, TcpFlags, TcpInfo};
pub use stats::{CpuStats, ExpectCpuStats, GlobalStats};
pub use status::Status;
pub use tuple::{L4, Tuple};
pub use value::Value;
