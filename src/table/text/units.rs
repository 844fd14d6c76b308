//! Spans and sizes as people write them: `1h30m`, `10MB`. Exact or not at all.

use winnow::ascii::digit1;
use winnow::combinator::{opt, preceded, repeat};
use winnow::prelude::*;
use winnow::token::take_while;

/// Names of spans, in nanoseconds.
const SPANS: &[(&[&str], i128)] = &[
    (&["ns"], 1),
    (&["us", "µs", "μs"], 1_000),
    (&["ms"], 1_000_000),
    (&["s", "sec", "secs", "second", "seconds"], 1_000_000_000),
    (&["m", "min", "mins", "minute", "minutes"], 60_000_000_000),
    (&["h", "hour", "hours"], 3_600_000_000_000),
    (&["d", "day", "days"], 86_400_000_000_000),
    (&["w", "week", "weeks"], 604_800_000_000_000),
];

/// Names of sizes, in bytes; read in any case.
const SIZES: &[(&[&str], i128)] = &[
    (&["", "b"], 1),
    (&["k", "kb"], 1_000),
    (&["m", "mb"], 1_000_000),
    (&["g", "gb"], 1_000_000_000),
    (&["t", "tb"], 1_000_000_000_000),
    (&["ki", "kib"], 1 << 10),
    (&["mi", "mib"], 1 << 20),
    (&["gi", "gib"], 1 << 30),
    (&["ti", "tib"], 1 << 40),
];

/// Nanoseconds of a span such as `30s`, `1h30m`, `250ms`, `1.5h`; `None` for anything else, also
/// for a number without a unit and for a fraction of a nanosecond.
#[must_use]
pub fn parse_duration(text: &str) -> Option<i64> {
    i64::try_from(span_ns(text)?).ok()
}

/// Bytes of a size such as `10MB` (1000²), `10MiB` (1024²), `64K` or `1500`; `None` for anything
/// else, also for a fraction of a byte.
#[must_use]
pub fn parse_size(text: &str) -> Option<i64> {
    i64::try_from(size_bytes(text)?).ok()
}

pub(super) fn span_ns(text: &str) -> Option<i128> {
    repeat(1.., |input: &mut &str| quantity(SPANS, input))
        .verify_fold(|| 0_i128, i128::checked_add)
        .parse(text)
        .ok()
}

pub(super) fn size_bytes(text: &str) -> Option<i128> {
    let text = text.to_ascii_lowercase();
    (|input: &mut &str| quantity(SIZES, input)).parse(text.as_str()).ok()
}

/// A decimal number and the unit behind it, multiplied.
fn quantity(units: &[(&[&str], i128)], input: &mut &str) -> ModalResult<i128> {
    let unit = take_while(0.., char::is_alphabetic);
    (digit1, opt(preceded('.', digit1)), unit)
        .verify_map(|(whole, fraction, unit): (&str, Option<&str>, &str)| {
            let factor = units.iter().find(|(names, _)| names.contains(&unit))?.1;
            let fraction = fraction.unwrap_or_default();
            let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
            let divisor = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
            let product = digits.checked_mul(factor)?;
            (product % divisor == 0).then_some(product / divisor)
        })
        .parse_next(input)
}

#[cfg(test)]
mod tests {
    use super::{parse_duration, parse_size};

    #[test]
    fn spans_are_exact_or_nothing() {
        const S: i64 = 1_000_000_000;
        assert_eq!(parse_duration("30s"), Some(30 * S));
        assert_eq!(parse_duration("5m"), Some(300 * S));
        assert_eq!(parse_duration("1h30m"), Some(5400 * S));
        assert_eq!(parse_duration("1.5h"), Some(5400 * S));
        assert_eq!(parse_duration("2days"), Some(172_800 * S));
        assert_eq!(parse_duration("250ms"), Some(S / 4));
        assert_eq!(parse_duration("0.1ns"), None);
        assert_eq!(parse_duration("30"), None);
        assert_eq!(parse_duration("s"), None);
        assert_eq!(parse_duration("-1s"), None);
        assert_eq!(parse_duration("400000d"), None);
        assert_eq!(parse_duration(""), None);
    }

    #[test]
    fn sizes_count_in_thousands_unless_they_say_i() {
        assert_eq!(parse_size("10MB"), Some(10_000_000));
        assert_eq!(parse_size("10MiB"), Some(10 << 20));
        assert_eq!(parse_size("10k"), Some(10_000));
        assert_eq!(parse_size("1.5GB"), Some(1_500_000_000));
        assert_eq!(parse_size("1500"), Some(1500));
        assert_eq!(parse_size("0.5"), None);
        assert_eq!(parse_size("10XB"), None);
        assert_eq!(parse_size("99999999TB"), None);
    }
}
