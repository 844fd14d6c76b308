//! Points in time, read from text: nanoseconds since 1970.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const NS_PER_S: u64 = 1_000_000_000;

/// `2026-11-20T20:09:46.25Z`.
pub(super) fn rfc3339(text: &str) -> Option<u64> {
    let time: Timestamp = text.parse().ok()?;
    u64::try_from(time.as_nanosecond()).ok()
}

/// `Fri Nov 20 20:09:46 2026`: ctime(3), the local time of who printed it, taken for ours.
pub(super) fn ctime(text: &str, zone: &TimeZone) -> Option<u64> {
    local(DateTime::strptime("%a %b %e %H:%M:%S %Y", text).ok()?, zone)
}

/// A local time.
pub(super) fn local(time: DateTime, zone: &TimeZone) -> Option<u64> {
    let time = time.to_zoned(zone.clone()).ok()?;
    u64::try_from(time.timestamp().as_nanosecond()).ok()
}

/// `1795202853.353416`: what follows the point is a number of microseconds. conntrack fills it with
/// zeros before flows and with spaces behind it before expectations, and both mean the number.
pub(super) fn stamp(text: &str) -> Option<u64> {
    let (seconds, micros) = text.split_once('.')?;
    let (seconds, micros): (u64, u64) = (seconds.trim().parse().ok()?, micros.trim().parse().ok()?);
    let micros = Some(micros).filter(|micros| *micros < 1_000_000)?;
    seconds.checked_mul(NS_PER_S)?.checked_add(micros * 1_000)
}

/// `6.5`: seconds with up to nine decimals.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if part.len() > 9 || !digits(whole) || !digits(part) {
        return None;
    }
    let ns: u64 = format!("{part:0<9}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(NS_PER_S)?.checked_add(ns)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::{ctime, rfc3339, seconds, stamp};

    #[test]
    fn times_are_read_in_every_manner_that_prints_them() {
        let zone = TimeZone::get("Asia/Tokyo").unwrap();
        let ns = Some(1_795_205_386_000_000_000);
        assert_eq!(ctime("Sat Nov 21 05:09:46 2026", &zone), ns);
        assert_eq!(rfc3339("2026-11-20T20:09:46Z"), ns);
        assert_eq!(stamp("1795205386.000000"), ns);
        assert_eq!(stamp("1795205386.5     "), ns.map(|ns| ns + 5_000));
        assert_eq!(seconds("6.5"), Some(6_500_000_000));
        assert_eq!(ctime("Thu Jan  1 00:00:00 1970", &TimeZone::UTC), Some(0));
    }

    #[test]
    fn what_is_no_time_is_none() {
        assert_eq!(ctime("Sat Nov 21", &TimeZone::UTC), None);
        assert_eq!(rfc3339("1969-12-31T23:59:59Z"), None);
        assert_eq!(stamp("1.1000000"), None);
        assert_eq!(stamp("18446744073709551615.0"), None);
        assert_eq!(seconds("-1"), None);
        assert_eq!(seconds("1.0000000001"), None);
    }
}
