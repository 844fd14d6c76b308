//! What of an expression is exactly a test that text filters make too: the kernel and native code
//! then serve a closure as they serve text.

use super::ops::within;
use super::{Expr, Function, Op, Place};
use crate::flow::{
    Cmp, Family, Field, Filter, LabelMap, Masked, NatKind, Network, Place as At, PortRange, Proto,
    StateSet, Status, Test, Unit, Value,
};
use crate::table::number_test;

impl Expr {
    /// The leading part that is a filter, and the rest, which may need the interpreter.
    ///
    /// A test is moved before a part only if that part can neither fail nor have effects.
    pub(crate) fn split(self, labels: &LabelMap) -> (Filter, Option<Self>) {
        let parts = match self {
            Self::And(parts) => parts,
            other => vec![other],
        };
        let (mut filter, mut rest, mut movable) = (Filter::All, Vec::new(), true);
        for part in parts {
            match part.lowered(labels) {
                Some(test) if movable => filter = filter.and(test),
                _ => {
                    movable = movable && part.is_sure(labels);
                    rest.push(part);
                }
            }
        }
        let rest = match rest.len() {
            0 | 1 => rest.pop(),
            _ => Some(Self::And(rest)),
        };
        (filter, rest)
    }

    /// The filter that it is, exactly.
    fn lowered(&self, labels: &LabelMap) -> Option<Filter> {
        match self {
            Self::Const(Value::Bool(true)) => Some(Filter::All),
            Self::Const(Value::Bool(false)) => Some(never()),
            Self::Part(part) => part.read.lowered(labels),
            Self::Not(inner) => inner.lowered(labels).map(Filter::negate),
            Self::And(parts) => {
                let mut filters = parts.iter().map(|part| part.lowered(labels));
                filters.try_fold(Filter::All, |all, filter| Some(all.and(filter?)))
            }
            Self::Or(parts) => any(parts.iter().map(|part| part.lowered(labels))),
            Self::Field(Place::Flow(field)) => flag(*field),
            Self::Binary(op, sides) => {
                let [a, b] = &**sides;
                match (a, b) {
                    (Self::Field(Place::Flow(field)), Self::Const(value)) => {
                        comparison(*field, *op, value)
                    }
                    (Self::Const(value), Self::Field(Place::Flow(field))) => {
                        comparison(*field, flipped(*op, value)?, value)
                    }
                    _ => None,
                }
            }
            Self::In(sides) => {
                let [item, whole] = &**sides;
                match (item, whole) {
                    (Self::Field(Place::Flow(field)), Self::Range(ends, closed)) => {
                        let [Self::Const(Value::Int(first)), Self::Const(Value::Int(end))] =
                            &**ends
                        else {
                            return None;
                        };
                        between(*field, *first, if *closed { *end } else { end.checked_sub(1)? })
                    }
                    (Self::Field(Place::Flow(field)), Self::Const(whole)) => {
                        within_const(*field, whole)
                    }
                    (Self::Const(Value::Text(name)), Self::Field(Place::Flow(field))) => {
                        named(*field, name, labels)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// True if it is yes or no for every row.
    fn is_sure(&self, labels: &LabelMap) -> bool {
        match self {
            Self::Part(part) => part.read.is_sure(labels),
            Self::Not(inner) => inner.is_sure(labels),
            Self::And(parts) | Self::Or(parts) => parts.iter().all(|part| part.is_sure(labels)),
            Self::Call(Function::IsPrivate, args) => {
                matches!(args.as_slice(), [arg] if arg.unit() == Some(Unit::Addr))
            }
            Self::Binary(op, sides) => match sides.each_ref().map(Self::unit) {
                [Some(a), Some(b)] => op.compares() && (a == b || matches!(op, Op::Eq | Op::Ne)),
                _ => false,
            },
            other => other.lowered(labels).is_some(),
        }
    }

    /// True if it has a value for every row, and one that costs nothing to ask for again.
    pub(crate) fn cannot_fail(&self) -> bool {
        self.unit().is_some() || matches!(self, Self::Local(_) | Self::Outer(_))
    }

    /// What its value is, unless it is absent; `None` if it may have none.
    pub(super) fn unit(&self) -> Option<Unit> {
        match self {
            Self::Const(Value::Int(_)) => Some(Unit::Number),
            Self::Const(Value::Text(_)) => Some(Unit::Text),
            Self::Const(Value::Bool(_)) => Some(Unit::Bool),
            Self::Const(Value::Addr(_)) => Some(Unit::Addr),
            Self::Const(Value::Duration(_)) => Some(Unit::Duration),
            Self::Const(Value::Time(_)) => Some(Unit::Time),
            // Counters of 64 bits may not fit a script's numbers.
            Self::Field(Place::Flow(
                Field::Packets | Field::Bytes | Field::DirPackets(_) | Field::DirBytes(_),
            )) => None,
            Self::Field(Place::Flow(field)) => {
                Some(field.unit()).filter(|unit| *unit != Unit::List)
            }
            Self::Field(Place::Expectation(field)) => {
                Some(field.unit()).filter(|unit| *unit != Unit::List)
            }
            _ => None,
        }
    }
}

/// The filter that takes nothing.
fn never() -> Filter {
    Filter::Or(Vec::new())
}

/// The filter that takes what any of them takes.
fn any(mut filters: impl Iterator<Item = Option<Filter>>) -> Option<Filter> {
    let first = filters.next()??;
    filters.try_fold(first, |all, filter| Some(all.or(filter?)))
}

/// A flag that every flow has.
fn flag(field: Field) -> Option<Filter> {
    let kind = match field {
        Field::Snat => NatKind::Source,
        Field::Dnat => NatKind::Destination,
        Field::Nat => NatKind::Any,
        _ => return None,
    };
    Some(Filter::Test(Test::Nat(kind, Vec::new(), None)))
}

/// The operator that says the same with its sides exchanged.
fn flipped(op: Op, value: &Value) -> Option<Op> {
    Some(match op {
        Op::Eq | Op::Ne if !matches!(value, Value::Net(_)) => op,
        Op::Lt if matches!(value, Value::Int(_) | Value::Duration(_)) => Op::Gt,
        Op::Le if matches!(value, Value::Int(_) | Value::Duration(_)) => Op::Ge,
        Op::Gt if matches!(value, Value::Int(_) | Value::Duration(_)) => Op::Lt,
        Op::Ge if matches!(value, Value::Int(_) | Value::Duration(_)) => Op::Le,
        _ => return None,
    })
}

fn comparison(field: Field, op: Op, value: &Value) -> Option<Filter> {
    let cmp = match op {
        Op::Eq => return equal(field, value),
        Op::Ne => return equal(field, value).map(Filter::negate),
        Op::Lt => Cmp::Lt,
        Op::Le => Cmp::Le,
        Op::Gt => Cmp::Gt,
        Op::Ge => Cmp::Ge,
        _ => return None,
    };
    Some(Filter::Test(number_test(field, cmp, number(field, value)?)))
}

/// The number that a field is compared with; `None` if the field is no number of 63 bits.
fn number(field: Field, value: &Value) -> Option<i64> {
    match (field, value) {
        (
            Field::Sport(_)
            | Field::Dport(_)
            | Field::IcmpType(_)
            | Field::IcmpCode(_)
            | Field::IcmpId(_)
            | Field::Mark
            | Field::Zone
            | Field::DirZone(_)
            | Field::Id
            | Field::Refs,
            Value::Int(int),
        )
        | (Field::Timeout | Field::Age, Value::Duration(int)) => Some(*int),
        _ => None,
    }
}

fn equal(field: Field, value: &Value) -> Option<Filter> {
    let test = match (field, value) {
        (Field::Family, Value::Text(name)) => {
            let families = [Family::Ipv4, Family::Ipv6];
            match families.into_iter().find(|family| family.name() == name) {
                Some(family) => Test::Family(family),
                None => return Some(never()),
            }
        }
        (Field::Proto, Value::Text(name)) => Test::Proto(vec![proto(name)?]),
        (Field::State, Value::Text(name)) => Test::State(state(name)?),
        (Field::Src(direction), value) => Test::Addr(At::Src(direction), vec![host(value)?]),
        (Field::Dst(direction), value) => Test::Addr(At::Dst(direction), vec![host(value)?]),
        (Field::Helper | Field::Secctx, Value::Text(name)) => {
            Test::Text(field, vec![name.to_string()])
        }
        (Field::Assured, Value::Bool(true)) => Test::Status(Status::ASSURED),
        (Field::Related, Value::Bool(true)) => Test::Status(Status::EXPECTED),
        (Field::Unreplied, Value::Bool(true)) => Test::Unreplied,
        (Field::Offload, Value::Bool(true)) => Test::Offload,
        (Field::Mark, Value::Int(int)) => match u32::try_from(*int) {
            Ok(mark) => Test::Mark(Masked::exact(mark)),
            Err(_) => return Some(never()),
        },
        (field, value) => number_test(field, Cmp::Eq, number(field, value)?),
    };
    Some(Filter::Test(test))
}

/// The protocol that is shown by this name.
pub(super) fn proto(name: &str) -> Option<Proto> {
    let proto: Proto = name.parse().ok()?;
    (proto.to_string() == name).then_some(proto)
}

/// The states that are shown by this name.
pub(super) fn state(name: &str) -> Option<StateSet> {
    let states = StateSet::named(name)?;
    let upper = |shown: &String| shown.to_uppercase() == name;
    (states.names().iter().all(upper)).then_some(states)
}

fn host(value: &Value) -> Option<Network> {
    match value {
        Value::Addr(addr) => Some(Network::host(*addr)),
        Value::Text(text) => text.parse().ok().map(Network::host),
        _ => None,
    }
}

/// The field lies in a list or a network.
fn within_const(field: Field, whole: &Value) -> Option<Filter> {
    let nets = |whole: &Value| match whole {
        Value::List(items) => items.iter().map(within).collect::<Option<Vec<_>>>(),
        one => within(one).map(|net| vec![net]),
    };
    match (field, whole) {
        (Field::Src(_) | Field::Dst(_), Value::Addr(_)) => None,
        (Field::Src(direction), whole) => {
            Some(Filter::Test(Test::Addr(At::Src(direction), nets(whole)?)))
        }
        (Field::Dst(direction), whole) => {
            Some(Filter::Test(Test::Addr(At::Dst(direction), nets(whole)?)))
        }
        (Field::Sport(_) | Field::Dport(_), Value::List(items)) => {
            let port = |item: &Value| match item {
                Value::Int(int) => u16::try_from(*int).ok().map(PortRange::one),
                _ => None,
            };
            let ports = items.iter().map(port).collect::<Option<Vec<_>>>()?;
            let at = match field {
                Field::Sport(direction) => At::Src(direction),
                Field::Dport(direction) => At::Dst(direction),
                _ => return None,
            };
            Some(Filter::Test(Test::Port(at, ports)))
        }
        (Field::Proto, Value::List(items)) => {
            let named = |item: &Value| match item {
                Value::Text(name) => proto(name),
                _ => None,
            };
            Some(Filter::Test(Test::Proto(items.iter().map(named).collect::<Option<_>>()?)))
        }
        (Field::State, Value::List(items)) => {
            let mut states = StateSet::default();
            for item in items {
                let Value::Text(name) = item else { return None };
                states = states.union(state(name)?);
            }
            Some(Filter::Test(Test::State(states)))
        }
        (_, Value::List(items)) => any(items.iter().map(|item| equal(field, item))),
        _ => None,
    }
}

/// The field lies between two numbers.
fn between(field: Field, first: i64, last: i64) -> Option<Filter> {
    number(field, &Value::Int(first))?;
    let at = match field {
        Field::Sport(direction) => Some(At::Src(direction)),
        Field::Dport(direction) => Some(At::Dst(direction)),
        _ => None,
    };
    if let (Some(at), Ok(first), Ok(last)) = (at, u16::try_from(first), u16::try_from(last)) {
        let ranges = if first <= last { vec![PortRange { first, last }] } else { Vec::new() };
        return Some(Filter::Test(Test::Port(at, ranges)));
    }
    let from = Filter::Test(number_test(field, Cmp::Ge, first));
    Some(from.and(Filter::Test(number_test(field, Cmp::Le, last))))
}

/// A status bit or a label by the name that is shown of it.
fn named(field: Field, name: &str, labels: &LabelMap) -> Option<Filter> {
    let test = match field {
        Field::Status => {
            let bit = Status::named(name)?;
            (bit.names().len() == 1 && bit.names().iter().all(|shown| shown == name))
                .then_some(Test::Status(bit))?
        }
        Field::Labels => {
            let bit = labels.bit(name)?;
            (labels.show(bit) == name).then_some(Test::Label(bit))?
        }
        _ => return None,
    };
    Some(Filter::Test(test))
}
