//! Bytes and flows as text. The attributes are walked by `netlink-packet-core`'s iterator, so that
//! our writer is not read back by our own walker.

use std::fmt::Write;

use netlink_packet_core::NlasIterator;

use crate::flow::{Expectation, Flow};
use crate::wire::consts::{
    CTA, CTA_EXPECT, CTA_EXPECT_NAT_NEST, CTA_FILTER_NEST, CTA_HELP_NEST, CTA_IP, CTA_NAT,
    CTA_PROTO, CTA_PROTOINFO_DCCP_NEST, CTA_PROTOINFO_NEST, CTA_PROTOINFO_SCTP_NEST,
    CTA_PROTOINFO_TCP_NEST, CTA_PROTONAT, CTA_SEQADJ, CTA_SYNPROXY_NEST, CTA_TUPLE, Nest,
};
use crate::wire::messages;

/// The messages of a datagram, one line each and one more per attribute.
pub(in crate::wire) fn datagram(bytes: &[u8]) -> String {
    let mut text = String::new();
    for message in messages(bytes) {
        let message = message.unwrap();
        let (head, body) = message.payload.split_at(4);
        writeln!(
            text,
            "kind {:#x} flags {:#x} seq {} family {} version {}",
            message.kind, message.flags, message.seq, head[0], head[1]
        )
        .unwrap();
        let nest = if message.kind >> 8 == 1 { &CTA } else { &CTA_EXPECT };
        for attribute in attributes(nest, body) {
            writeln!(text, "  {attribute}").unwrap();
        }
    }
    text
}

/// Each attribute as `NAME=hex`, or `NAME{…}` if it says that it is a nest.
fn attributes(nest: &'static Nest, bytes: &[u8]) -> Vec<String> {
    NlasIterator::new(bytes)
        .map(|attr| {
            let attr = attr.unwrap();
            let name = nest.attr(attr.kind()).to_string();
            match inside(&name).filter(|_| attr.nested_flag()) {
                Some(nest) => format!("{name}{{{}}}", attributes(nest, attr.value()).join(" ")),
                None => format!("{name}={}", hex(attr.value())),
            }
        })
        .collect()
}

/// What the attribute with this name holds, if it is a nest.
fn inside(name: &str) -> Option<&'static Nest> {
    Some(match name {
        "CTA_TUPLE_ORIG"
        | "CTA_TUPLE_REPLY"
        | "CTA_TUPLE_MASTER"
        | "CTA_EXPECT_TUPLE"
        | "CTA_EXPECT_MASK"
        | "CTA_EXPECT_MASTER"
        | "CTA_EXPECT_NAT_TUPLE" => &CTA_TUPLE,
        "CTA_TUPLE_IP" => &CTA_IP,
        "CTA_TUPLE_PROTO" => &CTA_PROTO,
        "CTA_PROTOINFO" => &CTA_PROTOINFO_NEST,
        "CTA_PROTOINFO_TCP" => &CTA_PROTOINFO_TCP_NEST,
        "CTA_PROTOINFO_SCTP" => &CTA_PROTOINFO_SCTP_NEST,
        "CTA_PROTOINFO_DCCP" => &CTA_PROTOINFO_DCCP_NEST,
        "CTA_HELP" => &CTA_HELP_NEST,
        "CTA_NAT_SRC" | "CTA_NAT_DST" => &CTA_NAT,
        "CTA_NAT_PROTO" => &CTA_PROTONAT,
        "CTA_SEQ_ADJ_ORIG" | "CTA_SEQ_ADJ_REPLY" => &CTA_SEQADJ,
        "CTA_SYNPROXY" => &CTA_SYNPROXY_NEST,
        "CTA_FILTER" => &CTA_FILTER_NEST,
        "CTA_EXPECT_NAT" => &CTA_EXPECT_NAT_NEST,
        _ => return None,
    })
}

pub(in crate::wire) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + format!("{byte:02x}").as_str())
}

/// Bytes from hexadecimal text; blanks are for the reader.
pub(in crate::wire) fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter_map(|c| c.to_digit(16))
        .map(|digit| digit.try_into().unwrap())
        .collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// All that was read of a flow, on one line.
pub(in crate::wire) fn flow(flow: &Flow) -> String {
    let mut text = format!("{}", flow.orig);
    zone(&mut text, flow.orig.zone);
    write!(text, " | {}", flow.reply).unwrap();
    zone(&mut text, flow.reply.zone);
    let mut field = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            write!(text, " {name}={value}").unwrap();
        }
    };
    field("zone", flow.zone.map(|zone| zone.to_string()));
    field("status", flow.status.map(|status| status.to_string()));
    field("timeout", flow.timeout_s.map(|timeout| timeout.to_string()));
    field("state", flow.proto_info.map(|info| format!("{info:?}")));
    field("mark", flow.mark.map(|mark| mark.to_string()));
    field("id", flow.id.map(|id| format!("{id:08x}")));
    field("use", flow.refs.map(|refs| refs.to_string()));
    for (name, counters) in [("sent", flow.orig_counters), ("answered", flow.reply_counters)] {
        field(name, counters.map(|both| format!("{}/{}", both.packets, both.bytes)));
    }
    field("start", flow.start_ns.map(|start| start.to_string()));
    field("stop", flow.stop_ns.map(|stop| stop.to_string()));
    field("labels", flow.labels.map(|labels| format!("{:?}", labels.bits().collect::<Vec<_>>())));
    field("helper", flow.helper.map(|helper| helper.to_string()));
    field("rare", flow.rare.as_ref().map(|rare| format!("{rare:?}")));
    text
}

fn zone(text: &mut String, zone: Option<u16>) {
    if let Some(zone) = zone {
        write!(text, " in zone {zone}").unwrap();
    }
}

/// All that was read of an expectation, on one line.
pub(in crate::wire) fn expectation(it: &Expectation) -> String {
    let mut text = format!("{} mask {} master {}", it.tuple, it.mask, it.master);
    write!(
        text,
        " timeout={:?} id={:08x?} helper={:?} flags={:?} class={:?} nat={:?} function={:?}",
        it.timeout_s, it.id, it.helper, it.flags, it.class, it.nat, it.function
    )
    .unwrap();
    text
}
