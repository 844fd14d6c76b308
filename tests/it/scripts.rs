//! The tools in `scripts/` in the demonstration: the run that each header shows, bad arguments, and
//! the modules of the standard library that they use.

use crate::lab::{flowsh, skipped, untimed};
use crate::transcript;

/// Runs a tool in the demonstration, without a terminal, as cron does: what it wrote, then its
/// status.
fn tool(line: &str) -> String {
    let words = line.split_whitespace().enumerate().map(|(index, word)| match index {
        0 => format!("scripts/{word}.rhai"),
        _ => word.to_owned(),
    });
    demo(&words.collect::<Vec<_>>())
}

fn demo(args: &[String]) -> String {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ran = flowsh(&[&["sandbox", "--demo"], &args[..]].concat());
    format!("{}\n[{}]", untimed(&format!("{}{}", ran.stdout, ran.stderr)), ran.status)
}

/// What `code`, with the standard library imported, shows in the demonstration.
fn library(code: &str) -> String {
    let imports = r#"import "std/nat" as nat; import "std/options" as options;"#;
    demo(&["-e".to_owned(), format!("{imports} {code}")])
}

#[test]
fn each_header_shows_what_its_tool_prints() {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts")).unwrap();
    let names: Vec<_> = folder.map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names.len(), 6, "a tool came or went");
    for name in names {
        transcript::check(&format!("scripts/{}", name.to_str().unwrap()), "// ");
    }
}

#[test]
fn a_wrong_argument_is_one_error_and_status_2() {
    if skipped("scripts") {
        return;
    }
    for (line, error) in [
        ("top-talkers --by sorc", "--by: a flow has no field `sorc`"),
        ("top-talkers --of flow", "--of is bytes, packets or flows, not flow"),
        ("top-talkers ten", "N needs a number, not \"ten\""),
        ("half-open --older soon", "--older needs a time such as 25s, not \"soon\""),
        ("nat-overview 1 2", "there are too many arguments"),
        ("stale-dnat --delete", "no live backend was given"),
        ("stale-dnat web", "`web` is not an IP address"),
        ("stale-dnat --max lots 10.0.0.80", "--max needs a number or a percentage, not \"lots\""),
        ("wan-failover", "no address and no mark was given"),
        ("wan-failover 203.0.113", "ip needs an IP address, found \"203.0.113\""),
        ("table-full --warn", "--warn needs a value"),
        ("table-full --bogus", "there is no option --bogus"),
    ] {
        let said = tool(line);
        let lines: Vec<_> = said.lines().collect();
        assert_eq!(lines.first(), Some(&format!("error: {error}").as_str()), "{line}");
        assert!(lines[1].starts_with("usage: ") && lines[2..] == ["[2]"], "{line}\n{said}");
    }
}

#[test]
fn a_tool_that_changes_something_changes_nothing_unless_asked() {
    if skipped("scripts") {
        return;
    }
    let dry = tool("stale-dnat 10.0.0.80");
    assert!(dry.contains("1 flows are stale; --delete removes them"), "{dry}");
    let dry = tool("wan-failover --mark 0x200/0xff00");
    assert!(dry.contains("4 flows would go; --delete removes them"), "{dry}");
    let limited = tool("wan-failover --delete --max 3 --mark 0x200/0xff00");
    assert!(limited.contains("nothing was changed") && limited.ends_with("[1]"), "{limited}");
}

#[test]
fn a_tool_that_finds_nothing_says_so_and_succeeds() {
    if skipped("scripts") {
        return;
    }
    assert_eq!(tool("wan-failover --delete 192.0.2.99"), "no flow uses it\n[0]");
    assert_eq!(
        tool("stale-dnat --delete 10.0.0.0/24"),
        "every forwarded flow has a live backend\n[0]"
    );
    assert_eq!(tool("half-open --min 999"), "no host has so many half-open connections\n[0]");
    assert_eq!(tool("table-full --warn 100"), "\n[0]");
}

#[test]
fn help_is_the_usage_and_no_error() {
    if skipped("scripts") {
        return;
    }
    assert_eq!(tool("nat-overview --help"), "usage: nat-overview.rhai [N]\n[0]");
}

#[test]
fn headings_stay_out_of_what_programs_read() {
    if skipped("scripts") {
        return;
    }
    let ran = flowsh(&["sandbox", "--demo", "-o", "ndjson", "scripts/nat-overview.rhai"]);
    assert!(ran.stdout.lines().all(|line| line.starts_with('{')), "{ran}");
}

#[test]
fn the_library_knows_who_is_behind_an_address() {
    if skipped("scripts") {
        return;
    }
    assert_eq!(library(r#"nat().behind("203.0.113.7", 123).distinct("src").len()"#), "1\n[0]");
    assert_eq!(library(r#"nat::owner("203.0.113.99", 1024) == ()"#), "true\n[0]");
    let public = library(r#"nat().pools.where(|row| row.proto == "icmp").distinct("address")"#);
    assert_eq!(public, "[\"203.0.113.7\",\"203.0.113.8\"]\n[0]");
}

#[test]
fn the_library_knows_what_is_forwarded_to_whom() {
    if skipped("scripts") {
        return;
    }
    let servers = library(r#"nat().forwards.distinct("server")"#);
    assert_eq!(servers, "[\"10.0.0.22\",\"10.0.0.80\"]\n[0]");
    assert_eq!(library(r#"nat::stale(["10.0.0.80"]).distinct("dport")"#), "[2222]\n[0]");
    assert_eq!(library(r#"nat::stale([net("10.0.0.0/24")]).count()"#), "0\n[0]");
}

#[test]
fn a_closure_of_a_module_keeps_the_functions_of_its_module() {
    if skipped("scripts") {
        return;
    }
    // `stale` closes over its parameter, and is asked later, by a query of the script.
    let code = r#"fn stale(x) { throw "the wrong one" } nat::stale(["10.0.0.80"]).first().dport"#;
    assert_eq!(library(code), "2222\n[0]");
}

#[test]
fn options_are_read_from_the_arguments() {
    if skipped("scripts") {
        return;
    }
    let code = r#"options::read(#{ max: 7, to: "x", dry: false }, "usage")"#;
    assert_eq!(library(code), "{\"dry\":false,\"max\":7,\"to\":\"x\",\"words\":[]}\n[0]");
    let file = std::env::temp_dir().join(format!("flowsh-options-{}", std::process::id()));
    let code = r#"import "std/options" as options;
        let given = options::read(#{ longer: 1.min }, "usage");
        print([given.longer == 2.min, given.words]);"#;
    std::fs::write(&file, code).unwrap();
    let words = [file.to_str().unwrap(), "--longer", "2m", "word"].map(str::to_owned);
    let told = demo(&words);
    std::fs::remove_file(file).unwrap();
    assert_eq!(told, "[true, [\"word\"]]\n[0]");
}
