//! Wrong bytes: the error names the attribute, in the kernel's words.

use insta::assert_snapshot;

use super::show::unhex;
use crate::wire::{
    Answer, DecodeError, Message, NLMSG_DONE, NLMSG_ERROR, decode_answer, decode_cpu_stats,
    decode_expect_cpu_stats, decode_expectation, decode_flow, decode_global_stats, messages,
};

/// The error of a flow of `attributes`, or what was read of it.
fn flow_of(attributes: &str) -> String {
    match decode_flow(&unhex(&format!("02000000 {attributes}"))) {
        Ok(flow) => format!("read {flow}"),
        Err(error) => error.to_string(),
    }
}

/// Tuples of udp 10.0.0.1:1024 -> 10.0.0.2:53 and back; every test appends to them.
const TUPLES: &str = "
    3400 0180 1400 0180 0800 0100 0a000001 0800 0200 0a000002
              1c00 0280 0500 0100 11000000 0600 0200 04000000 0600 0300 00350000
    3400 0280 1400 0180 0800 0100 0a000002 0800 0200 0a000001
              1c00 0280 0500 0100 11000000 0600 0200 00350000 0600 0300 04000000";

fn check(attributes: &str, shown: &str) {
    assert_eq!(flow_of(&format!("{TUPLES} {attributes}")), shown);
}

#[test]
fn an_attribute_that_is_too_short_is_named() {
    check("0c00 0980 0800 0100 00000003", "attribute CTA_COUNTERS_PACKETS needs 8 bytes, found 4");
    check("0600 0800 0000 0000", "attribute CTA_MARK needs 4 bytes, found 2");
    check("0400 1200", "attribute CTA_ZONE needs 2 bytes, found 0");
    check(
        "0c00 0480 0800 0180 0400 0100",
        "attribute CTA_PROTOINFO_TCP_STATE needs 1 bytes, found 0",
    );
    check("0900 1600 00000000 00000000", "attribute CTA_LABELS needs 8 bytes, found 5");
}

#[test]
fn a_length_that_lies_is_named() {
    check("ff00 0800 00000001", "attribute CTA_MARK says 255 bytes, 8 are left");
    check("0000 0800 00000001", "attribute CTA_MARK says 0 bytes, 8 are left");
    check("0c00 0980 0c00 0200 00000001", "attribute CTA_COUNTERS_BYTES says 12 bytes, 8 are left");
    check("ff00 4d00 00000001", "attribute 77 of the flow says 255 bytes, 8 are left");
    check("ff00", "the flow ends within the header of an attribute, 2 bytes are left");
}

#[test]
fn an_attribute_that_must_be_there_is_named() {
    assert_snapshot!(flow_of(""), @"attribute CTA_TUPLE_ORIG is missing");
    let only_source = "1000 0180 0c00 0180 0800 0100 0a000001";
    assert_snapshot!(flow_of(only_source), @"attribute CTA_IP_V4_DST is missing");
    let both_families = "2400 0180 2000 0180 0800 0100 0a000001
        1400 0400 00000000 00000000 00000000 00000001";
    assert_snapshot!(flow_of(both_families), @"attribute CTA_IP_V4_DST is missing");
    let no_protocol = "1800 0180 1400 0180 0800 0100 0a000001 0800 0200 0a000002";
    assert_snapshot!(flow_of(no_protocol), @"attribute CTA_TUPLE_PROTO is missing");
    check("0400 0f80", "attribute CTA_SEQADJ_CORRECTION_POS is missing");
    check("0400 1880", "attribute CTA_SYNPROXY_ISN is missing");
    check("0400 0980", "attribute CTA_COUNTERS_PACKETS is missing");
}

#[test]
fn a_half_of_layer_4_is_an_error() {
    let tuple = |proto: &str| {
        let len = 4 + 20 + proto.split_whitespace().collect::<String>().len() / 2;
        flow_of(&format!(
            "{len:02x}00 0180 1400 0180 0800 0100 0a000001 0800 0200 0a000002 {proto}"
        ))
    };
    let source_alone = tuple("1400 0280 0500 0100 06000000 0600 0200 04000000");
    assert_snapshot!(source_alone, @"attribute CTA_PROTO_DST_PORT is missing");
    let type_alone = tuple("1400 0280 0500 0100 3a000000 0500 0800 80000000");
    assert_snapshot!(type_alone, @"attribute CTA_PROTO_ICMPV6_CODE is missing");
    let number_alone = tuple("0c00 0280 0500 0100 06000000");
    assert_snapshot!(number_alone, @"attribute CTA_TUPLE_REPLY is missing");
}

#[test]
fn what_a_newer_kernel_sends_is_skipped() {
    check("0800 4d00 00000001", "read udp 10.0.0.1:1024 -> 10.0.0.2:53");
    check("0c00 0480 0800 0980 00000000", "read udp 10.0.0.1:1024 -> 10.0.0.2:53");
}

#[test]
fn a_helper_without_a_name_is_an_error() {
    let name = "attribute CTA_HELP_NAME is not a helper's name of 1 to 15 characters";
    check("0c00 0580 0500 0100 00000000", name);
    check("0c00 0580 0800 0100 ff0a0d00", name);
}

#[test]
fn other_messages_name_what_they_lack() {
    let shown = |error: DecodeError| error.to_string();
    assert_snapshot!(shown(decode_flow(&[2, 0]).unwrap_err()), @"nfgenmsg needs 4 bytes, found 2");
    let empty = [2, 0, 0, 0];
    assert_snapshot!(
        shown(decode_expectation(&empty).unwrap_err()),
        @"attribute CTA_EXPECT_TUPLE is missing"
    );
    assert_snapshot!(
        shown(decode_global_stats(&empty).unwrap_err()),
        @"attribute CTA_STATS_GLOBAL_ENTRIES is missing"
    );
    let short = unhex("00000001 0600 0200 0000 0000");
    assert_snapshot!(
        shown(decode_cpu_stats(&short).unwrap_err()),
        @"attribute CTA_STATS_FOUND needs 4 bytes, found 2"
    );
    assert_snapshot!(
        shown(decode_expect_cpu_stats(&short).unwrap_err()),
        @"attribute CTA_STATS_EXP_CREATE needs 4 bytes, found 2"
    );
}

#[test]
fn a_message_that_lies_ends_the_datagram() {
    let check = |datagram: &str, shown: &str| {
        let text: Vec<_> = messages(&unhex(datagram))
            .map(|message| match message {
                Ok(message) => format!("kind {} with {}", message.kind, message.payload.len()),
                Err(error) => error.to_string(),
            })
            .collect();
        assert_eq!(text.join(", "), shown);
    };
    let done = "14000000 0300 0200 07000000 09000000 00000000";
    check("", "");
    check(done, "kind 3 with 4");
    check(&format!("{done} {done}"), "kind 3 with 4, kind 3 with 4");
    check(&format!("{done} 1500"), "kind 3 with 4, message says 0 bytes, 2 are left");
    check("18000000 0300 0200 07000000 09000000 00000000", "message says 24 bytes, 20 are left");
    check("0f000000 0300 0200 07000000 09000000 00000000", "message says 15 bytes, 20 are left");
    check("11000000 0300 0200 07000000 09000000 01", "kind 3 with 1");
}

/// The answer in a message of this kind, flags and payload.
fn answer(kind: u16, flags: u16, payload: &str) -> Result<Answer, String> {
    let payload = unhex(payload);
    let message = Message { kind, flags, seq: 1, port_id: 1, payload: &payload };
    decode_answer(&message).map_err(|error| error.to_string())
}

const CAPPED: u16 = 0x100;
const ACK_TLVS: u16 = 0x200;

#[test]
fn an_answer_tells_errno_words_and_place() {
    let request = "24000000 0001 0500 01000000 00000000";
    let rest = "02000000 0800 0700 0000003c 0800 0800 00000001";
    let words = "0900 0100 6f6f707300000000 0800 0200 14000000 0800 0500 04000000";
    let refused =
        Answer { errno: 22, message: Some("oops".into()), offset: Some(20), missing: Some(4) };
    let capped = answer(NLMSG_ERROR, CAPPED | ACK_TLVS, &format!("eaffffff {request} {words}"));
    assert_eq!(capped.as_ref(), Ok(&refused));
    let whole = answer(NLMSG_ERROR, ACK_TLVS, &format!("eaffffff {request} {rest} {words}"));
    assert_eq!(whole.as_ref(), Ok(&refused));
    let dump = answer(NLMSG_DONE, ACK_TLVS, &format!("eaffffff {words}"));
    assert_eq!(dump, Ok(refused));
    let ack = answer(NLMSG_ERROR, CAPPED, &format!("00000000 {request}"));
    assert_eq!(ack, Ok(Answer::default()));
    let done = answer(NLMSG_DONE, 0, "07000000");
    assert_eq!(done, Ok(Answer::default()));
}

/// What Linux 6.18 said to a create with `CTA_TIMESTAMP_EVENT` at byte 140, `NETLINK_CAP_ACK` set.
#[test]
fn an_answer_tells_what_the_kernel_said() {
    let datagram = unhex(
        "54000000 0200 0003 09000000 a5180000 eaffffff 98000000 0001 0506 09000000 00000000
        2700 0100 41747472 69627574 65206661 696c6564 20706f6c 69637920 76616c69 64617469 6f6e0000
        0800 0200 8c000000",
    );
    let answers: Vec<_> =
        messages(&datagram).map(|message| decode_answer(&message.unwrap()).unwrap()).collect();
    let message = Some("Attribute failed policy validation".to_owned());
    assert_eq!(answers, [Answer { errno: 22, message, offset: Some(140), missing: None }]);
}

#[test]
fn an_answer_that_is_cut_short_is_an_error() {
    let short = answer(NLMSG_ERROR, 0, "ea ff");
    assert_snapshot!(short.unwrap_err(), @"nlmsgerr needs 4 bytes, found 2");
    let lying = answer(NLMSG_ERROR, 0, "eaffffff ffffffff 0001 0500 01000000 00000000");
    assert_snapshot!(lying.unwrap_err(), @"message says 4294967295 bytes, 16 are left");
    let tiny = answer(NLMSG_ERROR, CAPPED, "eaffffff 24000000");
    assert_snapshot!(tiny.unwrap_err(), @"message says 16 bytes, 4 are left");
}
