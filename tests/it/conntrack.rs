//! `flowsh conntrack` beside `conntrack` itself: the tables of command lines to which both must
//! answer alike, and what flowsh does where the original is wrong (`docs/conntrack.md`).

mod answers;
mod expect;
mod follow;
mod grammar;
mod load;
mod mended;
mod newest;
mod opened;
mod races;
mod same;
mod script;
mod suite;

use std::fmt::Write as _;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::lab::{Run, conntrack, listed, run};

/// A table with something of everything.
const TABLE: &str = "\
-I -p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 1000 --dport 80 --state ESTABLISHED -u SEEN_REPLY,ASSURED -m 7 -t 300
-I -p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 1001 --dport 80 --state SYN_SENT -t 300
-I -p tcp -s fe80::1 -d fe80::2 --sport 1000 --dport 80 --state TIME_WAIT -t 300
-I -p udp -s 10.0.0.1 -d 10.0.0.3 --sport 1000 --dport 53 -m 1 -t 300
-I -p udp -s 10.0.1.1 -d 10.0.0.3 --sport 1000 --dport 53 -w 5 -t 300
-I -p udp -s 10.0.1.1 -d 10.0.0.3 --sport 1000 --dport 53 -u SEEN_REPLY -t 300
-I -p udp -s 10.0.1.2 -d 10.0.0.3 --sport 1000 --dport 54 --orig-zone 6 -t 300
-I -p udp -s 10.0.1.3 -d 10.0.0.3 --sport 1000 --dport 54 --reply-zone 7 -t 300
-I -p icmp -s 10.0.0.1 -d 10.0.0.2 --icmp-type 8 --icmp-code 0 --icmp-id 77 -t 300
-I -p icmpv6 -s fe80::1 -d fe80::2 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 77 -t 300
-I -p gre -s 10.0.0.1 -d 10.0.0.2 --srckey 0x10 --dstkey 0x20 -t 300
-I -p sctp -s 10.0.0.1 -d 10.0.0.2 --sport 5 --dport 6 --state ESTABLISHED --orig-vtag 0 --reply-vtag 0 -t 300
-I -p udplite -s 1.1.1.1 -d 2.2.2.2 --sport 1 --dport 2 -t 300
-I -p 42 -s 10.0.0.1 -d 10.0.0.2 -t 300
-I -p udp -s 10.9.0.1 -d 10.0.0.4 --sport 1000 --dport 53 -n 5.5.5.5:77 -t 300
-I -p udp -s 10.9.0.2 -d 10.0.0.4 --sport 1000 --dport 53 -g 6.6.6.6 -t 300
-I -p udp -s 10.9.0.3 -d 10.0.0.4 --sport 1000 --dport 53 -g 6.6.6.6:99 -n 5.5.5.5 -u SEEN_REPLY,FIXED_TIMEOUT -t 300
";

/// Fills the empty table with these lines, by the hand of the original.
#[track_caller]
fn fill(lines: &str) {
    conntrack("-F").ok();
    fed("conntrack", &["-R", "-"], lines).ok();
}

/// Runs a program on this input.
fn fed(program: &str, args: &[&str], input: &str) -> Run {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run {program}: {error}"));
    // A program that refuses its command line may be gone before it reads anything.
    child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
    let output = child.wait_with_output().unwrap();
    Run {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        status: output.status.code().unwrap_or(-1),
    }
}

/// `flowsh conntrack` with the words of a line.
fn dialect(line: &str) -> Run {
    let words = words(line);
    let args: Vec<_> =
        std::iter::once("conntrack").chain(words.iter().map(String::as_str)).collect();
    named(run(env!("CARGO_BIN_EXE_flowsh"), &args))
}

/// `flowsh conntrack` with the words of a line, on this input.
fn dialect_fed(line: &str, input: &str) -> Run {
    let words = words(line);
    let args: Vec<_> =
        std::iter::once("conntrack").chain(words.iter().map(String::as_str)).collect();
    named(fed(env!("CARGO_BIN_EXE_flowsh"), &args, input))
}

/// The original with the words of a line.
fn original(line: &str) -> Run {
    let words = words(line);
    named(run("conntrack", &words.iter().map(String::as_str).collect::<Vec<_>>()))
}

/// The words of a line, `'` around those with blanks or nothing in them.
fn words(line: &str) -> Vec<String> {
    line.split(' ').filter(|word| !word.is_empty()).map(|word| word.replace('\'', "")).collect()
}

/// The answer with `conntrack` for the name and version of whoever gave it.
fn named(mut answer: Run) -> Run {
    let ours = format!("conntrack v{} (flowsh)", env!("CARGO_PKG_VERSION"));
    let theirs = (7..=9).map(|patch| format!("conntrack v1.4.{patch} (conntrack-tools)"));
    for name in theirs.chain([ours]) {
        answer.stderr = answer.stderr.replace(&name, "conntrack");
        answer.stdout = answer.stdout.replace(&name, "conntrack");
    }
    answer
}

/// What is in the table, as far as the original shows it.
#[track_caller]
fn table() -> String {
    listed("-o extended")
}

/// The lines that only one of two tables has: `-` before, `+` now.
fn changes(before: &str, now: &str) -> String {
    let mut text = String::new();
    for (sign, here, there) in [('-', before, now), ('+', now, before)] {
        for line in here.lines().filter(|line| !there.lines().any(|other| other == *line)) {
            writeln!(text, "{sign} {line}").unwrap();
        }
    }
    text
}
