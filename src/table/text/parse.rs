//! The grammar above a single test: `and`, `or`, `not` and parentheses.

use super::closest::closest;
use super::lex::{Token, tokens};
use super::number::port;
use super::subject::{Subject, lone_word, subject_words, test_words};
use super::{TextError, values};
use crate::flow::{Filter, LabelMap, Network};

/// Parentheses and negations within each other. More would only serve to exhaust the stack.
const MAX_DEPTH: usize = 100;

/// Reads tokens from first to last.
#[derive(Debug)]
pub(super) struct Reader<'t> {
    text: &'t str,
    tokens: Vec<Token<'t>>,
    next: usize,
    depth: usize,
    pub(super) labels: &'t LabelMap,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str, labels: &'t LabelMap) -> Result<Self, TextError> {
        Ok(Self { text, tokens: tokens(text)?, next: 0, depth: 0, labels })
    }

    /// A filter and nothing behind it.
    pub(super) fn whole_filter(mut self) -> Result<Filter, TextError> {
        if self.tokens.is_empty() {
            return Err(self.fault("the filter is empty").suggest(Some("all")));
        }
        let filter = self.any_of()?;
        match self.peek() {
            None => Ok(filter),
            Some(_) => Err(self.fault(format!("expected the end, {}", self.found()))),
        }
    }

    /// The field `name`, its value and nothing behind it.
    pub(super) fn whole_test(mut self, name: &str) -> Result<Filter, TextError> {
        let field = self.take().filter(|token| !token.quoted && token.text == name);
        let Some(subject) = field.and_then(|_| Subject::named(&name.to_ascii_lowercase())) else {
            let words = subject_words();
            let near = closest(name, words.iter().map(String::as_str));
            let fault = TextError::new(self.text, 0..name.len(), format!("unknown field `{name}`"));
            return Err(fault.suggest(near));
        };
        if self.peek().is_none() {
            return Err(self.fault(format!("{name} needs {}, found the end", subject.needs())));
        }
        let filter = values::test(&mut self, &subject, name)?;
        match self.peek() {
            None => Ok(filter),
            Some(_) => Err(self.fault(format!("the value of {name} ends before this"))),
        }
    }

    fn any_of(&mut self) -> Result<Filter, TextError> {
        let mut filter = self.all_of()?;
        while self.eat(&["or", "||"]) {
            filter = filter.or(self.all_of()?);
        }
        Ok(filter)
    }

    fn all_of(&mut self) -> Result<Filter, TextError> {
        let mut filter = self.factor()?;
        while self.eat(&["and", "&&"]) || !(self.peek().is_none() || self.at(&["or", "||", ")"])) {
            filter = filter.and(self.factor()?);
        }
        Ok(filter)
    }

    fn factor(&mut self) -> Result<Filter, TextError> {
        if self.at(&["not", "!", "("]) {
            if self.depth == MAX_DEPTH {
                let message = format!("more than {MAX_DEPTH} parentheses and negations deep");
                return Err(self.fault(message));
            }
            self.depth += 1;
            let filter = if self.eat(&["("]) {
                self.parenthesis()
            } else {
                self.next += 1;
                self.factor().map(Filter::negate)
            };
            self.depth -= 1;
            return filter;
        }
        self.test()
    }

    fn parenthesis(&mut self) -> Result<Filter, TextError> {
        let filter = self.any_of()?;
        if self.eat(&[")"]) {
            return Ok(filter);
        }
        Err(self.fault(format!("expected `)`, {}", self.found())))
    }

    fn test(&mut self) -> Result<Filter, TextError> {
        let Some(word) = self.peek().filter(|token| token.is_value()) else {
            return Err(self.fault(format!("expected a test, {}", self.found())));
        };
        if word.quoted {
            return Err(self.fault("a quoted text is a value, not a test"));
        }
        let name = word.text.to_ascii_lowercase();
        let Some(subject) = Subject::named(&name) else {
            let filter = lone_word(&name).ok_or_else(|| self.unknown_word(&word.text))?;
            self.next += 1;
            return Ok(filter);
        };
        self.next += 1;
        values::test(self, &subject, &name)
    }

    fn unknown_word(&self, word: &str) -> TextError {
        let fault = self.fault(format!("unknown word `{word}`"));
        if port(word).is_some() {
            return fault.suggest(Some(format!("port {word}")));
        }
        if word.parse::<Network>().is_ok() {
            return fault.suggest(Some(format!("host {word}")));
        }
        let words = test_words();
        fault.suggest(closest(word, words.iter().map(String::as_str)))
    }

    /// The next token.
    pub(super) fn peek(&self) -> Option<&Token<'t>> {
        self.tokens.get(self.next)
    }

    /// The token after the next.
    pub(super) fn peek_second(&self) -> Option<&Token<'t>> {
        self.tokens.get(self.next + 1)
    }

    /// The next token, which is then behind.
    pub(super) fn take(&mut self) -> Option<Token<'t>> {
        let token = self.peek().cloned()?;
        self.next += 1;
        Some(token)
    }

    /// True if the next token is one of `words`.
    pub(super) fn at(&self, words: &[&str]) -> bool {
        self.peek().is_some_and(|token| token.is_any(words))
    }

    /// Passes the next token if it is one of `words`.
    pub(super) fn eat(&mut self, words: &[&str]) -> bool {
        let found = self.at(words);
        self.next += usize::from(found);
        found
    }

    /// ``found `x` ``, of the next token.
    pub(super) fn found(&self) -> String {
        match self.peek() {
            Some(token) => format!("found `{}`", token.text),
            None => "found the end".to_owned(),
        }
    }

    /// A fault of the token that was passed last.
    pub(super) fn fault_behind(&self, message: impl Into<String>) -> TextError {
        let last = self.next.checked_sub(1).and_then(|last| self.tokens.get(last));
        TextError::new(self.text, last.map_or(0..0, |token| token.span.clone()), message)
    }

    /// A fault of the next token, or of the missing end.
    pub(super) fn fault(&self, message: impl Into<String>) -> TextError {
        let end = self.text.trim_end().len();
        let span = self.peek().map_or(end..end, |token| token.span.clone());
        TextError::new(self.text, span, message)
    }
}
