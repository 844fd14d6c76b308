//! Values of fields and results ⇄ values of scripts.

use std::borrow::Cow;
use std::net::IpAddr;

use rhai::{AST, Array, Dynamic, FnPtr, ImmutableString, Map};

use super::fault::{Fallible, Fault};
use super::host::Host;
use crate::flow::{Network, Value};

/// A span of time, in nanoseconds; `30.sec`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub i64);

/// A point in time, nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

/// Nanoseconds of a second.
pub(super) const SECOND: i64 = 1_000_000_000;

impl Span {
    /// Whole seconds, a fraction rounded up so that nothing lives shorter than asked; `None` if
    /// negative or beyond 32 bits.
    #[must_use]
    pub fn seconds_up(self) -> Option<u32> {
        let seconds = self.0.div_euclid(SECOND) + i64::from(self.0.rem_euclid(SECOND) != 0);
        u32::try_from(seconds).ok()
    }

    /// As the standard library has it; a negative span is none.
    #[must_use]
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_nanos(u64::try_from(self.0).unwrap_or(0))
    }
}

/// What a script sees of `value`.
///
/// # Errors
///
/// A count beyond 63 bits: Rhai has no number for it.
pub(super) fn to_dynamic(value: Value) -> Fallible<Dynamic> {
    Ok(match value {
        Value::Absent => Dynamic::UNIT,
        Value::Bool(yes) => yes.into(),
        Value::Count(count) => i64::try_from(count)
            .map_err(|_| Fault::new(format!("{count} does not fit a script's 63 bits")).thrown())?
            .into(),
        Value::Int(int) => int.into(),
        Value::Float(float) => float.into(),
        Value::Text(text) => ImmutableString::from(text.as_ref()).into(),
        Value::Addr(addr) => Dynamic::from(addr),
        Value::Net(net) => Dynamic::from(net),
        Value::Duration(nanos) => Dynamic::from(Span(nanos)),
        Value::Time(nanos) => Dynamic::from(Time(nanos)),
        Value::List(items) => {
            items.into_iter().map(to_dynamic).collect::<Fallible<Array>>()?.into()
        }
        Value::Map(pairs) => {
            let pair = |(name, value): (Cow<'_, str>, Value)| {
                Ok((name.as_ref().into(), to_dynamic(value)?))
            };
            pairs.into_iter().map(pair).collect::<Fallible<Map>>()?.into()
        }
    })
}

/// What a result cell shows of a script's `value`; a type without a form of its own shows as text.
#[must_use]
pub(super) fn from_dynamic(value: &Dynamic) -> Value {
    if value.is_unit() {
        return Value::Absent;
    }
    if let Ok(yes) = value.as_bool() {
        return Value::Bool(yes);
    }
    if let Ok(int) = value.as_int() {
        return Value::Int(int);
    }
    if let Ok(float) = value.as_float() {
        return Value::Float(float);
    }
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return Value::text(text.to_string());
    }
    if let Some(items) = value.read_lock::<Array>() {
        return Value::List(items.iter().map(from_dynamic).collect());
    }
    if let Some(pairs) = value.read_lock::<Map>() {
        let pair = |(name, value): (&rhai::Identifier, &Dynamic)| {
            (Cow::Owned(name.to_string()), from_dynamic(value))
        };
        return Value::Map(pairs.iter().map(pair).collect());
    }
    if value.is_fnptr() {
        return Value::text("a closure");
    }
    if let Some(addr) = value.read_lock::<IpAddr>() {
        return Value::Addr(*addr);
    }
    if let Some(net) = value.read_lock::<Network>() {
        return Value::Net(*net);
    }
    if let Some(span) = value.read_lock::<Span>() {
        return Value::Duration(span.0);
    }
    if let Some(time) = value.read_lock::<Time>() {
        return Value::Time(time.0);
    }
    Value::text(object_text(value))
}

/// The value that `value` is, if it loses nothing on the way.
#[must_use]
pub(super) fn exact(value: &Dynamic) -> Option<Value> {
    if let Some(items) = value.read_lock::<Array>() {
        return items.iter().map(exact).collect::<Option<_>>().map(Value::List);
    }
    if let Some(pairs) = value.read_lock::<Map>() {
        let pair = |(name, value): (&rhai::Identifier, &Dynamic)| {
            Some((Cow::Owned(name.to_string()), exact(value)?))
        };
        return pairs.iter().map(pair).collect::<Option<_>>().map(Value::Map);
    }
    match from_dynamic(value) {
        Value::Text(_) if !value.is_string() => None,
        plain => Some(plain),
    }
}

/// A value that is no rows, for people; Rhai's own text of an object is the name of its Rust type.
#[must_use]
pub(super) fn text_of(value: &Dynamic) -> String {
    match from_dynamic(value) {
        // A count is a count, however large: only columns of bytes are shortened.
        Value::Int(int) => int.to_string(),
        Value::Text(text) => text.into_owned(),
        other => crate::render::text(&other),
    }
}

/// The text of an object, as its own `to_string` has it.
fn object_text(value: &Dynamic) -> String {
    let text = Host::current().and_then(|host| {
        let engine = host.engine()?;
        FnPtr::new("to_string")?.call(&engine, &AST::empty(), (value.clone(),))
    });
    text.unwrap_or_else(|_| value.to_string())
}

/// A span from a span, a number of seconds, or text such as `5m`.
///
/// # Errors
///
/// It is none of these, or negative; `what` names the parameter.
pub(super) fn span(what: &str, value: &Dynamic) -> Fallible<Span> {
    let span = if let Some(span) = value.read_lock::<Span>() {
        Some(*span)
    } else if let Ok(seconds) = value.as_int() {
        seconds.checked_mul(SECOND).map(Span)
    } else if let Some(text) = value.read_lock::<ImmutableString>() {
        crate::table::parse_duration(&text).map(Span)
    } else {
        None
    };
    match span {
        Some(span) if span.0 >= 0 => Ok(span),
        Some(_) => Fault::new(format!("{what} cannot be negative")).throw(),
        None => {
            let message = format!("{what} needs a duration, found {}", describe(value));
            Fault::new(message).hint("write `30.sec`, `5.min`, or \"5m\"").throw()
        }
    }
}

/// A count from a whole number that is not negative.
///
/// # Errors
///
/// It is negative; `what` names the parameter.
pub(super) fn count(what: &str, number: i64) -> Fallible<u64> {
    u64::try_from(number)
        .map_err(|_| Fault::new(format!("{what} cannot be negative, found {number}")).thrown())
}

/// A value for an error message: its text and, where that helps, what it is.
#[must_use]
pub(super) fn describe(value: &Dynamic) -> String {
    match value.type_name() {
        "()" => "nothing".to_owned(),
        "string" => format!("\"{value}\""),
        "i64" | "f64" | "bool" => value.to_string(),
        "Fn" => "a closure".to_owned(),
        "array" => "an array".to_owned(),
        "map" => "a map".to_owned(),
        name => {
            // A type has the name that it was registered with; Rust's means nothing to a script.
            let engine = Host::current().and_then(|host| host.engine());
            let known =
                engine.map_or_else(|_| name.to_owned(), |e| e.map_type_name(name).to_owned());
            format!("a value of type {known}")
        }
    }
}
