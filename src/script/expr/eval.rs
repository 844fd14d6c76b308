//! The value of an expression for a row; `None` wherever the interpreter must be asked.

use std::borrow::Cow;

use super::ops::{binary, call, contains, negative, property, text_of};
use super::{Arm, Expr, Place, Row, Switch};
use crate::flow::Value;
use crate::script::compat::switch_hash;
use crate::script::value::exact;

impl Expr {
    /// Its value for `row`.
    pub(crate) fn value(&self, row: Row<'_>) -> Option<Value> {
        self.eval(row, &mut Vec::new()).map(Cow::into_owned)
    }

    /// Its value if it is yes or no.
    pub(crate) fn truth(&self, row: Row<'_>) -> Option<bool> {
        self.holds(row, &mut Vec::new())
    }

    fn holds(&self, row: Row<'_>, locals: &mut Vec<Value>) -> Option<bool> {
        match self {
            Self::Not(inner) => inner.holds(row, locals).map(|yes| !yes),
            Self::And(parts) => first(parts, false, row, locals),
            Self::Or(parts) => first(parts, true, row, locals),
            _ => match *self.eval(row, locals)? {
                Value::Bool(yes) => Some(yes),
                _ => None,
            },
        }
    }

    fn eval<'e>(&'e self, row: Row<'e>, locals: &mut Vec<Value>) -> Option<Cow<'e, Value>> {
        let value = match self {
            Self::Const(value) => return Some(Cow::Borrowed(value)),
            Self::Outer(_) | Self::Range(..) | Self::Unread(_) => return None,
            Self::Local(index) => locals.get(*index)?.clone(),
            Self::Field(place) => place.read(row)?,
            Self::Property(inner, name) => property(&*inner.eval(row, locals)?, name)?,
            Self::Call(function, args) => {
                let args: Option<Vec<_>> = args.iter().map(|arg| arg.eval(row, locals)).collect();
                call(*function, &args?)?
            }
            Self::Not(_) | Self::And(_) | Self::Or(_) => Value::Bool(self.holds(row, locals)?),
            Self::Negative(inner) => negative(&*inner.eval(row, locals)?)?,
            Self::Binary(op, sides) => {
                let [a, b] = &**sides;
                let a = a.eval(row, locals)?;
                binary(*op, &a, &*b.eval(row, locals)?)?
            }
            Self::In(sides) => Value::Bool(lies_in(sides, row, locals)?),
            Self::Coalesce(parts) => return coalesce(parts, row, locals),
            Self::If(parts) => {
                let [condition, then, otherwise] = &**parts;
                let chosen = if condition.holds(row, locals)? { then } else { otherwise };
                return chosen.eval(row, locals);
            }
            Self::Switch(switch) => return switch.chosen(row, locals)?.eval(row, locals),
            Self::Let(place, parts) => {
                let [kept, body] = &**parts;
                let kept = kept.eval(row, locals)?.into_owned();
                if locals.len() <= *place {
                    locals.resize(place + 1, Value::Absent);
                }
                *locals.get_mut(*place)? = kept;
                return body.eval(row, locals);
            }
            Self::Text(parts) => {
                let mut text = String::new();
                for part in parts {
                    text.push_str(&text_of(&*part.eval(row, locals)?)?);
                }
                Value::text(text)
            }
            Self::List(items) => {
                let items = items.iter().map(|item| item.eval(row, locals).map(Cow::into_owned));
                Value::List(items.collect::<Option<_>>()?)
            }
        };
        Some(Cow::Owned(value))
    }
}

/// `wanted` if some part is that; every part before it is the opposite.
fn first(parts: &[Expr], wanted: bool, row: Row<'_>, locals: &mut Vec<Value>) -> Option<bool> {
    for part in parts {
        if part.holds(row, locals)? == wanted {
            return Some(wanted);
        }
    }
    Some(!wanted)
}

fn coalesce<'e>(
    parts: &'e [Expr],
    row: Row<'e>,
    locals: &mut Vec<Value>,
) -> Option<Cow<'e, Value>> {
    let mut last = Cow::Owned(Value::Absent);
    for part in parts {
        last = part.eval(row, locals)?;
        if !last.is_absent() {
            break;
        }
    }
    Some(last)
}

fn lies_in([item, whole]: &[Expr; 2], row: Row<'_>, locals: &mut Vec<Value>) -> Option<bool> {
    let Expr::Range(ends, closed) = whole else {
        let whole = whole.eval(row, locals)?;
        return contains(&whole, &*item.eval(row, locals)?);
    };
    let [first, end] = &**ends;
    let (first, end) = (first.eval(row, locals)?, end.eval(row, locals)?);
    let (Value::Int(first), Value::Int(end)) = (&*first, &*end) else { return None };
    match &*item.eval(row, locals)? {
        Value::Int(item) if *closed => Some((first..=end).contains(&item)),
        Value::Int(item) => Some((first..end).contains(&item)),
        Value::Absent => Some(false),
        _ => None,
    }
}

impl Switch {
    /// The expression whose value is the answer.
    fn chosen(&self, row: Row<'_>, locals: &mut Vec<Value>) -> Option<&Expr> {
        let value = self.value.eval(row, locals)?;
        let hash = switch_hash(&value)?;
        let case = self.cases.iter().find(|(case, _)| *case == hash);
        for arm in case.into_iter().flat_map(|(_, arms)| arms) {
            if arm.condition.holds(row, locals)? {
                return Some(&arm.value);
            }
        }
        for (range, Arm { condition, value: chosen }) in &self.ranges {
            let within = match &*value {
                Value::Int(int) => range.contains(int),
                Value::Float(_) => return None,
                _ => false,
            };
            if within && condition.holds(row, locals)? {
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
