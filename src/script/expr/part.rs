//! A part of a closure that the interpreter can be asked for alone, and the run of an expression
//! that has such parts.
//!
//! A part may have effects, so it is asked once, and only where the interpreter would have come to
//! it. After that nothing may be without a value: wherever a closure has parts, all that steers it
//! (conditions, operands of `&&` and `||`, statements, what it answers) is one, read or not.

use std::borrow::Cow;

use rhai::Dynamic;

use super::{Expr, Row, Switch, Why};
use crate::flow::Value;
use crate::script::compat::Tree;
use crate::script::value::{exact, to_dynamic};

/// A part of a closure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    /// What it means; where that has no value, the interpreter is asked.
    pub(crate) read: Expr,
    pub(crate) tree: Tree,
    /// The values of the variables that the closure has made before it.
    pub(crate) locals: Vec<Expr>,
    pub(crate) role: Role,
}

/// What becomes of the value of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// It is kept in a variable, or dropped.
    Kept,
    /// It decides how the closure goes on: yes or no.
    Test,
    /// The closure ends with it.
    Answer,
}

/// Who is asked for parts.
pub(crate) trait Interpreter {
    /// What `part` comes to; `None` if the closure has ended with it.
    fn ask(&mut self, part: &Part, locals: Vec<Dynamic>) -> Option<Dynamic>;

    /// True if the closure has ended.
    fn has_ended(&self) -> bool;
}

/// One run of an expression.
#[derive(Default)]
pub(super) struct Run<'i> {
    locals: Vec<Kept>,
    interpreter: Option<&'i mut dyn Interpreter>,
    /// True if only yes or no is an answer.
    wants_truth: bool,
}

/// The value of a local variable.
#[derive(Debug, Clone, Default)]
enum Kept {
    #[default]
    Nothing,
    Value(Value),
    /// What the interpreter made, which may be of any type.
    Asked(Dynamic),
}

impl<'i> Run<'i> {
    /// A run that can ask for parts.
    pub(super) fn asking(interpreter: &'i mut dyn Interpreter, wants_truth: bool) -> Self {
        Self { locals: Vec::new(), interpreter: Some(interpreter), wants_truth }
    }

    /// The value in this place.
    pub(super) fn local(&self, place: usize) -> Option<Value> {
        match self.locals.get(place)? {
            Kept::Nothing => None,
            Kept::Value(value) => Some(value.clone()),
            Kept::Asked(value) => exact(value),
        }
    }

    /// Computes `expr` and keeps its value in this place.
    pub(super) fn keep(&mut self, place: usize, expr: &Expr, row: Row<'_>) -> Option<()> {
        let value = match expr {
            Expr::Part(part) => match part.read.eval(row, self) {
                Some(value) => Kept::Value(value.into_owned()),
                None => Kept::Asked(part.ask(row, self)?.flatten()),
            },
            other => Kept::Value(other.eval(row, self)?.into_owned()),
        };
        if self.locals.len() <= place {
            self.locals.resize(place + 1, Kept::Nothing);
        }
        *self.locals.get_mut(place)? = value;
        Some(())
    }
}

impl Part {
    pub(super) fn eval<'e>(&'e self, row: Row<'e>, run: &mut Run<'_>) -> Option<Cow<'e, Value>> {
        let truth = self.role == Role::Test || run.wants_truth;
        match self.read.eval(row, run) {
            Some(value) if !truth || matches!(*value, Value::Bool(_)) => Some(value),
            _ => exact(&self.ask(row, run)?).map(Cow::Owned),
        }
    }

    fn ask(&self, row: Row<'_>, run: &mut Run<'_>) -> Option<Dynamic> {
        if run.interpreter.as_ref()?.has_ended() {
            return None;
        }
        let locals = self.locals.iter().map(|local| local.dynamic(row, run));
        let locals = locals.collect::<Option<_>>()?;
        run.interpreter.as_mut()?.ask(self, locals)
    }
}

impl Expr {
    /// Its value as the interpreter has it.
    fn dynamic(&self, row: Row<'_>, run: &mut Run<'_>) -> Option<Dynamic> {
        match self {
            Self::Local(place) => match run.locals.get(*place)? {
                Kept::Asked(value) => Some(value.clone()),
                _ => to_dynamic(run.local(*place)?).ok(),
            },
            Self::Range(ends, closed) => match ends.each_ref().map(Self::known) {
                [Some(Value::Int(first)), Some(Value::Int(end))] if *closed => {
                    Some(Dynamic::from(*first..=*end))
                }
                [Some(Value::Int(first)), Some(Value::Int(end))] => {
                    Some(Dynamic::from(*first..*end))
                }
                _ => None,
            },
            other => to_dynamic(other.eval(row, run)?.into_owned()).ok(),
        }
    }

    /// True if it is a part of which nothing was read, or only consists of such.
    pub(crate) fn is_left(&self) -> bool {
        self.asks() && !self.gains()
    }

    /// Why the first part of which nothing was read was not.
    pub(crate) fn reason(&self) -> Option<&Why> {
        match self {
            Self::Part(part) => part.read.hopeless(),
            other => other.steered().find_map(Self::reason),
        }
    }

    /// True if its value is the same whatever the parts of the closure do.
    pub(crate) fn is_the_same_later(&self) -> bool {
        self.unit().is_some() || matches!(self, Self::Local(_))
    }

    /// True if something of it is a part.
    pub(super) fn has_parts(&self) -> bool {
        matches!(self, Self::Part(_)) || self.steered().any(Self::has_parts)
    }

    fn asks(&self) -> bool {
        match self {
            Self::Part(part) if matches!(part.read, Self::Unread(_)) => true,
            other => other.steered().any(Self::asks),
        }
    }

    /// True if something of it is better done here.
    fn gains(&self) -> bool {
        match self {
            Self::Part(part) => !matches!(part.read, Self::Unread(_) | Self::Const(_)),
            other => other.steered().any(Self::gains),
        }
    }

    /// What it consists of, where parts can be.
    pub(super) fn steered(&self) -> impl Iterator<Item = &Self> {
        let mut found: Vec<&Self> = Vec::new();
        match self {
            Self::And(parts) | Self::Or(parts) => found.extend(parts),
            Self::Not(inner) => found.push(inner),
            Self::Part(part) => found.push(&part.read),
            Self::If(parts) => found.extend(parts.iter()),
            Self::Let(_, parts) => found.extend(parts.iter()),
            Self::Switch(switch) => found.extend(switch.all()),
            _ => (),
        }
        found.into_iter()
    }

    /// Why it has no value whatever the row is, if that can be seen at once.
    pub(crate) fn hopeless(&self) -> Option<&Why> {
        match self {
            Self::Unread(why) => Some(why),
            Self::Property(inner, _) | Self::Not(inner) | Self::Negative(inner) => inner.hopeless(),
            Self::Switch(switch) => switch.value.hopeless(),
            Self::Call(_, parts) | Self::Text(parts) | Self::List(parts) => {
                parts.iter().find_map(Self::hopeless)
            }
            Self::Binary(_, sides) | Self::In(sides) | Self::Range(sides, _) => {
                sides.iter().find_map(Self::hopeless)
            }
            Self::Let(_, parts) => parts.iter().find_map(Self::hopeless),
            Self::And(parts) | Self::Or(parts) | Self::Coalesce(parts) => {
                parts.first().and_then(Self::hopeless)
            }
            Self::If(parts) => parts.first().and_then(Self::hopeless),
            _ => None,
        }
    }
}

impl Switch {
    fn all(&self) -> impl Iterator<Item = &Expr> {
        let cases = self.cases.iter().flat_map(|(_, arms)| arms);
        let arms = cases.chain(self.ranges.iter().map(|(_, arm)| arm));
        let arms = arms.flat_map(|arm| [&arm.condition, &arm.value]);
        arms.chain([&self.value, &self.otherwise])
    }
}
