//! Numbers of fields: read in the field's unit, in ranges, and made into tests.

use super::units::{size_bytes, span_ns};
use crate::flow::{Cmp, Field, Filter, Masked, Place, PortRange, Test, Unit};

/// The test that a field's number compares so, in the form that every engine knows best: a port is
/// looked for in ranges, an exact mark under a full mask.
#[must_use]
pub fn number_test(field: Field, cmp: Cmp, number: i64) -> Test {
    match (field, cmp, u32::try_from(number)) {
        (Field::Sport(direction), _, _) => Test::Port(Place::Src(direction), ports(cmp, number)),
        (Field::Dport(direction), _, _) => Test::Port(Place::Dst(direction), ports(cmp, number)),
        (Field::Mark, Cmp::Eq, Ok(mark)) => Test::Mark(Masked::exact(mark)),
        _ => Test::Number(field, cmp, number),
    }
}

/// The ports that stand so to `number`; none if no port does.
pub(super) fn ports(cmp: Cmp, number: i64) -> Vec<PortRange> {
    let (first, last) = match cmp {
        Cmp::Eq => (number, number),
        Cmp::Lt => (0, number.saturating_sub(1)),
        Cmp::Le => (0, number),
        Cmp::Gt => (number.saturating_add(1), i64::MAX),
        Cmp::Ge => (number, i64::MAX),
    };
    let last = u16::try_from(last.min(u16::MAX.into()));
    match (u16::try_from(first.max(0)), last) {
        (Ok(first), Ok(last)) if first <= last => vec![PortRange { first, last }],
        _ => Vec::new(),
    }
}

/// The filter that a field's number lies from `first` to `last`.
pub(super) fn between(field: Field, (first, last): (i64, i64)) -> Filter {
    if first == last {
        return Filter::Test(number_test(field, Cmp::Eq, first));
    }
    let from = Filter::Test(number_test(field, Cmp::Ge, first));
    from.and(Filter::Test(number_test(field, Cmp::Le, last)))
}

/// A port or a range of ports.
pub(super) fn port_range(text: &str) -> Option<PortRange> {
    let (first, last) = range(text, |text| port(text).map(i64::from))?;
    Some(PortRange { first: u16::try_from(first).ok()?, last: u16::try_from(last).ok()? })
}

/// One port.
pub(super) fn port(text: &str) -> Option<u16> {
    u16::try_from(integer(text)?).ok()
}

/// `5`, `5-9`, `5..10` without its end, `5..=9`: the first and the last number.
pub(super) fn range(text: &str, read: impl Fn(&str) -> Option<i64>) -> Option<(i64, i64)> {
    if let Some(one) = read(text) {
        return Some((one, one));
    }
    let (first, last) = if let Some((first, last)) = text.split_once("..=") {
        (read(first)?, read(last)?)
    } else if let Some((first, end)) = text.split_once("..") {
        (read(first)?, read(end)?.checked_sub(1)?)
    } else {
        let (first, last) = text.split_once('-')?;
        (read(first)?, read(last)?)
    };
    (first <= last).then_some((first, last))
}

/// A number of `field` with its unit. A timeout or an age without a unit is in seconds, as
/// `conntrack` prints them.
pub(super) fn number(field: Field, text: &str) -> Option<i64> {
    const NS_PER_S: i128 = 1_000_000_000;
    let (sign, magnitude) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let number = match (field, field.unit()) {
        (Field::Packets | Field::DirPackets(_), _) | (_, Unit::Bytes) => {
            integer(magnitude).or_else(|| size_bytes(magnitude))?
        }
        (_, Unit::Duration) => span_ns(magnitude)
            .or_else(|| integer(magnitude).and_then(|seconds| seconds.checked_mul(NS_PER_S)))?,
        // Seconds since 1970, as filters print it; minutes, hours and days are meant otherwise.
        (_, Unit::Time) => span_ns(magnitude)
            .filter(|_| magnitude.ends_with('s'))
            .or_else(|| text.parse().ok().map(jiff::Timestamp::as_nanosecond))?,
        _ => integer(magnitude)?,
    };
    i64::try_from(number.checked_mul(sign)?).ok()
}

/// Digits, or `0x` and hexadecimal digits.
fn integer(text: &str) -> Option<i128> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = digits.map_or((text, 10), |hex| (hex, 16));
    let sound = digits.starts_with(|c: char| c.is_ascii_hexdigit());
    i128::from_str_radix(digits, radix).ok().filter(|_| sound)
}

#[cfg(test)]
mod tests {
    use super::number_test;
    use crate::flow::{Cmp, Field};

    #[test]
    fn ports_become_ranges_and_impossible_ports_none() {
        let check = |name, cmp, number, shown: &str| {
            let field = Field::named(name).unwrap();
            assert_eq!(number_test(field, cmp, number).to_string(), shown);
        };
        check("dport", Cmp::Eq, 80, "dport 80");
        check("dport", Cmp::Lt, 70_000, "dport 0-65535");
        check("reply.sport", Cmp::Gt, 65_535, "reply.sport {}");
        check("sport", Cmp::Le, -1, "sport {}");
        check("sport", Cmp::Ge, i64::MIN, "sport 0-65535");
        check("mark", Cmp::Eq, 16, "mark 0x10");
        check("mark", Cmp::Gt, 16, "mark > 16");
    }
}
