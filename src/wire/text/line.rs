//! The lines of `conntrack -L` and `-E` with any of their `-o` words, of `/proc/net/nf_conntrack`
//! and the older `/proc/net/ip_conntrack`, and of expectations.
//!
//! They say the same in the same words, so one reader takes them all: a head of words, then
//! `name=value` and `[WORD]`. A name that is not known is passed over, as an attribute of a newer
//! kernel is.

use jiff::tz::TimeZone;

use super::draft::{Draft, Side, number};
use super::error::EntryError;
use super::{Entry, time};
use crate::flow::{EventKind, ExpectFlags, LabelMap, Proto, Status, Subject};

/// The bits of a status that these lines have words for.
const TOLD: Status =
    Status(Status::SEEN_REPLY.0 | Status::ASSURED.0 | Status::OFFLOAD.0 | Status::HW_OFFLOAD.0);

/// Words between blanks; what begins with `[` ends with `]`, blanks included.
pub(super) struct Words<'a>(pub &'a str);

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    #[inline]
    fn next(&mut self) -> Option<&'a str> {
        // A lone backslash continues a line that was broken to fit a page.
        let blank = |c: char| c.is_ascii_whitespace() || c == '\\';
        let text = self.0.trim_start_matches(blank);
        let bytes = text.as_bytes();
        let inside = match bytes.first()? {
            b'[' => bytes.iter().position(|byte| *byte == b']').unwrap_or(bytes.len()),
            _ => 0,
        };
        let end = bytes.iter().skip(inside).position(u8::is_ascii_whitespace);
        let end = end.map(|at| inside + at);
        let (word, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
        self.0 = rest;
        Some(word)
    }
}

/// What stands before an entry of an event log, and behind it.
#[derive(Default)]
pub(super) struct Frame {
    pub kind: Option<EventKind>,
    pub time_ns: Option<u64>,
    pub port_id: u32,
}

impl Frame {
    /// Takes `word` if it is a time or says what happened.
    fn head(&mut self, word: &str) -> Result<bool, EntryError> {
        let Some(inside) = word.strip_prefix('[').and_then(|word| word.strip_suffix(']')) else {
            return Ok(false);
        };
        if inside.starts_with(|c: char| c.is_ascii_digit()) {
            let stamp = time::stamp(inside);
            self.time_ns =
                Some(stamp.ok_or_else(|| EntryError::unexpected("the time of an event", word))?);
            return Ok(true);
        }
        let kind = EventKind::named(inside);
        self.kind =
            Some(kind.ok_or_else(|| {
                EntryError::unexpected("[NEW], [UPDATE], [DESTROY] or a time", word)
            })?);
        Ok(true)
    }

    /// Takes what conntrack says of the process that caused an event; false if it is something else.
    #[inline]
    pub(super) fn tail(&mut self, name: &str, value: &str) -> Result<bool, EntryError> {
        if name != "portid" {
            return Ok(false);
        }
        self.port_id = number(name, value)?;
        Ok(true)
    }

    /// The entry; where a start and an age are shown, they say when it was read.
    pub(super) fn entry(self, subject: Subject, age_ns: Option<u64>) -> Entry {
        let (start_ns, age_ns) = match &subject {
            Subject::Flow(flow) => (flow.start_ns, age_ns.filter(|_| flow.stop_ns.is_none())),
            Subject::Expectation(_) => (None, None),
        };
        let read_ns =
            start_ns.zip(age_ns).map(|(start_ns, age_ns)| start_ns.saturating_add(age_ns));
        let age_ns = age_ns.filter(|_| start_ns.is_none());
        let Self { kind, time_ns, port_id } = self;
        Entry { subject, kind, time_ns: time_ns.or(read_ns), port_id, age_ns, journal: None }
    }
}

/// Reads a line; `None` if it is conntrack's own summary of a list, or an expectation of
/// `/proc/net/ip_conntrack`, which lacks its mask and master.
pub(super) fn read(
    text: &str,
    labels: &LabelMap,
    zone: &TimeZone,
) -> Result<Option<Entry>, EntryError> {
    let (mut words, mut frame) = (Words(text), Frame::default());
    let mut first = words.next().unwrap_or_default();
    while frame.head(first)? {
        first = words.next().unwrap_or_default();
    }
    // A signal from the keyboard shows before the summary.
    if matches!(first.strip_prefix("^C").unwrap_or(first), "conntrack" | "EXPECTING:") {
        return Ok(None);
    }
    match first {
        "WARNING:" if words.0.contains("losing events") => return Err(EntryError::Lost),
        // What it goes on to say of that, and of `-b`.
        "This" | "Please," | "NOTICE:" if words.0.contains("buffer") => return Ok(None),
        _ => (),
    }
    if words.0.trim_start().starts_with("l3proto") {
        // `/proc/net/nf_conntrack_expect` leaves out what an expectation cannot do without.
        let expected = "an expectation with its mask and master, as `conntrack -L expect` shows it";
        return Err(EntryError::unexpected(expected, text));
    }
    let counts = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
    if counts || first.starts_with("proto=") {
        return expectation(first, words, frame).map(Some);
    }
    flow(first, words, frame, labels, zone).map(Some)
}

/// True for the line of a shell where a list was asked for.
pub(super) fn is_prompt(text: &str) -> bool {
    let typed = text.split_once("$ ").or_else(|| text.split_once("# "));
    typed.is_some_and(|(_, typed)| {
        ["sudo ", "conntrack ", "cat "].iter().any(|word| typed.trim_start().starts_with(word))
    })
}

fn flow<'a>(
    first: &'a str,
    mut words: Words<'a>,
    mut frame: Frame,
    labels: &LabelMap,
    zone: &TimeZone,
) -> Result<Entry, EntryError> {
    let mut draft = Draft::replied(TOLD);
    draft.proto = Some(protocol(first, &mut words)?);
    // Which direction the fields belong to: the second `src=` begins the reply.
    let mut replying = false;
    let mut heading = true;
    for word in words {
        if let Some(flag) = word.strip_prefix('[') {
            bracket(&mut draft, flag.trim_end_matches(']'), zone)?;
            continue;
        }
        let Some((name, value)) = word.split_once('=') else {
            if !heading && word == "labels" {
                // It has some, of which none had a name there: which ones is not known.
                continue;
            }
            if !heading {
                return Err(EntryError::unexpected("a field", word));
            }
            match word.as_bytes().first() {
                Some(b'0'..=b'9') => draft.timeout_s = Some(number("the timeout", word)?),
                _ => draft.state("the state", word)?,
            }
            continue;
        };
        if name == "src" {
            heading = false;
            replying = draft.orig.src.is_some();
            if draft.reply.src.is_some() {
                return Err(EntryError::unexpected("two directions", word));
            }
        }
        // gre's timeouts in /proc: `timeout=30, stream_timeout=180`.
        if heading {
            continue;
        }
        field(&mut draft, replying, name, value, labels)?;
        frame.tail(name, value)?;
    }
    let age_ns = draft.age_ns;
    Ok(frame.entry(Subject::Flow(draft.flow()?), age_ns))
}

/// The protocol after its name: `tcp 6`, with `ipv4 2` before it or not.
fn protocol<'a>(first: &'a str, words: &mut Words<'a>) -> Result<Proto, EntryError> {
    let mut name = first;
    let mut found = words.next().unwrap_or_default();
    if matches!((name, found), ("ipv4", "2") | ("ipv6", "10")) {
        name = words.next().unwrap_or_default();
        found = words.next().unwrap_or_default();
    }
    // A month and its day are none, in a line of a log.
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase());
    match number("", found) {
        Ok(number) if is_name => Ok(Proto(number)),
        Err(_) if name == "unknown" || name.parse::<Proto>().is_ok() => {
            Err(EntryError::unexpected("the number of a protocol", found))
        }
        _ => Err(EntryError::unexpected("a flow", first)),
    }
}

fn field(
    draft: &mut Draft,
    replying: bool,
    name: &str,
    value: &str,
    labels: &LabelMap,
) -> Result<(), EntryError> {
    let icmp = draft.proto.is_some_and(Proto::is_icmp);
    let side = if replying { &mut draft.reply } else { &mut draft.orig };
    match name {
        // The identifier of icmp stands with its type, that of the flow at the end.
        "id" if icmp && side.icmp_id.is_none() => side.icmp_id = Some(number(name, value)?),
        "zone-orig" => draft.orig.zone = Some(number(name, value)?),
        "zone-reply" => draft.reply.zone = Some(number(name, value)?),
        "zone" => _ = draft.set(name, value, labels)?,
        _ => _ = side.set(name, value)? || draft.set(name, value, labels)?,
    }
    Ok(())
}

/// `[UNREPLIED]` and the like. Where one of the offload flags is shown, conntrack and the kernel
/// leave out `[ASSURED]`, so it is not known.
fn bracket(draft: &mut Draft, flag: &str, zone: &TimeZone) -> Result<(), EntryError> {
    match flag {
        "UNREPLIED" => draft.unreplied(),
        "ASSURED" => draft.add_status(Status::ASSURED),
        "OFFLOAD" => draft.offloaded(Status::OFFLOAD),
        "HW_OFFLOAD" => draft.offloaded(Status::HW_OFFLOAD),
        _ => {
            let Some((name, text)) = flag.split_once('=') else { return Ok(()) };
            let ns = || {
                let ns = time::ctime(text, zone);
                ns.ok_or_else(|| EntryError::value(name, "a time of ctime(3)", text))
            };
            match name {
                "start" => draft.start_ns = Some(ns()?),
                "stop" => draft.stop_ns = Some(ns()?),
                _ => (),
            }
        }
    }
    Ok(())
}

fn expectation<'a>(
    first: &'a str,
    words: Words<'a>,
    mut frame: Frame,
) -> Result<Entry, EntryError> {
    let mut draft = Draft::default();
    let mut at = Part::Expected;
    let none = LabelMap::default();
    for word in std::iter::once(first).chain(words) {
        let Some((name, value)) = word.split_once('=') else {
            match flags(word) {
                Some(flags) => draft.expect.flags = Some(flags),
                None if word.starts_with('[') => (),
                None => draft.timeout_s = Some(number("the timeout", word)?),
            }
            continue;
        };
        let (part, name) = match name {
            "src" => (Part::Expected, "src"),
            "mask-src" => (Part::Mask, "src"),
            "mask-dst" => (Part::Mask, "dst"),
            "master-src" => (Part::Master, "src"),
            "master-dst" => (Part::Master, "dst"),
            name => (at, name),
        };
        at = part;
        let side: &mut Side = match part {
            Part::Expected => &mut draft.orig,
            Part::Mask => &mut draft.reply,
            Part::Master => &mut draft.master,
        };
        match name {
            "proto" => draft.proto = Some(Proto(number(name, value)?)),
            "zone" => draft.zone = Some(number(name, value)?),
            "id" => side.icmp_id = Some(number(name, value)?),
            _ => _ = side.set(name, value)? || draft.set(name, value, &none)?,
        }
        frame.tail(name, value)?;
    }
    // Without a flag conntrack prints none, whether the kernel sent them or not: it always does.
    draft.expect.flags.get_or_insert_default();
    Ok(frame.entry(Subject::Expectation(draft.expectation()?), None))
}

#[derive(Clone, Copy)]
enum Part {
    Expected,
    Mask,
    Master,
}

/// `PERMANENT,INACTIVE,USERSPACE`, or some of them; `None` if it is anything else.
fn flags(word: &str) -> Option<ExpectFlags> {
    word.split(',').try_fold(ExpectFlags::default(), |flags, name| {
        Some(ExpectFlags(flags.0 | ExpectFlags::named(name)?.0))
    })
}
