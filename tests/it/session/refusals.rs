//! What is refused: one clear message with its place and a hint, nothing on standard output, and the
//! status that the design gives it.
//!
//! - here: options, files, and what a script may not reach
//! - `text`: scripts and filters that cannot be read
//! - `methods`: what a method does not take
//! - `maps`: flows to make or change

#![expect(clippy::too_many_lines, reason = "a long list of short questions")]

mod maps;
mod methods;
mod text;

use insta::assert_snapshot;

use super::{File, flowsh};

#[test]
fn every_option_says_what_is_wrong_with_its_value() {
    refused!(["--bogus"], @r"
    ! error: unexpected argument '--bogus' found
    !
    !   tip: to pass '--bogus' as a value, use '-- --bogus'
    !
    ! Usage: flowsh [OPTIONS] [SCRIPT [ARGS]]...
    !        flowsh <COMMAND>
    !
    ! For more information, try '--help'.
    exit 2
    ");
    refused!(["-o", "nope", "-e", "1"], @r"
    ! error: invalid value 'nope' for '--output <FORMAT>': `nope` is not a format (known: table, wide, json, ndjson, csv, xml, conntrack)
    !
    ! For more information, try '--help'.
    exit 2
    ");
    refused!(["-o", "", "-e", "1"], @r"
    ! error: invalid value '' for '--output <FORMAT>': `` is not a format (known: table, wide, json, ndjson, csv, xml, conntrack)
    !
    ! For more information, try '--help'.
    exit 2
    ");
    refused!(["-o", "conntrack,bogus", "-e", "1"], @r"
    ! error: invalid value 'conntrack,bogus' for '--output <FORMAT>': `bogus` is not an output word of conntrack (known: xml, extended, timestamp, id, ktimestamp, labels, save)
    !
    ! For more information, try '--help'.
    exit 2
    ");
    refused!(["-o"], @r"
    ! error: a value is required for '--output <FORMAT>' but none was supplied
    !
    ! For more information, try '--help'.
    exit 2
    ");
    refused!(["--color", "blue", "-e", "1"], @r"
    ! error: invalid value 'blue' for '--color <WHEN>'
    !   [possible values: auto, always, never]
    !
    ! For more information, try '--help'.
    exit 2
    ");
    refused!(["--netns", "", "-e", "1"], @r"
    ! error: `` is neither the name of a network namespace nor a pid
    exit 2
    ");
    refused!(["--netns", "a/b", "-e", "1"], @r"
    ! error: `a/b` is neither the name of a network namespace nor a pid
    exit 2
    ");
    refused!(["--read-only", "--dry-run", "-e", "1"], @r"
    ! error: the argument '--read-only' cannot be used with '--dry-run'
    !
    ! Usage: flowsh --read-only --eval <CODE> [SCRIPT [ARGS]]...
    !
    ! For more information, try '--help'.
    exit 2
    ");
    refused!(["--read-only=yes", "-e", "1"], @r"
    ! error: unexpected value 'yes' for '--read-only' found; no more were expected
    !
    ! Usage: flowsh --read-only [SCRIPT [ARGS]]...
    !
    ! For more information, try '--help'.
    exit 2
    ");
    refused!(["--allow-read=", "-e", "1"], @r"
    ! error: --allow-read= names nothing; write --allow-read to allow everything
    exit 2
    ");
    refused!(["--allow-write=a,,b", "-e", "1"], @r"
    ! error: --allow-write= names nothing; write --allow-write to allow everything
    exit 2
    ");
    refused!(["--allow-exec=", "-e", "1"], @r"
    ! error: --allow-exec= names nothing; write --allow-exec to allow everything
    exit 2
    ");
    refused!(["-e"], @r"
    ! error: a value is required for '--eval <CODE>' but none was supplied
    !
    ! For more information, try '--help'.
    exit 2
    ");
    refused!(["-e", "1", "script"], @r"
    ! error: the argument '--eval <CODE>' cannot be used with '[SCRIPT [ARGS]]...'
    !
    ! Usage: flowsh --eval <CODE> [SCRIPT [ARGS]]...
    !
    ! For more information, try '--help'.
    exit 2
    ");
    refused!(["check"], @r"
    ! error: the following required arguments were not provided:
    !   <FILES>...
    !
    ! Usage: flowsh check <FILES>...
    !
    ! For more information, try '--help'.
    exit 2
    ");
    refused!(["completions", "tcsh"], @r"
    ! error: invalid value 'tcsh' for '<SHELL>'
    !   [possible values: bash, elvish, fish, powershell, zsh]
    !
    !   tip: a similar value exists: 'zsh'
    !
    ! For more information, try '--help'.
    exit 2
    ");
    refused!(["man", "1"], @r"
    ! error: unexpected argument '1' found
    !
    ! Usage: flowsh man
    !
    ! For more information, try '--help'.
    exit 2
    ");
}

#[test]
fn a_file_that_is_no_script_is_named() {
    refused!(["nonexistent.rhai"], @r"
    ! error: cannot read nonexistent.rhai: No such file or directory (os error 2)
    exit 2
    ");
    refused!(["check", "nonexistent.rhai"], @r"
    ! error: cannot read nonexistent.rhai: No such file or directory (os error 2)
    exit 2
    ");
    refused!(["tests"], @r"
    ! error: cannot read tests: Is a directory (os error 21)
    exit 2
    ");
    let path = std::env::temp_dir().join(format!("flowsh-{}-latin1", std::process::id()));
    std::fs::write(&path, b"print(\"\xe9\")").unwrap();
    let told = flowsh(&[path.to_str().unwrap()]).told();
    std::fs::remove_file(&path).unwrap();
    assert_snapshot!(told.replace(path.to_str().unwrap(), "FILE"), @r"
    ! error: FILE is not UTF-8 text
    exit 2
    ");
}

#[test]
fn check_names_every_file_that_is_wrong_and_runs_none() {
    let (good, bad) =
        (File::new("good.rhai", "print(1)"), File::new("bad.rhai", "let x = 1;\nlet y = ;"));
    let told = flowsh(&["check", good.path(), bad.path()]).told();
    assert_snapshot!(told.replace(bad.path(), "BAD"), @r"
    ! error: unexpected ';'
    !   --> BAD:2:9
    !    |
    !  2 | let y = ;
    !    |         ^
    exit 2
    ");
    assert_snapshot!(flowsh(&["check", good.path()]).told(), @"");
    assert_snapshot!(flowsh(&["check", "-"]).input("let y = ;").told(), @r"
    ! error: unexpected ';'
    !   --> standard input:1:9
    !    |
    !  1 | let y = ;
    !    |         ^
    exit 2
    ");
}

#[test]
fn check_reads_the_texts_of_filters() {
    let check = |text: &str| flowsh(&["check", "-"]).input(text).told();
    let good = r#"fn filter(x) { x } print(filter("sprot 7")); flows("tcp").where("sport 7");
                  flows.group("proto").where("sprot 7"); [1].filter("odd"); if flows("label 5") { protect(|f| true) }"#;
    assert_snapshot!(check(good), @"");
    assert_snapshot!(check("let tcp = flows(\"tcp\");\nflows.where(\"sprot 7\").delete()"), @r#"
    ! error: unknown word `sprot` at column 1 of `sprot 7`
    ! sprot 7
    ! ^^^^^
    !   --> standard input:2:13
    !    |
    !  2 | flows.where("sprot 7").delete()
    !    |             ^
    ! hint: did you mean `sport`?
    exit 2
    "#);
    assert_snapshot!(check("fn never() { protect(\"udp \" + \"dport 99999\") }"), @r#"
    ! error: dport needs a port from 0 to 65535, found `99999` at column 11 of `udp dport 99999`
    ! udp dport 99999
    !           ^^^^^
    !   --> standard input:1:29
    !    |
    !  1 | fn never() { protect("udp " + "dport 99999") }
    !    |                             ^
    exit 2
    "#);
}

#[test]
fn a_script_may_come_from_standard_input_with_arguments() {
    let told = flowsh(&["--read-only", "-", "a", "b"]).input("print(args); 1 + 1").told();
    assert_snapshot!(told, @r#"["a", "b"]"#);
    assert_snapshot!(flowsh(&["--from", "-", "-"]).input("print(1)").told(), @"
    ! error: with --from - standard input is the recording: name a script or use -e
    exit 2
    ");
}

#[test]
fn what_is_not_allowed_names_the_option_that_allows_it() {
    wrong!("read_file(\"Cargo.toml\")", @r#"
    ! error: a script may not touch Cargo.toml
    !   --> -e:1:1
    !    |
    !  1 | read_file("Cargo.toml")
    !    | ^^^^^^^^^
    ! hint: start flowsh with --allow-read=Cargo.toml to allow it
    exit 1
    "#);
    wrong!("write_file(\"x\", 1)", @r#"
    ! error: a script may not touch x
    !   --> -e:1:1
    !    |
    !  1 | write_file("x", 1)
    !    | ^^^^^^^^^^
    ! hint: start flowsh with --allow-write=x to allow it
    exit 1
    "#);
    wrong!("append_line(\"x\", 1)", @r#"
    ! error: a script may not touch x
    !   --> -e:1:1
    !    |
    !  1 | append_line("x", 1)
    !    | ^^^^^^^^^^^
    ! hint: start flowsh with --allow-write=x to allow it
    exit 1
    "#);
    wrong!("exec(\"true\", [])", @r#"
    ! error: a script may not run true
    !   --> -e:1:1
    !    |
    !  1 | exec("true", [])
    !    | ^^^^
    ! hint: start flowsh with --allow-exec=true to allow it
    exit 1
    "#);
    refused!(["--allow-exec=true", "-e", "exec(\"false\", [])"], @r#"
    ! error: a script may not run false
    !   --> -e:1:1
    !    |
    !  1 | exec("false", [])
    !    | ^^^^
    ! hint: start flowsh with --allow-exec=false to allow it
    exit 1
    "#);
    refused!(["--allow-exec", "-e", "exec(\"true\", [()])"], @r#"
    ! error: an argument is text, not nothing
    !   --> -e:1:1
    !    |
    !  1 | exec("true", [()])
    !    | ^^^^
    exit 1
    "#);
    refused!(["--allow-exec", "-e", "exec(\"nonexistent-program\", [])"], @r#"
    ! error: cannot run nonexistent-program: No such file or directory (os error 2)
    !   --> -e:1:1
    !    |
    !  1 | exec("nonexistent-program", [])
    !    | ^^^^
    exit 1
    "#);
    refused!(["--allow-exec=true", "-e", "exec(\"true\", [1, ip(\"::1\")]).status"], @"0");
    refused!(["--allow-read=src", "-e", "read_file(\"src/../Cargo.toml\")"], @r#"
    ! error: a script may not touch src/../Cargo.toml
    !   --> -e:1:1
    !    |
    !  1 | read_file("src/../Cargo.toml")
    !    | ^^^^^^^^^
    ! hint: start flowsh with --allow-read=src/../Cargo.toml to allow it
    exit 1
    "#);
    refused!(["--allow-read=src", "-e", "read_file(\"src/main.rs\").len() > 0"], @"true");
    refused!(["--allow-read", "-e", "read_file(\"nonexistent\")"], @r#"
    ! error: cannot read nonexistent: No such file or directory (os error 2)
    !   --> -e:1:1
    !    |
    !  1 | read_file("nonexistent")
    !    | ^^^^^^^^^
    exit 1
    "#);
}
