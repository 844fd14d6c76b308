//! What a logger wrote before a line of conntrack: `Jul 24 10:00:00 host conntrack[1]: `, the times
//! of `ts` and of container logs, or anything else of whole words.

use std::borrow::Cow;

use super::time;
use crate::flow::Proto;

/// A line of conntrack within a line of a log.
pub(super) struct Logged<'a> {
    /// When the logger got it, if it says so in full: syslog's own times have no year.
    pub time_ns: Option<u64>,
    pub message: Cow<'a, str>,
}

/// The line of conntrack that `text` ends with; `None` if there is none, or nothing before it.
pub(super) fn message(text: &str) -> Option<Logged<'_>> {
    // All that tells where a message begins stands before its first field.
    let head = text.split_once('=').map_or(text, |(head, _)| head);
    let words = head.match_indices(char::is_whitespace).map(|(at, blank)| at + blank.len());
    let message = words.filter_map(|at| text.get(at..)).find(|rest| begins(rest))?;
    let stamp = text.split_whitespace().next().unwrap_or_default();
    // Loggers write the tab behind a time in the manner of rsyslog.
    let message = match message.split_once("]#011") {
        Some((time, event)) => format!("{time}] {event}").into(),
        None => message.into(),
    };
    Some(Logged { time_ns: time::rfc3339(stamp), message })
}

/// Whether a line of conntrack may begin like this: an event, a flow, or the sum of a list.
fn begins(text: &str) -> bool {
    let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    if let Some(inside) = text.strip_prefix('[') {
        return is_number(inside)
            || ["NEW]", "UPDATE]", "DESTROY]"].iter().any(|event| inside.starts_with(event));
    }
    let mut words = text.split_whitespace();
    let (name, number) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match name {
        "conntrack" => number.starts_with('v'),
        "ipv4" | "ipv6" | "unknown" => is_number(number),
        _ => is_number(number) && !is_number(name) && name.parse::<Proto>().is_ok(),
    }
}
