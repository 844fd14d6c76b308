//! Every function that scripts can see, given what it does not expect, and text that is hardly a
//! script: nothing panics, and every error is a message for people.

use std::panic::{AssertUnwindSafe, catch_unwind};

use flowsh::flow::{Flow, L4, Proto, Status, Tuple};
use flowsh::script::Entry;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::config;
use crate::replay::Script;

/// Values of every type that a script can make, among them the awkward ones.
const VALUES: [&str; 46] = [
    "()",
    "true",
    "0",
    "1",
    "-1",
    "9223372036854775807",
    "-9223372036854775807 - 1",
    "0.0",
    "-1.5",
    "1e308",
    "0.0 / 0.0",
    "'c'",
    r#""""#,
    r#"" ""#,
    r#""x""#,
    r#""src""#,
    r#""-bytes""#,
    r#""tcp dport 80""#,
    r#""10.0.0.0/8""#,
    r#""10.0.0.1""#,
    r#""5m""#,
    r#""10%""#,
    r#""\x00\n\t""#,
    r#""ﬀ\u202e""#,
    r#""(((""#,
    r#""/nonexistent""#,
    "[]",
    "[()]",
    "[[[1]], -1]",
    r#"["src", 5]"#,
    "#{}",
    "#{ a: #{} }",
    r#"#{ proto: "tcp" }"#,
    "#{ max: -1 }",
    "|| 1",
    "|f| f",
    "|a, b| a.x",
    "|f| throw f",
    "flows",
    "flows.first()",
    r#"ip("10.0.0.1")"#,
    r#"net("10.0.0.0/8")"#,
    "1.sec",
    "now()",
    "0..10",
    r#"filter("tcp")"#,
];

/// What a method is called on, by the name of its type.
const RECEIVERS: [(&str, &[&str]); 16] = [
    ("Query", &["flows", "flows(\"tcp\")", "flows.take(0)"]),
    ("Rows", &["flows.sort(\"id\")", "flows.group(\"src\")", "flows.select(\"src\")"]),
    ("Flow", &["flows.first()"]),
    ("Direction", &["flows.first().reply"]),
    ("Filter", &["filter(\"tcp\")", "filter(|f| f.dport > 5)"]),
    ("Expectations", &["expectations"]),
    ("Settings", &["settings"]),
    ("Nat", &["nat()", "flows(\"tcp\").nat(#{ ports: 5..=9 })"]),
    ("Snapshot", &["flows.snapshot()"]),
    ("Diff", &["flows.snapshot().diff(flows.snapshot())"]),
    ("Window", &["window(1.sec)"]),
    ("Blob", &["blob(2)"]),
    ("Ip", &["ip(\"10.0.0.1\")", "ip(\"2001:db8::1\")"]),
    ("Net", &["net(\"10.0.0.0/8\")", "net(\"10.0.0.1-10.0.0.5\")"]),
    ("Duration", &["5.min", "-1.sec"]),
    ("Time", &["now()"]),
];

/// What would only make the test wait, or end; and `name`, which would ask this machine's resolver.
const LEFT_OUT: [&str; 5] = ["sleep", "wait_empty", "rates", "exit", "name"];

fn script() -> Script {
    let end = |text: &str| text.parse().unwrap();
    let orig = Tuple {
        src: end("10.0.0.1"),
        dst: end("10.0.0.2"),
        proto: Proto::TCP,
        l4: L4::Ports { src: 1024, dst: 80 },
        zone: None,
    };
    let full = Flow {
        id: Some(1),
        status: Some(Status(0x18e)),
        mark: Some(7),
        timeout_s: Some(30),
        ..Flow::new(orig, orig.inverted().unwrap())
    };
    let bare = Flow::new(Tuple { proto: Proto(99), l4: L4::None, ..orig }, orig);
    Script::over(vec![full, bare])
}

/// What is wrong with how `code` ended; `None` if it gave a value or a good message.
fn complaint(script: &mut Script, code: &str) -> Option<String> {
    let ended = catch_unwind(AssertUnwindSafe(|| script.show(code)));
    let Ok(shown) = ended else { return Some("it panics".to_owned()) };
    let report = shown.err()?;
    let told =
        report.lines().filter(|line| line.starts_with("error: ") || line.starts_with("hint: "));
    let told: Vec<_> =
        told.filter_map(|line| line.split_once(": ")).map(|(_, text)| text).collect();
    let message = told.first().copied().unwrap_or_default();
    let insides = [
        "Dynamic",
        "i64",
        "f64",
        "INT",
        "ImmutableString",
        "&str",
        "anon$",
        "alloc",
        "Handle",
        "Fault",
        "Some(",
        "Err(",
        "Ok(",
        "None",
        "Rc<",
        "RefCell",
        "\\u{",
    ];
    let rust_path = |text: &str| {
        text.match_indices("::").any(|(at, _)| {
            text[..at].ends_with(char::is_alphanumeric)
                && text[at + 2..].starts_with(char::is_alphabetic)
        })
    };
    let wrong = if message.is_empty() {
        "it has no message"
    } else if code.contains("throw") {
        // What a script throws is its own text.
        return None;
    } else if message.starts_with(char::is_uppercase) {
        "it begins in upper case"
    } else if message.ends_with('.') {
        "it ends with a full stop"
    } else if told
        .iter()
        .any(|text| rust_path(text) || insides.iter().any(|word| text.contains(word)))
    {
        "it shows Rust's insides"
    } else if !report.contains("\n  --> test:") {
        "it does not say where"
    } else {
        return None;
    };
    Some(format!("{wrong}: {report}"))
}

/// The ways to call `entry` with `args`: on each receiver of its type.
fn calls(entry: &Entry, args: &str) -> Vec<String> {
    let Entry { name, owner, property, .. } = entry;
    let Some(owner) = owner else { return vec![format!("{name}({args})")] };
    let receivers = RECEIVERS.iter().find(|(known, _)| known == owner).map_or(&[][..], |r| r.1);
    let call = |on: &&str| match property {
        true => format!("let it = {on}; it.{name} = {args}"),
        false => format!("{on}.{name}({args})"),
    };
    receivers.iter().map(call).collect()
}

#[test]
fn no_function_panics_or_speaks_rust_whatever_it_is_given() {
    let docs = script().program.docs();
    let entries = docs.entries().iter().filter(|entry| !LEFT_OUT.contains(&entry.name.as_str()));
    let (mut faults, mut count) = (Vec::new(), 0);
    let typed: Vec<(&str, String)> = {
        let mut script = script();
        let named = |name: &str| name.replace("i64", "int").replace("f64", "float");
        VALUES.map(|value| (value, named(&script.answer(&format!("type_of({value})"))))).to_vec()
    };
    for entry in entries {
        let mut script = script();
        let wanted = entry.params.first().and_then(|param| param.rsplit(": ").next());
        for (at, (value, kind)) in typed.iter().enumerate() {
            // Of the values that Rhai itself refuses for their type, some are enough.
            if wanted.is_some_and(|wanted| wanted != "any" && wanted != kind && at % 8 != 0) {
                continue;
            }
            // The later arguments go around the values at another pace each.
            let others = (1..entry.params.len()).map(|n| VALUES[(at * (n + 6) + n) % VALUES.len()]);
            let args: Vec<_> = std::iter::once(*value).chain(others).collect();
            for code in calls(entry, &args.join(", ")) {
                count += 1;
                faults
                    .extend(complaint(&mut script, &code).map(|fault| format!("{code}\n{fault}")));
            }
        }
    }
    assert!(count > 5_000, "only {count} calls were made");
    assert!(faults.is_empty(), "{} of {count}:\n\n{}", faults.len(), faults.join("\n\n"));
}

#[test]
fn every_type_that_owns_functions_is_tried() {
    let docs = script().program.docs();
    // Nothing gives these without a kernel, a file, or an error that was caught.
    let elsewhere = [
        "Capture",
        "Event",
        "Events",
        "Expectation",
        "Fault",
        "Handle",
        "Netns",
        "NetnsAll",
        "Outcome",
        "Process",
    ];
    let known = |name: &&str| RECEIVERS.iter().any(|(known, _)| known == name);
    let plain = |name: &&str| !name.starts_with(char::is_uppercase);
    let types = docs.types();
    let left: Vec<_> = types
        .iter()
        .filter(|name| !known(name) && !plain(name) && !elsewhere.contains(name))
        .collect();
    assert!(left.is_empty(), "give these a receiver: {left:?}");
}

/// A value, and methods called one on the other.
fn chain() -> impl Strategy<Value = String> {
    let docs = script().program.docs();
    let names: Vec<String> =
        docs.names().filter(|name| !LEFT_OUT.contains(name)).map(str::to_owned).collect();
    let call = (select(names), vec(select(&VALUES[..]), 0..3), 0..4);
    let call = call.prop_map(|(name, args, form)| match form {
        0 => format!(".{name}"),
        _ => format!(".{name}({})", args.join(", ")),
    });
    (select(&VALUES[..]), vec(call, 1..5))
        .prop_map(|(on, calls)| format!("({on}){}", calls.concat()))
}

/// Words and signs of the language in any order; no loops, which could last.
fn garbage() -> impl Strategy<Value = String> {
    let words = [
        "let", "x", "y", "=", "==", "+=", "(", ")", "[", "]", "{", "}", "#{", ":", ",", ";", "|",
        "||", "&&", "!", "-", ".", "..", "?", "??", "if", "else", "fn", "f", "return", "throw",
        "try", "catch", "import", "as", "const", "switch", "=>", "_", "in", "this", "flows",
        "where", "count", "`", "${", "\"", "'", "//", "/*", "0x", "1", "1.5", "true", "()", "\n",
        "\\", "@", "é", "\u{0}",
    ];
    vec(prop_oneof![8 => select(words.to_vec()), 1 => select(&VALUES[..])], 1..12)
        .prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn no_chain_of_calls_panics_or_speaks_rust(code in chain()) {
        prop_assert_eq!(complaint(&mut script(), &code), None, "{}", code);
    }

    #[test]
    fn no_text_panics_or_speaks_rust(code in garbage()) {
        // Rhai does not say where a text in backquotes begins that never ends.
        let endless = |fault: &String| fault.contains("open string is not terminated");
        let fault = complaint(&mut script(), &code).filter(|fault| !endless(fault));
        prop_assert_eq!(fault, None, "{}", code);
    }
}
