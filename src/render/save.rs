//! `conntrack -o save`: the command line that makes such a flow, for `conntrack -R`.
//!
//! As conntrack's own it leaves out the mark and the labels; here `save,extended` adds the one and
//! `save,labels` the other. No option carries helper, counters and times. An expectation has no such
//! line and prints as always.

use std::io::{self, Write};

use super::columns::Columns;
use super::conntrack::{Conntrack, label_names, ports};
use super::line::Line;
use super::{ConntrackStyle, Item, Printer};
use crate::flow::{
    Event, EventKind, Flow, L4, LabelMap, Proto, ProtoInfo, SctpInfo, Status, Subject, Tuple, View,
};

pub(super) struct Save<'a> {
    others: Conntrack<'a>,
    style: ConntrackStyle,
    labels: &'a LabelMap,
    line: Line,
}

impl<'a> Save<'a> {
    pub(super) fn new(columns: &Columns, style: ConntrackStyle, view: View<'a>) -> Self {
        let labels = view.labels;
        Self { others: Conntrack::new(columns, style, view), style, labels, line: Line::default() }
    }

    /// What conntrack leaves out, though it reads it where a flow is made or changed.
    fn rest(&mut self, flow: &Flow) {
        let Self { style, labels, line, .. } = self;
        option(line, " -m ", flow.mark.filter(|_| style.extended));
        if style.labels {
            let mut sign = " --label-add ";
            for name in label_names(flow, labels) {
                let quote = if name.contains(' ') { "\"" } else { "" };
                line.text(sign);
                line.text(quote);
                line.tame(name);
                line.text(quote);
                sign = ",";
            }
        }
    }
}

impl Printer for Save<'_> {
    fn item(&mut self, out: &mut dyn Write, item: Item<'_>) -> io::Result<()> {
        match item {
            Item::Flow(flow) => {
                write(&mut self.line, "-A", flow);
                self.rest(flow);
            }
            Item::Event(event @ Event { subject: Subject::Flow(flow), .. }) => {
                let command = match event.kind {
                    EventKind::New => "-A",
                    EventKind::Update => "-U",
                    EventKind::Destroy => "-D",
                };
                // conntrack adds who caused it, which `-R` cannot read.
                write(&mut self.line, command, flow);
                // For a delete they would be conditions.
                if event.kind != EventKind::Destroy {
                    self.rest(flow);
                }
            }
            _ => return self.others.item(out, item),
        }
        self.line.send(out)
    }

    fn finish(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

fn write(line: &mut Line, command: &str, flow: &Flow) {
    let Flow { orig, reply, .. } = flow;
    line.text(command);
    option(line, " -t ", flow.timeout_s);
    if let Some(status) = flow.status {
        status_list(line, status);
    }
    option(line, " -w ", flow.zone);
    option(line, " --orig-zone ", orig.zone);
    option(line, " --reply-zone ", reply.zone);
    let source_changed = translated(flow.status, Status::SRC_NAT, orig.src != reply.dst);
    let destination_changed = translated(flow.status, Status::DST_NAT, orig.dst != reply.src);
    for (name, addr) in [
        (" -s ", &orig.src),
        (" -d ", &orig.dst),
        (if destination_changed { " -g " } else { " -r " }, &reply.src),
        (if source_changed { " -n " } else { " -q " }, &reply.dst),
    ] {
        line.text(name);
        line.addr(addr);
    }
    line.text(" -p ");
    protocol(line, orig, reply);
    if let Some(info) = flow.proto_info {
        line.text(" --state ");
        line.text(info.state_name().unwrap_or("NONE"));
        match info {
            ProtoInfo::Sctp(SctpInfo { vtag_orig, vtag_reply, .. }) => {
                // The tags as they are: conntrack-tools up to 1.4.9 write and read their bytes the
                // wrong way round.
                option(line, " --orig-vtag ", vtag_orig);
                option(line, " --reply-vtag ", vtag_reply);
            }
            ProtoInfo::Dccp(info) => match info.role {
                Some(0) => line.text(" --role client"),
                Some(_) => line.text(" --role server"),
                None => (),
            },
            ProtoInfo::Tcp(_) => (),
        }
    }
}

/// conntrack believes the status where there is one, and the addresses.
fn translated(status: Option<Status>, bit: Status, differs: bool) -> bool {
    differs && status.is_none_or(|status| status.has(bit))
}

fn option(line: &mut Line, name: &str, number: Option<impl itoa::Integer>) {
    if let Some(number) = number {
        line.text(name);
        line.number(number);
    }
}

fn status_list(line: &mut Line, status: Status) {
    const NAMES: [(Status, &str); 4] = [
        (Status::EXPECTED, "EXPECTED,"),
        (Status::SEEN_REPLY, "SEEN_REPLY,"),
        (Status::ASSURED, "ASSURED,"),
        (Status::FIXED_TIMEOUT, "FIXED_TIMEOUT,"),
    ];
    line.text(" -u ");
    let set = NAMES.iter().filter(|(bit, _)| status.has(*bit));
    if set.clone().count() == 0 {
        line.text("UNSET");
    }
    set.for_each(|(_, name)| line.text(name));
    line.trim(b',');
}

fn protocol(line: &mut Line, orig: &Tuple, reply: &Tuple) {
    let (src, dst) = ports(orig);
    let (reply_src, reply_dst) = ports(reply);
    match (super::conntrack::known(orig.proto), orig.l4) {
        ("unknown", _) => line.number(orig.proto.0),
        (name, L4::None) => line.text(name),
        (name, L4::Icmp { kind, code, id }) => line.show(format_args!(
            "{name} --{name}-type {kind} --{name}-code {code} --{name}-id {id}"
        )),
        (name, L4::Ports { .. }) if orig.proto == Proto::GRE => line.show(format_args!(
            "{name} --srckey {src} --dstkey {dst} --reply-key-src {reply_src} --reply-key-dst \
             {reply_dst}"
        )),
        (name, L4::Ports { .. }) => {
            line.text(name);
            option(line, " --sport ", Some(src));
            option(line, " --dport ", Some(dst));
            option(line, " --reply-port-src ", Some(reply_src));
            option(line, " --reply-port-dst ", Some(reply_dst));
        }
    }
}

#[cfg(test)]
mod tests;
