//! Requests about expectations: to list, look up, make and delete them.

use netlink_packet_core::{NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL};

use crate::flow::{ExpectKey, Expectation, Family, HelperName, NewExpectation};
use crate::wire::attr::AttrWriter;
use crate::wire::consts::{
    CTA_EXPECT_HELP_NAME, CTA_EXPECT_ID, CTA_EXPECT_MASK, CTA_EXPECT_MASTER, CTA_EXPECT_TIMEOUT,
    CTA_EXPECT_TUPLE, CTA_EXPECT_ZONE, IPCTNL_MSG_EXP_DELETE, IPCTNL_MSG_EXP_GET,
    IPCTNL_MSG_EXP_GET_STATS_CPU, IPCTNL_MSG_EXP_NEW,
};
use crate::wire::expect::write_expectation;
use crate::wire::message::NfGenMsg;
use crate::wire::tuple::write_tuple;

use super::{AF_UNSPEC, Requests, ack_flag};

impl Requests {
    /// Asks for every expectation of both families or of one.
    pub fn dump_expectations(&mut self, seq: u32, family: Option<Family>) {
        let head = NfGenMsg::of(family.map_or(AF_UNSPEC, Family::number));
        self.message(IPCTNL_MSG_EXP_GET, NLM_F_DUMP, seq, head, |_| ());
    }

    /// Asks for one expectation; if `key` has an id, only if the expectation has it too.
    pub fn get_expectation(&mut self, seq: u32, key: &ExpectKey) {
        self.message(IPCTNL_MSG_EXP_GET, 0, seq, head_of(key), |out| write_key(out, key));
    }

    /// Makes an expectation; an existing one is an error (`EEXIST`).
    pub fn create_expectation(&mut self, seq: u32, new: &NewExpectation, ack: bool) {
        let flags = NLM_F_CREATE | NLM_F_EXCL | ack_flag(ack);
        let head = NfGenMsg::of(new.tuple.family().number());
        let shown = Expectation {
            tuple: new.tuple,
            mask: new.mask,
            master: new.master,
            timeout_s: Some(new.timeout_s),
            id: None,
            helper: new.helper,
            zone: new.zone,
            flags: new.flags,
            class: new.class,
            nat: new.nat,
            function: new.function.clone(),
        };
        self.message(IPCTNL_MSG_EXP_NEW, flags, seq, head, |out| write_expectation(out, &shown));
    }

    /// Sets how long an existing expectation stays: all that the kernel lets one change.
    pub fn update_expectation_timeout(
        &mut self,
        seq: u32,
        key: &ExpectKey,
        timeout_s: u32,
        ack: bool,
    ) {
        self.message(IPCTNL_MSG_EXP_NEW, ack_flag(ack), seq, head_of(key), |out| {
            write_key(out, key);
            // ctnetlink_new_expect(), Linux 6.18, wants these two to be there, and reads them only
            // if it is to make an expectation.
            write_tuple(out, CTA_EXPECT_MASK, &key.tuple);
            write_tuple(out, CTA_EXPECT_MASTER, &key.tuple);
            out.be_u32(CTA_EXPECT_TIMEOUT, timeout_s);
        });
    }

    /// Deletes an expectation; if `key` has an id, only if the expectation has it too.
    pub fn delete_expectation(&mut self, seq: u32, key: &ExpectKey, ack: bool) {
        let flags = ack_flag(ack);
        self.message(IPCTNL_MSG_EXP_DELETE, flags, seq, head_of(key), |out| write_key(out, key));
    }

    /// Deletes every expectation that a helper made, of both families; acknowledged.
    pub fn delete_expectations_of(&mut self, seq: u32, helper: HelperName) {
        let head = NfGenMsg::of(AF_UNSPEC);
        self.message(IPCTNL_MSG_EXP_DELETE, NLM_F_ACK, seq, head, |out| {
            out.text(CTA_EXPECT_HELP_NAME, helper.as_str().as_bytes());
        });
    }

    /// Deletes every expectation of both families; acknowledged. The kernel heeds no family here.
    pub fn flush_expectations(&mut self, seq: u32) {
        self.message(IPCTNL_MSG_EXP_DELETE, NLM_F_ACK, seq, NfGenMsg::of(AF_UNSPEC), |_| ());
    }

    /// Asks for the expectation counters of each CPU, a dump.
    pub fn expect_cpu_stats(&mut self, seq: u32) {
        let head = NfGenMsg::of(AF_UNSPEC);
        self.message(IPCTNL_MSG_EXP_GET_STATS_CPU, NLM_F_DUMP, seq, head, |_| ());
    }
}

fn head_of(key: &ExpectKey) -> NfGenMsg {
    NfGenMsg::of(key.tuple.family().number())
}

fn write_key(out: &mut AttrWriter, key: &ExpectKey) {
    write_tuple(out, CTA_EXPECT_TUPLE, &key.tuple);
    if let Some(zone) = key.zone {
        out.be_u16(CTA_EXPECT_ZONE, zone);
    }
    if let Some(id) = key.id {
        out.be_u32(CTA_EXPECT_ID, id);
    }
}
