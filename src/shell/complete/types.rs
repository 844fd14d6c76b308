//! The type of what stands before a dot, read off the documentation: `flows` is a `Query`, its
//! `first()` a `Flow`. What cannot be known so is unknown; nothing is evaluated.

use super::Names;
use crate::script::{Kind, Piece};

/// What functions give back whose documentation says no more than `any`: `()` is possible as well.
const GIVES: [(&str, &str, &str); 6] = [
    ("Query", "first", "Flow"),
    ("Query", "get", "Flow"),
    ("Flow", "refresh", "Flow"),
    ("Event", "flow", "Flow"),
    ("Event", "expectation", "Expectation"),
    ("Expectations", "first", "Expectation"),
];

/// Code up to where something is to follow.
#[derive(Clone, Copy)]
pub(super) struct Code<'a> {
    pub(super) names: &'a Names,
    pub(super) text: &'a str,
    pub(super) pieces: &'a [Piece],
}

impl<'a> Code<'a> {
    /// Only `pieces` of it.
    pub(super) fn with(self, pieces: &'a [Piece]) -> Self {
        Self { pieces, ..self }
    }

    /// What stands before the dot that it ends with; `None` if it ends with something else.
    pub(super) fn before_dot(self) -> Option<Self> {
        match self.last()? {
            (Kind::Symbol, "." | "?.") => Some(self.shorter(1)),
            _ => None,
        }
    }

    /// The parameters of the function that it ends with, as far as all ways to call it share them.
    pub(super) fn parameters(self) -> Option<String> {
        let (_, name) = self.last()?;
        let owner = match self.shorter(1).before_dot() {
            Some(owner) => Some(owner.kind()?),
            None => None,
        };
        let named = self.names.docs.entries().iter().filter(|entry| entry.name == name);
        let ways = named.filter(|entry| entry.owner == owner && !entry.property);
        let lengths = || ways.clone().map(|entry| entry.params.len());
        let shortest = ways.clone().min_by_key(|entry| entry.params.len())?;
        let more = match (lengths().max() > lengths().min(), shortest.params.is_empty()) {
            (false, _) => "",
            (true, true) => "[…]",
            (true, false) => "[, …]",
        };
        Some(format!("{}{more})", shortest.params.join(", ")))
    }

    /// The name of the function whose arguments it ends in.
    pub(super) fn callee(self) -> Option<&'a str> {
        let mut code = self;
        loop {
            code = code.to_open()?;
            match code.last()? {
                (_, "(") => break,
                // `on(["new", …`: an array of arguments.
                (_, "[") => code = code.shorter(1),
                _ => return None,
            }
        }
        match code.shorter(1).last()? {
            (Kind::Name, name) => Some(name),
            _ => None,
        }
    }

    /// The type of the value that it ends with.
    pub(super) fn kind(self) -> Option<String> {
        let rest = self.shorter(1);
        match self.last()? {
            (Kind::Text, _) => Some("string".to_owned()),
            (Kind::Number, number) => {
                Some(if number.contains('.') { "float" } else { "int" }.to_owned())
            }
            (Kind::Symbol, "()") => rest.called(),
            (Kind::Symbol, ")") => {
                let open = rest.to_open()?;
                let inside = self.pieces.get(open.pieces.len()..rest.pieces.len())?;
                let callee = open.shorter(1);
                match callee.last() {
                    Some((Kind::Name, _)) => callee.called(),
                    _ => self.with(inside).kind(),
                }
            }
            (Kind::Name | Kind::Keyword, name) => match rest.before_dot() {
                Some(owner) => self.names.gives(Some(&owner.kind()?), name),
                None => rest.variable(name),
            },
            (Kind::Symbol, "_") => self.names.variables.get("_").cloned(),
            _ => None,
        }
    }

    /// What a call gives of the function that it ends with.
    fn called(self) -> Option<String> {
        let (_, name) = self.last()?;
        match self.shorter(1).before_dot() {
            Some(owner) => self.names.gives(Some(&owner.kind()?), name),
            None => self.names.gives(None, name),
        }
    }

    /// The type of the variable `name` where it ends.
    fn variable(self, name: &str) -> Option<String> {
        (0..self.pieces.len())
            .rev()
            .find_map(|index| {
                let here = self.with(self.pieces.get(..=index)?);
                match here.last()? {
                    (_, word) if word == name => self.bound(here.shorter(1), index),
                    _ => None,
                }
            })
            .or_else(|| self.names.variables.get(name).cloned())
    }

    /// The type of the name at `index`, if that is where it is made: `before` stands before it.
    fn bound(self, before: Self, index: usize) -> Option<String> {
        let after = self.pieces.get(index + 1..)?;
        let follows = self.with(after.get(..1)?).last()?.1;
        match (before.last()?.1, follows) {
            ("let" | "const", "=") => self.with(self.until(after.get(1..)?, ";")).kind(),
            ("for", "in") => element(&self.with(self.until(after.get(1..)?, "{")).kind()?),
            ("|" | ",", "|" | ",") => {
                // A parameter: what is given to it depends on who is given the closure.
                let open = before.pieces.iter().rposition(|piece| self.word(piece) == "|")?;
                let call = self.with(before.pieces.get(..open)?).to_open()?;
                let callee = call.shorter(1);
                match (callee.last()?.1, callee.shorter(1).before_dot()) {
                    ("on", _) => Some("Event".to_owned()),
                    (_, Some(owner)) => element(&owner.kind()?),
                    ("flows" | "filter", None) => Some("Flow".to_owned()),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// `pieces` up to the first that reads `end` and stands in no bracket.
    fn until(self, pieces: &'a [Piece], end: &str) -> &'a [Piece] {
        let mut depth = 0_usize;
        let stop = pieces.iter().position(|piece| {
            let word = self.word(piece);
            let found = depth == 0 && word == end;
            match word {
                "(" | "[" | "{" | "#{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => (),
            }
            found
        });
        stop.and_then(|stop| pieces.get(..stop)).unwrap_or(pieces)
    }

    /// The code up to and with the last bracket that is not closed.
    fn to_open(self) -> Option<Self> {
        let mut closed = 0_usize;
        let open = self.pieces.iter().rposition(|piece| match self.word(piece) {
            ")" | "]" | "}" => {
                closed += 1;
                false
            }
            "(" | "[" | "{" | "#{" if closed > 0 => {
                closed -= 1;
                false
            }
            "(" | "[" | "{" | "#{" => true,
            _ => false,
        })?;
        Some(self.with(self.pieces.get(..=open)?))
    }

    fn last(self) -> Option<(Kind, &'a str)> {
        let last = self.pieces.last()?;
        Some((last.kind, self.word(last)))
    }

    fn word(self, piece: &Piece) -> &'a str {
        self.text.get(piece.range.clone()).unwrap_or_default()
    }

    fn shorter(self, by: usize) -> Self {
        let length = self.pieces.len().saturating_sub(by);
        self.with(self.pieces.get(..length).unwrap_or_default())
    }
}

impl Names {
    /// What the member `name` of `owner` gives, or the function of this name.
    fn gives(&self, owner: Option<&str>, name: &str) -> Option<String> {
        let known = GIVES.iter().find(|(kind, member, _)| Some(*kind) == owner && *member == name);
        if let Some((_, _, gives)) = known {
            return Some((*gives).to_owned());
        }
        let mut called = self.docs.entries().iter().filter(|entry| entry.name == name);
        let gives = called.find(|entry| entry.owner.as_deref() == owner)?.gives.clone()?;
        (gives != "any").then_some(gives)
    }
}

/// What a closure or a loop is given of a value of this type.
fn element(kind: &str) -> Option<String> {
    let element = match kind {
        "Query" => "Flow",
        "Events" => "Event",
        "Expectations" => "Expectation",
        _ => return None,
    };
    Some(element.to_owned())
}
