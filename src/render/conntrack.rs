//! The lines of `conntrack -L`, `-E` and `-L expect`, to the byte (conntrack-tools 1.4.7). Here they differ from it, where it would mislead:
//!
//! - control characters in a security context are escaped, so that it stays one line
//! - `labels=` is `labels` if no label that is set has a name, and nothing if nothing has one
//! - the name of the program behind a port id is not searched for
//!
//! Not here: `-o save` and `-o xml`.

use std::io::{self, Write};

use jiff::tz::TimeZone;

use super::clock;
use super::columns::{Column, Columns, Reader, at};
use super::line::Line;
use super::value::{Spans, write_text};
use super::{ConntrackStyle, Item, Printer};
use crate::flow::{
    Counters, Event, EventKind, ExpectFlags, Expectation, Family, Flow, L4, LabelMap, Labels,
    Proto, Status, Subject, Tuple, View,
};

const NS_PER_S: u64 = 1_000_000_000;

pub(super) struct Conntrack<'a> {
    style: ConntrackStyle,
    view: View<'a>,
    zone: TimeZone,
    record: Record,
    line: Line,
}

impl<'a> Conntrack<'a> {
    pub(super) fn new(columns: &Columns, style: ConntrackStyle, view: View<'a>) -> Self {
        let zone = if style.ktimestamp { TimeZone::system() } else { TimeZone::UTC };
        Self { style, view, zone, record: Record::new(columns), line: Line::default() }
    }

    fn event(&mut self, event: &Event) {
        match &event.subject {
            Subject::Flow(flow) => {
                if self.style.timestamp {
                    let (seconds, micros) = split(event.time_ns);
                    self.line.show(format_args!("[{seconds:08}.{micros:06}]\t"));
                }
                self.line.text(tag(event.kind));
                self.flow(flow, at(event, self.view));
                user_space(&mut self.line, event);
            }
            Subject::Expectation(expect) => {
                self.stamp_expectation(event.time_ns);
                self.line.text(tag(event.kind));
                expectation(&mut self.line, expect);
            }
        }
    }

    /// conntrack pads the microseconds of expectations with spaces, and stamps listed ones too.
    fn stamp_expectation(&mut self, ns: u64) {
        if self.style.timestamp {
            let (seconds, micros) = split(ns);
            self.line.show(format_args!("[{seconds:<8}.{micros:<6}]\t"));
        }
    }

    /// The fields in the order in which conntrack prints them, each with a space behind it.
    fn flow(&mut self, flow: &Flow, view: View<'_>) {
        let Self { style, zone, line, .. } = self;
        if style.extended {
            line.text(match flow.family() {
                Family::Ipv4 => "ipv4     2 ",
                Family::Ipv6 => "ipv6     10 ",
            });
        }
        protocol(line, flow.orig.proto);
        if let Some(timeout_s) = flow.timeout_s {
            line.number(timeout_s);
            line.text(" ");
        }
        if let Some(info) = flow.proto_info {
            line.text(info.state_name().unwrap_or("NONE"));
            line.text(" ");
        }
        direction(line, &flow.orig, " zone-orig=", flow.orig_counters);
        if flow.has_status(Status::SEEN_REPLY) == Some(false) {
            line.text("[UNREPLIED] ");
        }
        direction(line, &flow.reply, " zone-reply=", flow.reply_counters);
        line.text(flow.status.map_or("", fate));
        number(line, "mark=", flow.mark);
        if let Some(secctx) = flow.rare.as_ref().and_then(|rare| rare.secctx.as_ref()) {
            line.text("secctx=");
            line.tame(secctx);
            line.text(" ");
        }
        number(line, "zone=", flow.zone);
        number(line, "delta-time=", delta_s(flow, view.now_ns));
        if style.ktimestamp {
            for (name, ns) in [("[start=", flow.start_ns), ("[stop=", flow.stop_ns)] {
                if let Some(ns) = ns {
                    line.text(name);
                    clock::ctime(line, ns, zone);
                    line.text("] ");
                }
            }
        }
        if let Some(helper) = flow.helper {
            line.text("helper=");
            line.text(helper.as_str());
            line.text(" ");
        }
        number(line, "use=", flow.refs);
        if style.id {
            number(line, "id=", flow.id);
        }
        if style.labels {
            let mut joint = "labels=";
            for name in label_names(flow, view.labels) {
                line.text(joint);
                line.tame(name);
                joint = ",";
            }
            let has_some = flow.labels.is_some_and(|labels| labels != Labels::default());
            match joint {
                "," => line.text(" "),
                _ if has_some && !view.labels.is_empty() => line.text("labels "),
                _ => (),
            }
        }
        line.trim(b' ');
    }
}

impl Printer for Conntrack<'_> {
    fn item(&mut self, out: &mut dyn Write, item: Item<'_>) -> io::Result<()> {
        match item {
            Item::Flow(flow) => self.flow(flow, self.view),
            Item::Expectation(expect) => {
                self.stamp_expectation(self.view.now_ns);
                expectation(&mut self.line, expect);
            }
            Item::Event(event) => self.event(event),
            Item::Record(_) => self.record.write(&mut self.line, item, self.view),
        }
        self.line.send(out)
    }

    fn finish(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// What has no conntrack line: `name=value` pairs in its manner, what is absent left out.
pub(super) struct Record {
    columns: Vec<Column>,
    readers: Vec<Reader>,
}

impl Record {
    pub(super) fn new(columns: &Columns) -> Self {
        let columns = columns.list(true);
        Self { readers: Reader::of(&columns), columns }
    }

    pub(super) fn write(&self, line: &mut Line, item: Item<'_>, view: View<'_>) {
        let mut text = Line::default();
        for (column, reader) in self.columns.iter().zip(&self.readers) {
            let value = reader.value(item, view);
            if !value.is_absent() {
                line.tame(&column.name);
                line.text("=");
                text.truncate(0);
                write_text(&mut text, &value, Spans::Seconds);
                line.tame(text.as_str());
                line.text(" ");
            }
        }
        line.trim(b' ');
    }
}

/// Who caused it, if it was a process.
fn user_space(line: &mut Line, event: &Event) {
    if event.port_id != 0 {
        line.show(format_args!(" [USERSPACE] portid={}", event.port_id));
    }
}

/// Protocols that conntrack knows by name; it says `unknown` for others.
pub(super) fn known(proto: Proto) -> &'static str {
    match proto {
        Proto::TCP => "tcp",
        Proto::UDP => "udp",
        Proto::UDPLITE => "udplite",
        Proto::ICMP => "icmp",
        Proto::ICMPV6 => "icmpv6",
        Proto::SCTP => "sctp",
        Proto::GRE => "gre",
        Proto::DCCP => "dccp",
        _ => "unknown",
    }
}

/// Seconds from start to end or to now, both cut to the second first, as conntrack does.
pub(super) fn delta_s(flow: &Flow, now_ns: u64) -> Option<u64> {
    let end_s = flow.stop_ns.unwrap_or(now_ns) / NS_PER_S;
    flow.start_ns.map(|start_ns| end_s.saturating_sub(start_ns / NS_PER_S))
}

/// The names of the labels that are set and have one.
pub(super) fn label_names<'m>(flow: &Flow, map: &'m LabelMap) -> impl Iterator<Item = &'m str> {
    let labels = flow.labels.filter(|_| !map.is_empty()).unwrap_or_default();
    let bits = (0..Labels::BITS).filter(move |&bit| labels.has(bit));
    bits.filter_map(|bit| map.name(bit))
}

fn split(ns: u64) -> (u64, u64) {
    (ns / NS_PER_S, ns % NS_PER_S / 1_000)
}

fn tag(kind: EventKind) -> &'static str {
    match kind {
        EventKind::New => "    [NEW] ",
        EventKind::Update => " [UPDATE] ",
        EventKind::Destroy => "[DESTROY] ",
    }
}

/// The one of these flags that conntrack shows.
fn fate(status: Status) -> &'static str {
    if status.has(Status::HW_OFFLOAD) {
        "[HW_OFFLOAD] "
    } else if status.has(Status::OFFLOAD) {
        "[OFFLOAD] "
    } else if status.has(Status::ASSURED) {
        "[ASSURED] "
    } else {
        ""
    }
}

fn number(line: &mut Line, name: &str, number: Option<impl itoa::Integer>) {
    if let Some(number) = number {
        line.text(name);
        line.number(number);
        line.text(" ");
    }
}

/// `tcp      6 `: the name in eight columns, then the number.
fn protocol(line: &mut Line, proto: Proto) {
    let name = known(proto);
    line.text(name);
    line.text("         ".get(name.len()..).unwrap_or_default());
    line.number(proto.0);
    line.text(" ");
}

fn direction(line: &mut Line, tuple: &Tuple, zone: &str, counters: Option<Counters>) {
    addresses(line, ["src=", " dst="], tuple);
    layer4(line, tuple);
    if let Some(number) = tuple.zone {
        line.text(zone);
        line.number(number);
    }
    if let Some(Counters { packets, bytes }) = counters {
        line.text(" packets=");
        line.number(packets);
        line.text(" bytes=");
        line.number(bytes);
    }
    line.text(" ");
}

fn addresses(line: &mut Line, [src, dst]: [&str; 2], tuple: &Tuple) {
    line.text(src);
    line.addr(&tuple.src);
    line.text(dst);
    line.addr(&tuple.dst);
}

/// Numbers that the kernel did not send are 0 here, as conntrack has it: Linux 6.17 and later track
/// dccp by its addresses, and it still prints `sport=0 dport=0`.
fn layer4(line: &mut Line, tuple: &Tuple) {
    let (src, dst) = ports(tuple);
    match tuple.proto {
        Proto::ICMP | Proto::ICMPV6 => {
            let (kind, code, id) = match tuple.l4 {
                L4::Icmp { kind, code, id } => (kind, code, id),
                _ => (0, 0, 0),
            };
            line.text(" type=");
            line.number(kind);
            line.text(" code=");
            line.number(code);
            line.text(" id=");
            line.number(id);
        }
        Proto::GRE => line.show(format_args!(" srckey={src:#x} dstkey={dst:#x}")),
        proto if proto.has_ports() => {
            line.text(" sport=");
            line.number(src);
            line.text(" dport=");
            line.number(dst);
        }
        _ => (),
    }
}

/// Ports or keys, 0 if there are none.
pub(super) fn ports(tuple: &Tuple) -> (u16, u16) {
    (tuple.sport().unwrap_or(0), tuple.dport().unwrap_or(0))
}

fn expectation(line: &mut Line, expect: &Expectation) {
    if let Some(timeout_s) = expect.timeout_s {
        line.number(timeout_s);
        line.text(" ");
    }
    number(line, "proto=", Some(expect.tuple.proto.0));
    // The mask and the master are printed by the rules of the expected protocol.
    let proto = expect.tuple.proto;
    for (names, tuple) in [
        (["src=", " dst="], expect.tuple),
        (["mask-src=", " mask-dst="], expect.mask),
        (["master-src=", " master-dst="], expect.master),
    ] {
        addresses(line, names, &tuple);
        layer4(line, &Tuple { proto, ..tuple });
        line.text(" ");
    }
    number(line, "zone=", expect.zone);
    let before = line.len();
    for (flag, name) in EXPECT_FLAGS {
        if expect.flags.is_some_and(|flags| flags.0 & flag.0 != 0) {
            line.text(if line.len() == before { "" } else { "," });
            line.text(name);
        }
    }
    if line.len() > before {
        line.text(" ");
    }
    number(line, "class=", expect.class);
    if let Some(helper) = expect.helper {
        line.text("helper=");
        line.text(helper.as_str());
    }
    line.trim(b' ');
}

const EXPECT_FLAGS: [(ExpectFlags, &str); 3] = [
    (ExpectFlags::PERMANENT, "PERMANENT"),
    (ExpectFlags::INACTIVE, "INACTIVE"),
    (ExpectFlags::USERSPACE, "USERSPACE"),
];

#[cfg(test)]
mod tests;
