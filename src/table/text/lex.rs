//! Text into words, quoted texts and symbols. What a word means is not known here.

use std::borrow::Cow;
use std::ops::Range;

use winnow::combinator::{alt, delimited, opt, preceded, repeat};
use winnow::prelude::*;
use winnow::stream::{LocatingSlice, Location};
use winnow::token::{any, none_of, one_of, take_while};

use super::TextError;

/// A piece of the text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token<'t> {
    pub(super) text: Cow<'t, str>,
    /// Quoted text is a value, whatever it looks like.
    pub(super) quoted: bool,
    pub(super) span: Range<usize>,
}

impl Token<'_> {
    /// True if it is one of `words`, in any case, and not quoted.
    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        !self.quoted && words.iter().any(|word| word.eq_ignore_ascii_case(&self.text))
    }

    /// True unless it is a symbol or a word of the grammar, which must be quoted to be a value.
    pub(super) fn is_value(&self) -> bool {
        !self.is_any(&SYMBOLS) && !self.is_any(&["and", "or", "not", "in"])
    }
}

type Input<'t> = LocatingSlice<&'t str>;

/// Longer symbols first: `<=` is not `<`.
const SYMBOLS: [&str; 15] =
    ["==", "!=", "<=", ">=", "&&", "||", "=", "<", ">", "!", "(", ")", "{", "}", ","];

pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, TextError> {
    let mut input = Input::new(text);
    let read: ModalResult<Vec<_>> = repeat(0.., preceded(blank, token)).parse_next(&mut input);
    let found = read.and_then(|tokens| blank.parse_next(&mut input).map(|_| tokens));
    let start = input.current_token_start();
    let rest = text.get(start..).unwrap_or_default();
    match (found, rest.chars().next()) {
        (Ok(tokens), None) => Ok(tokens),
        (_, Some('"' | '\'')) => {
            Err(TextError::new(text, start..text.len(), "the quote is not closed"))
        }
        (_, other) => {
            let symbol = other.map(String::from).unwrap_or_default();
            let meant = match other {
                Some('&') => Some("and"),
                Some('|') => Some("or"),
                _ => None,
            };
            let message = format!("unexpected `{symbol}`");
            Err(TextError::new(text, start..start + symbol.len(), message).suggest(meant))
        }
    }
}

fn blank<'t>(input: &mut Input<'t>) -> ModalResult<&'t str> {
    take_while(0.., char::is_whitespace).parse_next(input)
}

fn token<'t>(input: &mut Input<'t>) -> ModalResult<Token<'t>> {
    let kinds = alt((
        (|input: &mut Input<'t>| quoted('"', input)).map(|text| (text, true)),
        (|input: &mut Input<'t>| quoted('\'', input)).map(|text| (text, true)),
        symbol.map(|text| (Cow::Borrowed(text), false)),
        word.map(|text| (Cow::Borrowed(text), false)),
    ));
    kinds.with_span().map(|((text, quoted), span)| Token { text, quoted, span }).parse_next(input)
}

/// Text between two `mark`s; a backslash keeps the next character.
fn quoted<'t>(mark: char, input: &mut Input<'t>) -> ModalResult<Cow<'t, str>> {
    let inside = repeat(0.., alt((preceded('\\', any), none_of([mark, '\\']))));
    delimited(mark, inside, mark).map(|text: String| Cow::Owned(text)).parse_next(input)
}

fn symbol<'t>(input: &mut Input<'t>) -> ModalResult<&'t str> {
    alt(SYMBOLS).parse_next(input)
}

/// A run of what is neither blank nor a symbol; the `=` of `..=` belongs to it.
fn word<'t>(input: &mut Input<'t>) -> ModalResult<&'t str> {
    fn run<'t>(input: &mut Input<'t>) -> ModalResult<&'t str> {
        take_while(1.., |c: char| !c.is_whitespace() && !"\"'(){},<>=!&|".contains(c))
            .parse_next(input)
    }
    let closed_range = |start: &&str| start.ends_with("..");
    alt(((run.verify(closed_range), one_of('='), opt(run)).take(), run)).parse_next(input)
}
