//! The wire: bytes ⇄ flow. Pure functions over slices; no socket, no file.
//!
//! - a datagram is [`messages`]; an [`Answer`] ends a request
//! - read: [`decode_flow`], [`decode_expectation`], [`decode_event`], [`decode_cpu_stats`] …; a flow
//!   no further than a [`Screen`] lets it pass: [`decode_taken`]
//! - written: [`Requests`], and for recordings [`encode_flow`] and [`encode_expectation`]
//! - saved as text: [`text`] reads what `conntrack`, `/proc` and flowsh print
//! - beneath: [`attr`] walks and writes attributes, [`consts`] has the kernel's numbers and names

mod answer;
pub mod attr;
pub mod consts;
mod error;
mod event;
mod expect;
mod ext;
mod flow;
mod message;
mod protoinfo;
mod request;
mod screen;
mod sockdiag;
mod stats;
pub mod text;
mod tuple;

pub use answer::{Answer, decode_answer};
pub use error::DecodeError;
pub use event::decode_event;
pub use expect::{decode_expectation, encode_expectation};
pub use flow::{decode_flow, decode_taken, encode_flow};
pub use message::{
    Message, Messages, NLMSG_DONE, NLMSG_ERROR, NLMSG_NOOP, NLMSG_OVERRUN, messages,
};
pub use request::{DumpScope, FlowTable, KernelFilter, Requests, TupleFilter};
pub use screen::Screen;
pub use sockdiag::{SocketEntry, decode_socket, is_local};
pub use stats::{decode_cpu_stats, decode_expect_cpu_stats, decode_global_stats};

#[cfg(test)]
pub(crate) mod tests;
