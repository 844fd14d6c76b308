//! A closure of one row as a tree of our own, so that it is answered without the interpreter.
//!
//! - here: the tree; `compat` makes it of a closure's body, white list only
//! - `eval`: its value for a row; `ops`: what operators and functions make of values
//! - `part`: parts that only the interpreter can do, each asked for alone
//! - `bind`: captured variables read, constants computed; `lower`: its tests as a `Filter`
//! - `doubt`: what it compares with a word that no flow shows
//!
//! One rule keeps it true to the script: whatever might mean something else than in the interpreter
//! (an error, a mix of types, what was not read) has no value here. Everything that is read is pure,
//! so the interpreter can then be asked for the part or the whole closure from its start, and gives
//! its genuine answer or its error at the right place.

mod bind;
mod doubt;
mod eval;
mod lower;
mod ops;
mod part;

pub(crate) use bind::Surroundings;
pub(crate) use part::{Interpreter, Part, Role};

use std::fmt;

use rhai::{ImmutableString, Map, Position};

use super::api::SIDE;
use crate::flow::{ExpectField, Expectation, Field, Flow, Value, View};

/// What a closure is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Flow,
    Expectation,
    /// A record of named cells, as `group` makes them.
    Record,
}

/// A field of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Flow(Field),
    Expectation(ExpectField),
    Cell(ImmutableString),
}

/// A row that is being asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Row<'a> {
    /// No row: only what depends on none has a value.
    None,
    Flow(&'a Flow, View<'a>),
    Expectation(&'a Expectation),
    Record(&'a Map),
}

/// An expression. Blocks, `return` and calls of the script's own functions are gone: they have
/// become [`Expr::If`] and [`Expr::Let`].
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    Const(Value),
    /// A variable from outside, which is read when the closure is about to be asked.
    Outer(Outer),
    /// A local variable, by the place where its value is kept.
    Local(usize),
    Field(Place),
    /// A property of a value: `f.src.family`, `f.master.dport`, `10.MB`.
    Property(Box<Expr>, ImmutableString),
    Call(Function, Vec<Expr>),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    Binary(Op, Box<[Expr; 2]>),
    /// The first lies in the second.
    In(Box<[Expr; 2]>),
    /// From the first up to the second; true: with it.
    Range(Box<[Expr; 2]>, bool),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Coalesce(Vec<Expr>),
    If(Box<[Expr; 3]>),
    Switch(Box<Switch>),
    /// The first is computed and kept in this place, then the second.
    Let(usize, Box<[Expr; 2]>),
    Text(Vec<Expr>),
    List(Vec<Expr>),
    /// What the interpreter can be asked for alone, if what was read of it has no value.
    Part(Box<Part>),
    /// What only the interpreter can do.
    Unread(Why),
}

/// A variable from outside the closure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outer {
    /// The closure captured it.
    Captured(usize),
    /// `global::NAME`.
    Global(ImmutableString),
}

/// `switch`: Rhai keeps only hashes of the cases.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Switch {
    pub value: Expr,
    /// By hash of the value; of several the first whose condition holds.
    pub cases: Vec<(u64, Vec<Arm>)>,
    pub ranges: Vec<(std::ops::RangeInclusive<i64>, Arm)>,
    pub otherwise: Expr,
}

/// One arm of a `switch`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Arm {
    pub condition: Expr,
    pub value: Expr,
}

/// Operators of two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    BitAnd,
    BitOr,
    BitXor,
}

/// Functions that depend on their arguments alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Net,
    IsPrivate,
    Contains,
    StartsWith,
    EndsWith,
    Len,
    IsEmpty,
    ToString,
    ToUpper,
    ToLower,
    Abs,
    Min,
    Max,
    Ip,
    Duration,
    Size,
}

/// Why something is left to the interpreter, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Why {
    pub(crate) text: String,
    pub(crate) position: Position,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match (self.position.line(), self.position.position()) {
            (Some(line), Some(column)) => write!(f, " at {line}:{column}"),
            _ => Ok(()),
        }
    }
}

impl Why {
    /// One line about its place in `source`.
    pub(crate) fn remark(&self, source: &str) -> String {
        let (line, column) = (self.position.line(), self.position.position());
        let (line, column) = (line.unwrap_or(0), column.unwrap_or(0));
        format!("{source}:{line}:{column}: {}", self.text)
    }
}

impl Row<'_> {
    /// True if it is of this kind.
    pub(crate) fn suits(self, subject: Subject) -> bool {
        matches!(
            (self, subject),
            (Self::Flow(..), Subject::Flow)
                | (Self::Expectation(_), Subject::Expectation)
                | (Self::Record(_), Subject::Record)
        )
    }
}

impl Subject {
    /// Its field called `name`.
    pub(super) fn field(self, name: &str) -> Option<Place> {
        match self {
            Self::Flow => Field::named(name).map(Place::Flow),
            Self::Expectation => ExpectField::named(name).map(Place::Expectation),
            Self::Record => Some(Place::Cell(name.into())),
        }
    }
}

impl Place {
    /// A field of one direction of a flow, as `f.reply.src` names it.
    pub(super) fn of_side(side: &str, name: &str) -> Option<Self> {
        let field = SIDE.contains(&name).then(|| Field::named(&format!("{side}.{name}")));
        field.flatten().map(Self::Flow)
    }
}

impl Op {
    /// The operator that is written so.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "==" => Self::Eq,
            "!=" => Self::Ne,
            "<" => Self::Lt,
            "<=" => Self::Le,
            ">" => Self::Gt,
            ">=" => Self::Ge,
            "+" => Self::Add,
            "-" => Self::Subtract,
            "*" => Self::Multiply,
            "/" => Self::Divide,
            "%" => Self::Remainder,
            "&" => Self::BitAnd,
            "|" => Self::BitOr,
            "^" => Self::BitXor,
            _ => return None,
        })
    }

    /// True if it answers yes or no whatever the values are.
    pub(super) fn compares(self) -> bool {
        matches!(self, Self::Eq | Self::Ne | Self::Lt | Self::Le | Self::Gt | Self::Ge)
    }
}

impl Function {
    const NAMES: [(&'static str, Self); 16] = [
        ("net", Self::Net),
        ("is_private", Self::IsPrivate),
        ("contains", Self::Contains),
        ("starts_with", Self::StartsWith),
        ("ends_with", Self::EndsWith),
        ("len", Self::Len),
        ("is_empty", Self::IsEmpty),
        ("to_string", Self::ToString),
        ("to_upper", Self::ToUpper),
        ("to_lower", Self::ToLower),
        ("abs", Self::Abs),
        ("min", Self::Min),
        ("max", Self::Max),
        ("ip", Self::Ip),
        ("duration", Self::Duration),
        ("size", Self::Size),
    ];

    /// The function of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }
}
