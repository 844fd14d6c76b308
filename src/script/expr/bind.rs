//! An expression just before it is asked: variables from outside are read, and what depends on no
//! row is computed once.

use rhai::Dynamic;

use super::{Arm, Expr, Outer, Part, Role, Row, Switch};
use crate::flow::Value;
use crate::script::compat::constant;

/// What surrounds a closure.
pub(crate) trait Surroundings {
    /// The present value of a variable.
    fn variable(&self, name: &Outer) -> Option<Dynamic>;

    /// What a function of the interpreter makes of values that are known.
    fn call(&self, function: &str, args: &[&Value]) -> Option<Value>;
}

impl Expr {
    /// The same, with the present values of variables from outside.
    pub(crate) fn bound(&self, around: &dyn Surroundings) -> Self {
        Binder { around, known: Vec::new() }.bind(self)
    }
}

struct Binder<'a> {
    around: &'a dyn Surroundings,
    /// Local variables whose values are known.
    known: Vec<(usize, Expr)>,
}

impl Binder<'_> {
    fn bind(&mut self, expr: &Expr) -> Expr {
        let expr = match expr {
            Expr::Outer(outer) => {
                let value = self.around.variable(outer).as_ref().and_then(constant);
                return value.unwrap_or_else(|| expr.clone());
            }
            Expr::Local(place) => {
                let known = self.known.iter().find(|(known, _)| known == place);
                return known.map_or_else(|| expr.clone(), |(_, value)| value.clone());
            }
            Expr::Let(place, parts) => {
                let [kept, body] = &**parts;
                let kept = self.bind(kept);
                if kept.is_known() {
                    self.known.push((*place, kept));
                    return self.bind(body);
                }
                Expr::Let(*place, Box::new([kept, self.bind(body)]))
            }
            Expr::Part(part) => return self.part(part),
            Expr::Const(_) | Expr::Field(_) | Expr::Unread(_) => return expr.clone(),
            Expr::Property(inner, name) => Expr::Property(Box::new(self.bind(inner)), name.clone()),
            Expr::Call(function, args) => Expr::Call(*function, self.all(args)),
            Expr::Not(inner) => Expr::Not(Box::new(self.bind(inner))),
            Expr::Negative(inner) => Expr::Negative(Box::new(self.bind(inner))),
            Expr::Binary(op, sides) => Expr::Binary(*op, self.both(sides)),
            Expr::In(sides) => Expr::In(self.both(sides)),
            Expr::Range(ends, closed) => Expr::Range(self.both(ends), *closed),
            Expr::And(parts) => Expr::And(self.all(parts)),
            Expr::Or(parts) => Expr::Or(self.all(parts)),
            Expr::Coalesce(parts) => Expr::Coalesce(self.all(parts)),
            Expr::If(parts) => Expr::If(Box::new(parts.each_ref().map(|part| self.bind(part)))),
            Expr::Switch(switch) => Expr::Switch(Box::new(self.switch(switch))),
            Expr::Text(parts) => Expr::Text(self.all(parts)),
            Expr::List(items) => Expr::List(self.all(items)),
        };
        self.computed(expr)
    }

    /// Its value in place of what depends on no row.
    fn computed(&self, expr: Expr) -> Expr {
        match expr.value(Row::None) {
            // What is neither yes nor no is an error where that is wanted, and has its place.
            Some(value) if matches!(value, Value::Bool(_)) || !expr.has_parts() => {
                return Expr::Const(value);
            }
            _ => (),
        }
        let value = match &expr {
            Expr::Property(inner, name) => match &**inner {
                Expr::Const(value) => self.around.call(&format!("get${name}"), &[value]),
                _ => None,
            },
            Expr::Call(function, args) => {
                let args: Option<Vec<&Value>> = args.iter().map(Expr::known).collect();
                args.and_then(|args| self.around.call(function.name(), &args))
            }
            _ => None,
        };
        value.map_or(expr, Expr::Const)
    }

    fn all(&mut self, parts: &[Expr]) -> Vec<Expr> {
        parts.iter().map(|part| self.bind(part)).collect()
    }

    fn part(&mut self, part: &Part) -> Expr {
        let read = self.bind(&part.read);
        match (&read, part.role) {
            (Expr::Const(Value::Bool(_)), _) => return read,
            (known, Role::Kept) if known.is_known() => return read,
            _ => (),
        }
        let locals = self.all(&part.locals);
        Expr::Part(Box::new(Part { read, locals, ..part.clone() }))
    }

    fn both(&mut self, sides: &[Expr; 2]) -> Box<[Expr; 2]> {
        Box::new(sides.each_ref().map(|side| self.bind(side)))
    }

    fn switch(&mut self, switch: &Switch) -> Switch {
        let mut arm =
            |arm: &Arm| Arm { condition: self.bind(&arm.condition), value: self.bind(&arm.value) };
        let cases = switch.cases.iter();
        let cases = cases.map(|(hash, arms)| (*hash, arms.iter().map(&mut arm).collect()));
        let cases = cases.collect();
        let ranges = switch.ranges.iter().map(|(range, of)| (range.clone(), arm(of))).collect();
        let (value, otherwise) = (self.bind(&switch.value), self.bind(&switch.otherwise));
        Switch { value, cases, ranges, otherwise }
    }
}

impl Expr {
    /// The value, if it is one.
    pub(super) fn known(&self) -> Option<&Value> {
        match self {
            Self::Const(value) => Some(value),
            _ => None,
        }
    }

    /// True if it is a value, or a range between two numbers.
    fn is_known(&self) -> bool {
        match self {
            Self::Range(ends, _) => {
                ends.iter().all(|end| matches!(end.known(), Some(Value::Int(_))))
            }
            other => other.known().is_some(),
        }
    }
}
