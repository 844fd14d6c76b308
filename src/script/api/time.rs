//! Spans and points of time, and sizes: `30.sec`, `5.min`, `10.MB`, `now()`.

use rhai::plugin::*;
use rhai::{Dynamic, FuncRegistration, INT};

use crate::flow::Value;
use crate::render;
use crate::script::fault::{Fallible, Fault};
use crate::script::value::{SECOND, Span, Time, span};

/// Units of time, as properties of numbers: name, nanoseconds, meaning.
const SPANS: [(&str, i64, &str); 13] = [
    ("ms", SECOND / 1000, "milliseconds"),
    ("s", SECOND, "seconds"),
    ("sec", SECOND, "seconds"),
    ("secs", SECOND, "seconds"),
    ("min", 60 * SECOND, "minutes"),
    ("mins", 60 * SECOND, "minutes"),
    ("h", 3600 * SECOND, "hours"),
    ("hour", 3600 * SECOND, "hours"),
    ("hours", 3600 * SECOND, "hours"),
    ("d", 86_400 * SECOND, "days"),
    ("day", 86_400 * SECOND, "days"),
    ("days", 86_400 * SECOND, "days"),
    ("week", 604_800 * SECOND, "weeks"),
];

/// Units of size: name, bytes, meaning.
const SIZES: [(&str, i64, &str); 8] = [
    ("KB", 1000, "kilobytes (1,000)"),
    ("MB", 1_000_000, "megabytes (1,000,000)"),
    ("GB", 1_000_000_000, "gigabytes (1,000,000,000)"),
    ("TB", 1_000_000_000_000, "terabytes"),
    ("KiB", 1 << 10, "kibibytes (1,024)"),
    ("MiB", 1 << 20, "mebibytes (1,048,576)"),
    ("GiB", 1 << 30, "gibibytes (1,073,741,824)"),
    ("TiB", 1 << 40, "tebibytes"),
];

pub(super) fn module() -> Module {
    let mut module = exported_module!(time_api);
    for (name, nanos, meaning) in SPANS {
        let doc = format!("/// This many {meaning}, as a duration: `5.{name}`.");
        FuncRegistration::new_getter(name)
            .with_params_info(["number: &mut int", "Duration"])
            .with_comments([&doc])
            .with_purity(true)
            .set_into_module(&mut module, move |n: &mut INT| whole(*n, nanos).map(Span));
        FuncRegistration::new_getter(name)
            .with_params_info(["number: &mut float", "Duration"])
            .with_comments([&doc])
            .with_purity(true)
            .set_into_module(&mut module, move |n: &mut f64| part(*n, nanos).map(Span));
    }
    for (name, bytes, meaning) in SIZES {
        let doc = format!("/// This many {meaning}, in bytes: `10.{name}`.");
        FuncRegistration::new_getter(name)
            .with_params_info(["number: &mut int", "int"])
            .with_comments([&doc])
            .with_purity(true)
            .set_into_module(&mut module, move |n: &mut INT| whole(*n, bytes));
        FuncRegistration::new_getter(name)
            .with_params_info(["number: &mut float", "int"])
            .with_comments([&doc])
            .with_purity(true)
            .set_into_module(&mut module, move |n: &mut f64| part(*n, bytes));
    }
    module
}

fn whole(number: INT, unit: i64) -> Fallible<i64> {
    number.checked_mul(unit).ok_or_else(|| Fault::new("the number is too large").thrown())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "the range is checked, and a fraction of a nanosecond or byte is nothing"
)]
pub(super) fn part(number: f64, unit: i64) -> Fallible<i64> {
    let product = number * unit as f64;
    if product.abs() < i64::MAX as f64 {
        Ok(product.round() as i64)
    } else {
        Fault::new("the number is too large").throw()
    }
}

fn too_long() -> Box<rhai::EvalAltResult> {
    Fault::new("the duration is too long").thrown()
}

#[export_module]
mod time_api {
    /// A span of time. Counts nanoseconds; the kernel's timeouts are whole seconds.
    pub type Duration = Span;

    /// A point in time; prints as RFC 3339.
    pub type Time = crate::script::value::Time;

    /// A duration from text: `"5m"`, `"1h30m"`, `"250ms"`, or a number of seconds.
    ///
    /// # Example
    /// ```rhai
    /// duration("1h30m") == 90.min
    /// ```
    #[rhai_fn(return_raw)]
    pub fn duration(text: Dynamic) -> Fallible<Span> {
        span("duration", &text)
    }

    /// The present.
    ///
    /// # Example
    /// ```rhai
    /// now() - 5.min
    /// ```
    pub fn now() -> Time {
        Time(crate::kernel::now_ns())
    }

    /// The duration in seconds, with its fraction.
    #[rhai_fn(get = "seconds", pure)]
    pub fn seconds(span: &mut Span) -> f64 {
        Value::Duration(span.0).number().unwrap_or(0.0) / 1e9
    }

    /// Seconds since 1970.
    #[rhai_fn(get = "unix", pure)]
    pub fn unix(time: &mut Time) -> INT {
        i64::try_from(time.0 / 1_000_000_000).unwrap_or(i64::MAX)
    }

    /// Both durations together.
    #[rhai_fn(name = "+", return_raw)]
    pub fn add(a: Span, b: Span) -> Fallible<Span> {
        a.0.checked_add(b.0).map(Span).ok_or_else(too_long)
    }

    /// The difference of two durations.
    #[rhai_fn(name = "-", return_raw)]
    pub fn subtract(a: Span, b: Span) -> Fallible<Span> {
        a.0.checked_sub(b.0).map(Span).ok_or_else(too_long)
    }

    /// A multiple of the duration.
    #[rhai_fn(name = "*", return_raw)]
    pub fn multiply(a: Span, n: INT) -> Fallible<Span> {
        a.0.checked_mul(n).map(Span).ok_or_else(too_long)
    }

    /// A part of the duration.
    #[rhai_fn(name = "/", return_raw)]
    pub fn divide(a: Span, n: INT) -> Fallible<Span> {
        a.0.checked_div(n).map(Span).ok_or_else(|| Fault::new("division by zero").thrown())
    }

    /// A later time.
    #[rhai_fn(name = "+", return_raw)]
    pub fn later(time: Time, span: Span) -> Fallible<Time> {
        time.0.checked_add_signed(span.0).map(Time).ok_or_else(too_long)
    }

    /// An earlier time.
    #[rhai_fn(name = "-", return_raw)]
    pub fn earlier(time: Time, span: Span) -> Fallible<Time> {
        time.0.checked_sub_signed(span.0).map(Time).ok_or_else(too_long)
    }

    /// The time between two points.
    #[rhai_fn(name = "-", return_raw)]
    pub fn between(a: Time, b: Time) -> Fallible<Span> {
        a.0.checked_signed_diff(b.0).map(Span).ok_or_else(too_long)
    }

    /// The duration as text: `4m59s`.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn span_text(span: &mut Span) -> String {
        render::text(&Value::Duration(span.0))
    }

    /// The time as text, RFC 3339.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn time_text(time: &mut Time) -> String {
        render::text(&Value::Time(time.0))
    }

    /// A size in bytes as people write it: `1.5 MB`; a difference may be `-1.5 MB`.
    ///
    /// # Example
    /// ```rhai
    /// size(1500000) == "1.5 MB"
    /// ```
    pub fn size(bytes: INT) -> String {
        let sign = if bytes < 0 { "-" } else { "" };
        format!("{sign}{}", render::size_text(bytes.unsigned_abs()))
    }

    /// True if both durations are the same.
    #[rhai_fn(name = "==")]
    pub fn span_eq(a: Span, b: Span) -> bool {
        a == b
    }
    /// True if the durations differ.
    #[rhai_fn(name = "!=")]
    pub fn span_ne(a: Span, b: Span) -> bool {
        a != b
    }
    /// True if `a` is shorter than `b`.
    #[rhai_fn(name = "<")]
    pub fn span_lt(a: Span, b: Span) -> bool {
        a < b
    }
    /// True if `a` is not longer than `b`.
    #[rhai_fn(name = "<=")]
    pub fn span_le(a: Span, b: Span) -> bool {
        a <= b
    }
    /// True if `a` is longer than `b`.
    #[rhai_fn(name = ">")]
    pub fn span_gt(a: Span, b: Span) -> bool {
        a > b
    }
    /// True if `a` is not shorter than `b`.
    #[rhai_fn(name = ">=")]
    pub fn span_ge(a: Span, b: Span) -> bool {
        a >= b
    }
    /// True if the duration is this many seconds.
    #[rhai_fn(name = "==")]
    pub fn span_eq_s(a: Span, seconds: INT) -> bool {
        a.0 == seconds.saturating_mul(SECOND)
    }
    /// True if the duration is not this many seconds.
    #[rhai_fn(name = "!=")]
    pub fn span_ne_s(a: Span, seconds: INT) -> bool {
        a.0 != seconds.saturating_mul(SECOND)
    }
    /// True if the duration is shorter than this many seconds.
    #[rhai_fn(name = "<")]
    pub fn span_lt_s(a: Span, seconds: INT) -> bool {
        a.0 < seconds.saturating_mul(SECOND)
    }
    /// True if the duration is at most this many seconds.
    #[rhai_fn(name = "<=")]
    pub fn span_le_s(a: Span, seconds: INT) -> bool {
        a.0 <= seconds.saturating_mul(SECOND)
    }
    /// True if the duration is longer than this many seconds.
    #[rhai_fn(name = ">")]
    pub fn span_gt_s(a: Span, seconds: INT) -> bool {
        a.0 > seconds.saturating_mul(SECOND)
    }
    /// True if the duration is at least this many seconds.
    #[rhai_fn(name = ">=")]
    pub fn span_ge_s(a: Span, seconds: INT) -> bool {
        a.0 >= seconds.saturating_mul(SECOND)
    }
    /// True if both times are the same.
    #[rhai_fn(name = "==")]
    pub fn time_eq(a: Time, b: Time) -> bool {
        a == b
    }
    /// True if the times differ.
    #[rhai_fn(name = "!=")]
    pub fn time_ne(a: Time, b: Time) -> bool {
        a != b
    }
    /// True if `a` is earlier.
    #[rhai_fn(name = "<")]
    pub fn time_lt(a: Time, b: Time) -> bool {
        a < b
    }
    /// True if `a` is not later.
    #[rhai_fn(name = "<=")]
    pub fn time_le(a: Time, b: Time) -> bool {
        a <= b
    }
    /// True if `a` is later.
    #[rhai_fn(name = ">")]
    pub fn time_gt(a: Time, b: Time) -> bool {
        a > b
    }
    /// True if `a` is not earlier.
    #[rhai_fn(name = ">=")]
    pub fn time_ge(a: Time, b: Time) -> bool {
        a >= b
    }
}
