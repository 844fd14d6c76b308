//! A second reader: what `netlink-packet-netfilter` knows of ctnetlink, it reads as we do.

use netlink_packet_core::{NetlinkMessage, NetlinkPayload};
use netlink_packet_netfilter::conntrack::{
    ConntrackAttribute, ConntrackMessage, IPTuple, ProtoInfo, ProtoInfoTCP, ProtoTuple, Protocol,
    Status, TCPFlags, Tuple,
};
use netlink_packet_netfilter::{NetfilterMessage, NetfilterMessageInner};

use crate::flow::{self, Flow, Proto};
use crate::wire::{decode_flow, messages};

const FLOWS: &[u8] = include_bytes!("../../../tests/fixtures/mixed_ct_dump.bin");

/// The flow as the crate would hold it, in the order in which the kernel sends it.
fn as_theirs(flow: &Flow) -> Vec<ConntrackAttribute> {
    let numbers = [
        flow.status.map(|it| ConntrackAttribute::CtaStatus(Status::from_bits_retain(it.0))),
        flow.mark.map(ConntrackAttribute::CtaMark),
        flow.timeout_s.map(ConntrackAttribute::CtaTimeout),
    ];
    let info = match flow.proto_info {
        Some(flow::ProtoInfo::Tcp(info)) => Some(tcp(&info)),
        _ => None,
    };
    let directions = [
        ConntrackAttribute::CtaTupleOrig(tuple(&flow.orig)),
        ConntrackAttribute::CtaTupleReply(tuple(&flow.reply)),
    ];
    directions.into_iter().chain(numbers.into_iter().flatten()).chain(info).collect()
}

fn tuple(tuple: &flow::Tuple) -> Vec<Tuple> {
    let addrs = vec![IPTuple::SourceAddress(tuple.src), IPTuple::DestinationAddress(tuple.dst)];
    let ports = vec![
        ProtoTuple::Protocol(Protocol::from(tuple.proto.0)),
        ProtoTuple::SourcePort(tuple.sport().unwrap()),
        ProtoTuple::DestinationPort(tuple.dport().unwrap()),
    ];
    vec![Tuple::Ip(addrs), Tuple::Proto(ports)]
}

fn tcp(info: &flow::TcpInfo) -> ConntrackAttribute {
    let flags = |it: flow::TcpFlags| TCPFlags::parse(&[it.flags, it.mask]).unwrap();
    let fields = [
        Some(ProtoInfoTCP::State(info.state)),
        info.wscale_orig.map(ProtoInfoTCP::OriginalWindowScale),
        info.wscale_reply.map(ProtoInfoTCP::ReplyWindowScale),
        info.flags_orig.map(|it| ProtoInfoTCP::OriginalFlags(flags(it))),
        info.flags_reply.map(|it| ProtoInfoTCP::ReplyFlags(flags(it))),
    ];
    ConntrackAttribute::CtaProtoInfo(vec![ProtoInfo::TCP(fields.into_iter().flatten().collect())])
}

#[test]
fn tcp_and_udp_are_read_alike_by_netlink_packet_netfilter() {
    let mut compared = 0;
    let mut rest = FLOWS;
    for message in messages(FLOWS).map(Result::unwrap) {
        let whole = rest;
        rest = &rest[(16 + message.payload.len()).next_multiple_of(4)..];
        let Ok(flow) = decode_flow(message.payload) else { continue };
        let directional = flow.orig.zone.or(flow.reply.zone).is_some();
        if directional || !matches!(flow.orig.proto, Proto::TCP | Proto::UDP) {
            continue;
        }
        let theirs = NetlinkMessage::<NetfilterMessage>::deserialize(whole).unwrap();
        let NetlinkPayload::InnerMessage(theirs) = theirs.payload else { panic!("{theirs:?}") };
        let NetfilterMessageInner::Conntrack(ConntrackMessage::New(attributes)) = theirs.inner
        else {
            panic!("{theirs:?}")
        };
        let known: Vec<_> = attributes
            .into_iter()
            .filter(|attribute| !matches!(attribute, ConntrackAttribute::Other(_)))
            .collect();
        assert_eq!(as_theirs(&flow), known);
        compared += 1;
    }
    assert!(compared >= 30, "only {compared} flows were compared");
}
