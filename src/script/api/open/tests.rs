//! Scripts over recordings: what they answer, and what they refuse.

use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use insta::assert_snapshot;

use crate::flow::LabelMap;
use crate::kernel::{Recording, Unreadable};
use crate::render::{Format, Screen};
use crate::script::{Host, Options, Output, Permit, Program, Style, show};

const LIST: &str = "tests/fixtures/mixed_conntrack_L.txt";

/// What a script prints, and what it is told.
#[derive(Clone, Default)]
struct Paper(Rc<RefCell<String>>);

impl Output for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.borrow_mut().push_str(std::str::from_utf8(bytes).unwrap());
        Ok(())
    }

    fn message(&mut self, text: &str) {
        self.0.borrow_mut().extend([text, "\n"]);
    }
}

/// What becomes of `code` where `flows` is a recording of the fixture.
fn run(read: Permit, code: &str) -> String {
    let (paper, stop) = (Paper::default(), Arc::new(AtomicBool::new(false)));
    let source = Recording::open(
        Path::new(LIST),
        LIST,
        LabelMap::default(),
        Unreadable::Stop,
        Arc::clone(&stop),
    );
    let mut options = Options { format: Some(Format::Table), ..Options::default() };
    options.permissions.read = read;
    let (labels, output) = (LabelMap::default(), Box::new(paper.clone()));
    let source = Rc::new(source.unwrap());
    let host = Host::new(source, labels, stop, options, Screen::default(), output);
    let mut program = Program::new(Rc::new(host));
    let style = Style { format: Format::Table, limit: None };
    match program.eval("-e", code) {
        Ok(value) => show(&value, style).unwrap(),
        Err(report) => paper.clone().message(&report.text),
    }
    paper.0.take()
}

fn check(code: &str) -> String {
    run(Permit::Any, &code.replace("LIST", LIST))
}

#[test]
fn a_recording_answers_what_a_table_answers() {
    assert_snapshot!(check("flows.count()"), @"51");
    assert_snapshot!(check(r#"open("LIST").flows("tcp and snat").select("src", "reply.dst", "age")"#), @r"
    src         reply.dst  age
    10.101.0.5  10.0.2.1    6s
    10.101.6.1  10.0.2.1    6s
    ");
    assert_snapshot!(check(r#"let o = open("LIST"); o.flows.group("proto").top(3)"#), @r"
    proto  flows  packets   bytes
    tcp       26      108  5.7 KB
    udp       13       20  1.0 KB
    icmp       3        4   144 B
    ");
    assert_snapshot!(check(r#"flows("udp").first().refresh().dport"#), @"53");
    assert_snapshot!(check(r#"let o = open("LIST"); `${o} ${o.path} ${o.skipped}`"#), @r#"
    open("tests/fixtures/mixed_conntrack_L.txt") tests/fixtures/mixed_conntrack_L.txt 0
    "#);
    assert_snapshot!(check(r#"flows.snapshot().diff(open("LIST").flows.snapshot()).changed.len()"#), @"0");
    assert_snapshot!(check(r#"open("LIST").expectations.count()"#), @"0");
    assert_snapshot!(check(r#"flows("age >= 6s and age < 7s").count()"#), @"51");
    assert_snapshot!(check(r#"open("LIST").flows("tcp").explain()"#), @r"
    file:         every entry is read
    native:       proto tcp
    kept:         nothing, flows pass one by one
    ");
}

#[test]
fn what_would_change_or_wait_is_refused() {
    for code in [
        "flows(\"tcp\").delete()",
        "flows.flush()",
        "flows(\"tcp\").update(#{ mark: 1 })",
        "flows.on(\"new\", |e| 1)",
        "flows.rates(1.sec)",
        "flows(\"tcp\").wait_empty(1.sec)",
        "expectations.where(|x| true).delete()",
        "settings.max",
        "stats()",
    ] {
        let said = check(code);
        let sentence =
            format!("{LIST} is a recording: it can be read, but not changed or listened to");
        assert!(said.contains(&sentence), "{code}: {said}");
    }
}

#[test]
fn a_file_needs_permission_and_an_option_is_known() {
    assert_snapshot!(run(Permit::None, "open(\"a.txt\")"), @r#"
    error: a script may not touch a.txt
      --> -e:1:1
       |
     1 | open("a.txt")
       | ^^^^
    hint: start flowsh with --allow-read=a.txt to allow it
    "#);
    assert_snapshot!(check(r#"open("LIST", #{ skip: true })"#), @r#"
    error: open has no option `skip`
      --> -e:1:1
       |
     1 | open("tests/fixtures/mixed_conntrack_L.txt", #{ skip: true })
       | ^^^^
    hint: it has skip_bad
    "#);
    assert_snapshot!(check(r#"open("LIST", #{ skip_bad: 1 })"#), @r#"
    error: `skip_bad` is true or false, not 1
      --> -e:1:1
       |
     1 | open("tests/fixtures/mixed_conntrack_L.txt", #{ skip_bad: 1 })
       | ^^^^
    "#);
}

#[test]
fn what_cannot_be_read_is_named_or_counted() {
    assert_snapshot!(check(r#"open("rustfmt.toml").flows.count()"#), @r#"
    error: cannot read rustfmt.toml:1: expected a flow, found `max_width`
      --> -e:1:28
       |
     1 | open("rustfmt.toml").flows.count()
       |                            ^^^^^
    hint: `skip_bad: true` in the options of open(), or --skip-bad with --from, passes over what cannot be read and counts it
    "#);
    assert_snapshot!(check(r#"open("rustfmt.toml", #{ skip_bad: true }).flows.count()"#), @r"
    note: 2 entries of rustfmt.toml cannot be read; the first is line 1: expected a flow, found `max_width`
    0
    ");
}

#[test]
fn events_of_a_log_come_one_by_one() {
    let path = std::env::temp_dir().join(format!("flowsh-log-{}", std::process::id()));
    let log = "\
[1795202853.353416]\t    [NEW] udp      17 50 src=1.1.1.1 dst=2.2.2.2 sport=1 dport=2 [UNREPLIED] src=2.2.2.2 dst=1.1.1.1 sport=2 dport=1 mark=0 [USERSPACE] portid=13264
[1795202854.000000]\t[DESTROY] udp      17 src=1.1.1.1 dst=2.2.2.2 sport=1 dport=2 src=2.2.2.2 dst=1.1.1.1 sport=2 dport=1
";
    std::fs::write(&path, log).unwrap();
    let code = r#"for e in open("LOG").events { print(`${e.time} ${e.kind} ${e.flow.sport}`) }"#;
    let said = check(&code.replace("LOG", &path.to_string_lossy()));
    std::fs::remove_file(&path).unwrap();
    assert_snapshot!(said, @r"
    2026-11-20T19:27:33.353416Z new 1
    2026-11-20T19:27:34Z destroy 1
    ");
}

#[test]
fn only_a_sort_takes_a_column_from_its_end() {
    assert_snapshot!(check(r#"flows.group("proto").sort("-flows").first().proto"#), @"tcp");
    for verb in ["sum", "avg", "max", "distinct"] {
        let said = check(&format!(r#"flows.group("proto").{verb}("-flows")"#));
        assert!(said.contains("these rows have no column `-flows`"), "{verb}: {said}");
    }
}

#[test]
fn a_filter_that_is_joined_in_place_leaves_its_copies_alone() {
    assert_snapshot!(check(
        r#"let a = filter("udp"); let b = a; a |= filter("tcp"); let c = a; a &= filter("dport 80");
           [a, b, c].map(|f| f.to_string())"#
    ), @"(proto udp or proto tcp) and dport 80,proto udp,proto udp or proto tcp");
}
