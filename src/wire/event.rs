//! Which messages are events, and of which kind.

use netlink_packet_core::NLM_F_CREATE;

use crate::flow::{Event, EventKind, Subject};

use super::DecodeError;
use super::consts::{
    IPCTNL_MSG_CT_DELETE, IPCTNL_MSG_CT_NEW, IPCTNL_MSG_EXP_DELETE, IPCTNL_MSG_EXP_NEW,
};
use super::expect::decode_expectation;
use super::flow::read_flow;
use super::message::Message;

/// Decodes a message of a multicast group; `None` if it is no event.
///
/// The time is the kernel's if it sent one (Linux 6.14 with `nf_conntrack_timestamp`, flows only),
/// else `received_ns`.
///
/// # Errors
///
/// If what happened to something is told, but the thing cannot be decoded.
pub fn decode_event(message: &Message<'_>, received_ns: u64) -> Result<Option<Event>, DecodeError> {
    // ctnetlink_conntrack_event() and ctnetlink_expect_event(), Linux 6.18: an update is a NEW
    // message that creates nothing.
    let created = match message.flags & NLM_F_CREATE {
        0 => EventKind::Update,
        _ => EventKind::New,
    };
    let mut kernel_ns = None;
    let (kind, subject) = match message.kind {
        IPCTNL_MSG_CT_NEW => (created, flow(message.payload, &mut kernel_ns)?),
        IPCTNL_MSG_CT_DELETE => (EventKind::Destroy, flow(message.payload, &mut kernel_ns)?),
        IPCTNL_MSG_EXP_NEW => (created, expectation(message.payload)?),
        IPCTNL_MSG_EXP_DELETE => (EventKind::Destroy, expectation(message.payload)?),
        _ => return Ok(None),
    };
    Ok(Some(Event {
        kind,
        subject,
        time_ns: kernel_ns.unwrap_or(received_ns),
        port_id: message.port_id,
        synthetic: false,
    }))
}

fn flow(payload: &[u8], kernel_ns: &mut Option<u64>) -> Result<Subject, DecodeError> {
    read_flow(payload, kernel_ns).map(Subject::Flow)
}

fn expectation(payload: &[u8]) -> Result<Subject, DecodeError> {
    decode_expectation(payload).map(Subject::Expectation)
}
