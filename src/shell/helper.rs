//! What rustyline asks while a line is typed: is it whole, how does it look, what may follow.

use std::borrow::Cow;

use rustyline::completion::{Completer, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Result};

use super::complete::Names;
use super::session::Variables;
use crate::script::{Docs, Kind, Syntax};

const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const CYAN: &str = "\u{1b}[36m";
const PLAIN: &str = "\u{1b}[0m";

/// Knows the language and the names in it.
pub(super) struct Helper {
    syntax: Syntax,
    names: Names,
}

impl Helper {
    /// Knows what is in `docs`.
    pub(super) fn new(docs: Docs) -> Self {
        Self { syntax: Syntax::default(), names: Names::new(docs) }
    }

    /// The variables there are now.
    pub(super) fn set_variables(&mut self, variables: Variables) {
        self.names.set_variables(variables);
    }
}

impl rustyline::Helper for Helper {}

/// What an open call takes, shown behind the cursor and never typed for the user.
pub(super) struct Parameters(String);

impl Hint for Parameters {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

impl Hinter for Helper {
    type Hint = Parameters;

    fn hint(&self, line: &str, pos: usize, _: &Context<'_>) -> Option<Parameters> {
        let at_end = pos == line.len();
        at_end.then(|| self.names.parameters(&self.syntax, line)).flatten().map(Parameters)
    }
}

impl Validator for Helper {
    fn validate(&self, ctx: &mut ValidationContext<'_>) -> Result<ValidationResult> {
        let line = ctx.input();
        let open = !line.trim_start().starts_with(':') && self.syntax.is_incomplete(line);
        Ok(if open { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl Completer for Helper {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> Result<(usize, Vec<Pair>)> {
        let before = line.get(..pos).unwrap_or(line);
        let after = line.get(pos..).unwrap_or_default();
        let (start, found) = self.names.complete(&self.syntax, before);
        let pairs = found.into_iter().map(|candidate| {
            // What is called already is not opened again.
            let call = if after.starts_with('(') { "" } else { candidate.call };
            Pair { replacement: candidate.name.clone() + call, display: candidate.name }
        });
        Ok((start, pairs.collect()))
    }
}

impl Highlighter for Helper {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        if line.trim_start().starts_with(':') {
            return Cow::Owned(format!("{CYAN}{line}{PLAIN}"));
        }
        let mut text = String::with_capacity(line.len() * 2);
        let mut end = 0;
        let mut add = |style: &str, piece: &str| {
            if style.is_empty() || piece.trim().is_empty() {
                text.push_str(piece);
            } else {
                text.extend([style, piece, PLAIN]);
            }
        };
        let piece = |range| line.get(range).unwrap_or_default();
        for found in self.syntax.pieces(line) {
            add(DIM, piece(end..found.range.start));
            end = found.range.end;
            let piece = piece(found.range);
            add(style(found.kind, piece), piece);
        }
        add(DIM, piece(end..line.len()));
        Cow::Owned(text)
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        Cow::Owned(format!("{BOLD}{prompt}{PLAIN}"))
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(format!("{DIM}{hint}{PLAIN}"))
    }

    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        kind != CmdKind::MoveCursor
    }
}

fn style(kind: Kind, piece: &str) -> &'static str {
    match kind {
        Kind::Keyword => BOLD,
        Kind::Number => CYAN,
        Kind::Text => GREEN,
        // A string that is being typed is not wrong yet.
        Kind::Broken if piece.starts_with(['"', '`', '\'']) => GREEN,
        Kind::Broken => RED,
        Kind::Name | Kind::Symbol => "",
    }
}
