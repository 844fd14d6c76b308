//! A flow ⇄ the message that shows it: an entry of a dump, an answer to a get, an event's body.

use crate::flow::{Flow, Rare, Status};

use super::DecodeError;
use super::attr::{AttrWriter, attrs};
use super::consts::{
    CTA, CTA_COUNTERS_ORIG, CTA_COUNTERS_REPLY, CTA_HELP, CTA_ID, CTA_LABELS, CTA_MARK,
    CTA_PROTOINFO, CTA_SECCTX, CTA_SEQ_ADJ_ORIG, CTA_SEQ_ADJ_REPLY, CTA_STATUS, CTA_SYNPROXY,
    CTA_TIMEOUT, CTA_TIMESTAMP, CTA_TIMESTAMP_EVENT, CTA_TUPLE_MASTER, CTA_TUPLE_ORIG,
    CTA_TUPLE_REPLY, CTA_USE, CTA_ZONE,
};
use super::ext::{
    read_counters, read_help, read_labels, read_secctx, read_seqadj, read_synproxy, read_timestamp,
    write_counters, write_help, write_labels, write_secctx, write_seqadj, write_synproxy,
    write_timestamp,
};
use super::message::NfGenMsg;
use super::protoinfo::{read_protoinfo, write_protoinfo};
use super::screen::Screen;
use super::tuple::{NOWHERE, read_tuple, read_tuple_into, write_tuple};

/// Decodes the payload of an `IPCTNL_MSG_CT_NEW` or `IPCTNL_MSG_CT_DELETE` message.
///
/// The family is that of the addresses. Attributes of a newer kernel are skipped. Nothing is
/// allocated, save for what [`Rare`] holds.
///
/// # Errors
///
/// If a tuple is missing or incomplete, or an attribute is shorter than its type.
pub fn decode_flow(payload: &[u8]) -> Result<Flow, DecodeError> {
    read_flow(payload, &mut None)
}

/// Decodes a flow, and puts `CTA_TIMESTAMP_EVENT` into `event_ns` if it was sent: a pair of both
/// would be one more copy of the flow.
pub(super) fn read_flow(payload: &[u8], event_ns: &mut Option<u64>) -> Result<Flow, DecodeError> {
    let mut flow = Flow::new(NOWHERE, NOWHERE);
    read_into(payload, &mut flow, event_ns, |_, _| true)?;
    Ok(flow)
}

/// Puts a flow into `flow` and tells whether `screen` takes it; if not, it is decoded only as far as
/// it took to know.
///
/// # Errors
///
/// As [`decode_flow`], as far as it was read.
pub fn decode_taken(
    payload: &[u8],
    flow: &mut Option<Flow>,
    screen: &Screen,
) -> Result<bool, DecodeError> {
    let flow = flow.insert(screen.blank(NOWHERE, NOWHERE));
    let mut judge = screen.judge();
    let whole = read_into(payload, flow, &mut None, |flow, kind| judge.lets_pass(flow, kind))?;
    Ok(whole && judge.takes_rest(flow))
}

/// Reads the attributes into `flow`, asks after each whether to go on, and tells whether it did to
/// the end.
#[inline]
fn read_into(
    payload: &[u8],
    flow: &mut Flow,
    event_ns: &mut Option<u64>,
    mut go_on: impl FnMut(&Flow, u16) -> bool,
) -> Result<bool, DecodeError> {
    let (_, body) = NfGenMsg::split(payload)?;
    let (mut orig, mut reply) = (false, false);
    for attr in attrs(&CTA, body) {
        let attr = attr?;
        match attr.kind {
            CTA_TUPLE_ORIG => {
                read_tuple_into(&attr, &mut flow.orig)?;
                orig = true;
            }
            CTA_TUPLE_REPLY => {
                read_tuple_into(&attr, &mut flow.reply)?;
                reply = true;
            }
            CTA_STATUS => flow.status = Some(Status(attr.be_u32()?)),
            CTA_PROTOINFO => flow.proto_info = read_protoinfo(&attr)?,
            CTA_HELP => read_help(&attr, flow)?,
            CTA_TIMEOUT => flow.timeout_s = Some(attr.be_u32()?),
            CTA_MARK => flow.mark = Some(attr.be_u32()?),
            CTA_COUNTERS_ORIG => flow.orig_counters = Some(read_counters(&attr)?),
            CTA_COUNTERS_REPLY => flow.reply_counters = Some(read_counters(&attr)?),
            CTA_USE => flow.refs = Some(attr.be_u32()?),
            CTA_ID => flow.id = Some(attr.be_u32()?),
            CTA_ZONE => flow.zone = Some(attr.be_u16()?),
            CTA_TIMESTAMP => read_timestamp(&attr, flow)?,
            CTA_LABELS => flow.labels = Some(read_labels(&attr)?),
            CTA_TUPLE_MASTER => flow.rare_mut().master = Some(read_tuple(&attr)?),
            CTA_SECCTX => {
                if let Some(context) = read_secctx(&attr)? {
                    flow.rare_mut().secctx = Some(context);
                }
            }
            CTA_SEQ_ADJ_ORIG => flow.rare_mut().seqadj_orig = Some(read_seqadj(&attr)?),
            CTA_SEQ_ADJ_REPLY => flow.rare_mut().seqadj_reply = Some(read_seqadj(&attr)?),
            CTA_SYNPROXY => {
                if let Some(proxy) = read_synproxy(&attr)? {
                    flow.rare_mut().synproxy = Some(proxy);
                }
            }
            CTA_TIMESTAMP_EVENT => *event_ns = Some(attr.be_u64()?),
            // A newer kernel's attribute, or one that only requests carry.
            _ => (),
        }
        if !go_on(flow, attr.kind) {
            return Ok(false);
        }
    }
    match (orig, reply) {
        (true, true) => Ok(true),
        (false, _) => Err(DecodeError::Missing(CTA.attr(CTA_TUPLE_ORIG))),
        (true, false) => Err(DecodeError::Missing(CTA.attr(CTA_TUPLE_REPLY))),
    }
}

/// Encodes the payload that the kernel's dump would show this flow with, attribute for attribute.
///
/// Source of the order: `ctnetlink_fill_info()` in `nf_conntrack_netlink.c`, Linux 6.18.
#[must_use]
pub fn encode_flow(flow: &Flow) -> Vec<u8> {
    let mut out = AttrWriter::with_capacity(512);
    out.raw(&NfGenMsg::of(flow.family().number()).to_bytes());
    write_tuple(&mut out, CTA_TUPLE_ORIG, &flow.orig);
    write_tuple(&mut out, CTA_TUPLE_REPLY, &flow.reply);
    if let Some(zone) = flow.zone {
        out.be_u16(CTA_ZONE, zone);
    }
    let none = Rare::default();
    let rare = flow.rare.as_deref().unwrap_or(&none);
    let numbers = [(CTA_STATUS, flow.status.map(|status| status.0)), (CTA_MARK, flow.mark)];
    write_numbers(&mut out, &numbers);
    if let Some(context) = &rare.secctx {
        write_secctx(&mut out, context);
    }
    write_numbers(&mut out, &[(CTA_ID, flow.id), (CTA_USE, flow.refs)]);
    if let Some(master) = &rare.master {
        write_tuple(&mut out, CTA_TUPLE_MASTER, master);
    }
    write_numbers(&mut out, &[(CTA_TIMEOUT, flow.timeout_s)]);
    if let Some(info) = &flow.proto_info {
        write_protoinfo(&mut out, info);
    }
    write_extensions(&mut out, flow, rare);
    out.into_bytes()
}

fn write_numbers(out: &mut AttrWriter, numbers: &[(u16, Option<u32>)]) {
    for &(kind, number) in numbers {
        if let Some(number) = number {
            out.be_u32(kind, number);
        }
    }
}

fn write_extensions(out: &mut AttrWriter, flow: &Flow, rare: &Rare) {
    if let Some(counters) = flow.orig_counters {
        write_counters(out, CTA_COUNTERS_ORIG, counters);
    }
    if let Some(counters) = flow.reply_counters {
        write_counters(out, CTA_COUNTERS_REPLY, counters);
    }
    write_timestamp(out, flow);
    write_help(out, flow.helper, rare.helper_info.as_deref());
    if let Some(labels) = flow.labels {
        write_labels(out, CTA_LABELS, labels);
    }
    if let Some(adjustment) = rare.seqadj_orig {
        write_seqadj(out, CTA_SEQ_ADJ_ORIG, adjustment);
    }
    if let Some(adjustment) = rare.seqadj_reply {
        write_seqadj(out, CTA_SEQ_ADJ_REPLY, adjustment);
    }
    if let Some(proxy) = rare.synproxy {
        write_synproxy(out, proxy);
    }
}
