//! What each option and each method says to what it cannot take: one clear message with its place
//! and a hint, nothing on standard output, and the status that the design gives it.

#![expect(clippy::too_many_lines, reason = "a long list of short questions")]

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
}

#[test]
fn a_text_that_is_no_script_shows_where() {
    wrong!("let x = ;", @r"
    ! error: unexpected ';'
    !   --> -e:1:9
    !    |
    !  1 | let x = ;
    !    |         ^
    exit 2
    ");
    wrong!("print(", @r"
    ! error: expecting ')' to close the arguments list of this function call 'print'
    !   --> -e:1:7
    !    |
    !  1 | print(
    !    |       ^
    exit 2
    ");
    wrong!("flow.count()", @r"
    ! error: there is no variable `flow`
    !   --> -e:1:1
    !    |
    !  1 | flow.count()
    !    | ^^^^
    ! hint: did you mean `flows`?
    exit 2
    ");
    wrong!("let a = 1;\nlet b = aa;", @r"
    ! error: there is no variable `aa`
    !   --> -e:2:9
    !    |
    !  2 | let b = aa;
    !    |         ^^
    exit 2
    ");
    wrong!("eval(\"1\")", @r#"
    ! error: reserved keyword 'eval' is disabled
    !   --> -e:1:1
    !    |
    !  1 | eval("1")
    !    | ^^^^
    exit 2
    "#);
    wrong!("\"\\q\"", @r#"
    ! error: invalid escape sequence: '\q'
    !   --> -e:1:3
    !    |
    !  1 | "\q"
    !    |   ^
    exit 2
    "#);
}

#[test]
fn a_filter_that_cannot_be_read_has_a_caret_and_the_nearest_word() {
    wrong!("flows(\"tcp dprot 443\")", @r#"
    ! error: unknown word `dprot` at column 5 of `tcp dprot 443`
    ! tcp dprot 443
    !     ^^^^^
    !   --> -e:1:1
    !    |
    !  1 | flows("tcp dprot 443")
    !    | ^^^^^
    ! hint: did you mean `dport`?
    exit 1
    "#);
    wrong!("flows(\"\")", @r#"
    ! error: the filter is empty
    !
    ! ^
    !   --> -e:1:1
    !    |
    !  1 | flows("")
    !    | ^^^^^
    ! hint: did you mean `all`?
    exit 1
    "#);
    wrong!("flows(\"dport 70000\")", @r#"
    ! error: dport needs a port from 0 to 65535, found `70000` at column 7 of `dport 70000`
    ! dport 70000
    !       ^^^^^
    !   --> -e:1:1
    !    |
    !  1 | flows("dport 70000")
    !    | ^^^^^
    exit 1
    "#);
    wrong!("flows(\"src 10.0.0.0/33\")", @r#"
    ! error: src needs an address or a network: `/33` is not a prefix length of 10.0.0.0 at column 5 of `src 10.0.0.0/33`
    ! src 10.0.0.0/33
    !     ^^^^^^^^^^^
    !   --> -e:1:1
    !    |
    !  1 | flows("src 10.0.0.0/33")
    !    | ^^^^^
    exit 1
    "#);
    wrong!("flows(\"state established and\")", @r#"
    ! error: expected a test, found the end at column 22 of `state established and`
    ! state established and
    !                      ^
    !   --> -e:1:1
    !    |
    !  1 | flows("state established and")
    !    | ^^^^^
    exit 1
    "#);
    wrong!("flows(5)", @r#"
    ! error: a filter is text, a map, a closure or a filter, not 5
    !   --> -e:1:1
    !    |
    !  1 | flows(5)
    !    | ^^^^^
    ! hint: for example "tcp dport 443", #{ dport: 443 } or |f| f.dport == 443
    exit 1
    "#);
    wrong!("flows(())", @r#"
    ! error: a filter is text, a map, a closure or a filter, not nothing
    !   --> -e:1:1
    !    |
    !  1 | flows(())
    !    | ^^^^^
    ! hint: for example "tcp dport 443", #{ dport: 443 } or |f| f.dport == 443
    exit 1
    "#);
    wrong!("flows.where([\"tcp\"])", @r#"
    ! error: a filter is text, a map, a closure or a filter, not an array
    !   --> -e:1:7
    !    |
    !  1 | flows.where(["tcp"])
    !    |       ^^^^^
    ! hint: for example "tcp dport 443", #{ dport: 443 } or |f| f.dport == 443
    exit 1
    "#);
    wrong!("flows.where(#{ dprot: 5 })", @r"
    ! error: unknown field `dprot` at column 1 of `dprot 5`
    ! dprot 5
    ! ^^^^^
    !   --> -e:1:7
    !    |
    !  1 | flows.where(#{ dprot: 5 })
    !    |       ^^^^^
    ! hint: did you mean `dport`?
    exit 1
    ");
    wrong!("flows.where(#{ dport: () })", @r"
    ! error: `dport` cannot be compared with nothing
    !   --> -e:1:7
    !    |
    !  1 | flows.where(#{ dport: () })
    !    |       ^^^^^
    exit 1
    ");
    wrong!("flows.where(#{ dport: \"http\" })", @r#"
    ! error: dport needs a port from 0 to 65535, found `http` at column 7 of `dport http`
    ! dport http
    !       ^^^^
    !   --> -e:1:7
    !    |
    !  1 | flows.where(#{ dport: "http" })
    !    |       ^^^^^
    exit 1
    "#);
    wrong!("flows.where(#{ src: [\"10.0.0.0/8\", 5.sec] })", @r#"
    ! error: src needs an address or a network: `5000000000ns` is not an IP address at column 18 of `src {10.0.0.0/8, 5000000000ns}`
    ! src {10.0.0.0/8, 5000000000ns}
    !                  ^^^^^^^^^^^^
    !   --> -e:1:7
    !    |
    !  1 | flows.where(#{ src: ["10.0.0.0/8", 5.sec] })
    !    |       ^^^^^
    exit 1
    "#);
}

#[test]
fn a_method_says_what_it_needs() {
    wrong!("flows.take(-1)", @r"
    ! error: take cannot be negative, found -1
    !   --> -e:1:7
    !    |
    !  1 | flows.take(-1)
    !    |       ^^^^
    exit 1
    ");
    wrong!("flows.take(\"5\")", @r#"
    ! error: there is no function take(Query, string)
    !   --> -e:1:7
    !    |
    !  1 | flows.take("5")
    !    |       ^^^^
    ! hint: `take` exists, but not for these: help("take") shows how
    exit 1
    "#);
    wrong!("flows.skip(())", @r#"
    ! error: there is no function skip(Query, nothing)
    !   --> -e:1:7
    !    |
    !  1 | flows.skip(())
    !    |       ^^^^
    ! hint: `skip` exists, but not for these: help("skip") shows how
    exit 1
    "#);
    wrong!("flows.top(-1)", @r"
    ! error: top cannot be negative, found -1
    !   --> -e:1:7
    !    |
    !  1 | flows.top(-1)
    !    |       ^^^
    exit 1
    ");
    wrong!("flows.top(3, \"byte\")", @r#"
    ! error: a flow has no field `byte`
    !   --> -e:1:7
    !    |
    !  1 | flows.top(3, "byte")
    !    |       ^^^
    ! hint: did you mean `bytes`?
    exit 1
    "#);
    wrong!("flows.sort(\"\")", @r#"
    ! error: a flow has no field ``
    !   --> -e:1:7
    !    |
    !  1 | flows.sort("")
    !    |       ^^^^
    ! hint: `help("Flow")` lists the fields
    exit 1
    "#);
    wrong!("flows.sort(5)", @r#"
    ! error: sort needs the name of a field or a closure, not 5
    !   --> -e:1:7
    !    |
    !  1 | flows.sort(5)
    !    |       ^^^^
    exit 1
    "#);
    wrong!("flows.group()", @r#"
    ! error: there is no function group(Query)
    !   --> -e:1:7
    !    |
    !  1 | flows.group()
    !    |       ^^^^^
    ! hint: `group` exists, but not for these: help("group") shows how
    exit 1
    "#);
    wrong!("flows.group(\"scr\")", @r#"
    ! error: a flow has no field `scr`
    !   --> -e:1:7
    !    |
    !  1 | flows.group("scr")
    !    |       ^^^^^
    ! hint: did you mean `src`?
    exit 1
    "#);
    wrong!("flows.group(\"bytes\")", @r#"
    ! error: group would have two columns `bytes`
    !   --> -e:1:7
    !    |
    !  1 | flows.group("bytes")
    !    |       ^^^^^
    ! hint: give one another name: #{ other: |f| f.bytes }
    exit 1
    "#);
    wrong!("flows.select([])", @r"
    ! error: select needs at least one column
    !   --> -e:1:7
    !    |
    !  1 | flows.select([])
    !    |       ^^^^^^
    exit 1
    ");
    wrong!("flows.select(\"src\", \"src\")", @r#"
    ! error: select would have two columns `src`
    !   --> -e:1:7
    !    |
    !  1 | flows.select("src", "src")
    !    |       ^^^^^^
    ! hint: give one another name: #{ other: |f| f.src }
    exit 1
    "#);
    wrong!("flows.sum(\"byte\")", @r#"
    ! error: a flow has no field `byte`
    !   --> -e:1:7
    !    |
    !  1 | flows.sum("byte")
    !    |       ^^^
    ! hint: did you mean `bytes`?
    exit 1
    "#);
    wrong!("flows.sum([])", @r"
    ! error: sum needs the name of a field or a closure, not an array
    !   --> -e:1:7
    !    |
    !  1 | flows.sum([])
    !    |       ^^^
    exit 1
    ");
    wrong!("flows.rates(\"soon\")", @r#"
    ! error: rates needs a duration, found "soon"
    !   --> -e:1:7
    !    |
    !  1 | flows.rates("soon")
    !    |       ^^^^^
    ! hint: write `30.sec`, `5.min`, or "5m"
    exit 1
    "#);
    wrong!("flows.rates(-1.sec)", @r"
    ! error: rates cannot be negative
    !   --> -e:1:7
    !    |
    !  1 | flows.rates(-1.sec)
    !    |       ^^^^^
    exit 1
    ");
    wrong!("flows.delete()", @r"
    ! error: this would delete every flow
    !   --> -e:1:7
    !    |
    !  1 | flows.delete()
    !    |       ^^^^^^
    ! hint: write flows.flush() if you mean it, or narrow with flows.where(…)
    exit 1
    ");
    wrong!("flows.skip(0).delete()", @r"
    ! error: this would delete every flow
    !   --> -e:1:15
    !    |
    !  1 | flows.skip(0).delete()
    !    |               ^^^^^^
    ! hint: write flows.flush() if you mean it, or narrow with flows.where(…)
    exit 1
    ");
    wrong!("flows(\"tcp\").delete(5)", @r#"
    ! error: there is no function delete(Query, int)
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").delete(5)
    !    |              ^^^^^^
    ! hint: `delete` exists, but not for these: help("delete") shows how
    exit 1
    "#);
    wrong!("flows(\"tcp\").delete(#{ mx: 5 })", @r#"
    ! error: a change has no option `mx`
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").delete(#{ mx: 5 })
    !    |              ^^^^^^
    ! hint: did you mean `max`?
    exit 1
    "#);
    wrong!("flows(\"tcp\").delete(#{ max: -1 })", @r#"
    ! error: `-1` is no limit: write a number of flows, or `10%`
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").delete(#{ max: -1 })
    !    |              ^^^^^^
    exit 1
    "#);
    wrong!("flows(\"tcp\").delete(#{ max: \"ten\" })", @r#"
    ! error: `ten` is no limit: write a number of flows, or `10%`
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").delete(#{ max: "ten" })
    !    |              ^^^^^^
    exit 1
    "#);
    wrong!("flows(\"tcp\").zero()", @r#"
    ! error: zero() works on the whole table only
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").zero()
    !    |              ^^^^
    ! hint: the kernel zeroes each flow that it sends, also those a filter drops
    exit 1
    "#);
    wrong!("flows.first", @r"
    ! error: a value of type Query has no property `first`
    !   --> -e:1:7
    !    |
    !  1 | flows.first
    !    |       ^^^^^
    ! hint: it is a function: write `first()`
    exit 1
    ");
    wrong!("flows.frist()", @r"
    ! error: there is no function frist(Query)
    !   --> -e:1:7
    !    |
    !  1 | flows.frist()
    !    |       ^^^^^
    ! hint: did you mean `first`?
    exit 1
    ");
    wrong!("window(0.sec)", @r"
    ! error: a window needs a length
    !   --> -e:1:1
    !    |
    !  1 | window(0.sec)
    !    | ^^^^^^
    exit 1
    ");
    wrong!("window(\"\")", @r#"
    ! error: window needs a duration, found ""
    !   --> -e:1:1
    !    |
    !  1 | window("")
    !    | ^^^^^^
    ! hint: write `30.sec`, `5.min`, or "5m"
    exit 1
    "#);
    wrong!("window(1.sec).top(-1)", @r"
    ! error: top cannot be negative, found -1
    !   --> -e:1:15
    !    |
    !  1 | window(1.sec).top(-1)
    !    |               ^^^
    exit 1
    ");
    wrong!("every(0.sec, || 1)", @r"
    ! error: every needs at least a millisecond
    !   --> -e:1:1
    !    |
    !  1 | every(0.sec, || 1)
    !    | ^^^^^
    exit 1
    ");
    wrong!("after(\"x\", || 1)", @r#"
    ! error: after needs a duration, found "x"
    !   --> -e:1:1
    !    |
    !  1 | after("x", || 1)
    !    | ^^^^^
    ! hint: write `30.sec`, `5.min`, or "5m"
    exit 1
    "#);
    wrong!("sleep(-1)", @r"
    ! error: sleep cannot be negative
    !   --> -e:1:1
    !    |
    !  1 | sleep(-1)
    !    | ^^^^^
    exit 1
    ");
    wrong!("exit(256)", @r"
    ! error: an exit status is 0 to 255, not 256
    !   --> -e:1:1
    !    |
    !  1 | exit(256)
    !    | ^^^^
    exit 1
    ");
    wrong!("exit(\"1\")", @r#"
    ! error: an exit status is 0 to 255, not "1"
    !   --> -e:1:1
    !    |
    !  1 | exit("1")
    !    | ^^^^
    exit 1
    "#);
    wrong!("duration(\"5 parsecs\")", @r#"
    ! error: duration needs a duration, found "5 parsecs"
    !   --> -e:1:1
    !    |
    !  1 | duration("5 parsecs")
    !    | ^^^^^^^^
    ! hint: write `30.sec`, `5.min`, or "5m"
    exit 1
    "#);
    wrong!("ip(\"10.0.0\")", @r#"
    ! error: ip needs an IP address, found "10.0.0"
    !   --> -e:1:1
    !    |
    !  1 | ip("10.0.0")
    !    | ^^
    exit 1
    "#);
    wrong!("net(\"10.0.0.0/40\")", @r#"
    ! error: `/40` is not a prefix length of 10.0.0.0
    !   --> -e:1:1
    !    |
    !  1 | net("10.0.0.0/40")
    !    | ^^^
    exit 1
    "#);
    wrong!("ip(\"10.0.0.1\") / 33", @r#"
    ! error: /33 is no prefix of 10.0.0.1
    !   --> -e:1:16
    !    |
    !  1 | ip("10.0.0.1") / 33
    !    |                ^
    exit 1
    "#);
    wrong!("ip(\"10.0.0.1\") < \"x\"", @r#"
    ! error: "x" is not an IP address
    !   --> -e:1:16
    !    |
    !  1 | ip("10.0.0.1") < "x"
    !    |                ^
    exit 1
    "#);
    wrong!("flows.on(\"born\", |e| 1)", @r#"
    ! error: there are no `born` events
    !   --> -e:1:7
    !    |
    !  1 | flows.on("born", |e| 1)
    !    |       ^^
    ! hint: there are new, update and destroy
    exit 1
    "#);
    wrong!("flows.on(\"new\", |a, b| 1)", @r#"
    ! error: the closure must take 1 argument, not 2
    !   --> -e:1:7
    !    |
    !  1 | flows.on("new", |a, b| 1)
    !    |       ^^
    ! hint: write it as `|e| …`
    exit 1
    "#);
    wrong!("every(1.sec, |x| 1)", @r"
    ! error: the closure must take 0 arguments, not 1
    !   --> -e:1:1
    !    |
    !  1 | every(1.sec, |x| 1)
    !    | ^^^^^
    ! hint: write it as `|| …`
    exit 1
    ");
    wrong!("flows.on(5, |e| 1)", @r"
    ! error: the kind of an event is text or a list, not 5
    !   --> -e:1:7
    !    |
    !  1 | flows.on(5, |e| 1)
    !    |       ^^
    exit 1
    ");
    wrong!("flows.on(\"new\", #{ pre: \"src\" }, |e| 1)", @r#"
    ! error: on has no option `pre`
    !   --> -e:1:7
    !    |
    !  1 | flows.on("new", #{ pre: "src" }, |e| 1)
    !    |       ^^
    ! hint: did you mean `per`?
    exit 1
    "#);
    wrong!("help(\"flws\")", @r#"
    ! error: there is no help on `flws`
    !   --> -e:1:1
    !    |
    !  1 | help("flws")
    !    | ^^^^
    ! hint: did you mean `flows`?
    exit 1
    "#);
    wrong!("import \"std/nta\" as nat;", @r#"
    ! error: there is no module "std/nta"
    !   --> -e:1:8
    !    |
    !  1 | import "std/nta" as nat;
    !    |        ^
    ! hint: did you mean "std/nat"?
    exit 1
    "#);
}

#[test]
fn a_map_that_is_to_make_or_change_a_flow_is_read_strictly() {
    wrong!("flows.create(5)", @r"
    ! error: create needs a map, found 5
    !   --> -e:1:7
    !    |
    !  1 | flows.create(5)
    !    |       ^^^^^^
    exit 1
    ");
    wrong!("flows.create(#{})", @r"
    ! error: `proto` is missing
    !   --> -e:1:7
    !    |
    !  1 | flows.create(#{})
    !    |       ^^^^^^
    exit 1
    ");
    wrong!("flows.create(#{ proto: \"tpc\" })", @r#"
    ! error: `proto`: `tpc` is not a protocol
    !   --> -e:1:7
    !    |
    !  1 | flows.create(#{ proto: "tpc" })
    !    |       ^^^^^^
    exit 1
    "#);
    wrong!("flows.create(#{ proto: \"udp\", src: \"10.0.0.1\", dst: \"::1\" })", @r#"
    ! error: `src` and `dst` are of different families
    !   --> -e:1:7
    !    |
    !  1 | flows.create(#{ proto: "udp", src: "10.0.0.1", dst: "::1" })
    !    |       ^^^^^^
    exit 1
    "#);
    wrong!("flows.create(#{ proto: \"udp\", src: \"10.0.0.1\", dst: \"10.0.0.2\" })", @r#"
    ! error: udp needs `sport` and `dport`
    !   --> -e:1:7
    !    |
    !  1 | flows.create(#{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2" })
    !    |       ^^^^^^
    exit 1
    "#);
    wrong!("flows.create(#{ proto: \"udp\", src: \"10.0.0.1\", dst: \"10.0.0.2\", sport: 1, dport: 99999 })", @r#"
    ! error: `dport` needs a number from 0 to 65535, found 99999
    !   --> -e:1:7
    !    |
    !  1 | flows.create(#{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 1, dport: 99999 })
    !    |       ^^^^^^
    exit 1
    "#);
    wrong!("flows.create(#{ prot: \"udp\" })", @r#"
    ! error: create has no option `prot`
    !   --> -e:1:7
    !    |
    !  1 | flows.create(#{ prot: "udp" })
    !    |       ^^^^^^
    ! hint: did you mean `proto`?
    exit 1
    "#);
    wrong!("flows.get(#{ proto: \"udp\", src: 5 })", @r#"
    ! error: `src` needs an IP address, found 5
    !   --> -e:1:7
    !    |
    !  1 | flows.get(#{ proto: "udp", src: 5 })
    !    |       ^^^
    exit 1
    "#);
    wrong!("flows(\"tcp\").update(#{})", @r#"
    ! error: update needs something to change
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").update(#{})
    !    |              ^^^^^^
    ! hint: for example #{ mark: 5 }, #{ timeout: 5.min } or #{ add_labels: ["voip"] }
    exit 1
    "#);
    wrong!("flows(\"tcp\").update(#{ mrak: 1 })", @r#"
    ! error: update has no option `mrak`
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").update(#{ mrak: 1 })
    !    |              ^^^^^^
    ! hint: did you mean `mark`?
    exit 1
    "#);
    wrong!("flows(\"tcp\").update(#{ mark: -1 })", @r#"
    ! error: `mark`: `-1` is not a number from 0 to 0xffffffff
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").update(#{ mark: -1 })
    !    |              ^^^^^^
    exit 1
    "#);
    wrong!("flows(\"tcp\").update(#{ mark: \"0x100/0xff\" })", @r#"
    ! error: `mark`: `0x100/0xff` has bits in the value that are outside of the mask
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").update(#{ mark: "0x100/0xff" })
    !    |              ^^^^^^
    exit 1
    "#);
    wrong!("flows(\"tcp\").update(#{ timeout: -5 })", @r#"
    ! error: `timeout` cannot be negative
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").update(#{ timeout: -5 })
    !    |              ^^^^^^
    exit 1
    "#);
    wrong!("flows(\"tcp\").update(#{ timeout: \"soon\" })", @r#"
    ! error: `timeout` needs a duration, found "soon"
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").update(#{ timeout: "soon" })
    !    |              ^^^^^^
    ! hint: write `30.sec`, `5.min`, or "5m"
    exit 1
    "#);
    wrong!("flows(\"tcp\").update(#{ state: \"OPEN\" })", @r#"
    ! error: `state`: tcp has no state `OPEN`
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").update(#{ state: "OPEN" })
    !    |              ^^^^^^
    exit 1
    "#);
    wrong!("flows(\"tcp\").update(#{ status: \"dying\" })", @r#"
    ! error: `status`: `dying` cannot be set: only seen_reply, assured, fixed_timeout and helper can
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").update(#{ status: "dying" })
    !    |              ^^^^^^
    exit 1
    "#);
    wrong!("flows(\"tcp\").update(#{ add_labels: [\"nope\"] })", @r#"
    ! error: `add_labels`: there is no label `nope`
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").update(#{ add_labels: ["nope"] })
    !    |              ^^^^^^
    ! hint: names are read from /etc/xtables/connlabel.conf; numbers go from 0 to 127
    exit 1
    "#);
    wrong!("flows(\"tcp\").update(#{ helper: \"a name that is too long\" })", @r#"
    ! error: `helper`: `a name that is too long` is no name of 1 to 15 letters
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").update(#{ helper: "a name that is too long" })
    !    |              ^^^^^^
    exit 1
    "#);
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
