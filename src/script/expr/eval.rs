//! The value of an expression for a row; `None` wherever the interpreter must be asked.

use std::borrow::Cow;

use super::ops::{binary, call, contains, negative, property, text_of};
use super::part::Run;
use super::{Arm, Expr, Interpreter, Place, Row, Switch};
use crate::flow::Value;
use crate::script::compat::switch_hash;
use crate::script::value::exact;

impl Expr {
    /// Its value for `row`.
    pub(crate) fn value(&self, row: Row<'_>) -> Option<Value> {
        self.eval(row, &mut Run::default()).map(Cow::into_owned)
    }

    /// Its value if it is yes or no.
    pub(crate) fn truth(&self, row: Row<'_>) -> Option<bool> {
        self.holds(row, &mut Run::default())
    }

    /// The same; its parts are asked of `interpreter`.
    pub(crate) fn value_asking(
        &self,
        row: Row<'_>,
        interpreter: &mut dyn Interpreter,
    ) -> Option<Value> {
        self.eval(row, &mut Run::asking(interpreter, false)).map(Cow::into_owned)
    }

    /// The same; its parts are asked of `interpreter`.
    pub(crate) fn truth_asking(
        &self,
        row: Row<'_>,
        interpreter: &mut dyn Interpreter,
    ) -> Option<bool> {
        self.holds(row, &mut Run::asking(interpreter, true))
    }

    fn holds(&self, row: Row<'_>, run: &mut Run<'_>) -> Option<bool> {
        match self {
            Self::Not(inner) => inner.holds(row, run).map(|yes| !yes),
            Self::And(parts) => first(parts, false, row, run),
            Self::Or(parts) => first(parts, true, row, run),
            _ => match *self.eval(row, run)? {
                Value::Bool(yes) => Some(yes),
                _ => None,
            },
        }
    }

    pub(super) fn eval<'e>(&'e self, row: Row<'e>, run: &mut Run<'_>) -> Option<Cow<'e, Value>> {
        let value = match self {
            Self::Const(value) => return Some(Cow::Borrowed(value)),
            Self::Outer(_) | Self::Range(..) | Self::Unread(_) => return None,
            Self::Local(place) => run.local(*place)?,
            Self::Part(part) => return part.eval(row, run),
            Self::Field(place) => place.read(row)?,
            Self::Property(inner, name) => property(&*inner.eval(row, run)?, name)?,
            Self::Call(function, args) => {
                let args: Option<Vec<_>> = args.iter().map(|arg| arg.eval(row, run)).collect();
                call(*function, &args?)?
            }
            Self::Not(_) | Self::And(_) | Self::Or(_) => Value::Bool(self.holds(row, run)?),
            Self::Negative(inner) => negative(&*inner.eval(row, run)?)?,
            Self::Binary(op, sides) => {
                let [a, b] = &**sides;
                let a = a.eval(row, run)?;
                binary(*op, &a, &*b.eval(row, run)?)?
            }
            Self::In(sides) => Value::Bool(lies_in(sides, row, run)?),
            Self::Coalesce(parts) => return coalesce(parts, row, run),
            Self::If(parts) => {
                let [condition, then, otherwise] = &**parts;
                let chosen = if condition.holds(row, run)? { then } else { otherwise };
                return chosen.eval(row, run);
            }
            Self::Switch(switch) => return switch.chosen(row, run)?.eval(row, run),
            Self::Let(place, parts) => {
                let [kept, body] = &**parts;
                run.keep(*place, kept, row)?;
                return body.eval(row, run);
            }
            Self::Text(parts) => {
                let mut text = String::new();
                for part in parts {
                    text.push_str(&text_of(&*part.eval(row, run)?)?);
                }
                Value::text(text)
            }
            Self::List(items) => {
                let items = items.iter().map(|item| item.eval(row, run).map(Cow::into_owned));
                Value::List(items.collect::<Option<_>>()?)
            }
        };
        Some(Cow::Owned(value))
    }
}

/// `wanted` if some part is that; every part before it is the opposite.
fn first(parts: &[Expr], wanted: bool, row: Row<'_>, run: &mut Run<'_>) -> Option<bool> {
    for part in parts {
        if part.holds(row, run)? == wanted {
            return Some(wanted);
        }
    }
    Some(!wanted)
}

fn coalesce<'e>(parts: &'e [Expr], row: Row<'e>, run: &mut Run<'_>) -> Option<Cow<'e, Value>> {
    let mut last = Cow::Owned(Value::Absent);
    for part in parts {
        last = part.eval(row, run)?;
        if !last.is_absent() {
            break;
        }
    }
    Some(last)
}

fn lies_in([item, whole]: &[Expr; 2], row: Row<'_>, run: &mut Run<'_>) -> Option<bool> {
    let Expr::Range(ends, closed) = whole else {
        let whole = whole.eval(row, run)?;
        return contains(&whole, &*item.eval(row, run)?);
    };
    let [first, end] = &**ends;
    let (first, end) = (first.eval(row, run)?, end.eval(row, run)?);
    let (Value::Int(first), Value::Int(end)) = (&*first, &*end) else { return None };
    match &*item.eval(row, run)? {
        Value::Int(item) if *closed => Some((first..=end).contains(&item)),
        Value::Int(item) => Some((first..end).contains(&item)),
        Value::Absent => Some(false),
        _ => None,
    }
}

impl Switch {
    /// The expression whose value is the answer.
    fn chosen(&self, row: Row<'_>, run: &mut Run<'_>) -> Option<&Expr> {
        let value = self.value.eval(row, run)?;
        let hash = switch_hash(&value)?;
        let case = self.cases.iter().find(|(case, _)| *case == hash);
        for arm in case.into_iter().flat_map(|(_, arms)| arms) {
            if arm.condition.holds(row, run)? {
                return Some(&arm.value);
            }
        }
        for (range, Arm { condition, value: chosen }) in &self.ranges {
            let within = match &*value {
                Value::Int(int) => range.contains(int),
                Value::Float(_) => return None,
                _ => false,
            };
            if within && condition.holds(row, run)? {
                return Some(chosen);
            }
        }
        Some(&self.otherwise)
    }
}

impl Place {
    /// The value that a script sees; none if it would see an error.
    fn read(&self, row: Row<'_>) -> Option<Value> {
        match (self, row) {
            (Self::Flow(field), Row::Flow(flow, view)) => plain(field.get(flow, view)),
            (Self::Expectation(field), Row::Expectation(of)) => plain(field.get(of)),
            (Self::Cell(name), Row::Record(cells)) => exact(cells.get(name.as_str())?),
            _ => None,
        }
    }
}

/// A value as it comes back from a script, whose numbers are signed and whose maps are sorted.
fn plain(value: Value) -> Option<Value> {
    Some(match value {
        Value::Count(count) => Value::Int(i64::try_from(count).ok()?),
        Value::List(items) => Value::List(items.into_iter().map(plain).collect::<Option<_>>()?),
        Value::Map(pairs) => {
            let pairs = pairs.into_iter().map(|(name, value)| Some((name, plain(value)?)));
            let mut pairs: Vec<_> = pairs.collect::<Option<_>>()?;
            pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Map(pairs)
        }
        value => value,
    })
}
