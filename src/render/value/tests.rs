//! Single values as text, as JSON and as cells.

use super::{Line, json, text, write_cell};
use crate::flow::{Unit, Value};

fn cell(value: &Value, unit: Unit) -> String {
    let mut line = Line::default();
    write_cell(&mut line, value, unit);
    line.as_str().to_owned()
}

fn duration(seconds: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, clippy::as_conversions, reason = "small in tests")]
    Value::Duration((seconds * 1e9) as i64)
}

#[track_caller]
fn check(value: &Value, unit: Unit, texts: [&str; 3]) {
    assert_eq!([text(value), cell(value, unit), json(value).to_string()], texts);
}

#[test]
fn every_kind_of_value_has_a_text_a_cell_and_a_json() {
    check(&Value::Absent, Unit::Text, ["", "-", "null"]);
    check(&Value::Bool(true), Unit::Bool, ["true", "true", "true"]);
    check(&Value::Count(u64::MAX), Unit::Number, [&u64::MAX.to_string(); 3]);
    check(&Value::Int(i64::MIN), Unit::Number, [&i64::MIN.to_string(); 3]);
    check(
        &Value::Float(1.0 / 3.0),
        Unit::Number,
        ["0.3333333333333333", "0.33", "0.3333333333333333"],
    );
    check(&Value::Float(2.0), Unit::Number, ["2", "2.00", "2.0"]);
    check(&Value::Float(f64::NAN), Unit::Number, ["NaN", "NaN", "null"]);
    check(&Value::text("a \"b\"\n"), Unit::Text, ["a \"b\"\n", r#"a "b"\n"#, r#""a \"b\"\n""#]);
    let addr = Value::Addr("2001:db8::1".parse().unwrap());
    check(&addr, Unit::Addr, ["2001:db8::1", "2001:db8::1", r#""2001:db8::1""#]);
    let net = Value::Net("10.0.0.0/8".parse().unwrap());
    check(&net, Unit::Addr, ["10.0.0.0/8", "10.0.0.0/8", r#""10.0.0.0/8""#]);
    let time = Value::Time(1_795_205_386_250_000_000);
    check(
        &time,
        Unit::Time,
        ["2026-11-20T20:09:46.25Z", "2026-11-20T20:09:46Z", r#""2026-11-20T20:09:46.25Z""#],
    );
    let list = Value::List(vec![Value::text("a"), Value::Absent, duration(60.0)]);
    check(&list, Unit::List, ["a,,1m", "a,,1m", r#"["a",null,60]"#]);
    let map = Value::Map(vec![("a".into(), Value::Int(1)), ("b".into(), list)]);
    check(&map, Unit::List, ["a=1 b=a,,1m", "a=1 b=a,,1m", r#"{"a":1,"b":["a",null,60]}"#]);
}

#[test]
fn spans_are_exact_in_text_and_short_in_cells() {
    check(&duration(0.0), Unit::Duration, ["0s", "0s", "0"]);
    check(&duration(0.25), Unit::Duration, ["0.25s", "250ms", "0.25"]);
    check(&duration(-1.5), Unit::Duration, ["-1.5s", "-1s", "-1.5"]);
    check(&duration(100.0), Unit::Duration, ["1m40s", "1m40s", "100"]);
    check(&duration(299.0), Unit::Duration, ["4m59s", "4m59s", "299"]);
    check(&duration(3600.0), Unit::Duration, ["1h", "1h", "3600"]);
    check(&duration(3605.0), Unit::Duration, ["1h5s", "1h", "3605"]);
    check(&duration(431_994.0), Unit::Duration, ["4d23h59m54s", "4d23h", "431994"]);
    let longest = Value::Duration(i64::MIN);
    check(
        &longest,
        Unit::Duration,
        ["-106751d23h47m16.854775808s", "-106751d23h", "-9223372036.854776"],
    );
}

#[test]
fn sizes_are_cut_to_a_tenth_and_never_rounded_up() {
    let size = |bytes| cell(&Value::Count(bytes), Unit::Bytes);
    assert_eq!(size(0), "0 B");
    assert_eq!(size(999), "999 B");
    assert_eq!(size(1_000), "1.0 KB");
    assert_eq!(size(999_999), "999.9 KB");
    assert_eq!(size(1_250_000), "1.2 MB");
    assert_eq!(size(u64::MAX), "18.4 EB");
    assert_eq!(cell(&Value::Int(-5), Unit::Bytes), "-5");
}
