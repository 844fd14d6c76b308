//! Closures, read and interpreted: both must say the same, errors and their places included.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use rhai::{Dynamic, EvalAltResult};

use super::Closure;
use crate::flow::{Filter, Flow, LabelMap, Question, Value, View};
use crate::kernel::{DumpScope, Recording, Source, Unreadable};
use crate::render::Screen;
use crate::script::expr::Row;
use crate::script::objects::FilterHandle;
use crate::script::ops::handle;
use crate::script::value::from_dynamic;
use crate::script::{Host, Options, Output, Program};

mod random;

const LIST: &str = "tests/fixtures/mixed_conntrack_L.txt";
const LABELS: &str = "1 voip\n2 backup\n";

struct Nowhere;

impl Output for Nowhere {
    fn write(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn message(&mut self, _: &str) {}
}

/// A program over a recording, with its flows and some that no kernel would show.
struct Bench {
    program: Program,
    source: Rc<dyn Source>,
    flows: Vec<Flow>,
}

impl Bench {
    fn new() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let labels = LabelMap::parse(LABELS);
        let source = Recording::open(
            LIST.as_ref(),
            LIST,
            labels.clone(),
            Unreadable::Stop,
            Arc::clone(&stop),
        );
        let source: Rc<dyn Source> = Rc::new(source.unwrap());
        let mut flows = Vec::new();
        let mut reader = source.flows(&DumpScope::default(), &Filter::All).unwrap();
        while let Some(flow) = reader.next().unwrap() {
            flows.push(flow.clone());
        }
        let mut runner = TestRunner::deterministic();
        let any = crate::wire::tests::arbitrary::flow();
        flows.extend((0..60).map(|_| any.new_tree(&mut runner).unwrap().current()));
        let output = Box::new(Nowhere);
        let kept = Rc::clone(&source);
        let host = Host::new(source, labels, stop, Options::default(), Screen::default(), output);
        Self { program: Program::new(Rc::new(host)), source: kept, flows }
    }

    /// The closures that `script` makes filters of in an array.
    fn closures(&mut self, script: &str) -> Vec<Closure> {
        let made = self.program.eval("test", script).unwrap_or_else(|report| {
            panic!("{}\n{script}", report.text);
        });
        let filters = made.into_typed_array::<FilterHandle>().unwrap();
        let closure = |filter: FilterHandle| match filter.0 {
            Filter::Ask(closure) => closure,
            _ => panic!("a closure is a question"),
        };
        filters.into_iter().map(closure).collect()
    }

    /// True if it is a closure: the language forbids some places to some expressions, and takes what
    /// follows a block for something else.
    fn is_closure(&mut self, text: &str) -> bool {
        self.program.eval("test", &format!("{}filter({text})", random::PRELUDE)).is_ok()
    }

    /// Compares all these closures, each for some flows.
    fn compare_all(&mut self, texts: &[String], from: usize) -> (usize, usize) {
        let filters: Vec<String> = texts.iter().map(|text| format!("filter({text}),\n")).collect();
        let state = "filter(|f| log.len() == counter)";
        let script = format!("{}[\n{}{state}]", random::PRELUDE, filters.concat());
        let mut closures = self.closures(&script);
        let state = State(closures.pop().unwrap());
        let all = texts.iter().zip(&closures).enumerate();
        all.map(|(index, (text, closure))| self.compare(text, closure, &state, from + index))
            .fold((0, 0), |(native, all), (some, of)| (native + some, all + of))
    }

    /// An error as people see it: what, where, and through which calls.
    fn report(&self, error: &EvalAltResult) -> String {
        self.program.report(error).text
    }

    /// Holds what `closure` says of some of the flows, and what it does, against the interpreter.
    /// Gives back how many answers it had by itself, and how many there are at all.
    fn compare(&self, text: &str, closure: &Closure, state: &State, from: usize) -> (usize, usize) {
        let engine = self.program.host().engine().unwrap();
        let labels = LabelMap::parse(LABELS);
        let view = View { now_ns: self.source.now_ns(), labels: &labels };
        let (mut native, mut all) = (0, 0);
        for (index, flow) in self.flows.iter().skip(from % 13).step_by(13).enumerate() {
            let row = Row::Flow(flow, view);
            let seen = || handle(flow, &self.source);
            let made = |result: Result<Value, Box<EvalAltResult>>| match result {
                Ok(value) => format!("{value:?}{}", state.text()),
                Err(error) => self.report(&error) + state.text().as_str(),
            };
            let start = || state.start(index + from);
            start();
            let wanted = closure.callback.call(&engine, [seen()]);
            let wanted = made(wanted.map(|value| from_dynamic(&value)));
            all += usize::from(!wanted.starts_with("error:"));
            start();
            let present = closure.now();
            native += usize::from(present.expr().value(row).is_some());
            let found = made(present.value(&engine, row, seen));
            assert_eq!(found, wanted, "{text}\n{flow}\n{:#?}", present.expr());

            let said = |result: Result<bool, Box<EvalAltResult>>| match result {
                Ok(yes) => format!("{yes}{}", state.text()),
                Err(error) => self.report(&error) + state.text().as_str(),
            };
            start();
            let untouched = state.text();
            let wanted = said(closure.callback.ask(&engine, [seen()]));
            start();
            let filter = Question::now(closure);
            let mut ask =
                |asked: &Closure, flow: &Flow| asked.ask(&engine, Row::Flow(flow, view), seen);
            let found = said(filter.judge(flow, view.now_ns, &mut ask));
            assert_eq!(found, wanted, "as a filter: {filter}\n{text}\n{flow}");
            // What is decided before the interpreter is asked must leave out nothing that it takes
            // or that it refuses.
            if !filter.native().takes(flow, view.now_ns) {
                let nothing = format!("false{untouched}");
                assert_eq!(wanted, nothing, "left out by {}: {text}\n{flow}", filter.native());
            }
        }
        (native, all)
    }
}

/// What closures change: `log` and `counter`, which this one has captured.
struct State(Closure);

impl State {
    fn start(&self, count: usize) {
        let [mut log, mut counter] = self.cells();
        *log.write_lock::<rhai::Array>().unwrap() = Vec::new();
        *counter.write_lock::<rhai::INT>().unwrap() = i64::try_from(count % 6).unwrap();
    }

    fn text(&self) -> String {
        let [log, counter] = self.cells();
        let shown = |value: &Dynamic| format!(" {} {:?}", value.type_name(), from_dynamic(value));
        let log: String = log.read_lock::<rhai::Array>().unwrap().iter().map(shown).collect();
        format!("\nlog:{log}, counter: {counter}")
    }

    fn cells(&self) -> [Dynamic; 2] {
        self.0.callback.captured().to_vec().try_into().unwrap()
    }
}

#[test]
fn a_closure_made_at_random_says_what_the_interpreter_says() {
    let number = |name, usual| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let mut random = random::Random::new(number("CLOSURES_SEED", 1));
    let (mut native, mut all) = (0, 0);
    for batch in 0..usize::try_from(number("CLOSURES", 2000) / 50).unwrap() {
        let mut bench = Bench::new();
        let texts = std::iter::repeat_with(|| random.closure());
        let texts: Vec<String> = texts.filter(|text| bench.is_closure(text)).take(50).collect();
        let (some, of) = bench.compare_all(&texts, batch);
        native += some;
        all += of;
    }
    // A test in which nothing is read would hold whatever reading did.
    assert!(native * 2 > all, "{native} of {all} answers were native");
}

#[test]
fn a_closure_with_effects_has_them_when_the_interpreter_has() {
    let number = |name, usual| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let mut random = random::Random::with_effects(number("CLOSURES_SEED", 1));
    let mut apart = 0;
    let all = usize::try_from(number("CLOSURES", 2000) / 50).unwrap();
    for batch in 0..all {
        let mut bench = Bench::new();
        let texts = std::iter::repeat_with(|| random.closure());
        let texts: Vec<String> = texts.filter(|text| bench.is_closure(text)).take(50).collect();
        bench.compare_all(&texts, batch);
        let filters: Vec<String> = texts.iter().map(|text| format!("filter({text}),")).collect();
        let closures = bench.closures(&format!("{}[{}]", random::PRELUDE, filters.concat()));
        apart += closures.iter().filter(|closure| closure.is_apart()).count();
    }
    // A test in which nothing is asked in parts would hold whatever that did.
    assert!(apart > all * 50 / 4, "{apart} closures of {} were asked in parts", all * 50);
}

#[test]
fn a_closure_of_the_documentation_says_what_the_interpreter_says() {
    let mut bench = Bench::new();
    let mut texts = Vec::new();
    for folder in [".", "docs", "scripts", "stdlib"] {
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|kind| kind == "md" || kind == "rhai") {
                texts.extend(closures_in(&std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    texts.retain(|text| bench.is_closure(text));
    let (native, all) = bench.compare_all(&texts, 0);
    assert!(texts.len() > 5 && native * 3 > all * 2, "{native} of {all}: {texts:#?}");
}

/// The closures of one flow that are written in `text`: up to the bracket or comma that ends them.
fn closures_in(text: &str) -> Vec<String> {
    let closure = |(start, _): (usize, &str)| {
        let mut depth = 0;
        let end = text[start + 3..].find(|letter| {
            depth += i32::from("([{".contains(letter)) - i32::from(")]}".contains(letter));
            depth < 0 || (depth == 0 && letter == ',')
        });
        text[start..start + 3 + end.unwrap_or(0)].trim().to_owned()
    };
    text.match_indices("|f|").map(closure).collect()
}

/// The filters that closures become.
fn filters(closures: &[&str]) -> String {
    let mut bench = Bench::new();
    let shown = |text: &&str| {
        let script = format!("{}[filter({text})]", random::PRELUDE);
        let closures = bench.closures(&script);
        let filters = closures.iter().map(|closure| Question::now(closure).to_string());
        filters.collect::<String>()
    };
    closures.iter().map(shown).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_text_can_ask_becomes_the_same_tests() {
    insta::assert_snapshot!(filters(&[
        "|f| f.proto == \"tcp\" && f.dport == 443",
        "|f| is_web(f) && f.src in nets && f.reply.dst != here",
        "|f| f.dport in some || f.sport >= 1024 || f.mark in [1, 2]",
        "|f| !(f.state in [\"CLOSE\", \"TIME_WAIT\"]) && 30.sec > f.timeout",
        "|f| { let p = f.dport; let top = 5 * 10; p < top && \"voip\" in f.labels }",
        "|f| f.proto == global::NAME && f.snat && \"assured\" in f.status",
        "|f| f.family == \"ipv6\" && f.helper == \"ftp\" && f[\"reply.sport\"] == port",
    ]), @r#"
    proto tcp and dport 443
    proto tcp and dport {80, 443} and src {10.0.0.0/8, 192.168.0.0/16} and not reply.dst 10.0.0.1
    dport 20-1023 or sport 1024-65535 or mark 0x1 or mark 0x2
    not state {time_wait, close} and timeout < 30s
    dport 0-49 and label 1
    proto tcp and snat and status assured
    ipv6 and helper "ftp" and reply.sport 443
    "#);
}

#[test]
fn a_test_is_moved_only_before_what_cannot_fail() {
    insta::assert_snapshot!(filters(&[
        "|f| f.src.is_private() && f.proto == \"tcp\"",
        "|f| f.bytes > big && f.proto == \"tcp\"",
        "|f| f.assured && f.proto == \"tcp\"",
        "|f| print(f) && f.proto == \"tcp\"",
        "|f| f.proto == \"tcp\" && print(f)",
        "|f| f.proto == \"tcp\" || print(f)",
    ]), @r"
    proto tcp and <the closure given at test:19:2>
    <the closure given at test:19:2>
    <the closure given at test:19:2>
    <the closure given at test:19:2>
    proto tcp and <the closure given at test:19:2>
    <the closure given at test:19:2>
    ");
}

#[test]
fn a_variable_is_read_when_the_query_is() {
    let mut bench = Bench::new();
    let script = "
        let port = 53; let dns = flows.where(|f| f.dport == port); let before = dns.count();
        port = 443; [before == flows(\"dport 53\").count(), dns.count() == flows(\"dport 443\").count()]";
    let answers = bench.program.eval("test", script).unwrap_or_else(|e| panic!("{}", e.text));
    assert_eq!(answers.to_string(), "[true, true]");
}

#[test]
fn a_variable_of_an_else_ends_with_it() {
    let closure = "|f| { let x = 1; if f.snat { return false; } else { let x = f.dport; } x == 1 }";
    let (_, all) = Bench::new().compare_all(&[closure.to_owned()], 0);
    assert!(all > 0);
}

#[test]
fn a_function_that_calls_itself_often_is_not_followed_for_ever() {
    let bench = Bench::new();
    let nested = (0..40).fold("n".to_owned(), |inner, _| format!("again({inner})"));
    for body in [&["again(n - 1)"; 9].join(" + "), "again(again(n + 11))", &nested] {
        let script = format!("fn again(n) {{ {body} }} filter(|f| again(again(f.mark)) == 3)");
        let remarks = bench.program.check("a.rhai", &script).unwrap();
        assert!(remarks[0].contains("calls itself"), "{remarks:?}");
    }
}

#[test]
fn records_and_expectations_are_read_too() {
    let mut bench = Bench::new();
    let script = "
        let rows = flows.group(\"proto\"); let least = 3;
        [rows.where(|r| r.flows > least).len() == rows.array().filter(|r| r.flows > 3).len(),
         rows.sum(|r| r.flows * 2) == 2 * flows.count(),
         rows.sort(|r| -r.flows).first().flows == rows.max(\"flows\")]";
    let answers = bench.program.eval("test", script).unwrap_or_else(|e| panic!("{}", e.text));
    assert_eq!(answers.to_string(), "[true, true, true]");
}

#[test]
fn what_is_not_read_has_a_reason_and_a_place() {
    let bench = Bench::new();
    let script = "let n = 0;
        fn deep(f) { for i in 0..f.dport { n } true }
        flows.where(|f| { n += 1; f.dport == 443 });
        flows.select(\"src\", #{ nope: |f| f.nope, fine: |f| `${f.src}` });
        flows.group(\"src\").where(|r| r.flows > n);
        expectations.where(|x| x.helpr == \"sip\" || x.helper == \"ftp\");
        filter(|f| f.src.is_private() && f.state.split('_').len() > 1);
        flows.where(|f| deep(f));
        flows.each(|f| print(f));
    ";
    let remarks = bench.program.check("a.rhai", &script.replace("{ n }", "{ i }"));
    insta::assert_snapshot!(remarks.unwrap_or_default().join("\n"), @r"
    a.rhai:2:22: left to the interpreter: it has a loop
    a.rhai:3:29: left to the interpreter: it assigns to a variable
    a.rhai:4:44: left to the interpreter: `nope` is no field of the row
    a.rhai:6:34: left to the interpreter: `helpr` is no field of the row
    a.rhai:7:50: left to the interpreter: `split` is called
    a.rhai:7:56: left to the interpreter: a constant of type char is not read
    ");
}

#[test]
fn a_word_that_no_flow_shows_is_told_of() {
    let bench = Bench::new();
    let script = r#"
        flows(|f| f.state == "established" || "time_wait" == f.state);
        flows.where(|f| if f.proto in ["TCP", "udp", "foo"] { f.family != "IPv4" } else { false });
        flows.where(|f| "ASSURED" in f.status && !("expected" in f.status));
        flows.where(|f| f.state == "ESTABLISHED" && f.proto in "tcp udp" && "bit15" in f.status);
        flows.where(|f| f.state.to_lower() == "established" && f.helper == "none");
        flows(|f| f.dport != "22" || f.sport in ["1", 2] || "0x1" == f.mark || f.bytes > "1MB");
        flows(|f| f.src == "10.0.0" || f.dst == 5 || f.timeout < "1m" || f.dst in "10.0.0.0/8");
    "#;
    let remarks = bench.program.check("a.rhai", script).unwrap();
    insta::assert_snapshot!(remarks.join("\n"), @r#"
    a.rhai:2:15: no flow has the state `established`: it is written `ESTABLISHED`
    a.rhai:2:15: no flow has the state `time_wait`: it is written `TIME_WAIT`
    a.rhai:3:21: no flow has the proto `TCP`: it is written `tcp`
    a.rhai:3:21: no flow has the proto `foo`
    a.rhai:3:21: no flow has the family `IPv4`: it is written `ipv4`
    a.rhai:4:21: no flow has the status `ASSURED`: it is written `assured`
    a.rhai:7:15: `dport` is a number, and "22" a text
    a.rhai:7:15: `sport` is a number, and "1" a text
    a.rhai:7:15: `mark` is a number, and "0x1" a text
    a.rhai:7:15: `bytes` is a number of bytes, and "1MB" a text
    a.rhai:8:15: `src` is an address, and "10.0.0" is none
    a.rhai:8:15: `dst` is an address, and 5 is none
    a.rhai:8:15: `timeout` is a duration, and "1m" a text
    "#);
}

#[test]
fn what_stands_for_a_value_compares_on_either_side() {
    let closures = [
        "\"10.0.0.40\" < f.src",
        "f.src <= \"10.0.0.40\"",
        "\"10.0.0.40\" >= f.src",
        "f.dst >= \"10.0.0.40\"",
        "\"10.0.0.0/24\" == f.src.net(24)",
        "f.src.net(24) in [\"10.0.0.0/24\", \"192.168.1.0/24\"]",
        "1000 < f.timeout",
        "100 >= f.timeout",
        "f.timeout in [0, 30, 60, 120]",
        "f.dst > \"nonsense\"",
    ];
    let closures = closures.map(|body| format!("|f| {body}"));
    let (_, all) = Bench::new().compare_all(&closures, 0);
    assert!(all > 0);
    let script = r#"
        let a = ip("10.0.0.5"); let n = net("10.0.0.0/24"); let d = 5.min;
        [a < "10.0.0.6", a <= "10.0.0.5", a >= "10.0.0.5", a > "10.0.0.4", "10.0.0.6" > a,
         "10.0.0.5" >= a, "10.0.0.5" <= a, "10.0.0.4" < a, "10.0.0.0/24" == n, !("10.0.0.0/24" != n),
         300 == d, !(300 != d), 299 < d, 300 <= d, 301 > d, 300 >= d, d in [1, 300], n in ["10.0.0.0/24"]]
    "#;
    let answers =
        Bench::new().program.eval("test", script).unwrap_or_else(|e| panic!("{}", e.text));
    assert!(!answers.to_string().contains("false"), "{answers}");
}
