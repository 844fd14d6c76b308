//! Requests about flows, appended to one buffer: a batch is several appends and one send. Requests
//! about expectations are in `expect.rs`, what a dump can leave out is in `filter.rs`.

mod expect;
mod filter;

use netlink_packet_core::{
    Emitable, NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REQUEST, NetlinkHeader,
};

use crate::flow::{
    Family, FlowKey, LabelPatch, Labels, Masked, NatTarget, NewFlow, Patch, Proto, SeqAdj, Status,
    Tuple,
};

use super::attr::AttrWriter;
use super::consts::{
    CTA_ID, CTA_LABELS, CTA_LABELS_MASK, CTA_MARK, CTA_MARK_MASK, CTA_NAT_DST, CTA_NAT_PROTO,
    CTA_NAT_SRC, CTA_NAT_V4_MAXIP, CTA_NAT_V4_MINIP, CTA_NAT_V6_MAXIP, CTA_NAT_V6_MINIP,
    CTA_PROTONAT_PORT_MAX, CTA_PROTONAT_PORT_MIN, CTA_SEQ_ADJ_ORIG, CTA_SEQ_ADJ_REPLY, CTA_STATUS,
    CTA_TIMEOUT, CTA_TUPLE_MASTER, CTA_TUPLE_ORIG, CTA_TUPLE_REPLY, CTA_ZONE, IPCTNL_MSG_CT_DELETE,
    IPCTNL_MSG_CT_GET, IPCTNL_MSG_CT_GET_CTRZERO, IPCTNL_MSG_CT_GET_DYING, IPCTNL_MSG_CT_GET_STATS,
    IPCTNL_MSG_CT_GET_STATS_CPU, IPCTNL_MSG_CT_GET_UNCONFIRMED, IPCTNL_MSG_CT_NEW,
};
use super::ext::{write_help, write_labels, write_seqadj, write_synproxy};
use super::message::{NLMSG_HDRLEN, NfGenMsg};
use super::protoinfo::{for_request, write_protoinfo};
use super::tuple::write_tuple;

pub use filter::{DumpScope, FlowTable, KernelFilter, TupleFilter};

/// Where `nlmsg_flags` is in a header.
const NLMSG_FLAGS_AT: usize = 6;
/// `AF_UNSPEC`: both families.
const AF_UNSPEC: u8 = 0;

/// Whole messages, one after the other, in memory that is used again.
#[derive(Debug, Default)]
pub struct Requests {
    out: AttrWriter,
    messages: usize,
    /// Where the last message begins.
    last: usize,
}

impl Requests {
    /// An empty buffer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The messages, to be sent as one datagram.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.out.as_bytes()
    }

    /// How many messages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages == 0
    }

    /// How many bytes they are together.
    #[must_use]
    pub fn bytes_len(&self) -> usize {
        self.out.len()
    }

    /// Forgets the messages, keeps the memory.
    pub fn clear(&mut self) {
        self.out.clear();
        self.messages = 0;
    }

    /// Asks for an acknowledgement of the last message: when it has come, all before were done.
    pub fn acknowledge_last(&mut self) {
        self.out.or_u16(self.last + NLMSG_FLAGS_AT, NLM_F_ACK);
    }

    /// Asks for every flow of a table that the filter does not keep back.
    pub fn dump_flows(&mut self, seq: u32, scope: &DumpScope) {
        let kind = match (scope.table, scope.zero) {
            (FlowTable::Dying, _) => IPCTNL_MSG_CT_GET_DYING,
            (FlowTable::Unconfirmed, _) => IPCTNL_MSG_CT_GET_UNCONFIRMED,
            (FlowTable::Conntrack, true) => IPCTNL_MSG_CT_GET_CTRZERO,
            (FlowTable::Conntrack, false) => IPCTNL_MSG_CT_GET,
        };
        let family =
            scope.family.or_else(|| scope.filter.family()).map_or(AF_UNSPEC, Family::number);
        self.message(kind, NLM_F_DUMP, seq, NfGenMsg::of(family), |out| scope.filter.write(out));
    }

    /// Asks for one flow; `zero` sets its counters to 0 in the same step.
    ///
    /// The answer is the flow, or an errno: there is no acknowledgement besides. The kernel does
    /// not look at the id of `key`.
    pub fn get_flow(&mut self, seq: u32, key: &FlowKey, zero: bool) {
        let kind = if zero { IPCTNL_MSG_CT_GET_CTRZERO } else { IPCTNL_MSG_CT_GET };
        self.message(kind, 0, seq, head_of(key), |out| write_key(out, key));
    }

    /// Makes a flow; with `exclusive` an existing one is an error (`EEXIST`), without it is changed.
    pub fn create_flow(&mut self, seq: u32, flow: &NewFlow, exclusive: bool, ack: bool) {
        let exclusive = if exclusive { NLM_F_EXCL } else { 0 };
        let flags = NLM_F_CREATE | exclusive | ack_flag(ack);
        let key = flow.key();
        self.message(IPCTNL_MSG_CT_NEW, flags, seq, head_of(&key), |out| {
            write_tuple(out, CTA_TUPLE_ORIG, &key.tuple);
            write_zone(out, key.zone);
            write_new(out, flow);
        });
    }

    /// Changes a flow; `present` is its status as last seen.
    ///
    /// A status is sent whole: the kernel refuses one that lacks a bit which cannot be cleared
    /// (`nf_ct_change_status_common()`, Linux 6.18), so the present bits are always among it.
    pub fn update_flow(
        &mut self,
        seq: u32,
        key: &FlowKey,
        patch: &Patch,
        present: Option<Status>,
        ack: bool,
    ) {
        self.message(IPCTNL_MSG_CT_NEW, ack_flag(ack), seq, head_of(key), |out| {
            write_key(out, key);
            write_patch(out, patch, key.tuple.proto, present);
        });
    }

    /// Deletes a flow; if `key` has an id, only if the flow has it too.
    pub fn delete_flow(&mut self, seq: u32, key: &FlowKey, ack: bool) {
        self.message(IPCTNL_MSG_CT_DELETE, ack_flag(ack), seq, head_of(key), |out| {
            write_key(out, key);
            if let Some(id) = key.id {
                out.be_u32(CTA_ID, id);
            }
        });
    }

    /// Empties the table, or what it holds of one family; acknowledged.
    ///
    /// The kernel heeds the family only under version 1: `ctnetlink_del_conntrack()`, Linux 5.3 on.
    pub fn flush_flows(&mut self, seq: u32, family: Option<Family>) {
        let head = NfGenMsg {
            version: u8::from(family.is_some()),
            ..NfGenMsg::of(family.map_or(AF_UNSPEC, Family::number))
        };
        self.message(IPCTNL_MSG_CT_DELETE, NLM_F_ACK, seq, head, |_| ());
    }

    /// Asks for the counters of each CPU, a dump.
    pub fn cpu_stats(&mut self, seq: u32) {
        let head = NfGenMsg::of(AF_UNSPEC);
        self.message(IPCTNL_MSG_CT_GET_STATS_CPU, NLM_F_DUMP, seq, head, |_| ());
    }

    /// Asks how many flows there are; one answer.
    pub fn global_stats(&mut self, seq: u32) {
        self.message(IPCTNL_MSG_CT_GET_STATS, 0, seq, NfGenMsg::of(AF_UNSPEC), |_| ());
    }

    /// Appends a message whose attributes `fill` writes.
    fn message(
        &mut self,
        kind: u16,
        flags: u16,
        seq: u32,
        head: NfGenMsg,
        fill: impl FnOnce(&mut AttrWriter),
    ) {
        self.framed(kind, flags, seq, &head.to_bytes(), fill);
    }

    /// Appends a message of any subsystem: `head` is what it puts before its attributes.
    pub(super) fn framed(
        &mut self,
        kind: u16,
        flags: u16,
        seq: u32,
        head: &[u8],
        fill: impl FnOnce(&mut AttrWriter),
    ) {
        let start = self.out.len();
        self.last = start;
        let mut header = NetlinkHeader::default();
        header.message_type = kind;
        header.flags = NLM_F_REQUEST | flags;
        header.sequence_number = seq;
        let mut bytes = [0; NLMSG_HDRLEN];
        header.emit(&mut bytes);
        self.out.raw(&bytes);
        self.out.raw(head);
        fill(&mut self.out);
        // A request is a few hundred bytes long.
        let len = u32::try_from(self.out.len() - start).unwrap_or(u32::MAX);
        self.out.patch_u32(start, len);
        self.messages += 1;
    }
}

fn ack_flag(ack: bool) -> u16 {
    if ack { NLM_F_ACK } else { 0 }
}

fn head_of(key: &FlowKey) -> NfGenMsg {
    NfGenMsg::of(key.tuple.family().number())
}

/// What the kernel looks a flow up by. As the reply direction the tuple is looked for just so, but in
/// the zone of that direction: `ctnetlink_parse_tuple_zone()`, Linux 6.18.
fn write_key(out: &mut AttrWriter, key: &FlowKey) {
    match key.reply_zone {
        None => write_tuple(out, CTA_TUPLE_ORIG, &key.tuple),
        zone => write_tuple(out, CTA_TUPLE_REPLY, &Tuple { zone, ..key.tuple }),
    }
    write_zone(out, key.zone);
}

fn write_zone(out: &mut AttrWriter, zone: Option<u16>) {
    if let Some(zone) = zone {
        out.be_u16(CTA_ZONE, zone);
    }
}

/// What a new flow has besides its key.
fn write_new(out: &mut AttrWriter, flow: &NewFlow) {
    write_tuple(out, CTA_TUPLE_REPLY, &flow.reply);
    out.be_u32(CTA_TIMEOUT, flow.timeout_s);
    // A flow that is in the table is confirmed; the kernel refuses a status that denies it.
    if let Some(status) = flow.status {
        out.be_u32(CTA_STATUS, (status | Status::CONFIRMED).0);
    }
    if let Some(info) = &flow.proto_info {
        write_protoinfo(out, &for_request(info));
    }
    if let Some(mark) = flow.mark {
        out.be_u32(CTA_MARK, mark);
    }
    if let Some(labels) = flow.labels {
        write_labels(out, CTA_LABELS, labels);
    }
    write_help(out, flow.helper, None);
    if let Some(target) = &flow.snat {
        write_nat(out, CTA_NAT_SRC, target);
    }
    if let Some(target) = &flow.dnat {
        write_nat(out, CTA_NAT_DST, target);
    }
    if let Some(master) = &flow.master {
        write_tuple(out, CTA_TUPLE_MASTER, master);
    }
    write_seqadjs(out, flow.seqadj);
    if let Some(proxy) = flow.synproxy {
        write_synproxy(out, proxy);
    }
}

fn write_patch(out: &mut AttrWriter, patch: &Patch, proto: Proto, present: Option<Status>) {
    write_help(out, patch.helper, None);
    if let Some(timeout) = patch.timeout_s {
        out.be_u32(CTA_TIMEOUT, timeout);
    }
    if let Some(status) = patch.status {
        let whole = status | present.unwrap_or_default() | Status::CONFIRMED;
        out.be_u32(CTA_STATUS, whole.0);
    }
    if let Some(info) = &patch.state.of(proto) {
        write_protoinfo(out, &for_request(info));
    }
    if let Some(Masked { value, mask }) = patch.mark {
        // The kernel XORs the mark into what the mask leaves: ctnetlink_change_mark(), Linux 6.18.
        out.be_u32(CTA_MARK, value & mask);
        out.be_u32(CTA_MARK_MASK, mask);
    }
    write_seqadjs(out, patch.seqadj);
    if let Some(proxy) = patch.synproxy {
        write_synproxy(out, proxy);
    }
    if let Some(LabelPatch { set, mask }) = patch.labels {
        // XORed like the mark; a word that is not sent is zeroed: nf_connlabels_replace(), 6.18.
        write_labels(out, CTA_LABELS, within(set, mask));
        write_labels(out, CTA_LABELS_MASK, mask);
    }
}

fn within(mut labels: Labels, mask: Labels) -> Labels {
    for (word, mask) in labels.0.iter_mut().zip(mask.0) {
        *word &= mask;
    }
    labels
}

fn write_seqadjs(out: &mut AttrWriter, [orig, reply]: [Option<SeqAdj>; 2]) {
    if let Some(adjustment) = orig {
        write_seqadj(out, CTA_SEQ_ADJ_ORIG, adjustment);
    }
    if let Some(adjustment) = reply {
        write_seqadj(out, CTA_SEQ_ADJ_REPLY, adjustment);
    }
}

/// One address and at most one port, as the range from itself to itself.
fn write_nat(out: &mut AttrWriter, kind: u16, target: &NatTarget) {
    out.nest(kind, |out| {
        out.addr(CTA_NAT_V4_MINIP, CTA_NAT_V6_MINIP, &target.addr);
        out.addr(CTA_NAT_V4_MAXIP, CTA_NAT_V6_MAXIP, &target.addr);
        if let Some(port) = target.port {
            out.nest(CTA_NAT_PROTO, |out| {
                out.be_u16(CTA_PROTONAT_PORT_MIN, port);
                out.be_u16(CTA_PROTONAT_PORT_MAX, port);
            });
        }
    });
}

#[cfg(test)]
mod tests;
