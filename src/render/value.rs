//! A single value as text: for people, for programs, as a table cell, and as JSON.

use super::clock;
use super::line::Line;
use crate::flow::{Unit, Value};

const NS_PER_S: u64 = 1_000_000_000;

/// The text of a value, as `print` shows it: `4m59s`, `2026-11-20T20:09:46Z` (always UTC),
/// lists `a,b`, maps `a=1 b=2`; absent is empty.
#[must_use]
pub fn text(value: &Value) -> String {
    let mut line = Line::default();
    write_text(&mut line, value, Spans::Human);
    line.as_str().to_owned()
}

/// A number of bytes as tables show it: `999 B`, `1.2 MB`, in powers of 1000.
#[must_use]
pub fn size_text(bytes: u64) -> String {
    let mut line = Line::default();
    size(&mut line, bytes);
    line.as_str().to_owned()
}

/// The JSON of a value: absent is null, a span its seconds, a time RFC 3339 in UTC, an address text.
#[must_use]
pub fn json(value: &Value) -> serde_json::Value {
    let mut line = Line::default();
    write_json(&mut line, value);
    // What was just written reads back; there is one mapping to JSON, not two.
    serde_json::from_str(line.as_str()).unwrap_or_default()
}

/// How spans of time are written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Spans {
    /// `4m59s`.
    Human,
    /// `299`, for programs.
    Seconds,
}

pub(super) fn write_text(line: &mut Line, value: &Value, spans: Spans) {
    match value {
        Value::Absent => (),
        Value::Bool(value) => line.text(if *value { "true" } else { "false" }),
        Value::Count(count) => line.number(*count),
        Value::Int(int) => line.number(*int),
        Value::Float(float) => line.show(float),
        Value::Text(text) => line.text(text),
        Value::Addr(addr) => line.show(addr),
        Value::Net(net) => line.show(net),
        Value::Duration(ns) => match spans {
            Spans::Human => span(line, *ns),
            Spans::Seconds => seconds(line, *ns),
        },
        Value::Time(ns) => clock::rfc3339(line, *ns),
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                line.text(if index == 0 { "" } else { "," });
                write_text(line, item, spans);
            }
        }
        Value::Map(pairs) => {
            for (index, (name, value)) in pairs.iter().enumerate() {
                line.text(if index == 0 { "" } else { " " });
                line.text(name);
                line.text("=");
                write_text(line, value, spans);
            }
        }
    }
}

/// A table cell: short, on one line, and harmless to a terminal; absent is `-`.
pub(super) fn write_cell(line: &mut Line, value: &Value, unit: Unit) {
    match (value, unit) {
        (Value::Absent, _) => line.text("-"),
        (Value::Count(bytes), Unit::Bytes) => size(line, *bytes),
        (Value::Int(bytes), Unit::Bytes) => match u64::try_from(*bytes) {
            Ok(bytes) => size(line, bytes),
            Err(_) => line.number(*bytes),
        },
        (Value::Float(float), _) => line.show(format_args!("{float:.2}")),
        (Value::Duration(ns), _) => span_short(line, *ns),
        (Value::Time(ns), _) => clock::rfc3339_seconds(line, *ns),
        (Value::Text(text), _) => line.tame(text),
        (Value::List(_) | Value::Map(_), _) => line.tame(&text(value)),
        (value, _) => write_text(line, value, Spans::Human),
    }
}

pub(super) fn write_json(line: &mut Line, value: &Value) {
    match value {
        Value::Absent => line.text("null"),
        Value::Float(float) if !float.is_finite() => line.text("null"),
        Value::Float(float) => line.show(format_args!("{float:?}")),
        Value::Bool(_) | Value::Count(_) | Value::Int(_) | Value::Duration(_) => {
            write_text(line, value, Spans::Seconds);
        }
        Value::Text(text) => json_string(line, text),
        // Their texts need no escape.
        Value::Addr(_) | Value::Net(_) | Value::Time(_) => {
            line.text("\"");
            write_text(line, value, Spans::Seconds);
            line.text("\"");
        }
        Value::List(items) => {
            line.text("[");
            for (index, item) in items.iter().enumerate() {
                line.text(if index == 0 { "" } else { "," });
                write_json(line, item);
            }
            line.text("]");
        }
        Value::Map(pairs) => {
            line.text("{");
            for (index, (name, value)) in pairs.iter().enumerate() {
                line.text(if index == 0 { "" } else { "," });
                json_string(line, name);
                line.text(":");
                write_json(line, value);
            }
            line.text("}");
        }
    }
}

pub(super) fn json_string(line: &mut Line, text: &str) {
    // Text has a JSON, and writing to memory does not fail.
    let _ = serde_json::to_writer(line, text);
}

/// `299`, `0.25`, `-1.5`: exact, without zeros at the end.
fn seconds(line: &mut Line, ns: i64) {
    line.text(if ns < 0 { "-" } else { "" });
    unsigned_seconds(line, ns.unsigned_abs());
}

fn unsigned_seconds(line: &mut Line, ns: u64) {
    line.number(ns / NS_PER_S);
    if !ns.is_multiple_of(NS_PER_S) {
        line.show(format_args!(".{:09}", ns % NS_PER_S));
        while line.as_str().ends_with('0') {
            line.trim(b'0');
        }
    }
}

/// Units of a span in whole seconds, largest first.
const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];

/// `4d23h59m54s`, `4m59s`, `0.25s`: exact, units of zero left out.
fn span(line: &mut Line, ns: i64) {
    line.text(if ns < 0 { "-" } else { "" });
    let ns = ns.unsigned_abs();
    let mut rest = ns;
    for (length, name) in UNITS {
        let length = length * NS_PER_S;
        if name != "s" && rest >= length {
            line.number(rest / length);
            line.text(name);
            rest %= length;
        }
    }
    if rest > 0 || ns == 0 {
        unsigned_seconds(line, rest);
        line.text("s");
    }
}

/// `4d23h`, `4m59s`, `12s`, `250ms`: the two largest units, the rest cut off.
fn span_short(line: &mut Line, ns: i64) {
    line.text(if ns < 0 { "-" } else { "" });
    let ns = ns.unsigned_abs();
    let mut rest = ns / NS_PER_S;
    if rest == 0 && ns > 0 {
        line.number(ns / 1_000_000);
        return line.text("ms");
    }
    let first = UNITS.iter().position(|(length, _)| rest >= *length).unwrap_or(UNITS.len() - 1);
    for (index, (length, name)) in UNITS.iter().enumerate().skip(first).take(2) {
        if index == first || rest >= *length {
            line.number(rest / length);
            line.text(name);
            rest %= length;
        }
    }
}

/// `999 B`, `1.2 MB`: powers of 1000, as `10.MB` is in scripts; the rest cut off.
fn size(line: &mut Line, bytes: u64) {
    const NAMES: [&str; 6] = ["EB", "PB", "TB", "GB", "MB", "KB"];
    let mut unit = 1_000_000_000_000_000_000;
    for name in NAMES {
        if bytes >= unit {
            let tenths = bytes / (unit / 10);
            return line.show(format_args!("{}.{} {name}", tenths / 10, tenths % 10));
        }
        unit /= 1_000;
    }
    line.show(format_args!("{bytes} B"));
}

#[cfg(test)]
mod tests;
