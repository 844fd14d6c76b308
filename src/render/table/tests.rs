//! Rows as a table: widths, alignment, narrow screens, colour.

use insta::assert_snapshot;

use crate::flow::{Unit, Value};
use crate::render::samples::{self, print};
use crate::render::{Column, Columns, Format, Item, Screen};

fn screen(width: usize) -> Screen {
    Screen { width: Some(width), color: false }
}

fn flows(format: &str, screen: Screen) -> String {
    let flows = samples::flows();
    print(format, Columns::Flows, screen, &samples::items(&flows))
}

#[track_caller]
fn no_line_is_wider(shown: &str, width: usize) {
    for line in shown.lines() {
        let wide = tabled::grid::util::string::get_string_width(line);
        assert!(wide <= width, "{wide}: {line}");
    }
}

#[test]
fn flows_stand_in_columns() {
    assert_snapshot!(flows("table", Screen::default()), @r"
    proto    src       sport  dst           dport  state        timeout   bytes  packets  mark
    tcp      10.0.0.1   1000  10.0.0.2         80  ESTABLISHED    4d23h  1.2 MB       20     7
    udp      fd00::1    5000  2001:db8::53     53  -              4m59s       -        -     0
    icmp     10.0.0.1      -  10.0.0.2          -  -              4m59s       -        -     0
    gre      10.0.0.1     16  10.0.0.2         32  -              4m59s       -        -     0
    42       10.0.0.1      -  10.0.0.2          -  -              4m59s       -        -     0
    dccp     10.0.0.1      -  10.0.0.2          -  -              4m59s       -        -     0
    sctp     10.0.0.1      5  10.0.0.2          6  ESTABLISHED    4m59s       -        -     0
    udplite  10.0.0.1      5  10.0.0.2          6  -              4m59s       -        -     0
    tcp      10.0.0.3      1  10.0.0.2         80  -                  -       -        -     0
    tcp      10.0.0.8   1024  10.0.0.2         21  -              4m59s       -        -     0
    udp      10.0.0.1      1  10.0.0.2          2  -                  -       -        -     -
    ");
}

#[test]
fn a_narrow_terminal_gets_fewer_columns_and_never_a_second_line() {
    for width in [1, 2, 5, 20, 40, 60, 80, 100] {
        no_line_is_wider(&flows("table", screen(width)), width.max(3));
    }
    assert_snapshot!(flows("table", screen(60)), @r"
    proto    src       sport  dst           dport  state …
    tcp      10.0.0.1   1000  10.0.0.2         80  ESTABLISHED
    udp      fd00::1    5000  2001:db8::53     53  -
    icmp     10.0.0.1      -  10.0.0.2          -  -
    gre      10.0.0.1     16  10.0.0.2         32  -
    42       10.0.0.1      -  10.0.0.2          -  -
    dccp     10.0.0.1      -  10.0.0.2          -  -
    sctp     10.0.0.1      5  10.0.0.2          6  ESTABLISHED
    udplite  10.0.0.1      5  10.0.0.2          6  -
    tcp      10.0.0.3      1  10.0.0.2         80  -
    tcp      10.0.0.8   1024  10.0.0.2         21  -
    udp      10.0.0.1      1  10.0.0.2          2  -
    ");
    assert_snapshot!(flows("table", screen(20)), @r"
    proto    src …
    tcp      10.0.0.1
    udp      fd00::1
    icmp     10.0.0.1
    gre      10.0.0.1
    42       10.0.0.1
    dccp     10.0.0.1
    sctp     10.0.0.1
    udplite  10.0.0.1
    tcp      10.0.0.3
    tcp      10.0.0.8
    udp      10.0.0.1
    ");
}

#[test]
fn wide_shows_every_field_and_shortens_nothing() {
    let shown = flows("wide", screen(40));
    assert!(!shown.contains('…'), "{shown}");
    let header = shown.lines().next().unwrap();
    assert_eq!(header.split_whitespace().count(), crate::flow::Field::all().count());
}

#[test]
fn colours_mark_header_states_and_what_is_absent() {
    let rows = [samples::tcp(), samples::bare()];
    let columns = ["proto", "state"].map(|name| Column::new(name, Unit::Text)).to_vec();
    let screen = Screen { width: None, color: true };
    let shown = print("table", columns, screen, &samples::items(&rows));
    assert_snapshot!(shown.replace('\u{1b}', "^"), @r"
    ^[1mproto^[0m  ^[1mstate^[0m
    tcp    ^[32mESTABLISHED^[0m
    udp    ^[2m-^[0m
    ");
}

#[test]
fn hostile_text_reaches_no_terminal() {
    let records = samples::records();
    let items = samples::record_items(&records);
    let shown = print("table", samples::record_columns(), Screen::default(), &items);
    assert_snapshot!(shown, @r#"
    name                 ok    count   bytes  share  addr      net           age  start                 tags  more <&>
    a,"b" <&\n\u{1b}[2J  true     -3  1.2 MB   0.50  10.0.0.1  10.0.0.0/8  1m30s  2026-11-20T20:09:46Z  x,y   k=1 l=
    -                    -         -       -      -  -         -               -  -                     -     -
    "#);
}

#[test]
fn no_rows_print_nothing() {
    assert_eq!(print("table", Columns::Flows, Screen::default(), &[]), "");
    assert_eq!(print("wide", Columns::Events, screen(80), &[]), "");
}

#[test]
fn columns_grow_with_what_comes_after_the_first_block() {
    let records: Vec<Vec<Value>> = (0..450_u64)
        .map(|index| vec![Value::Count(10_u64.pow(u32::try_from(index / 150).unwrap() * 4))])
        .collect();
    let columns = vec![Column::new("n", Unit::Number)];
    let shown = print("table", columns, Screen::default(), &samples::record_items(&records));
    assert_eq!(shown.lines().count(), 451);
    let widths: Vec<usize> =
        [0, 1, 201, 401].map(|line| shown.lines().nth(line).unwrap().len()).to_vec();
    assert_eq!(widths, [5, 5, 9, 9]);
}

#[test]
fn events_are_not_held_back() {
    let events = samples::events();
    let mut printer = Format::Table.printer(Columns::Events, samples::view(), screen(100));
    let mut out = Vec::new();
    let mut lines = Vec::new();
    for event in &events {
        printer.item(&mut out, Item::Event(event)).unwrap();
        lines.push(std::str::from_utf8(&out).unwrap().lines().count());
    }
    assert_eq!(lines, [2, 3, 4, 5]);
    assert_snapshot!(String::from_utf8(out).unwrap(), @r"
    time                  event     proto     src              sport  dst              dport  state …
    2026-11-20T20:09:52Z  new       icmp      10.0.0.1             -  10.0.0.2             -  -
    2026-11-20T20:09:52Z  update    sctp      10.0.0.1             5  10.0.0.2             6  ESTABLI…
    2026-11-20T20:09:52Z  destroy   tcp       10.0.0.1          1000  10.0.0.2            80  ESTABLI…
    2026-11-20T20:09:52Z  new       tcp       10.0.0.2             0  10.0.0.8          5555  -
    ");
}

#[test]
fn expectations_have_their_own_columns() {
    let expectation = samples::expectation();
    let items = [Item::Expectation(&expectation)];
    assert_snapshot!(print("table", Columns::Expectations, screen(120), &items), @r"
    proto  src       sport  dst       dport  helper  timeout  master
    tcp    10.0.0.2      0  10.0.0.8   5555  ftp       4m59s  proto=tcp src=10.0.0.8 dst=10.0.0.2 sport=1024 dport=21
    ");
}
