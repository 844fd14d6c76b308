//! What may follow at the end of a line, found without evaluating anything: the names that scripts
//! can see, and after a dot the members of what stands before it, as far as its type is known.

mod types;

use std::collections::BTreeMap;

use super::command;
use super::session::Variables;
use crate::flow::{EventKind, Field};
use crate::kernel::NetNs;
use crate::script::{Docs, Entry, Kind, Piece, Syntax};
use crate::table::filter_words;
use types::Code;

const KEYWORDS: [&str; 20] = [
    "as", "break", "catch", "const", "continue", "else", "false", "fn", "for", "if", "import",
    "in", "let", "loop", "return", "switch", "throw", "true", "try", "while",
];

/// One way to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// The whole name.
    pub(super) name: String,
    /// What follows it: the parentheses of a call, the first of them, or nothing.
    pub(super) call: &'static str,
}

/// Every name there is.
pub(super) struct Names {
    docs: Docs,
    /// Variables with their types.
    variables: BTreeMap<String, String>,
}

impl Names {
    /// The names in `docs`.
    pub(super) fn new(docs: Docs) -> Self {
        Self { docs, variables: BTreeMap::new() }
    }

    /// The variables there are now.
    pub(super) fn set_variables(&mut self, variables: Variables) {
        self.variables = variables.into_iter().collect();
    }

    /// Where the last word of `line` begins, and what it may become.
    pub(super) fn complete(&self, syntax: &Syntax, line: &str) -> (usize, Vec<Candidate>) {
        if let Some(words) = line.trim_start().strip_prefix(':') {
            let part = |c: char| c.is_alphanumeric() || c == ',';
            return match words.split_once(char::is_whitespace) {
                Some((name, _)) => begun(line, part, command::arguments(name).into_iter()),
                None => begun(line, part, command::names().map(str::to_owned)),
            };
        }
        let pieces = syntax.pieces(line);
        let code = Code { names: self, text: line, pieces: &pieces };
        let text = |piece: &Piece| line.get(piece.range.clone()).unwrap_or_default();
        let (last, before) = match pieces.split_last() {
            Some((last, before)) if last.range.end == line.len() => (Some(last), before),
            _ => (None, pieces.as_slice()),
        };
        match last {
            Some(last) if last.kind == Kind::Broken && text(last).starts_with('"') => {
                let words = self.in_text(code.with(before).callee()).into_iter();
                begun(line, |c| c.is_alphanumeric() || "_.,".contains(c), words)
            }
            Some(last) if matches!(last.kind, Kind::Name | Kind::Keyword) => {
                (last.range.start, self.names(code.with(before), text(last)))
            }
            Some(last) if matches!(last.kind, Kind::Symbol | Kind::Number) => {
                // `10.` alone is a number to the lexer.
                match text(last).strip_suffix('.') {
                    Some(number) if last.kind == Kind::Number && !number.contains('.') => {
                        (line.len(), self.members(Some("int"), ""))
                    }
                    _ if last.kind == Kind::Number => (line.len(), Vec::new()),
                    _ => (line.len(), self.names(code, "")),
                }
            }
            None => (line.len(), self.names(code, "")),
            Some(_) => (line.len(), Vec::new()),
        }
    }

    /// What the call that `line` ends with is to be given.
    pub(super) fn parameters(&self, syntax: &Syntax, line: &str) -> Option<String> {
        let text = line.strip_suffix('(')?;
        let pieces = syntax.pieces(text);
        let last = pieces.last()?;
        let called = last.kind == Kind::Name && last.range.end == text.len();
        called.then(|| Code { names: self, text, pieces: &pieces }.parameters()).flatten()
    }

    /// The names that begin with `prefix` and may follow `code`.
    fn names(&self, code: Code<'_>, prefix: &str) -> Vec<Candidate> {
        if let Some(owner) = code.before_dot() {
            return self.members(owner.kind().as_deref(), prefix);
        }
        let alone = |entry: &&Entry| entry.owner.is_none() && !entry.property;
        let mut found = calls(self.docs.entries().iter().filter(alone));
        found.extend(self.variables.keys().map(|name| (name.as_str(), "")));
        // `flows` is both: the variable is what is asked for more often.
        if !prefix.is_empty() {
            found.extend(KEYWORDS.map(|word| (word, "")));
        }
        candidates(found, prefix)
    }

    /// The members of the type `owner`, or of every type if it is not known.
    fn members(&self, owner: Option<&str>, prefix: &str) -> Vec<Candidate> {
        let entries = self.docs.entries().iter();
        let found = match owner {
            // Units stand on numbers, which own nothing.
            Some("int" | "float") => {
                calls(entries.filter(|entry| entry.owner.is_none() && entry.property))
            }
            Some(owner) => calls(entries.filter(|entry| entry.owner.as_deref() == Some(owner))),
            None => calls(entries.filter(|entry| entry.owner.is_some())),
        };
        candidates(found, prefix)
    }

    /// The words that a text may hold which is given to the function `callee`.
    fn in_text(&self, callee: Option<&str>) -> Vec<String> {
        let names = |names: &mut dyn Iterator<Item = &str>| names.map(str::to_owned).collect();
        match callee {
            Some("flows" | "where" | "filter" | "protect") => filter_words(),
            Some(
                "group" | "select" | "sort" | "top" | "sum" | "avg" | "min" | "max" | "distinct",
            ) => names(&mut Field::all().map(Field::name)),
            Some("on" | "events") => names(&mut EventKind::ALL.iter().map(|kind| kind.name())),
            Some("netns") => {
                let known = NetNs::list().unwrap_or_default();
                known.iter().map(ToString::to_string).collect()
            }
            Some("help") => names(&mut self.docs.names().chain(self.docs.types())),
            _ => Vec::new(),
        }
    }
}

/// Each name with what follows it: one that can be called in several ways is only opened.
fn calls<'a>(entries: impl Iterator<Item = &'a Entry>) -> BTreeMap<&'a str, &'static str> {
    let mut found = BTreeMap::new();
    for entry in entries {
        let call = match (entry.property, entry.params.is_empty()) {
            (true, _) => "",
            (false, true) => "()",
            (false, false) => "(",
        };
        let known = found.entry(entry.name.as_str()).or_insert(call);
        if *known != call {
            *known = if entry.property || known.is_empty() { "" } else { "(" };
        }
    }
    found
}

fn candidates(found: BTreeMap<&str, &'static str>, prefix: &str) -> Vec<Candidate> {
    let found = found.into_iter().filter(|(name, _)| name.starts_with(prefix));
    found.map(|(name, call)| Candidate { name: name.to_owned(), call }).collect()
}

/// The `words` that begin like the last word of `line`, which is made of letters that are `part`.
fn begun(
    line: &str,
    part: impl Fn(char) -> bool,
    words: impl Iterator<Item = String>,
) -> (usize, Vec<Candidate>) {
    let start = line.trim_end_matches(part).len();
    let prefix = line.get(start..).unwrap_or_default();
    let mut found: Vec<String> = words.filter(|word| word.starts_with(prefix)).collect();
    found.sort_unstable();
    found.dedup();
    (start, found.into_iter().map(|name| Candidate { name, call: "" }).collect())
}

#[cfg(test)]
mod tests;
