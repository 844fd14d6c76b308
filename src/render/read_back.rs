//! What a format prints of a flow is what [`Parser`] reads of it.

use proptest::prelude::*;

use super::samples::{self, LABELS, START_NS, print};
use super::{Columns, Screen, journal};
use crate::flow::{
    Changed, EventKind, Flow, L4, Labels, Proto, ProtoInfo, Rare, SctpInfo, Status, Subject,
    TcpInfo, Tuple,
};
use crate::wire::tests::arbitrary;
use crate::wire::text::{Entry, JournalNote, Parser};

fn entries(text: &str) -> Vec<Entry> {
    let mut parser = Parser::new(LABELS.clone());
    let (mut rest, mut found) = (text.as_bytes(), Vec::new());
    while let Some(at) = parser.find(rest, true) {
        let entry = parser.read(&rest[at.clone()]);
        found.extend(entry.unwrap_or_else(|error| panic!("{error}: {text}")));
        rest = &rest[at.end..];
    }
    found
}

/// The flows that are read of what `format` prints of `flows`.
fn read(format: &str, flows: &[Flow]) -> Vec<Flow> {
    let text = print(format, Columns::Flows, Screen::default(), &samples::items(flows));
    let flow = |entry: Entry| match entry.subject {
        Subject::Flow(flow) => flow,
        Subject::Expectation(_) => panic!("an expectation in {text}"),
    };
    entries(&text).into_iter().map(flow).collect()
}

/// Any flow that a kernel could have: its directions are of one family and one protocol, and its
/// state and layer 4 are those of the protocol.
fn flow() -> impl Strategy<Value = Flow> {
    let protos = [1, 6, 17, 33, 42, 47, 58, 132, 136].map(Proto).to_vec();
    (arbitrary::flow(), prop::sample::select(protos)).prop_map(|(mut flow, proto)| {
        if flow.reply.family() != flow.orig.family() {
            (flow.reply.src, flow.reply.dst) = (flow.orig.dst, flow.orig.src);
        }
        for tuple in [&mut flow.orig, &mut flow.reply] {
            tuple.proto = proto;
            tuple.l4 = match (tuple.l4, proto) {
                (l4 @ L4::Icmp { .. }, proto) if proto.is_icmp() => l4,
                (_, proto) if proto.is_icmp() => L4::Icmp { kind: 8, code: 0, id: 7 },
                (l4 @ L4::Ports { .. }, Proto::DCCP) => l4,
                (_, Proto::DCCP) => L4::None,
                (l4 @ L4::Ports { .. }, proto) if proto.has_ports() || proto == Proto::GRE => l4,
                (_, proto) if proto.has_ports() || proto == Proto::GRE => {
                    L4::Ports { src: 1, dst: 2 }
                }
                _ => L4::None,
            };
        }
        if flow.orig.l4 == L4::None || flow.reply.l4 == L4::None {
            (flow.orig.l4, flow.reply.l4) = (L4::None, L4::None);
        }
        flow.proto_info = flow.proto_info.and_then(|info| match (info, proto) {
            (ProtoInfo::Tcp(mut info), Proto::TCP) => {
                info.state %= 10;
                for flags in [&mut info.flags_orig, &mut info.flags_reply].into_iter().flatten() {
                    flags.mask = 0;
                }
                Some(ProtoInfo::Tcp(info))
            }
            (ProtoInfo::Sctp(mut info), Proto::SCTP) => {
                info.state %= 10;
                Some(ProtoInfo::Sctp(info))
            }
            (ProtoInfo::Dccp(mut info), Proto::DCCP) => {
                info.state %= 10;
                Some(ProtoInfo::Dccp(info))
            }
            _ => None,
        });
        flow.zone = flow.zone.filter(|zone| *zone != 0);
        // One half-hour, so that no clock is turned back in it.
        let near = |ns: u64| START_NS + ns % 1_800_000_000_000;
        flow.start_ns = flow.start_ns.map(near);
        flow.stop_ns = flow.stop_ns.map(near);
        flow
    })
}

fn bits(status: Option<Status>, shown: Status) -> Status {
    status.unwrap_or_default() & shown
}

fn rare(rare: Rare) -> Option<Box<Rare>> {
    (rare != Rare::default()).then(|| Box::new(rare))
}

fn secctx(flow: &Flow) -> Option<Box<Rare>> {
    let secctx = flow.rare.as_ref().and_then(|rare| rare.secctx.clone());
    rare(Rare { secctx, ..Rare::default() })
}

fn state(info: ProtoInfo) -> ProtoInfo {
    match info {
        ProtoInfo::Tcp(TcpInfo { state, .. }) => {
            ProtoInfo::Tcp(TcpInfo { state, ..TcpInfo::default() })
        }
        ProtoInfo::Sctp(SctpInfo { state, .. }) => {
            ProtoInfo::Sctp(SctpInfo { state, ..SctpInfo::default() })
        }
        ProtoInfo::Dccp(info) => ProtoInfo::Dccp(crate::flow::DccpInfo {
            state: info.state,
            ..crate::flow::DccpInfo::default()
        }),
    }
}

/// Ports of dccp that are both 0 mean none.
fn tuple(tuple: Tuple) -> Tuple {
    let none = tuple.proto == Proto::DCCP && tuple.l4 == L4::Ports { src: 0, dst: 0 };
    Tuple { l4: if none { L4::None } else { tuple.l4 }, ..tuple }
}

/// The labels that have a name; absent if none has.
fn named(labels: Option<Labels>) -> Option<Labels> {
    let labels = labels?;
    let named = labels.bits().filter(|bit| LABELS.name(*bit).is_some());
    named.filter_map(Labels::bit).reduce(Labels::union)
}

/// What every format of conntrack shows, lines and XML.
fn as_conntrack(flow: &Flow) -> Flow {
    let seen = flow.status.is_none_or(|status| status.has(Status::SEEN_REPLY));
    let seen = if seen { Status::SEEN_REPLY } else { Status::default() };
    Flow {
        orig: tuple(flow.orig),
        reply: tuple(flow.reply),
        status: Some(seen),
        told: Status::SEEN_REPLY | Status::ASSURED,
        proto_info: flow.proto_info.map(state),
        labels: named(flow.labels),
        rare: secctx(flow),
        ..flow.clone()
    }
}

fn as_line(flow: &Flow) -> Flow {
    let mut shown = as_conntrack(flow);
    let fates = [Status::HW_OFFLOAD, Status::OFFLOAD, Status::ASSURED];
    let fate = fates.into_iter().find(|bit| flow.has_status(*bit) == Some(true));
    shown.status = shown.status.map(|status| status | fate.unwrap_or_default());
    // The one that is shown hides those behind it.
    let before = fates.into_iter().take_while(|bit| fate != Some(*bit));
    shown.told = before.chain(fate).fold(Status::SEEN_REPLY, |bits, bit| bits | bit);
    let seconds = |ns: Option<u64>| ns.map(|ns| ns - ns % 1_000_000_000);
    (shown.start_ns, shown.stop_ns) = (seconds(flow.start_ns), seconds(flow.stop_ns));
    shown
}

fn as_xml(flow: &Flow) -> Flow {
    let mut shown = as_conntrack(flow);
    shown.status = shown.status.map(|status| status | bits(flow.status, Status::ASSURED));
    if flow.orig.proto.is_icmp() {
        (shown.orig.l4, shown.reply.l4) = (L4::None, L4::None);
    }
    shown.reply_counters = flow.reply_counters.filter(|_| flow.orig_counters.is_some());
    shown
}

fn as_save(flow: &Flow) -> Flow {
    let mut shown = Flow {
        status: flow.status,
        timeout_s: flow.timeout_s,
        zone: flow.zone,
        ..Flow::new(tuple(flow.orig), tuple(flow.reply))
    };
    let mut bits = Status::EXPECTED | Status::SEEN_REPLY | Status::ASSURED | Status::FIXED_TIMEOUT;
    if flow.orig.src != flow.reply.dst {
        bits = bits | Status::SRC_NAT;
    }
    if flow.orig.dst != flow.reply.src {
        bits = bits | Status::DST_NAT;
    }
    shown.status = flow.status.map(|status| status & bits);
    let told = Status::EXPECTED | Status::SEEN_REPLY | Status::ASSURED | Status::FIXED_TIMEOUT;
    shown.told = flow.status.map_or(Status::ALL, |_| told);
    shown.proto_info = flow.proto_info.map(|info| match (state(info), info) {
        (_, ProtoInfo::Sctp(info)) => ProtoInfo::Sctp(info),
        (ProtoInfo::Dccp(mut shown), ProtoInfo::Dccp(info)) => {
            shown.role = info.role.map(|role| role.min(1));
            ProtoInfo::Dccp(shown)
        }
        (shown, _) => shown,
    });
    // The line has the original identifier and type alone: the reply follows from them.
    if let L4::Icmp { code, id, kind } = flow.orig.l4 {
        shown.reply.l4 =
            flow.orig.inverted().map_or(L4::Icmp { kind, code, id }, |answer| answer.l4);
    }
    shown
}

fn as_json(flow: &Flow) -> Flow {
    let mut shown = Flow { orig: tuple(flow.orig), reply: tuple(flow.reply), ..flow.clone() };
    if let Some(mut parts) = flow.rare.as_deref().cloned() {
        parts.helper_info = None;
        if let Some(Tuple { l4: l4 @ L4::Icmp { .. }, .. }) = &mut parts.master {
            *l4 = L4::None;
        }
        parts.master = parts.master.map(tuple);
        shown.rare = rare(parts);
    }
    shown
}

/// An empty cell is absent.
fn as_csv(flow: &Flow) -> Flow {
    let mut shown = as_json(flow);
    shown.labels = flow.labels.filter(|labels| labels.bits().next().is_some());
    if let Some(mut parts) = shown.rare.take() {
        parts.secctx = parts.secctx.filter(|text| !text.is_empty());
        shown.rare = rare(*parts);
    }
    shown
}

#[track_caller]
fn check(format: &str, flows: &[Flow], shown: impl Fn(&Flow) -> Flow) {
    let wanted: Vec<Flow> = flows.iter().map(shown).collect();
    for (read, wanted) in read(format, flows).iter().zip(&wanted) {
        assert_eq!(read, wanted, "{format}");
    }
    assert_eq!(read(format, flows).len(), flows.len(), "{format}");
}

/// Every format, with every word that conntrack has.
fn check_all(flows: &[Flow]) {
    check("conntrack,id,labels,ktimestamp,extended", flows, as_line);
    check("conntrack", flows, |flow| Flow {
        id: None,
        labels: None,
        start_ns: None,
        stop_ns: None,
        ..as_line(flow)
    });
    check("conntrack,xml,labels,ktimestamp", flows, as_xml);
    check("conntrack,save", flows, as_save);
    check("ndjson", flows, as_json);
    check("json", flows, as_json);
    check("csv", flows, as_csv);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_flow_is_read_as_it_was_printed(flows in prop::collection::vec(flow(), 1..3)) {
        check_all(&flows);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_journal_is_read_as_it_was_written(flows in prop::collection::vec(flow(), 1..3)) {
        let (was, became) = (flows[0].clone(), flows.get(1).cloned());
        let netns = became.as_ref().map(|_| "blue".to_owned());
        let made = netns.is_none();
        let note = JournalNote { became: became.as_ref().map(as_json).map(Box::new), netns, made };
        let changed = [Changed { was, became, time_ns: START_NS }];
        let lines = journal(&changed, made, note.netns.as_deref(), samples::view());
        let read = entries(&String::from_utf8(lines).unwrap());
        prop_assert_eq!(&read[0].subject, &Subject::Flow(as_json(&flows[0])));
        prop_assert_eq!((read[0].time_ns, &read[0].journal), (Some(START_NS), &Some(note)));
    }
}

#[test]
fn events_are_read_as_they_were_printed() {
    let events = samples::events();
    let items = samples::event_items(&events);
    let heads = |entries: &[Entry]| -> Vec<(Option<EventKind>, Option<u64>, u32)> {
        entries.iter().map(|entry| (entry.kind, entry.time_ns, entry.port_id)).collect()
    };
    let wanted: Vec<_> =
        events.iter().map(|event| (Some(event.kind), Some(event.time_ns), event.port_id)).collect();
    for format in ["conntrack,timestamp", "conntrack,timestamp,extended", "json", "ndjson"] {
        let text = print(format, Columns::Events, Screen::default(), &items);
        assert_eq!(heads(&entries(&text)), wanted, "{format}");
    }
    let Subject::Expectation(mut wanted) = events[3].subject.clone() else { panic!() };
    for format in ["ndjson", "conntrack", "conntrack,xml"] {
        let text = print(format, Columns::Events, Screen::default(), &items[3..]);
        assert_eq!(entries(&text)[0].subject, Subject::Expectation(wanted.clone()), "{format}");
        // Not shown by conntrack.
        (wanted.id, wanted.function) = (None, None);
    }
}
