//! Whole runs of the binary: what goes in, and what comes out on which stream with which status.
//! Good runs are here, over three flows in a sandbox; what is refused stands in `refusals`.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use insta::assert_snapshot;

/// What `flowsh sandbox ARGS -e CODE` says over the three flows.
macro_rules! check {
    ($args:expr, $code:expr, @$expected:literal) => {
        let code = format!("{MADE}{}", $code);
        if let Some(run) = sandbox(&[&$args[..], &["-e", &code]].concat()) {
            assert_snapshot!(run.told(), @$expected);
        }
    };
}

/// What `flowsh ARGS` says; `stdin` is empty.
macro_rules! refused {
    ($args:expr, @$expected:literal) => {
        assert_snapshot!(flowsh(&$args).told(), @$expected);
    };
}

/// The error of `flowsh -e CODE`, which is refused before anything is asked of a kernel; if it were
/// not, `--read-only` keeps the table of this machine as it is.
macro_rules! wrong {
    ($code:expr, @$expected:literal) => {
        assert_snapshot!(flowsh(&["--read-only", "-e", $code]).told(), @$expected);
    };
}

mod refusals;

/// Three flows that are the same whenever they are made, and nothing printed.
const MADE: &str = r#"
    let made = flows.create([
        #{ proto: "tcp", src: "10.0.0.1", dst: "10.0.0.2", sport: 1024, dport: 80, mark: 7,
           state: "ESTABLISHED", timeout: 1.hour },
        #{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.3", sport: 5353, dport: 53, timeout: 1.hour },
        #{ proto: "icmpv6", src: "2001:db8::1", dst: "2001:db8::2", icmp_type: 128, icmp_id: 77,
           timeout: 1.hour },
    ]);
    let rows = flows.select("proto", "src", "dst", "dport", "mark").sort("dst");
"#;

/// One run of flowsh.
struct Run {
    command: Command,
    input: String,
}

fn flowsh(args: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowsh"));
    command.args(args).env_remove("NO_COLOR").env("TERM", "xterm");
    Run { command, input: String::new() }
}

/// A run in a sandbox, which needs a kernel that lets users have namespaces.
fn sandbox(args: &[&str]) -> Option<Run> {
    if std::env::var("FLOWSH_SKIP_KERNEL").is_ok_and(|value| value == "1") {
        eprintln!("SKIPPED, as FLOWSH_SKIP_KERNEL=1 says: a run in a sandbox");
        return None;
    }
    Some(flowsh(&[&["sandbox"], args].concat()))
}

impl Run {
    fn input(mut self, text: impl Into<String>) -> Self {
        self.input = text.into();
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Standard output, then standard error behind `! `, then the status if it is not 0.
    fn told(mut self) -> String {
        let (stdin, stdout, stderr) = (Stdio::piped(), Stdio::piped(), Stdio::piped());
        let mut child = self.command.stdin(stdin).stdout(stdout).stderr(stderr).spawn().unwrap();
        // A run that does not read its input may be gone already.
        let _ = child.stdin.take().unwrap().write_all(self.input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let shown = String::from_utf8(output.stdout).unwrap().replace('\u{1b}', "␛");
        let mut told = crate::lab::untimed(&shown);
        for line in crate::lab::untimed(&String::from_utf8(output.stderr).unwrap()).lines() {
            told += if told.is_empty() { "!" } else { "\n!" };
            told += if line.is_empty() { "" } else { " " };
            told += line;
        }
        match output.status.code() {
            Some(0) => told,
            status => format!("{told}\nexit {}", status.unwrap_or(-1)),
        }
    }
}

/// A text in a file of its own, which is gone when the test is over.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("flowsh-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn each_format_shows_the_same_rows() {
    check!(["-o", "table"], "rows", @r"
    proto   src          dst          dport  mark
    tcp     10.0.0.1     10.0.0.2        80     7
    udp     10.0.0.1     10.0.0.3        53     0
    icmpv6  2001:db8::1  2001:db8::2      -     0
    ");
    check!(["-o", "json"], "rows", @r#"
    [
    {"proto":"tcp","src":"10.0.0.1","dst":"10.0.0.2","dport":80,"mark":7},
    {"proto":"udp","src":"10.0.0.1","dst":"10.0.0.3","dport":53,"mark":0},
    {"proto":"icmpv6","src":"2001:db8::1","dst":"2001:db8::2","dport":null,"mark":0}
    ]
    "#);
    check!(["-o", "ndjson"], "rows", @r#"
    {"proto":"tcp","src":"10.0.0.1","dst":"10.0.0.2","dport":80,"mark":7}
    {"proto":"udp","src":"10.0.0.1","dst":"10.0.0.3","dport":53,"mark":0}
    {"proto":"icmpv6","src":"2001:db8::1","dst":"2001:db8::2","dport":null,"mark":0}
    "#);
    check!(["-o", "csv"], "rows", @r"
    proto,src,dst,dport,mark
    tcp,10.0.0.1,10.0.0.2,80,7
    udp,10.0.0.1,10.0.0.3,53,0
    icmpv6,2001:db8::1,2001:db8::2,,0
    ");
    check!(["-o", "xml"], "rows", @r#"
    <?xml version="1.0" encoding="utf-8"?>
    <rows>
    <row><cell name="proto">tcp</cell><cell name="src">10.0.0.1</cell><cell name="dst">10.0.0.2</cell><cell name="dport">80</cell><cell name="mark">7</cell></row>
    <row><cell name="proto">udp</cell><cell name="src">10.0.0.1</cell><cell name="dst">10.0.0.3</cell><cell name="dport">53</cell><cell name="mark">0</cell></row>
    <row><cell name="proto">icmpv6</cell><cell name="src">2001:db8::1</cell><cell name="dst">2001:db8::2</cell><cell name="mark">0</cell></row>
    </rows>
    "#);
    check!(["-o", "conntrack"], "rows", @r"
    proto=tcp src=10.0.0.1 dst=10.0.0.2 dport=80 mark=7
    proto=udp src=10.0.0.1 dst=10.0.0.3 dport=53 mark=0
    proto=icmpv6 src=2001:db8::1 dst=2001:db8::2 mark=0
    ");
}

#[test]
fn a_pipe_gets_ndjson_unless_asked_otherwise() {
    check!([], "rows.take(1)", @r#"{"proto":"tcp","src":"10.0.0.1","dst":"10.0.0.2","dport":80,"mark":7}"#);
    check!([], "flows(\"tcp\").first().to_map().mark", @"7");
    check!([], "[1, \"a\", (), 5.min]", @r#"[1,"a",null,300]"#);
    check!([], "flows(\"dport 53\").count()", @"1");
    check!([], "\"text\"", @"text");
    check!([], "()", @"");
}

#[test]
fn a_script_gets_its_arguments_and_prints_only_what_it_says() {
    let script = File::new("args.rhai", "#!/usr/bin/env flowsh\nprint(args);\nargs.len()");
    assert_snapshot!(flowsh(&[script.path(), "a", "-q", "--", "b c"]).told(), @r#"["a", "-q", "--", "b c"]"#);
    assert_snapshot!(flowsh(&["-q", script.path()]).told(), @"[]");
}

#[test]
fn text_on_standard_input_is_run_and_its_value_shown() {
    assert_snapshot!(flowsh(&[]).input("let a = 40;\na + 2").told(), @"42");
    assert_snapshot!(flowsh(&[]).input("#!/usr/bin/env flowsh\nthrow `no`").told(), @r"
    ! error: no
    !   --> standard input:2:1
    !    |
    !  2 | throw `no`
    !    | ^^^^^
    exit 1
    ");
    assert_snapshot!(flowsh(&[]).input("").told(), @"");
}

#[test]
fn a_script_that_exits_ends_at_once_with_its_status() {
    refused!(["-e", "print(1); exit(7); print(2)"], @r"
    1
    exit 7
    ");
    refused!(["-e", "try { exit(3) } catch { print(\"caught\") }"], @r"
    exit 3
    ");
    refused!(["-e", "exit()"], @"");
}

#[test]
fn a_read_only_run_refuses_every_change() {
    let Some(run) = sandbox(&["--read-only", "-e", "flows(\"tcp\").delete()"]) else { return };
    assert_snapshot!(run.told(), @r#"
    ! error: will not delete flows: --read-only is set
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").delete()
    !    |              ^^^^^^
    ! hint: start flowsh without --read-only to change the table
    exit 1
    "#);
    let changes = r#"
        let key = #{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 1, dport: 2 };
        for change in [
            || flows.flush(), || flows("tcp").update(#{ mark: 1 }),
            || flows.create(key + #{ timeout: 60 }), || expectations.flush(),
            || { settings.log_invalid = 6; },
        ] {
            try { change.call(); print("changed"); } catch (e) { print(e.message); }
        }
    "#;
    assert_snapshot!(sandbox(&["--read-only", "-e", changes]).unwrap().told(), @r"
    will not delete flows: --read-only is set
    will not update flows: --read-only is set
    will not create flows: --read-only is set
    will not flush the expectation table: --read-only is set
    will not set nf_conntrack_log_invalid: --read-only is set
    ");
}

#[test]
fn a_dry_run_counts_and_changes_nothing() {
    check!(["--dry-run"], "print(made); print(flows.count())", @r"
    would have created 3, gone 0, failed 0, protected 0
    0
    ");
}

#[test]
fn a_change_that_matches_nothing_fails_only_if_asked_to() {
    check!([], "flows(\"dport 9\").delete()", @"deleted 0, gone 0, failed 0, protected 0");
    check!(["--require-match"], "flows(\"dport 9\").delete()", @r"
    deleted 0, gone 0, failed 0, protected 0
    ! error: a change matched no flow, and --require-match is set
    exit 5
    ");
    check!(["--require-match"], "flows(\"dport 53\").delete()", @"deleted 1, gone 0, failed 0, protected 0");
}

#[test]
fn a_limit_refuses_before_anything_is_changed() {
    check!([], "flows(\"tcp or udp\").delete(#{ max: 1 })", @r#"
    ! error: would have deleted 2 flows, more than max 1; nothing was changed
    !   --> -e:10:21
    !     |
    !  10 | flows("tcp or udp").delete(#{ max: 1 })
    !     |                     ^^^^^^
    exit 1
    "#);
    check!([], "flows(\"tcp or udp\").delete(#{ max: \"50%\" })", @r#"
    ! error: would have deleted 2 flows, more than max 1; nothing was changed
    !   --> -e:10:21
    !     |
    !  10 | flows("tcp or udp").delete(#{ max: "50%" })
    !     |                     ^^^^^^
    exit 1
    "#);
    check!([], "try { flows(\"tcp or udp\").delete(#{ max: 1 }) } catch {}; flows.count()", @"3");
}

#[test]
fn colour_is_for_terminals_or_when_asked_for() {
    check!(["-o", "table", "--color", "always"], "rows.take(1)", @r"
    ␛[1mproto␛[0m  ␛[1msrc␛[0m       ␛[1mdst␛[0m       ␛[1mdport␛[0m  ␛[1mmark␛[0m
    tcp    10.0.0.1  10.0.0.2     80     7
    ");
    check!(["-o", "table", "--color", "never"], "rows.take(1)", @r"
    proto  src       dst       dport  mark
    tcp    10.0.0.1  10.0.0.2     80     7
    ");
    check!(["-o", "table"], "rows.take(1)", @r"
    proto  src       dst       dport  mark
    tcp    10.0.0.1  10.0.0.2     80     7
    ");
    let code = format!("{MADE} rows.take(1)");
    let Some(run) = sandbox(&["-o", "table", "--color", "auto", "-e", &code]) else { return };
    assert_snapshot!(run.env("NO_COLOR", "1").told(), @r"
    proto  src       dst       dport  mark
    tcp    10.0.0.1  10.0.0.2     80     7
    ");
}

#[test]
fn a_reader_that_leaves_ends_the_run_quietly() {
    let mut child = Command::new("sh")
        .args([
            "-c",
            r#"{ "$0" -e 'for i in 0..1000000 { print(i) }'; echo "status $?" >&2; } | head -n 2"#,
        ])
        .arg(env!("CARGO_BIN_EXE_flowsh"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdin.take());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    assert_snapshot!(text(output.stdout) + text(output.stderr).as_str(), @r"
    0
    1
    status 141
    ");
}

#[test]
fn a_value_that_is_absent_or_caught_can_be_asked_for() {
    check!([], r"flows.where(|f| f.dport in 50..90).count()", @"2");
    check!([], r#"flows.where(|f| f.icmp_type == 128 || "voip" in f.labels).count()"#, @"1");
    check!([], r"flows.map(|f| f.dport & 1)", @r"
    ! error: there is no `&` for nothing and int
    !   --> -e:10:23
    !     |
    !  10 | flows.map(|f| f.dport & 1)
    !     |                       ^
    !   in a closure, called at 10:7
    ! hint: a value that the kernel did not send is `()`: ask `x != ()` first
    exit 1
    ");
    check!([], r#"flows("tcp").where(|f| f.dport)"#, @r#"
    ! error: the closure must answer true or false, not 80
    !   --> -e:10:14
    !     |
    !  10 | flows("tcp").where(|f| f.dport)
    !     |              ^^^^^
    exit 1
    "#);
    check!([], r"flows.where(|a, b| true).count()", @r"
    ! error: the closure was given 1 argument and takes another number
    !   --> -e:10:7
    !     |
    !  10 | flows.where(|a, b| true).count()
    !     |       ^^^^^
    exit 1
    ");
    check!([], r#"try { flows("dprot 5") } catch (e) { print(e.hint); e.errno }"#, @"did you mean `dport`?");
    check!([], r#"let f = flows("tcp").first(); f.mark = 5"#, @r#"
    ! error: `mark` of Flow cannot be assigned
    !   --> -e:10:33
    !     |
    !  10 | let f = flows("tcp").first(); f.mark = 5
    !     |                                 ^^^^
    ! hint: f.update(#{ … }) changes the flow in the kernel
    exit 1
    "#);
    check!([], r#"throw flows("tcp").first().src"#, @r#"
    ! error: 10.0.0.1
    !   --> -e:10:1
    !     |
    !  10 | throw flows("tcp").first().src
    !     | ^^^^^
    exit 1
    "#);
}
