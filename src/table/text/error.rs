//! What is wrong with a text, and where.

use std::fmt::Write as _;
use std::ops::Range;

/// A text that is not a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", self.place())]
pub struct TextError {
    text: String,
    span: Range<usize>,
    message: String,
    suggestion: Option<String>,
}

/// A longer line is cut in messages: one line of a terminal must hold it.
const SHOWN_CHARS: usize = 72;

impl TextError {
    pub(super) fn new(text: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        let message = printable(&message.into());
        Self { text: text.to_owned(), span, message, suggestion: None }
    }

    pub(super) fn suggest(mut self, word: Option<impl Into<String>>) -> Self {
        self.suggestion = word.map(Into::into);
        self
    }

    /// The text that was read.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of [`text`](Self::text) that are at fault; empty at its end.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The known word, or the text, that was probably meant.
    #[must_use]
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }

    /// Two lines: the line at fault, and carets below what is wrong.
    #[must_use]
    pub fn caret(&self) -> String {
        let (line, start) = self.line();
        let inside = self.text.get(self.span.clone()).unwrap_or_default();
        let width = inside.lines().next().map_or(0, |first| first.chars().count()).max(1);
        let column = line.get(..start).unwrap_or_default().chars().count();
        format!("{}\n{}{}", printable(line), " ".repeat(column), "^".repeat(width))
    }

    /// The line in which the fault starts, and where in it.
    fn line(&self) -> (&str, usize) {
        let before = self.text.get(..self.span.start).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let rest = self.text.get(start..).unwrap_or_default();
        (rest.lines().next().unwrap_or_default(), self.span.start.saturating_sub(start))
    }

    fn place(&self) -> String {
        let (line, start) = self.line();
        if line.trim().is_empty() {
            return String::new();
        }
        let column = line.get(..start).unwrap_or_default().chars().count() + 1;
        let mut place = format!(" at column {column} of `");
        let shown: String = line.chars().take(SHOWN_CHARS).collect();
        let cut = if shown.len() < line.len() { "…" } else { "" };
        let _ = write!(place, "{}{cut}`", printable(&shown));
        place
    }
}

/// The line with every control character as one blank: a text must not move the cursor.
fn printable(line: &str) -> String {
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
