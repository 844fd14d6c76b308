//! What operators, functions and properties make of values: exactly what the interpreter makes of
//! them, or `None`. A case that is not listed is left to it, so nothing here need be complete.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::net::IpAddr;

use super::{Function, Op};
use crate::flow::{Family, Network, Value};
use crate::render;
use crate::script::api::addr::addr_api;
use crate::script::value::SECOND;

use Value::{Absent, Addr, Bool, Duration, Float, Int, List, Map, Net, Text, Time};

/// `a op b`.
pub(super) fn binary(op: Op, a: &Value, b: &Value) -> Option<Value> {
    if op.compares() { compare(op, a, b).map(Bool) } else { arithmetic(op, a, b) }
}

/// True if the values stand so.
pub(super) fn compare(op: Op, a: &Value, b: &Value) -> Option<bool> {
    let equality = matches!(op, Op::Eq | Op::Ne);
    let ordering = match (a, b) {
        (Int(a), Int(b)) | (Duration(a), Duration(b)) => a.cmp(b),
        (Bool(a), Bool(b)) => a.cmp(b),
        (Text(a), Text(b)) => a.cmp(b),
        (Time(a), Time(b)) => a.cmp(b),
        (Addr(a), Addr(b)) => a.cmp(b),
        (Net(a), Net(b)) if !matches!(op, Op::Le | Op::Ge) => a.cmp(b),
        (Duration(a), Int(seconds)) => a.cmp(&seconds.saturating_mul(SECOND)),
        (Int(seconds), Duration(b)) => seconds.saturating_mul(SECOND).cmp(b),
        (Addr(a), Text(b)) if equality => same(b.parse::<IpAddr>() == Ok(*a)),
        (Text(a), Addr(b)) if equality => same(a.parse::<IpAddr>() == Ok(*b)),
        (Addr(a), Text(b)) => a.cmp(&b.parse().ok()?),
        (Text(a), Addr(b)) => a.parse::<IpAddr>().ok()?.cmp(b),
        (Net(a), Text(b)) if equality => same(b.parse::<Network>().ok() == Some(*a)),
        (Text(a), Net(b)) if equality => same(a.parse::<Network>().ok() == Some(*b)),
        // Nothing is equal to nothing, and in no order with it.
        (Absent, Absent) => return Some(op == Op::Eq),
        (Float(_), Float(_) | Int(_)) | (Int(_), Float(_)) => return near(op, a, b),
        (List(_), List(_)) | (Map(_), Map(_)) | (Net(_), Net(_)) => return None,
        // Values of different types differ, and are in no order.
        _ => return Some(op == Op::Ne),
    };
    Some(stands(op, ordering))
}

fn same(equal: bool) -> Ordering {
    if equal { Ordering::Equal } else { Ordering::Less }
}

fn stands(op: Op, ordering: Ordering) -> bool {
    match op {
        Op::Eq => ordering.is_eq(),
        Op::Ne => ordering.is_ne(),
        Op::Lt => ordering.is_lt(),
        Op::Le => ordering.is_le(),
        Op::Gt => ordering.is_gt(),
        Op::Ge => ordering.is_ge(),
        _ => false,
    }
}

/// Fractions, where the language calls equal what differs in the last digit alone.
fn near(op: Op, a: &Value, b: &Value) -> Option<bool> {
    let (a, b) = (a.number()?, b.number()?);
    if !a.is_finite() || !b.is_finite() {
        return None;
    }
    let size = if a * b == 0.0 { 1.0 } else { a.abs().max(b.abs()) };
    let apart = (a - b) / size;
    let ordering =
        if apart.abs() <= f64::EPSILON { Ordering::Equal } else { apart.total_cmp(&0.0) };
    // `>=` and `<=` leave out what is exactly one such digit apart: too fine to be repeated here.
    apart.abs().total_cmp(&f64::EPSILON).is_ne().then(|| stands(op, ordering))
}

fn arithmetic(op: Op, a: &Value, b: &Value) -> Option<Value> {
    Some(match (op, a, b) {
        (Op::Add, Int(a), Int(b)) => Int(a.checked_add(*b)?),
        (Op::Subtract, Int(a), Int(b)) => Int(a.checked_sub(*b)?),
        (Op::Multiply, Int(a), Int(b)) => Int(a.checked_mul(*b)?),
        (Op::Divide, Int(a), Int(b)) => Int(a.checked_div(*b)?),
        (Op::Remainder, Int(a), Int(b)) => Int(a.checked_rem(*b)?),
        (Op::BitAnd, Int(a), Int(b)) => Int(a & b),
        (Op::BitOr, Int(a), Int(b)) => Int(a | b),
        (Op::BitXor, Int(a), Int(b)) => Int(a ^ b),
        (Op::BitAnd, Bool(a), Bool(b)) => Bool(a & b),
        (Op::BitOr, Bool(a), Bool(b)) => Bool(a | b),
        (Op::BitXor, Bool(a), Bool(b)) => Bool(a ^ b),
        (_, Float(_), Float(_) | Int(_)) | (_, Int(_), Float(_)) => {
            let (a, b) = (a.number()?, b.number()?);
            Float(match op {
                Op::Add => a + b,
                Op::Subtract => a - b,
                Op::Multiply => a * b,
                Op::Divide => a / b,
                Op::Remainder => a % b,
                _ => return None,
            })
        }
        (Op::Add, Text(a), Text(b)) => Value::text(format!("{a}{b}")),
        (Op::Add, Text(a), Addr(b)) => Value::text(format!("{a}{b}")),
        (Op::Add, Addr(a), Text(b)) => Value::text(format!("{a}{b}")),
        (Op::Add, Text(a), Int(b)) => Value::text(format!("{a}{b}")),
        (Op::Add, Duration(a), Duration(b)) => Duration(a.checked_add(*b)?),
        (Op::Subtract, Duration(a), Duration(b)) => Duration(a.checked_sub(*b)?),
        (Op::Multiply, Duration(a), Int(b)) => Duration(a.checked_mul(*b)?),
        (Op::Divide, Duration(a), Int(b)) => Duration(a.checked_div(*b)?),
        (Op::Add, Time(a), Duration(b)) => Time(a.checked_add_signed(*b)?),
        (Op::Subtract, Time(a), Duration(b)) => Time(a.checked_sub_signed(*b)?),
        (Op::Subtract, Time(a), Time(b)) => Duration(a.checked_signed_diff(*b)?),
        (Op::Divide, Addr(a), Int(bits)) => network(*a, *bits)?,
        _ => return None,
    })
}

fn network(addr: IpAddr, bits: i64) -> Option<Value> {
    addr_api::prefix(addr, bits).ok().map(Net)
}

/// `-value`.
pub(super) fn negative(value: &Value) -> Option<Value> {
    match value {
        Int(int) => int.checked_neg().map(Int),
        Float(float) => Some(Float(-float)),
        _ => None,
    }
}

/// True if `item` lies in `whole`: `item in whole`.
pub(super) fn contains(whole: &Value, item: &Value) -> Option<bool> {
    match (whole, item) {
        (Absent, _) | (Text(_), Absent) => Some(false),
        (Text(whole), Text(item)) => Some(whole.contains(item.as_ref())),
        (Text(net), Addr(item)) => Some(net.parse::<Network>().ok()?.contains(item)),
        (Net(net), Addr(item)) => Some(net.contains(item)),
        (Net(net), Net(item)) => Some(net.covers(item)),
        (Net(net), Text(item)) => Some(net.covers(&item.parse().ok()?)),
        (List(nets), Addr(item)) => {
            for net in nets {
                if within(net)?.contains(item) {
                    return Some(true);
                }
            }
            Some(false)
        }
        (List(items), item @ (Absent | Bool(_) | Int(_) | Text(_))) => {
            for known in items {
                let plain = matches!(known, Absent | Bool(_) | Int(_) | Text(_));
                if plain && compare(Op::Eq, known, item)? {
                    return Some(true);
                }
                if !plain {
                    return None;
                }
            }
            Some(false)
        }
        _ => None,
    }
}

/// The network that `value` names.
pub(super) fn within(value: &Value) -> Option<Network> {
    match value {
        Net(net) => Some(*net),
        Addr(addr) => Some(Network::host(*addr)),
        Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// `value.name`.
pub(super) fn property(value: &Value, name: &str) -> Option<Value> {
    Some(match (value, name) {
        (Map(pairs), name) => {
            pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())?
        }
        (Addr(addr), "family") => Value::text(Family::of(addr).name()),
        (Net(net), "first") => Addr(net.first()),
        (Net(net), "last") => Addr(net.last()),
        (Net(net), "prefix") => Value::or_absent(net.prefix(), |bits| Int(bits.into())),
        (Duration(_), "seconds") => Float(value.number()? / 1e9),
        (Time(nanos), "unix") => Int(i64::try_from(nanos / 1_000_000_000).ok()?),
        (Text(_) | List(_), "len") => return call(Function::Len, &[value]),
        _ => return None,
    })
}

/// `function(args)`.
pub(super) fn call(function: Function, args: &[impl Borrow<Value>]) -> Option<Value> {
    let mut args = args.iter().map(Borrow::borrow);
    let (first, second) = (args.next()?, args.next());
    if args.next().is_some() {
        return None;
    }
    Some(match (function, first, second) {
        (Function::Net, Addr(addr), Some(Int(bits))) => network(*addr, *bits)?,
        (Function::IsPrivate, Addr(addr), None) => Bool(addr_api::is_private(&mut addr.clone())),
        (Function::Contains, whole, Some(item)) => Bool(contains(whole, item)?),
        (Function::StartsWith, Text(text), Some(Text(start))) => {
            Bool(text.starts_with(start.as_ref()))
        }
        (Function::EndsWith, Text(text), Some(Text(end))) => Bool(text.ends_with(end.as_ref())),
        (Function::Len, Text(text), None) => Int(i64::try_from(text.chars().count()).ok()?),
        (Function::Len, List(items), None) => Int(i64::try_from(items.len()).ok()?),
        (Function::IsEmpty, Text(text), None) => Bool(text.is_empty()),
        (Function::IsEmpty, List(items), None) => Bool(items.is_empty()),
        (Function::ToUpper, Text(text), None) => Value::text(text.to_uppercase()),
        (Function::ToLower, Text(text), None) => Value::text(text.to_lowercase()),
        (Function::ToString, value, None) => Value::text(text_of(value)?),
        (Function::Abs, Int(int), None) => Int(int.checked_abs()?),
        (Function::Min, Int(a), Some(Int(b))) => Int(*a.min(b)),
        (Function::Max, Int(a), Some(Int(b))) => Int(*a.max(b)),
        _ => return None,
    })
}

/// The text of a value within a text.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Text(text) => Some(text.to_string()),
        Int(int) => Some(int.to_string()),
        Bool(_) | Addr(_) | Net(_) | Duration(_) | Time(_) => Some(render::text(value)),
        _ => None,
    }
}
