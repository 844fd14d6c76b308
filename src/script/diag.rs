//! Errors as people read them: what, where, the line with a caret, what to do instead.

use rhai::{EvalAltResult, ParseError, ParseErrorType, Position};

use super::fault::{Blame, Fault};
use super::host::Host;
use super::value::text_of;
use super::wording::{lower_first, reword, suggestion};

/// What kind of trouble it is, for the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The text is no script.
    Syntax,
    /// The script threw.
    Script,
    /// No permission, or no kernel support.
    Kernel,
    /// It was stopped: by `exit`, a signal, or a reader that went away.
    Stopped,
}

/// An error, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What kind it is.
    pub trouble: Trouble,
    /// The lines to show.
    pub text: String,
}

/// A report of a text that cannot be compiled.
pub(super) fn syntax(host: &Host, source: &str, error: &ParseError, known: &[&str]) -> Report {
    let (message, hint) = match &*error.0 {
        ParseErrorType::VariableUndefined(name) => {
            let hint = suggestion(name, known.iter().copied());
            (format!("there is no variable `{name}`"), hint)
        }
        other => (lower_first(&other.to_string()), None),
    };
    let place = Place { source: source.to_owned(), position: error.position() };
    let text = layout(host, &message, hint.as_deref(), &place, &[]);
    Report { trouble: Trouble::Syntax, text }
}

/// A report of an error that was thrown; `source` is the text that ran, unless the error knows better.
pub(super) fn runtime(host: &Host, source: &str, error: &EvalAltResult, known: &[&str]) -> Report {
    let mut calls = Vec::new();
    let mut place = Place { source: source.to_owned(), position: error.position() };
    let mut inner = error;
    loop {
        match inner {
            EvalAltResult::ErrorInFunctionCall(name, source, cause, position) => {
                calls.push((name.clone(), *position));
                if !source.is_empty() {
                    place.source.clone_from(source);
                }
                inner = cause;
            }
            EvalAltResult::ErrorInModule(name, cause, _) => {
                place.source.clone_from(name);
                inner = cause;
            }
            _ => break,
        }
        if !inner.position().is_none() {
            place.position = inner.position();
        }
    }
    let (trouble, message, hint) = explain(host, inner, known);
    // The outermost call is the script itself: its place stands in the error.
    let calls: Vec<String> = calls
        .iter()
        .filter(|(_, position)| !position.is_none())
        .map(|(name, position)| {
            let name = if name.starts_with("anon$") { "a closure" } else { name };
            format!("in {name}, called at {}", place_text(*position))
        })
        .collect();
    let text = layout(host, &message, hint.as_deref(), &place, &calls);
    Report { trouble, text }
}

fn explain(
    host: &Host,
    error: &EvalAltResult,
    known: &[&str],
) -> (Trouble, String, Option<String>) {
    let script = |message: String, hint| (Trouble::Script, message, hint);
    match error {
        EvalAltResult::ErrorTerminated(..) | EvalAltResult::Exit(..) => {
            (Trouble::Stopped, "stopped".to_owned(), None)
        }
        EvalAltResult::ErrorRuntime(value, _) => match value.read_lock::<Fault>() {
            Some(fault) => {
                let trouble = match fault.blame {
                    Blame::Script => Trouble::Script,
                    Blame::Kernel => Trouble::Kernel,
                };
                (trouble, fault.message.clone(), fault.hint.clone())
            }
            None => match text_of(value) {
                text if value.is_unit() || text.trim().is_empty() => {
                    script("the script threw nothing".to_owned(), None)
                }
                text => script(text, None),
            },
        },
        EvalAltResult::ErrorParsing(error, _) => {
            (Trouble::Syntax, lower_first(&error.to_string()), None)
        }
        other => {
            let (message, hint) = reword(host, other, known);
            script(message, hint)
        }
    }
}

struct Place {
    source: String,
    position: Position,
}

fn place_text(position: Position) -> String {
    match (position.line(), position.position()) {
        (Some(line), Some(column)) => format!("{line}:{column}"),
        (Some(line), None) => line.to_string(),
        _ => "an unknown place".to_owned(),
    }
}

fn layout(
    host: &Host,
    message: &str,
    hint: Option<&str>,
    place: &Place,
    calls: &[String],
) -> String {
    use std::fmt::Write;
    let mut text = format!("error: {message}");
    let source = &place.source;
    // Where the text is not known, its line says nothing.
    if let Some(number) = place.position.line().filter(|_| !source.is_empty()) {
        let _ = write!(text, "\n  --> {source}:{}", place_text(place.position));
        let lines = host.source_text(source);
        if let Some(line) = lines.as_deref().and_then(|lines| lines.lines().nth(number - 1)) {
            let gutter = number.to_string();
            let column = place.position.position().unwrap_or(1);
            let before: String = line
                .chars()
                .take(column.saturating_sub(1))
                .map(|letter| if letter == '\t' { '\t' } else { ' ' })
                .collect();
            let token = line.chars().skip(column.saturating_sub(1));
            let width = token.take_while(|c| c.is_alphanumeric() || *c == '_').count().max(1);
            let (pad, carets) = (" ".repeat(gutter.len()), "^".repeat(width));
            let _ = write!(text, "\n {pad} |\n {gutter} | {line}\n {pad} | {before}{carets}");
        }
    }
    for call in calls {
        let _ = write!(text, "\n  {call}");
    }
    if let Some(hint) = hint {
        let _ = write!(text, "\nhint: {hint}");
    }
    tame(&text)
}

/// Text that no terminal obeys: control characters of a script or a file appear as their pictures,
/// `␛` for escape, which are as wide as what they stand for.
fn tame(text: &str) -> String {
    let picture = |letter: char| match u32::from(letter) {
        _ if matches!(letter, '\n' | '\t') || !letter.is_control() => letter,
        code @ 0..0x20 => char::from_u32(0x2400 + code).unwrap_or('\u{2426}'),
        0x7f => '\u{2421}',
        _ => '\u{2426}',
    };
    text.chars().map(picture).collect()
}
