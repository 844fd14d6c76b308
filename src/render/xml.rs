//! The document of `conntrack -o xml`, a flow or an expectation per line, and a plain document for
//! records. As with conntrack the root comes with the first row: no rows, no document.
//!
//! Where conntrack's own is broken this one is not: text is escaped, the states of sctp and dccp
//! have their own names, and no `[USERSPACE]` follows an element.

use std::io::{self, Write};

use jiff::tz::TimeZone;
use quick_xml::escape::escape;

use super::clock;
use super::columns::{Column, Columns, Reader, at};
use super::conntrack::{delta_s, known, label_names, ports};
use super::line::Line;
use super::value::{Spans, write_text};
use super::{ConntrackStyle, Item, Printer};
use crate::flow::{EventKind, ExpectFlags, Expectation, Flow, Proto, Status, Subject, Tuple, View};

pub(super) struct Xml<'a> {
    style: ConntrackStyle,
    view: View<'a>,
    zone: TimeZone,
    columns: Vec<Column>,
    readers: Vec<Reader>,
    root: Option<&'static str>,
    line: Line,
}

impl<'a> Xml<'a> {
    pub(super) fn new(columns: &Columns, style: ConntrackStyle, view: View<'a>) -> Self {
        let zone = if style.timestamp { TimeZone::system() } else { TimeZone::UTC };
        let columns = columns.list(true);
        let readers = Reader::of(&columns);
        Self { style, view, zone, columns, readers, root: None, line: Line::default() }
    }

    fn flow(&mut self, flow: &Flow, kind: Option<EventKind>, view: View<'_>) {
        open_flow(&mut self.line, kind);
        self.direction("original", &flow.orig, flow, flow.orig_counters);
        self.direction("reply", &flow.reply, flow, flow.reply_counters);
        let Self { style, zone, line, .. } = self;
        line.text("<meta direction=\"independent\">");
        let state = flow.proto_info.map(|info| info.state_name().unwrap_or("NONE"));
        element(line, "state", state);
        element(line, "timeout", flow.timeout_s);
        element(line, "mark", flow.mark);
        if style.labels {
            let before = line.len();
            line.text("<labels>");
            let empty = line.len();
            for name in label_names(flow, view.labels) {
                element(line, "label", Some(sound(name)));
            }
            if line.len() == empty {
                line.truncate(before);
            } else {
                line.text("</labels>");
            }
        }
        let secctx = flow.rare.as_ref().and_then(|rare| rare.secctx.as_deref());
        element(line, "secctx", secctx.map(sound));
        element(line, "zone", flow.zone);
        element(line, "use", flow.refs);
        element(line, "id", flow.id);
        let status = flow.status.unwrap_or(Status::SEEN_REPLY);
        line.text(if status.has(Status::ASSURED) { "<assured/>" } else { "" });
        line.text(if status.has(Status::SEEN_REPLY) { "" } else { "<unreplied/>" });
        if style.ktimestamp && (flow.start_ns.is_some() || flow.stop_ns.is_some()) {
            line.text("<timestamp>");
            element(line, "start", flow.start_ns);
            element(line, "stop", flow.stop_ns);
            line.text("</timestamp>");
        }
        element(line, "deltatime", delta_s(flow, view.now_ns));
        line.text("</meta>");
        if style.timestamp && kind.is_some() {
            clock::when(line, view.now_ns, zone);
        }
        element(line, "helper", flow.helper.as_ref().map(|helper| sound(helper.as_str())));
        line.text("</flow>");
    }

    /// conntrack shows both counters if the original direction has any, and so does the kernel.
    fn direction(
        &mut self,
        name: &str,
        tuple: &Tuple,
        flow: &Flow,
        counters: Option<crate::flow::Counters>,
    ) {
        let line = &mut self.line;
        line.show(format_args!("<meta direction=\"{name}\">"));
        layer3(line, tuple);
        addresses(line, tuple);
        line.text("</layer3>");
        layer4(line, tuple.proto);
        port_elements(line, tuple.proto, tuple);
        line.text("</layer4>");
        element(line, "zone", tuple.zone);
        if let Some(counters) = counters.filter(|_| flow.orig_counters.is_some()) {
            line.text("<counters>");
            element(line, "packets", Some(counters.packets));
            element(line, "bytes", Some(counters.bytes));
            line.text("</counters>");
        }
        line.text("</meta>");
    }

    fn expectation(&mut self, expect: &Expectation, kind: Option<EventKind>, time_ns: u64) {
        let Self { style, zone, line, .. } = self;
        let parts =
            [("expected", &expect.tuple), ("mask", &expect.mask), ("master", &expect.master)];
        open_flow(line, kind);
        layer3(line, &expect.tuple);
        for (name, tuple) in parts {
            line.show(format_args!("<{name}>"));
            addresses(line, tuple);
            line.show(format_args!("</{name}>"));
        }
        line.text("</layer3>");
        layer4(line, expect.tuple.proto);
        for (name, tuple) in parts {
            line.show(format_args!("<{name}>"));
            port_elements(line, expect.tuple.proto, tuple);
            line.show(format_args!("</{name}>"));
        }
        line.text("</layer4><meta>");
        element(line, "helper-name", expect.helper.as_ref().map(|helper| sound(helper.as_str())));
        element(line, "timeout", expect.timeout_s);
        element(line, "class", expect.class);
        element(line, "zone", expect.zone);
        if style.timestamp {
            clock::when(line, time_ns, zone);
        }
        for (flag, empty_element) in [
            (ExpectFlags::PERMANENT, "<permanent/>"),
            (ExpectFlags::INACTIVE, "<inactive/>"),
            (ExpectFlags::USERSPACE, "<userspace/>"),
        ] {
            let set = expect.flags.is_some_and(|flags| flags.0 & flag.0 != 0);
            line.text(if set { empty_element } else { "" });
        }
        line.text("</meta></flow>");
    }

    /// Absent cells are left out; a name may be anything, so it is an attribute.
    fn record(&mut self, item: Item<'_>) {
        let Self { line, view, .. } = self;
        line.text("<row>");
        let mut text = Line::default();
        for (column, reader) in self.columns.iter().zip(&self.readers) {
            let value = reader.value(item, *view);
            if !value.is_absent() {
                text.truncate(0);
                write_text(&mut text, &value, Spans::Seconds);
                let (name, text) = (sound(&column.name), sound(text.as_str()));
                line.show(format_args!("<cell name=\"{name}\">{text}</cell>"));
            }
        }
        line.text("</row>");
    }
}

impl Printer for Xml<'_> {
    fn item(&mut self, out: &mut dyn Write, item: Item<'_>) -> io::Result<()> {
        if self.root.is_none() {
            let root = root(item);
            writeln!(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<{root}>")?;
            self.root = Some(root);
        }
        match item {
            Item::Flow(flow) => self.flow(flow, None, self.view),
            Item::Expectation(expect) => self.expectation(expect, None, self.view.now_ns),
            Item::Event(event) => match &event.subject {
                Subject::Flow(flow) => self.flow(flow, Some(event.kind), at(event, self.view)),
                Subject::Expectation(expect) => {
                    self.expectation(expect, Some(event.kind), event.time_ns);
                }
            },
            Item::Record(_) => self.record(item),
        }
        self.line.send(out)
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.root.map_or(Ok(()), |root| writeln!(out, "</{root}>"))
    }
}

/// What the whole document is called is decided by its first row.
fn root(item: Item<'_>) -> &'static str {
    match item {
        Item::Flow(_) => "conntrack",
        Item::Expectation(_) => "expect",
        Item::Event(event) => match event.subject {
            Subject::Flow(_) => "conntrack",
            Subject::Expectation(_) => "expect",
        },
        Item::Record(_) => "rows",
    }
}

fn open_flow(line: &mut Line, kind: Option<EventKind>) {
    match kind {
        Some(kind) => line.show(format_args!("<flow type=\"{}\">", kind.name())),
        None => line.text("<flow>"),
    }
}

fn element(line: &mut Line, name: &str, content: Option<impl std::fmt::Display>) {
    if let Some(content) = content {
        line.show(format_args!("<{name}>{content}</{name}>"));
    }
}

/// Escaped, and without the control characters that XML 1.0 cannot carry even escaped.
fn sound(text: &str) -> String {
    let illegal = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    escape(text).replace(illegal, "\u{fffd}")
}

fn layer3(line: &mut Line, tuple: &Tuple) {
    let (name, number) = match tuple.family() {
        crate::flow::Family::Ipv4 => ("ipv4", 2),
        crate::flow::Family::Ipv6 => ("ipv6", 10),
    };
    line.show(format_args!("<layer3 protonum=\"{number}\" protoname=\"{name}\">"));
}

fn layer4(line: &mut Line, proto: Proto) {
    let name = known(proto);
    line.show(format_args!("<layer4 protonum=\"{}\" protoname=\"{name}\">", proto.0));
}

fn addresses(line: &mut Line, tuple: &Tuple) {
    line.text("<src>");
    line.addr(&tuple.src);
    line.text("</src><dst>");
    line.addr(&tuple.dst);
    line.text("</dst>");
}

fn port_elements(line: &mut Line, proto: Proto, tuple: &Tuple) {
    let (src, dst) = ports(tuple);
    if proto == Proto::GRE {
        line.show(format_args!("<srckey>{src:#x}</srckey><dstkey>{dst:#x}</dstkey>"));
    } else if proto.has_ports() {
        line.show(format_args!("<sport>{src}</sport><dport>{dst}</dport>"));
    }
}

#[cfg(test)]
mod tests;
