//! Closures, read and interpreted: both must say the same, errors and their places included.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use rhai::{Dynamic, EvalAltResult};

use super::Closure;
use crate::flow::{Filter, Flow, LabelMap, Question, View};
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

    /// True if a closure compiles: the language forbids some places to some expressions.
    fn is_script(&self, text: &str) -> bool {
        self.program.check("test", &format!("{}filter({text})", random::PRELUDE)).is_ok()
    }

    /// Compares all these closures, each for some flows.
    fn compare_all(&mut self, texts: &[String], from: usize) -> (usize, usize) {
        let filters: Vec<String> = texts.iter().map(|text| format!("filter({text}),\n")).collect();
        let script = format!("{}[\n{}]", random::PRELUDE, filters.concat());
        let closures = self.closures(&script);
        let all = texts.iter().zip(&closures).enumerate();
        all.map(|(index, (text, closure))| self.compare(text, closure, from + index))
            .fold((0, 0), |(native, all), (some, of)| (native + some, all + of))
    }

    /// An error as people see it: what, where, and through which calls.
    fn report(&self, error: &EvalAltResult) -> String {
        self.program.report(error).text
    }

    /// Holds what `closure` says of some of the flows against the interpreter. Gives back how many
    /// answers it had by itself, and how many there are at all.
    fn compare(&self, text: &str, closure: &Closure, from: usize) -> (usize, usize) {
        let engine = self.program.host().engine().unwrap();
        let labels = LabelMap::parse(LABELS);
        let view = View { now_ns: self.source.now_ns(), labels: &labels };
        let (present, filter) = (closure.now(), Question::now(closure));
        let (mut native, mut all) = (0, 0);
        for flow in self.flows.iter().skip(from % 13).step_by(13) {
            let row = Row::Flow(flow, view);
            let made = |result: Result<Dynamic, Box<EvalAltResult>>| match result {
                Ok(value) => format!("{:?}", from_dynamic(&value)),
                Err(error) => self.report(&error),
            };
            let wanted = made(closure.callback.call(&engine, [handle(flow, &self.source)]));
            let answered = !wanted.starts_with("error:");
            all += usize::from(answered);
            if let Some(value) = present.expr().value(row) {
                assert_eq!(format!("{value:?}"), wanted, "{text}\n{flow}\n{:?}", present.expr());
                native += 1;
            }
            let said = |result: Result<bool, Box<EvalAltResult>>| match result {
                Ok(yes) => yes.to_string(),
                Err(error) => self.report(&error),
            };
            let wanted = said(closure.callback.ask(&engine, [handle(flow, &self.source)]));
            let mut ask = |asked: &Closure, flow: &Flow| {
                asked.ask(&engine, Row::Flow(flow, view), || handle(flow, &self.source))
            };
            let found = said(filter.judge(flow, view.now_ns, &mut ask));
            assert_eq!(found, wanted, "as a filter: {filter}\n{text}\n{flow}");
            // What is decided before the interpreter is asked must leave out nothing that it takes
            // or that it refuses.
            if !filter.native().takes(flow, view.now_ns) {
                assert_eq!(wanted, "false", "left out by {}: {text}\n{flow}", filter.native());
            }
        }
        (native, all)
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
        let texts: Vec<String> = texts.filter(|text| bench.is_script(text)).take(50).collect();
        let (some, of) = bench.compare_all(&texts, batch);
        native += some;
        all += of;
    }
    // A test in which nothing is read would hold whatever reading did.
    assert!(native * 2 > all, "{native} of {all} answers were native");
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
    texts.retain(|text| bench.is_script(text));
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
    proto tcp and <script>
    <script>
    <script>
    <script>
    proto tcp and <script>
    <script>
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
    let many = ["again(n - 1)"; 9].join(" + ");
    let script = format!("fn again(n) {{ {many} }} filter(|f| again(f.mark) == 3)");
    let remarks = bench.program.check("a.rhai", &script).unwrap();
    assert!(remarks[0].contains("calls itself"), "{remarks:?}");
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
    a.rhai:2:22: closure runs in the interpreter: it has a loop
    a.rhai:3:29: closure runs in the interpreter: it assigns to a variable
    a.rhai:4:44: closure runs in the interpreter: `nope` is no field of the row
    a.rhai:6:34: closure runs in the interpreter: `helpr` is no field of the row
    a.rhai:7:50: closure runs in the interpreter: `split` is called
    a.rhai:7:56: closure runs in the interpreter: a constant of type char is not read
    ");
}
