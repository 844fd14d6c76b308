//! What happens between the moment when a flow is seen and the one when it is changed, and that
//! the flow which is there then is left as it should be. The numbers are those of the rows of
//! `docs/conntrack.md`.

use std::cell::Cell;
use std::fmt::Write as _;
use std::fs;

use insta::{allow_duplicates, assert_snapshot};

use crate::lab::{Background, Run, conntrack, eval, in_namespace, listed, masked, until};

use super::{dialect, fill, named};

/// The flow that is meant.
const MEANT: &str = "-p udp -s 192.0.2.1 -d 198.51.100.2 --sport 1 --dport 2";

/// Fills the table, so that it takes a while to read.
fn crowded() {
    let mut lines = format!("-I {MEANT} -t 3000\n");
    for n in 0..20_000 {
        let (a, b) = (n / 250, n % 250);
        writeln!(lines, "-A -p udp -s 10.1.{a}.{b} -d 10.0.0.1 --sport 1 --dport 2 -t 3000")
            .unwrap();
    }
    fill(&lines);
}

/// Runs a command line of flowsh, and `meanwhile` while it stands still and reads the table: the
/// kernel, which finds flows by their source itself, has shown the one that is meant, and nothing
/// is changed yet. Says whether it was still there.
fn interrupted(line: &str, meanwhile: impl Fn()) -> (Run, bool) {
    let words: Vec<_> = std::iter::once("conntrack").chain(line.split(' ')).collect();
    let program = Background::start(env!("CARGO_BIN_EXE_flowsh"), &words);
    let ended = || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", program.id())).unwrap();
        stat.contains(") Z ")
    };
    while !dumping() && !ended() {}
    program.signal("STOP");
    let in_time = !ended();
    meanwhile();
    program.signal("CONT");
    (named(program.wait()), in_time)
}

/// True while somebody here reads a table.
fn dumping() -> bool {
    let sockets = fs::read_to_string("/proc/self/net/netlink").unwrap();
    let dumps = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        words.get(1) == Some(&"12") && words.get(6) == Some(&"1")
    };
    sockets.lines().any(dumps)
}

/// The flow that is meant, as it is now.
fn there(words: &str) -> String {
    conntrack(&format!("-G {MEANT} {words}")).stdout
}

fn id() -> String {
    let shown = there("-o id");
    shown.trim_end().rsplit_once("id=").map_or_else(String::new, |(_, id)| id.to_owned())
}

#[test]
fn a_flow_that_took_the_place_of_the_one_seen_is_not_deleted() {
    in_namespace(|| {
        // 6: the original deletes by addresses and ports alone.
        crowded();
        let mut replaced = 0;
        for round in 0..8 {
            let seen = id();
            let now = Cell::new(String::new());
            interrupted(&format!("-D -s 192.0.2.1 -i {seen}"), || {
                // Unless flowsh was faster than the signal.
                conntrack("-D -s 192.0.2.1");
                // What takes the memory, from which the kernel makes the id; sometimes in vain.
                let other = format!("-s 203.0.113.{round} -d 192.0.2.9 --sport 1 --dport 2");
                conntrack(&format!("-I -p udp {other} -t 3000")).ok();
                conntrack(&format!("-I {MEANT} -t 3000")).ok();
                now.set(id());
            });
            let now = now.take();
            if now == seen {
                conntrack(&format!("-A {MEANT} -t 3000")).ok();
            } else {
                assert_eq!(id(), now);
                replaced += 1;
            }
        }
        assert!(replaced > 0, "never replaced by another");
    });
}

#[test]
fn bits_of_a_mark_that_were_set_meanwhile_are_kept() {
    in_namespace(|| {
        // 30: the original writes back the whole mark that it saw.
        crowded();
        let mut met = 0;
        for _ in 0..40 {
            let (answer, in_time) = interrupted("-U -s 192.0.2.1 -m 0x1/0x0f", || {
                eval(r#"flows("src 192.0.2.1").update(#{ mark: "0x100/0xf00" })"#);
            });
            assert_eq!(answer.stderr, "conntrack: 1 flow entries have been updated.\n");
            allow_duplicates! {
                assert_snapshot!(masked(&there("")), @"udp      17 # src=192.0.2.1 dst=198.51.100.2 sport=1 dport=2 [UNREPLIED] src=198.51.100.2 dst=192.0.2.1 sport=2 dport=1 mark=257 use=2");
            }
            dialect("-U -s 192.0.2.1 -m 0").ok();
            met += u32::from(in_time);
            if met > 3 {
                break;
            }
        }
        assert!(met > 0, "never stopped in time");
        let others = dialect("-L -m 0");
        assert_eq!(others.stderr, "conntrack: 20001 flow entries have been shown.\n");
    });
}

#[test]
fn a_delete_that_is_ended_tells_of_all_that_it_deleted() {
    in_namespace(|| {
        // Into a file: a pipe takes no such list before somebody reads it.
        let path = std::env::temp_dir().join(format!("flowsh-{}-told", std::process::id()));
        let flowsh = env!("CARGO_BIN_EXE_flowsh");
        let line = format!("exec {flowsh} conntrack -D -p udp --dport 2 > {}", path.display());
        let ended_before_all = || {
            crowded();
            let program = Background::start("sh", &["-c", &line]);
            until(|| listed("").lines().count() < 20_001);
            let answer = named(program.stop("TERM"));
            let told = fs::read_to_string(&path).unwrap().lines().count();
            fs::remove_file(&path).unwrap();
            let left = listed("").lines().count();
            assert_eq!(told + left, 20_001, "{answer}");
            if left > 0 {
                let said = format!("conntrack: {told} flow entries have been deleted.\n");
                assert_eq!(answer.stderr, said + "conntrack: Operation failed: interrupted\n");
                assert_eq!(answer.status, 1);
            }
            left > 0
        };
        assert!((0..10).any(|_| ended_before_all()), "never ended in time");
    });
}
