//! Saved text ⇄ flow: what `conntrack`, `/proc` and flowsh print of flows, expectations and events,
//! read back. Pure: a [`Parser`] is given bytes; opening files is the door's task.
//!
//! What was not shown is absent. Only the status is shown by what is missing, too: in conntrack's
//! lines and XML, `SEEN_REPLY` is set unless a flow is marked unreplied, and assured is who is marked
//! so. Of other bits nothing is known.
//!
//! - [`Parser::find`] finds where an entry begins and ends, [`Parser::read`] reads it
//! - `line` is conntrack's and `/proc`'s, `save` is `-o save`, `xml` is `-o xml`, `json` and `rows`
//!   are flowsh's own, whose fields `named` knows; all fill a `draft`
//! - `logged` finds a line of conntrack in a line of a log

mod draft;
mod error;
mod journal;
mod json;
mod line;
mod logged;
mod named;
mod rows;
mod save;
mod time;
mod xml;

use std::ops::Range;

use jiff::tz::TimeZone;

pub use error::EntryError;

use crate::flow::{EventKind, Flow, LabelMap, Subject};

/// One flow, expectation or event of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The flow or the expectation.
    pub subject: Subject,
    /// What happened to it; absent in a list. The `-A` of `-o save` makes a flow, also in a list.
    pub kind: Option<EventKind>,
    /// When it was shown, nanoseconds since 1970: the time of an event, or a start plus an age.
    pub time_ns: Option<u64>,
    /// The netlink port of the process that caused an event; 0 is a packet, the kernel, or unknown.
    pub port_id: u32,
    /// How old the flow was, nanoseconds, where its start is not shown.
    pub age_ns: Option<u64>,
    /// What only a line of a journal says.
    pub journal: Option<JournalNote>,
}

impl Entry {
    /// The same, with the start of a flow of which only the age is shown; `now_ns` is when that was,
    /// if the entry has no time.
    #[must_use]
    pub fn with_start(mut self, now_ns: u64) -> Self {
        if let (Subject::Flow(flow), Some(age_ns)) = (&mut self.subject, self.age_ns) {
            let shown_ns = self.time_ns.unwrap_or(now_ns);
            flow.start_ns.get_or_insert(shown_ns.saturating_sub(age_ns));
        }
        self
    }
}

/// What a line of a journal says besides the flow as it was before the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalNote {
    /// The flow as the change left it; absent if it was deleted.
    pub became: Option<Box<Flow>>,
    /// The network namespace of a flow that names none.
    pub netns: Option<String>,
    /// False if an earlier line of this change is taken back: it was not made after all.
    pub made: bool,
}

/// Reads entries of any format; the formats may be mixed.
#[derive(Debug)]
pub struct Parser {
    labels: LabelMap,
    zone: TimeZone,
    /// The columns of a CSV table, once its header was read.
    columns: Option<Vec<rows::Column>>,
    /// True within an array of JSON.
    in_array: bool,
}

impl Parser {
    /// A parser that knows labels by these names, and local times as those of this machine.
    #[must_use]
    pub fn new(labels: LabelMap) -> Self {
        Self { labels, zone: TimeZone::system(), columns: None, in_array: false }
    }

    /// Where the next entry of `text` is; `None` if more text is needed, or if none is left.
    ///
    /// It begins after blanks, and it ends with its line, with the `</flow>` of XML, or with the
    /// last brace of an object. `is_all` says that nothing follows `text`.
    #[must_use]
    pub fn find(&self, text: &[u8], is_all: bool) -> Option<Range<usize>> {
        let start = text.iter().position(|byte| !byte.is_ascii_whitespace())?;
        let entry = text.get(start..)?;
        let len = match entry.first()? {
            b'<' if b"<flow".starts_with(entry.get(..5).unwrap_or(entry)) => end_of_element(entry),
            b'<' => position(entry, b'>'),
            b'{' => end_of_object(entry),
            b']' | b',' => Some(1),
            b'[' => match begins_array(entry) {
                Some(true) => Some(1),
                Some(false) => end_of_line(entry),
                None => None,
            },
            _ if self.columns.is_some() => end_of_row(entry),
            _ => end_of_line(entry),
        };
        match len {
            Some(len) => Some(start..start + len),
            None => is_all.then_some(start..text.len()),
        }
    }

    /// Reads what [`Self::find`] found; `None` if it is no entry, but what may surround entries.
    ///
    /// # Errors
    ///
    /// It is not what it looks like, or it lacks what every flow has.
    pub fn read(&mut self, entry: &[u8]) -> Result<Option<Entry>, EntryError> {
        let text = std::str::from_utf8(entry).map_err(|_| EntryError::Encoding)?.trim_end();
        // What some editors put before the first line.
        let text = text.trim_start_matches('\u{feff}');
        match text.as_bytes() {
            [b'<', ..] if text.starts_with("<flow") => {
                xml::read(text, &self.labels, &self.zone).map(Some)
            }
            [bracket @ (b'[' | b']')] => {
                self.in_array = *bracket == b'[';
                Ok(None)
            }
            [b'#' | b'<' | b',', ..] | [] => Ok(None),
            // What conntrack 1.4.7 adds to an event in XML.
            [b'[', ..] if text.starts_with("[USERSPACE]") => Ok(None),
            [b'{', ..] => json::read(text, &self.labels).map(Some),
            // A dash alone is the time of an expectation that has none.
            [b'-', second, ..] if *second != b' ' => save::read(text, &self.labels).map(Some),
            _ => {
                if let Some(columns) = &self.columns {
                    return rows::row(text, columns, &self.labels).map(Some);
                }
                self.columns = rows::header(text);
                if self.columns.is_some() {
                    return Ok(None);
                }
                self.line(text)
            }
        }
    }

    /// To be asked behind the last entry: whether the text can end there.
    ///
    /// # Errors
    ///
    /// The end of an array is missing, and maybe entries with it. XML may lack its end: conntrack
    /// writes none for some commands.
    pub fn end(&self) -> Result<(), EntryError> {
        if self.in_array { Err(EntryError::Cut) } else { Ok(()) }
    }

    /// A line of conntrack, or of a log that has one.
    fn line(&self, text: &str) -> Result<Option<Entry>, EntryError> {
        let read = |text: &str| line::read(text, &self.labels, &self.zone);
        read(text).or_else(|error| {
            if line::is_prompt(text) {
                return Ok(None);
            }
            let Some(logged) = logged::message(text) else { return Err(error) };
            let entry = read(&logged.message)?;
            Ok(entry.map(|entry| Entry { time_ns: entry.time_ns.or(logged.time_ns), ..entry }))
        })
    }
}

fn position(text: &[u8], wanted: u8) -> Option<usize> {
    text.iter().position(|byte| *byte == wanted).map(|at| at + 1)
}

/// A line that ends with a backslash goes on, as tutorials print long ones.
fn end_of_line(text: &[u8]) -> Option<usize> {
    let mut end = 0;
    loop {
        end += position(text.get(end..)?, b'\n')?;
        if !text.get(..end)?.ends_with(b"\\\n") {
            return Some(end);
        }
    }
}

fn end_of_row(text: &[u8]) -> Option<usize> {
    let mut quoted = false;
    let end = text.iter().position(|byte| {
        quoted ^= *byte == b'"';
        *byte == b'\n' && !quoted
    });
    end.map(|at| at + 1)
}

/// Most bytes are passed over: only one that is in the end can be the last of where it is not yet.
fn end_of_element(text: &[u8]) -> Option<usize> {
    const END: &[u8] = b"</flow>";
    let mut at = END.len();
    loop {
        let window = text.get(at - END.len()..at)?;
        let last = window.last()?;
        if window == END {
            return Some(at);
        }
        let before = END.split_last().map_or(END, |(_, before)| before);
        at += before.iter().rev().position(|byte| byte == last).map_or(END.len(), |back| back + 1);
    }
}

/// A line that begins with a brace begins an entry, whatever the one before it lacks.
fn end_of_object(text: &[u8]) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped, mut last) = (0u32, false, false, b' ');
    for (at, byte) in text.iter().enumerate() {
        if (std::mem::replace(&mut last, *byte), byte) == (b'\n', &b'{') {
            return Some(at);
        }
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' if !quoted => depth += 1,
            b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => (),
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// Whether `[` begins an array of JSON and not the head of an event; `None` if it cannot be told.
fn begins_array(text: &[u8]) -> Option<bool> {
    let next = text.iter().skip(1).find(|byte| !byte.is_ascii_whitespace())?;
    Some(matches!(next, b'{' | b']'))
}

#[cfg(test)]
mod tests;
