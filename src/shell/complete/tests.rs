//! What is offered at `▮`. The names come from a small documentation, so that a new function of
//! scripts changes nothing here.

use super::Names;
use crate::script::{Docs, Syntax};

fn names() -> Names {
    let entry = |owner, name, params: &[&str], gives| crate::script::Entry {
        name: str::to_owned(name),
        owner: Option::map(owner, str::to_owned),
        property: false,
        params: params.iter().map(|param| (*param).to_owned()).collect(),
        gives: Option::map(gives, str::to_owned),
        doc: String::new(),
    };
    let property = |owner, name, gives| crate::script::Entry {
        property: true,
        ..entry(owner, name, &[], gives)
    };
    let mut names = Names::new(Docs::from_iter([
        entry(Some("Query"), "count", &[], Some("int")),
        entry(Some("Query"), "where", &["filter: any"], Some("Query")),
        entry(Some("Query"), "first", &[], Some("any")),
        entry(Some("Query"), "events", &["kinds: any"], Some("Events")),
        entry(Some("Query"), "delete", &[], Some("Outcome")),
        entry(Some("Query"), "delete", &["options: map"], Some("Outcome")),
        property(Some("Flow"), "dport", Some("int")),
        property(Some("Flow"), "dst", Some("Ip")),
        property(Some("Flow"), "reply", Some("Direction")),
        property(Some("Direction"), "sport", Some("int")),
        property(Some("Event"), "flow", Some("any")),
        property(Some("Event"), "kind", Some("string")),
        property(None, "KB", Some("int")),
        entry(None, "flows", &["filter: any"], Some("Query")),
        entry(None, "now", &[], Some("Time")),
        property(Some("Time"), "unix", Some("int")),
    ]));
    let variables = [("flows", "Query"), ("_", "Query"), ("flag", "bool")];
    names.set_variables(variables.map(|(a, b)| (a.to_owned(), b.to_owned())).into());
    names
}

/// Checks the whole names that are offered at the end of `line`.
#[track_caller]
fn check(line: &str, offered: &str) {
    let (start, found) = names().complete(&Syntax::default(), line);
    let begin = line.get(..start).expect("a word begins at a letter");
    let word = line.get(start..).unwrap_or_default();
    assert!(found.iter().all(|found| found.name.starts_with(word)), "{begin} … {found:?}");
    let found: Vec<_> = found.into_iter().map(|found| found.name + found.call).collect();
    assert_eq!(found.join(" "), offered, "{line}");
}

#[test]
fn a_word_becomes_a_name() {
    check("fl", "flag flows");
    check("n", "now()");
    check("1 + fla", "flag");
    check("wh", "while");
    check("zzz", "");
}

#[test]
fn after_a_dot_stand_the_members_of_the_type() {
    let query = "count() delete( events( first() where(";
    check("flows.", query);
    check("flows.c", "count()");
    check("flows(\"udp\").", query);
    check("flows.where(|f| f.dport == 1)\n  .", query);
    check("(flows).", query);
    check("_.", query);
    check("flows.first().", "dport dst reply");
    check("flows.first().reply.", "sport");
    check("now().", "unix");
    check("10.", "KB");
    check("10.K", "KB");
    check("flag.", "");
}

#[test]
fn a_parameter_has_the_type_of_what_it_is_given() {
    check("flows.where(|f| f.", "dport dst reply");
    check("flows.where(|f| f.dp", "dport");
    check("flows(|f| f.reply.", "sport");
    check("flows.on(\"new\", #{ per: \"src\" }, |e| e.", "flow kind");
    check("flows.on(\"new\", |e| { print(e.kind); e.flow.", "dport dst reply");
    check("for e in flows.events(\"new\") { e.", "flow kind");
    check("let q = flows.where(\"udp\"); q.fi", "first()");
}

#[test]
fn after_what_is_unknown_everything_is_offered() {
    check("what.d", "delete( dport dst");
    check("flows.where(1).nope().s", "sport");
}

#[test]
fn a_text_has_words_of_its_own() {
    check("flows(\"tcp estab", "established");
    check("flows.where(\"ass", "assured");
    check("flows.group(\"src\", \"dp", "dport");
    check("flows.on([\"new\", \"d", "destroy");
    check("print(\"tcp estab", "");
    check("flows(\"udp\").whe", "where(");
}

#[test]
fn a_command_has_words_of_its_own() {
    check(":m", "mode");
    check(":mode w", "wide");
    check(":mode conntrack,i", "conntrack,id");
    check(":t o", "off on");
    check(":quit ", "");
}

#[test]
fn an_open_call_says_what_it_takes() {
    let check = |line, wanted: Option<&str>| {
        assert_eq!(names().parameters(&Syntax::default(), line).as_deref(), wanted, "{line}");
    };
    check("flows.where(", Some("filter: any)"));
    check("flows(\"udp\").delete(", Some("[…])"));
    check("now(", Some(")"));
    check("now (", None);
    check("nope(", None);
    check("flows.first().where(", None);
    check("\"flows(", None);
}
