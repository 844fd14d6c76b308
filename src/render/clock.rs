//! Points in time as text: RFC 3339 in UTC, and the local time of conntrack(8).

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::line::Line;

/// `2026-11-20T20:09:46.25Z`, with as many decimals as there are.
///
/// Every `u64` has a text: the last is in the year 2554.
pub(super) fn rfc3339(line: &mut Line, ns: u64) {
    line.show(at(ns));
}

/// The same, to the second.
pub(super) fn rfc3339_seconds(line: &mut Line, ns: u64) {
    line.show(at(ns - ns % 1_000_000_000));
}

/// `Fri Nov 20 20:09:46 2026`: ctime(3).
pub(super) fn ctime(line: &mut Line, ns: u64, zone: &TimeZone) {
    line.show(at(ns).to_zoned(zone.clone()).strftime("%a %b %e %H:%M:%S %Y"));
}

/// The `<when>` of conntrack's XML: the local time in pieces, Sunday being 1.
pub(super) fn when(line: &mut Line, ns: u64, zone: &TimeZone) {
    let shown = at(ns).to_zoned(zone.clone());
    line.text("<when>");
    line.show(shown.strftime("<hour>%-H</hour><min>%M</min><sec>%S</sec>"));
    line.show(format_args!("<wday>{}</wday>", shown.weekday().to_sunday_one_offset()));
    line.show(shown.strftime("<day>%-d</day><month>%-m</month><year>%Y</year>"));
    line.text("</when>");
}

fn at(ns: u64) -> Timestamp {
    Timestamp::from_nanosecond(ns.into()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::{Line, ctime, rfc3339, rfc3339_seconds, when};

    const NS: u64 = 1_795_205_386_250_000_000;

    fn shown(print: impl Fn(&mut Line)) -> String {
        let mut line = Line::default();
        print(&mut line);
        line.as_str().to_owned()
    }

    #[test]
    fn times_are_utc_unless_they_are_conntracks() {
        assert_eq!(shown(|line| rfc3339(line, NS)), "2026-11-20T20:09:46.25Z");
        assert_eq!(shown(|line| rfc3339_seconds(line, NS)), "2026-11-20T20:09:46Z");
        assert_eq!(shown(|line| rfc3339(line, u64::MAX)), "2554-07-21T23:34:33.709551615Z");
        let zone = TimeZone::get("Asia/Tokyo").unwrap();
        assert_eq!(shown(|line| ctime(line, NS, &zone)), "Sat Nov 21 05:09:46 2026");
        assert_eq!(shown(|line| ctime(line, 0, &TimeZone::UTC)), "Thu Jan  1 00:00:00 1970");
        assert_eq!(
            shown(|line| when(line, NS, &zone)),
            "<when><hour>5</hour><min>09</min><sec>46</sec><wday>7</wday><day>21</day>\
             <month>11</month><year>2026</year></when>"
        );
    }
}
