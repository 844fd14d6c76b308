//! What flowsh itself prints for programs: an object of JSON, or a row of CSV under its header. Both
//! name their fields as scripts do, so one table of names reads both.

use std::borrow::Cow;
use std::fmt::Display;

use serde_json::{Map, Value};

use super::Entry;
use super::draft::{Draft, ExpectDraft, Side, number, parsed};
use super::error::EntryError;
use super::line::Frame;
use super::time;
use crate::flow::{
    EventKind, ExpectFlags, LabelMap, Proto, Rare, SeqAdj, Status, Subject, Synproxy, TcpFlags,
};

/// Reads an object: a flow, an expectation, or an event of one.
pub(super) fn object(text: &str, labels: &LabelMap) -> Result<Entry, EntryError> {
    let syntax = |error| syntax("JSON", error);
    let object: Map<String, Value> = serde_json::from_str(text).map_err(syntax)?;
    let mut fields = Fields::new(labels);
    let nested = |name: &str| object.get(name).and_then(Value::as_object);
    match nested("flow").or_else(|| nested("expectation")) {
        Some(subject) => {
            for name in ["event", "time", "portid"] {
                if let Some(value) = object.get(name) {
                    fields.value(name, value)?;
                }
            }
            fields.members("", subject)?;
        }
        None => fields.members("", &object)?,
    }
    fields.entry()
}

/// The names of the columns, if `line` is the header of a table of flows, expectations or events.
pub(super) fn header(line: &str) -> Option<Vec<String>> {
    let names: Vec<String> = line.split(',').map(|name| name.trim().to_owned()).collect();
    let named = |wanted: &str| names.iter().any(|name| name == wanted);
    (named("proto") && named("src") && named("dst")).then_some(names)
}

/// Reads a row of a table whose columns have these names; an empty cell is absent.
pub(super) fn row(text: &str, names: &[String], labels: &LabelMap) -> Result<Entry, EntryError> {
    let (cells, mut fields) = (Cells(Some(text)), Fields::new(labels));
    let count = cells.clone().count();
    if count != names.len() {
        let reason = format!("{count} columns under a header of {}", names.len());
        return Err(syntax("CSV", reason));
    }
    for (name, cell) in names.iter().zip(cells) {
        match name.as_str() {
            _ if cell.is_empty() => (),
            "protoinfo" | "seqadj" | "synproxy" | "master" | "mask" | "nat"
                if cell.contains('=') =>
            {
                fields.pairs(name, &cell)?;
            }
            name => fields.set(name, &cell)?,
        }
    }
    fields.entry()
}

/// The cells of a row (RFC 4180). The `csv` crate reads streams: given a row at a time, each with a
/// place of its own in the file, it takes four times as long.
#[derive(Clone)]
struct Cells<'a>(Option<&'a str>);

impl<'a> Iterator for Cells<'a> {
    type Item = Cow<'a, str>;

    fn next(&mut self) -> Option<Cow<'a, str>> {
        let text = self.0.take()?;
        let Some(quoted) = text.strip_prefix('"') else {
            let (cell, rest) = text.split_once(',').map_or((text, None), |(a, b)| (a, Some(b)));
            self.0 = rest;
            return Some(cell.into());
        };
        let mut quotes = quoted.match_indices('"').map(|(at, _)| at).peekable();
        let mut end = quoted.len();
        while let Some(at) = quotes.next() {
            // Two in a row are one that is meant.
            if quotes.next_if_eq(&(at + 1)).is_none() {
                end = at;
                break;
            }
        }
        let (cell, rest) = quoted.split_at_checked(end)?;
        self.0 = rest.split_once(',').map(|(_, rest)| rest);
        Some(if cell.contains('"') { cell.replace("\"\"", "\"").into() } else { cell.into() })
    }
}

fn syntax(format: &'static str, reason: impl Display) -> EntryError {
    EntryError::Syntax { format, reason: reason.to_string() }
}

/// An entry whose fields come by the names that scripts use, those within others after a point.
struct Fields<'a> {
    labels: &'a LabelMap,
    draft: Draft,
    frame: Frame,
    is_expectation: bool,
}

impl<'a> Fields<'a> {
    fn new(labels: &'a LabelMap) -> Self {
        let (draft, frame) = (Draft::default(), Frame::default());
        Self { labels, draft, frame, is_expectation: false }
    }

    fn members(&mut self, within: &str, object: &Map<String, Value>) -> Result<(), EntryError> {
        for (name, value) in object {
            match within {
                "" => self.value(name, value)?,
                within => self.value(&format!("{within}.{name}"), value)?,
            }
        }
        Ok(())
    }

    fn value(&mut self, name: &str, value: &Value) -> Result<(), EntryError> {
        match value {
            Value::Null => Ok(()),
            Value::String(text) => self.set(name, text),
            Value::Object(object) => self.members(name, object),
            Value::Array(items) => {
                let texts: Vec<_> = items.iter().filter_map(Value::as_str).collect();
                self.set(name, &texts.join(","))
            }
            Value::Bool(_) | Value::Number(_) => self.set(name, &value.to_string()),
        }
    }

    /// `state=ESTABLISHED wscale_orig=7`, or with another level `orig=offset_before=1 …`.
    fn pairs(&mut self, within: &str, text: &str) -> Result<(), EntryError> {
        let mut part = String::new();
        for word in text.split(' ') {
            let Some((name, value)) = word.split_once('=') else { continue };
            match value.split_once('=') {
                Some((inner, value)) => {
                    part = format!("{name}.");
                    self.set(&format!("{within}.{name}.{inner}"), value)?;
                }
                None => self.set(&format!("{within}.{part}{name}"), value)?,
            }
        }
        Ok(())
    }

    /// Sets a field; one that is derived from others, or not known, is passed over.
    fn set(&mut self, path: &str, text: &str) -> Result<(), EntryError> {
        let Self { labels, draft, frame, .. } = self;
        let (within, name) = path.rsplit_once('.').unwrap_or(("", path));
        match (within, name) {
            ("" | "orig", "proto") => draft.proto = Some(protocol(path, text)?),
            ("", "event") => {
                let kind = EventKind::named(text);
                let unknown = || EntryError::value(name, "new, update or destroy", text);
                frame.kind = Some(kind.ok_or_else(unknown)?);
            }
            ("", "time") => frame.time_ns = Some(moment(name, text)?),
            ("", "portid") => _ = frame.tail(name, text)?,
            ("", "start") => draft.start_ns = Some(moment(name, text)?),
            ("", "stop") => draft.stop_ns = Some(moment(name, text)?),
            ("", "age") => {
                let age_ns = time::seconds(text);
                draft.age_ns =
                    Some(age_ns.ok_or_else(|| EntryError::value(name, "seconds", text))?);
            }
            ("", "status") => draft.add_status(status(name, text)?),
            // A status of no bits is empty, but it is there.
            ("", "assured" | "unreplied") => _ = draft.status.get_or_insert_default(),
            ("", "flags") => draft.expect.flags = Some(flags(name, text)?),
            ("", "function") => draft.expect.function = Some(text.to_owned()),
            // The sums of both directions.
            ("", "packets" | "bytes") => (),
            ("" | "protoinfo", "state") => draft.state(path, text)?,
            ("protoinfo", _) => protoinfo(draft, name, path, text)?,
            ("mask" | "master", "proto") => {
                let proto = protocol(path, text)?;
                match within {
                    "mask" => self.is_expectation = true,
                    _ => draft.master_proto = Some(proto),
                }
            }
            ("orig", _)
            | ("", "src" | "dst" | "sport" | "dport" | "icmp_type" | "icmp_code" | "icmp_id") => {
                _ = draft.orig.set(name, text)?;
            }
            ("reply" | "mask", _) => _ = draft.reply.set(name, text)?,
            ("master", _) => _ = draft.master.set(name, text)?,
            ("nat" | "nat.tuple", _) => nat(&mut draft.expect, name, text)?,
            ("seqadj.orig", _) => {
                adjustment(&mut draft.rare().seqadj_orig, name, text)?;
            }
            ("seqadj.reply", _) => {
                adjustment(&mut draft.rare().seqadj_reply, name, text)?;
            }
            ("synproxy", _) => proxy(draft.rare(), name, text)?,
            ("", _) => _ = draft.set(name, text, labels)?,
            _ => (),
        }
        Ok(())
    }

    fn entry(self) -> Result<Entry, EntryError> {
        let Self { draft, frame, is_expectation, .. } = self;
        if is_expectation {
            return Ok(frame.entry(Subject::Expectation(draft.expectation()?), None));
        }
        let age_ns = draft.age_ns;
        Ok(frame.entry(Subject::Flow(draft.flow()?), age_ns))
    }
}

fn protocol(name: &str, text: &str) -> Result<Proto, EntryError> {
    parsed(name, "a protocol", text)
}

fn moment(name: &str, text: &str) -> Result<u64, EntryError> {
    time::rfc3339(text).ok_or_else(|| EntryError::value(name, "a time", text))
}

/// Names of status bits; `bit17` where there is no name.
fn status(name: &str, text: &str) -> Result<Status, EntryError> {
    let words = text.split(',').filter(|word| !word.is_empty());
    words.into_iter().try_fold(Status::default(), |status, word| {
        let unnamed =
            || word.strip_prefix("bit")?.parse().ok().and_then(|bit| 1u32.checked_shl(bit));
        let bit = Status::named(word).or_else(|| unnamed().map(Status));
        Ok(status | bit.ok_or_else(|| EntryError::value(name, "names of status bits", word))?)
    })
}

fn flags(name: &str, text: &str) -> Result<ExpectFlags, EntryError> {
    let words = text.split(',').filter(|word| !word.is_empty());
    words.into_iter().try_fold(ExpectFlags::default(), |flags, word| {
        let bit = ExpectFlags::named(word);
        let bit = bit.ok_or_else(|| EntryError::value(name, "names of flags", word))?;
        Ok(ExpectFlags(flags.0 | bit.0))
    })
}

fn protoinfo(draft: &mut Draft, name: &str, path: &str, text: &str) -> Result<(), EntryError> {
    let Draft { tcp, sctp, dccp, .. } = draft;
    let flags = || Ok::<_, EntryError>(TcpFlags { flags: number(path, text)?, mask: 0 });
    match name {
        "wscale_orig" => tcp.wscale_orig = Some(number(path, text)?),
        "wscale_reply" => tcp.wscale_reply = Some(number(path, text)?),
        "flags_orig" => tcp.flags_orig = Some(flags()?),
        "flags_reply" => tcp.flags_reply = Some(flags()?),
        "vtag_orig" => sctp.vtag_orig = Some(number(path, text)?),
        "vtag_reply" => sctp.vtag_reply = Some(number(path, text)?),
        "role" => dccp.role = Some(number(path, text)?),
        "handshake_seq" => dccp.handshake_seq = Some(number(path, text)?),
        _ => (),
    }
    Ok(())
}

fn nat(draft: &mut ExpectDraft, name: &str, text: &str) -> Result<(), EntryError> {
    if name == "direction" {
        draft.nat_direction = Some(u32::from(text != "orig"));
    }
    let side: &mut Side = draft.nat.get_or_insert_default();
    side.set(name, text).map(drop)
}

fn adjustment(adjustment: &mut Option<SeqAdj>, name: &str, text: &str) -> Result<(), EntryError> {
    let adjustment = adjustment.get_or_insert_default();
    let offset = || parsed(name, "a number", text);
    match name {
        "correction_pos" => adjustment.correction_pos = number(name, text)?,
        "offset_before" => adjustment.offset_before = offset()?,
        "offset_after" => adjustment.offset_after = offset()?,
        _ => (),
    }
    Ok(())
}

fn proxy(rare: &mut Rare, name: &str, text: &str) -> Result<(), EntryError> {
    let Synproxy { isn, its, tsoff } = rare.synproxy.get_or_insert_default();
    match name {
        "isn" => *isn = number(name, text)?,
        "its" => *its = number(name, text)?,
        "tsoff" => *tsoff = number(name, text)?,
        _ => (),
    }
    Ok(())
}
