//! The colours: which value has which. Few, and each says something; text alone says it too.

use tabled::grid::ansi::ANSIStr;

/// The SGR codes that begin and end a style.
pub(super) type Style = ANSIStr<'static>;

const fn style(sgr: &'static str) -> Style {
    ANSIStr::new(sgr, "\u{1b}[0m")
}

pub(super) const HEADER: Style = style("\u{1b}[1m");
pub(super) const ABSENT: Style = style("\u{1b}[2m");
const GOOD: Style = style("\u{1b}[32m");
const WAITING: Style = style("\u{1b}[33m");
const ENDING: Style = style("\u{1b}[2m");
const ENDED: Style = style("\u{1b}[31m");

/// The style of a cell that reads `text` in the column `name`.
pub(super) fn of(name: &str, text: &str) -> Option<Style> {
    match (name, text) {
        (_, "-") => Some(ABSENT),
        ("state", "ESTABLISHED" | "OPEN") | ("event", "new") => Some(GOOD),
        ("state", "SYN_SENT" | "SYN_RECV" | "SYN_SENT2" | "COOKIE_WAIT" | "COOKIE_ECHOED")
        | ("event", "update") => Some(WAITING),
        ("event", "destroy") => Some(ENDED),
        ("state", _) => Some(ENDING),
        _ => None,
    }
}
