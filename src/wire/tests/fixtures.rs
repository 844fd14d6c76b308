//! What a 6.18 kernel sent for a mixed table, as text; and back to the very bytes.

use insta::assert_snapshot;
use netlink_packet_core::NLM_F_CREATE;

use super::show;
use crate::flow::Subject;
use crate::wire::consts::{
    CTA, CTA_SYNPROXY, IPCTNL_MSG_CT_DELETE, IPCTNL_MSG_CT_GET_STATS_CPU, IPCTNL_MSG_CT_NEW,
    IPCTNL_MSG_EXP_NEW,
};
use crate::wire::{
    Answer, DecodeError, Message, NLMSG_DONE, attr::attrs, decode_answer, decode_cpu_stats,
    decode_event, decode_expectation, decode_flow, encode_expectation, encode_flow, messages,
};

const FLOWS: &[u8] = include_bytes!("../../../tests/fixtures/mixed_ct_dump.bin");
const EXPECTATIONS: &[u8] = include_bytes!("../../../tests/fixtures/mixed_exp_dump.bin");
const EVENTS: &[u8] = include_bytes!("../../../tests/fixtures/mixed_events.bin");
const STATS: &[u8] = include_bytes!("../../../tests/fixtures/stats_cpu.bin");

/// The messages of this kind in a dump that ends as it should.
fn entries(dump: &[u8], kind: u16) -> Vec<Message<'_>> {
    let mut all: Vec<_> = messages(dump).map(Result::unwrap).collect();
    let done = all.pop().unwrap();
    assert_eq!(done.kind, NLMSG_DONE);
    assert_eq!(decode_answer(&done), Ok(Answer::default()));
    assert!(all.iter().all(|message| message.kind == kind));
    all
}

/// The datagrams of a recording: a little-endian length before each.
fn datagrams(mut recording: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while let Some((len, rest)) = recording.split_first_chunk() {
        let (datagram, rest) = rest.split_at(u32::from_le_bytes(*len).try_into().unwrap());
        found.push(datagram);
        recording = rest;
    }
    found
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_dump_is_read_to_the_last_attribute() {
    let flows = entries(FLOWS, IPCTNL_MSG_CT_NEW);
    assert_snapshot!(lines(flows.iter().map(|it| show::flow(&decode_flow(it.payload).unwrap()))));
}

#[test]
fn a_flow_is_written_as_the_kernel_wrote_it() {
    let mut identical = 0;
    for message in entries(FLOWS, IPCTNL_MSG_CT_NEW) {
        let flow = decode_flow(message.payload).unwrap();
        let written = encode_flow(&flow);
        assert_eq!(decode_flow(&written).as_ref(), Ok(&flow));
        // A SYN proxy of zeros is left out; all else is there, in the same order.
        let proxied =
            attrs(&CTA, &message.payload[4..]).flatten().any(|attr| attr.kind == CTA_SYNPROXY);
        if !proxied {
            assert_eq!(show::hex(&written), show::hex(message.payload), "{flow}");
            identical += 1;
        }
    }
    assert_snapshot!(identical, @"55");
}

#[test]
fn expectations_are_read_to_the_last_attribute() {
    let found = entries(EXPECTATIONS, IPCTNL_MSG_EXP_NEW);
    let text = |message: &Message<'_>| {
        let expectation = decode_expectation(message.payload).unwrap();
        assert_eq!(show::hex(&encode_expectation(&expectation)), show::hex(message.payload));
        show::expectation(&expectation)
    };
    assert_snapshot!(lines(found.iter().map(text)));
}

#[test]
fn events_tell_what_happened_to_what() {
    let mut text = Vec::new();
    for datagram in datagrams(EVENTS) {
        for message in messages(datagram) {
            let event = decode_event(&message.unwrap(), 1).unwrap().unwrap();
            assert!(!event.synthetic);
            let subject = match &event.subject {
                Subject::Flow(flow) => show::flow(flow),
                Subject::Expectation(expectation) => show::expectation(expectation),
            };
            let (kind, time) = (event.kind.name(), event.time_ns);
            text.push(format!("{kind} at {time} by {}: {subject}", event.port_id));
        }
    }
    assert_snapshot!(lines(text.into_iter()));
}

#[test]
fn an_event_without_the_kernels_time_has_that_of_receipt() {
    let payload = entries(FLOWS, IPCTNL_MSG_CT_NEW)[0].payload;
    let event = |kind, flags| {
        let message = Message { kind, flags, seq: 0, port_id: 77, payload };
        let event = decode_event(&message, 1).unwrap().unwrap();
        format!("{} at {} by {}", event.kind.name(), event.time_ns, event.port_id)
    };
    assert_snapshot!(event(IPCTNL_MSG_CT_NEW, NLM_F_CREATE), @"new at 1 by 77");
    assert_snapshot!(event(IPCTNL_MSG_CT_NEW, 0), @"update at 1 by 77");
    assert_snapshot!(event(IPCTNL_MSG_CT_DELETE, 0), @"destroy at 1 by 77");
}

#[test]
fn a_message_of_another_kind_is_no_event() {
    let message =
        Message { kind: IPCTNL_MSG_CT_GET_STATS_CPU, flags: 0, seq: 0, port_id: 0, payload: &[] };
    assert_eq!(decode_event(&message, 1), Ok(None));
}

#[test]
fn statistics_have_the_names_that_conntrack_prints() {
    let cpus: Result<Vec<_>, DecodeError> = entries(STATS, IPCTNL_MSG_CT_GET_STATS_CPU)
        .iter()
        .map(|message| decode_cpu_stats(message.payload))
        .collect();
    let text = cpus.unwrap().into_iter().map(|stats| {
        let counters: Vec<_> =
            stats.counters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("cpu={} {}", stats.cpu, counters.join(" "))
    });
    assert_snapshot!(lines(text));
}
