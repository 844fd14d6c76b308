//! Rows for the tests of this room: one of each kind that a format may trip over.

use std::net::SocketAddr;
use std::sync::LazyLock;

use super::{Column, Columns, Format, Item, Screen};
use crate::flow::{
    Counters, Event, EventKind, ExpectFlags, Expectation, Flow, HelperName, L4, LabelMap, Labels,
    Proto, ProtoInfo, SctpInfo, Status, Subject, TcpInfo, Tuple, Unit, Value, View,
};

/// 2026-11-20T20:09:46.25Z.
pub(super) const START_NS: u64 = 1_795_205_386_250_000_000;
/// 6.5 seconds later.
pub(super) const NOW_NS: u64 = START_NS + 6_500_000_000;

pub(super) static LABELS: LazyLock<LabelMap> =
    LazyLock::new(|| LabelMap::parse("0 eth0-in\n1 voip\n100 hundred"));

pub(super) fn view() -> View<'static> {
    View { now_ns: NOW_NS, labels: &LABELS }
}

/// What a printer makes of these rows.
pub(super) fn print(
    format: &str,
    columns: impl Into<Columns>,
    screen: Screen,
    items: &[Item<'_>],
) -> String {
    let mut out = Vec::new();
    let mut printer = format.parse::<Format>().unwrap().printer(columns, view(), screen);
    for item in items {
        printer.item(&mut out, *item).unwrap();
    }
    printer.finish(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn tuple(proto: Proto, src: &str, dst: &str) -> Tuple {
    let (src, dst): (SocketAddr, SocketAddr) = (src.parse().unwrap(), dst.parse().unwrap());
    let l4 = L4::Ports { src: src.port(), dst: dst.port() };
    Tuple { src: src.ip(), dst: dst.ip(), proto, l4, zone: None }
}

fn without_ports(proto: Proto, l4: L4) -> Tuple {
    Tuple { l4, ..tuple(proto, "10.0.0.1:0", "10.0.0.2:0") }
}

/// A flow that nothing translates, as the kernel dumps it without accounting.
fn plain(orig: Tuple, status: Status) -> Flow {
    Flow {
        status: Some(status | Status::CONFIRMED),
        timeout_s: Some(299),
        mark: Some(0),
        id: Some(4_192_558_749),
        refs: Some(1),
        ..Flow::new(orig, orig.inverted().unwrap())
    }
}

pub(super) fn tcp() -> Flow {
    let orig = tuple(Proto::TCP, "10.0.0.1:1000", "10.0.0.2:80");
    let status = Status::SEEN_REPLY | Status::ASSURED;
    let info = TcpInfo { state: 3, wscale_orig: Some(7), ..TcpInfo::default() };
    Flow {
        timeout_s: Some(431_994),
        proto_info: Some(ProtoInfo::Tcp(info)),
        mark: Some(7),
        orig_counters: Some(Counters { packets: 12, bytes: 1_250_000 }),
        reply_counters: Some(Counters { packets: 8, bytes: 52 }),
        start_ns: Some(START_NS),
        ..plain(orig, status)
    }
}

pub(super) fn udp6_nat() -> Flow {
    let mut flow = plain(tuple(Proto::UDP, "[fd00::1]:5000", "[2001:db8::53]:53"), Status(0));
    flow.reply = tuple(Proto::UDP, "[2001:db8::53]:53", "[2001:db8::7]:61000");
    flow.status = flow.status.map(|status| status | Status::SRC_NAT);
    flow
}

pub(super) fn icmp() -> Flow {
    let orig = without_ports(Proto::ICMP, L4::Icmp { kind: 8, code: 0, id: 77 });
    plain(orig, Status::SEEN_REPLY)
}

pub(super) fn gre() -> Flow {
    plain(without_ports(Proto::GRE, L4::Ports { src: 16, dst: 32 }), Status::SEEN_REPLY)
}

pub(super) fn unknown() -> Flow {
    plain(without_ports(Proto(42), L4::None), Status(0))
}

/// As Linux 6.17 and later show dccp.
pub(super) fn dccp() -> Flow {
    plain(without_ports(Proto::DCCP, L4::None), Status(0))
}

pub(super) fn sctp() -> Flow {
    let info = SctpInfo { state: 4, vtag_orig: Some(1), vtag_reply: Some(305_419_896) };
    let orig = tuple(Proto::SCTP, "10.0.0.1:5", "10.0.0.2:6");
    let status = Status::SEEN_REPLY;
    Flow { proto_info: Some(ProtoInfo::Sctp(info)), zone: Some(5), ..plain(orig, status) }
}

pub(super) fn direction_zones() -> Flow {
    let mut flow = plain(tuple(Proto::UDPLITE, "10.0.0.1:5", "10.0.0.2:6"), Status(0));
    flow.orig.zone = Some(6);
    flow.reply.zone = Some(7);
    flow
}

pub(super) fn offloaded() -> Flow {
    let status = Status::SEEN_REPLY | Status::ASSURED | Status::OFFLOAD;
    Flow { timeout_s: None, ..plain(tuple(Proto::TCP, "10.0.0.3:1", "10.0.0.2:80"), status) }
}

/// Labels, a helper, and a security context that would like to be something else.
pub(super) fn adorned() -> Flow {
    let orig = tuple(Proto::TCP, "10.0.0.8:1024", "10.0.0.2:21");
    let mut flow = plain(orig, Status::SEEN_REPLY | Status::FIXED_TIMEOUT);
    flow.labels = Some(Labels([0b110, 0, 0, 1 << 4]));
    flow.helper = HelperName::new(b"ftp");
    flow.rare_mut().secctx = Some("a<&\"\n\u{1b}[31mz".to_owned());
    flow.rare_mut().master = Some(orig);
    flow
}

/// What a destroy event shows of a flow, and a little less.
pub(super) fn bare() -> Flow {
    let orig = tuple(Proto::UDP, "10.0.0.1:1", "10.0.0.2:2");
    Flow::new(orig, orig.inverted().unwrap())
}

pub(super) fn flows() -> Vec<Flow> {
    vec![
        tcp(),
        udp6_nat(),
        icmp(),
        gre(),
        unknown(),
        dccp(),
        sctp(),
        direction_zones(),
        offloaded(),
        adorned(),
        bare(),
    ]
}

pub(super) fn items(flows: &[Flow]) -> Vec<Item<'_>> {
    flows.iter().map(Item::Flow).collect()
}

pub(super) fn expectation() -> Expectation {
    Expectation {
        tuple: tuple(Proto::TCP, "10.0.0.2:0", "10.0.0.8:5555"),
        mask: tuple(Proto::TCP, "255.255.255.255:0", "255.255.255.255:65535"),
        master: tuple(Proto::TCP, "10.0.0.8:1024", "10.0.0.2:21"),
        timeout_s: Some(299),
        id: Some(5),
        helper: HelperName::new(b"ftp"),
        zone: None,
        flags: Some(ExpectFlags(ExpectFlags::PERMANENT.0 | ExpectFlags::INACTIVE.0)),
        class: Some(0),
        nat: None,
        function: Some("nat-follow-master".to_owned()),
    }
}

pub(super) fn events() -> Vec<Event> {
    let ended = Flow { stop_ns: Some(NOW_NS), timeout_s: None, mark: None, ..tcp() };
    let event = |kind, subject, port_id| Event {
        kind,
        subject,
        time_ns: NOW_NS + 53_416_000,
        port_id,
        synthetic: false,
    };
    vec![
        event(EventKind::New, Subject::Flow(icmp()), 0),
        event(EventKind::Update, Subject::Flow(sctp()), 13_264),
        event(EventKind::Destroy, Subject::Flow(ended), 0),
        event(EventKind::New, Subject::Expectation(expectation()), 0),
    ]
}

pub(super) fn event_items(events: &[Event]) -> Vec<Item<'_>> {
    events.iter().map(Item::Event).collect()
}

/// One column of every kind of value, one row of values and one of nothing.
pub(super) fn record_columns() -> Vec<Column> {
    [
        ("name", Unit::Text),
        ("ok", Unit::Bool),
        ("count", Unit::Number),
        ("bytes", Unit::Bytes),
        ("share", Unit::Number),
        ("addr", Unit::Addr),
        ("net", Unit::Addr),
        ("age", Unit::Duration),
        ("start", Unit::Time),
        ("tags", Unit::List),
        ("more <&>", Unit::List),
    ]
    .map(|(name, unit)| Column::new(name, unit))
    .into()
}

pub(super) fn records() -> Vec<Vec<Value>> {
    let full = vec![
        Value::text("a,\"b\" <&\n\u{1b}[2J"),
        Value::Bool(true),
        Value::Int(-3),
        Value::Count(1_250_000),
        Value::Float(0.5),
        Value::Addr("10.0.0.1".parse().unwrap()),
        Value::Net("10.0.0.0/8".parse().unwrap()),
        Value::Duration(90_500_000_000),
        Value::Time(START_NS),
        Value::List(vec![Value::text("x"), Value::text("y")]),
        Value::Map(vec![("k".into(), Value::Count(1)), ("l".into(), Value::Absent)]),
    ];
    vec![full, vec![Value::Absent; 11]]
}

pub(super) fn record_items(records: &[Vec<Value>]) -> Vec<Item<'_>> {
    records.iter().map(|record| Item::Record(record)).collect()
}
