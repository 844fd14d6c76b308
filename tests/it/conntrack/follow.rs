//! `-E`: events until a signal, beside the original's.

use std::collections::BTreeSet;
use std::fs;

use insta::assert_snapshot;

use crate::lab::{self, Background, Run, conntrack, in_namespace, until};

use super::{fed, named};

/// A program that follows, its entries in a file.
pub(super) struct Follower {
    program: Background,
    path: String,
}

impl Follower {
    /// Starts to follow with the original, or with the command line of flowsh.
    pub(super) fn start(program: &str, line: &str) -> Self {
        let name = program.rsplit('/').next().unwrap();
        let path = std::env::temp_dir().join(format!("followed-{}-{name}", std::process::id()));
        let path = path.into_os_string().into_string().unwrap();
        let dialect = if program == "conntrack" { "" } else { "conntrack" };
        let command = format!("exec {program} {dialect} {line} > {path}");
        Self { program: Background::listener("sh", &["-c", &command]), path }
    }

    /// Ends it as Ctrl-C does once it has shown this many events, and returns what it said.
    pub(super) fn end(self, events: usize) -> Run {
        let shown = || fs::read_to_string(&self.path).unwrap();
        until(|| {
            shown().lines().filter(|line| line.contains("src") || line.contains("-s ")).count()
                >= events
        });
        let answer = self.program.stop("INT");
        let stdout = shown();
        fs::remove_file(&self.path).unwrap();
        named(Run { stdout, ..answer })
    }
}

/// What was said, but for what differs from one program and one run to the next.
pub(super) fn masked(answer: &Run) -> String {
    let cut = |line: &str| {
        // Whose netlink port it was; 1.4.7 says that in XML as well, where it is no XML.
        let line = line.split(" [USERSPACE]").next().unwrap_or_default();
        match line.split_once("]\t") {
            Some((stamp, rest)) if stamp.starts_with('[') => format!("[{}]\t{rest}", digits(stamp)),
            _ => line.to_owned(),
        }
    };
    let lines: Vec<_> = answer.stdout.lines().map(cut).collect();
    format!("{}\n{}exit {}", lab::masked(&lines.join("\n")), answer.stderr, answer.status)
}

/// Each digit of a time, and the blank that fills it up, as `#`: how many there are is part of the
/// format.
fn digits(stamp: &str) -> String {
    stamp
        .trim_start_matches('[')
        .chars()
        .map(|c| if c.is_ascii_digit() || c == ' ' { '#' } else { c })
        .collect()
}

/// Follows with both programs while flows live; they must say the same of so many events.
#[track_caller]
fn check(line: &str, events: usize) -> String {
    let programs = ["conntrack", env!("CARGO_BIN_EXE_flowsh")];
    let [theirs, ours] = programs.map(|program| Follower::start(program, line));
    conntrack("-I -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -t 300 -m 3").ok();
    conntrack("-U -f ipv4 -s 1.1.1.1 -m 4").ok();
    conntrack("-D -s 1.1.1.1").ok();
    conntrack("-I -p tcp -s fd00::1 -d fd00::2 --sport 1 --dport 2 --state SYN_SENT -t 300").ok();
    conntrack("-D -p tcp").ok();
    let [theirs, ours] = [theirs, ours].map(|follower| masked(&follower.end(events)));
    assert_eq!(ours, theirs);
    ours
}

#[test]
fn events_are_shown_as_the_original_shows_them() {
    in_namespace(|| {
        assert_snapshot!(check("-E", 5), @"
                [NEW] tcp      6 # SYN_SENT src=fd00::1 dst=fd00::2 sport=1 dport=2 [UNREPLIED] src=fd00::2 dst=fd00::1 sport=2 dport=1 mark=0
                [NEW] udp      17 # src=1.1.1.1 dst=1.1.1.2 sport=1 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.1 sport=2 dport=1 mark=3
             [UPDATE] udp      17 # src=1.1.1.1 dst=1.1.1.2 sport=1 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.1 sport=2 dport=1 mark=4
            [DESTROY] tcp      6 # SYN_SENT src=fd00::1 dst=fd00::2 sport=1 dport=2 [UNREPLIED] src=fd00::2 dst=fd00::1 sport=2 dport=1
            [DESTROY] udp      17 # src=1.1.1.1 dst=1.1.1.2 sport=1 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.1 sport=2 dport=1 mark=4
            conntrack: 5 flow events have been shown.
            exit 0
            ");
        check("-E -e NEW", 2);
        check("-E -e DESTROY,UPDATES -o extended", 3);
        check("-E -p tcp -o id", 2);
        check("-E -f ipv6", 2);
        check("-E -s 1.1.1.0/24", 3);
        check("-E -m 4", 2);
        assert_snapshot!(check("-E -o xml -e NEW -p udp", 1), @r#"
            </conntrack>
            <?xml version="1.0" encoding="utf-8"?>
            <conntrack>
            <flow type="new"><meta direction="original"><layer3 protonum="2" protoname="ipv4"><src>1.1.1.1</src><dst>1.1.1.2</dst></layer3><layer4 protonum="17" protoname="udp"><sport>1</sport><dport>2</dport></layer4></meta><meta direction="reply"><layer3 protonum="2" protoname="ipv4"><src>1.1.1.2</src><dst>1.1.1.1</dst></layer3><layer4 protonum="17" protoname="udp"><sport>2</sport><dport>1</dport></layer4></meta><meta direction="independent"><timeout>#</timeout><mark>3</mark><id>#</id><unreplied/></meta></flow>
            conntrack: 1 flow events have been shown.
            exit 0
            "#);
        check("-E -o xml", 5);
        check("-E expect", 0);
    });
}

#[test]
fn events_have_the_time_where_it_is_asked_for() {
    in_namespace(|| {
        assert_snapshot!(check("-E -o timestamp -p tcp", 2), @"
            [##########.######]	    [NEW] tcp      6 # SYN_SENT src=fd00::1 dst=fd00::2 sport=1 dport=2 [UNREPLIED] src=fd00::2 dst=fd00::1 sport=2 dport=1 mark=0
            [##########.######]	[DESTROY] tcp      6 # SYN_SENT src=fd00::1 dst=fd00::2 sport=1 dport=2 [UNREPLIED] src=fd00::2 dst=fd00::1 sport=2 dport=1
            conntrack: 2 flow events have been shown.
            exit 0
            ");
        check("-E -o timestamp,id,extended,ktimestamp,labels", 5);
    });
}

#[test]
fn an_event_names_the_program_that_caused_it() {
    in_namespace(|| {
        for program in ["conntrack", env!("CARGO_BIN_EXE_flowsh")] {
            let follower = Follower::start(program, "-E -e NEW");
            // It must still be there when somebody looks for it.
            until(|| {
                fed("conntrack", &["-R", "-"], &burst()).ok();
                conntrack("-F").ok();
                fs::read_to_string(&follower.path).unwrap().contains("progname=")
            });
            let shown = follower.end(1).stdout;
            let names: BTreeSet<_> = shown
                .lines()
                .filter_map(|line| line.split_once(" progname="))
                .map(|it| it.1)
                .collect();
            assert_eq!(names, BTreeSet::from(["conntrack"]), "{program}");
        }
    });
}

/// More events than fit into a buffer, as lines for `-R`.
fn burst() -> String {
    let line = |n| {
        let (a, b) = (n / 250, n % 250);
        format!("-A -p udp -s 10.1.{a}.{b} -d 10.0.0.1 --sport 1 --dport 2 -t 300\n")
    };
    (0..2_000).map(line).collect()
}

#[test]
fn lost_events_are_told_and_those_that_follow_are_shown() {
    in_namespace(|| {
        for program in ["conntrack", env!("CARGO_BIN_EXE_flowsh")] {
            // 15: the original gives this size to a socket that hears nothing. More than fits into
            // the usual one is lost by both.
            let follower = Follower::start(program, "-E -b 8192");
            follower.program.signal("STOP");
            fed("conntrack", &["-R", "-"], &burst()).ok();
            follower.program.signal("CONT");
            // What comes after it has read the rest is heard again.
            let last = "-I -p udp -s 1.1.1.9 -d 1.1.1.2 --sport 1 --dport 2 -t 300";
            until(|| {
                conntrack(last);
                conntrack("-D -s 1.1.1.9");
                fs::read_to_string(&follower.path).unwrap().contains("1.1.1.9")
            });
            let answer = follower.end(1);
            conntrack("-F").ok();
            // A small buffer holds less than the usual one, which holds 166.
            let held = answer
                .stdout
                .lines()
                .filter(|line| line.contains("[NEW] udp      17 300 src=10.1."));
            assert!(program == "conntrack" || held.count() < 50, "{answer}");
            let told: Vec<_> = answer.stderr.lines().take(4).collect();
            assert_eq!(
                told,
                [
                    "NOTICE: Netlink socket buffer size has been set to 16384 bytes.",
                    "WARNING: We have hit ENOBUFS! We are losing events.",
                    "This message means that the current netlink socket buffer size is too small.",
                    "Please, check --buffer-size in conntrack(8) manpage.",
                ],
                "{program}"
            );
            assert_eq!(answer.status, 0);
        }
    });
}

#[test]
fn saved_events_can_be_loaded() {
    in_namespace(|| {
        // 19: the original adds the program that caused them.
        let follower = Follower::start(env!("CARGO_BIN_EXE_flowsh"), "-E -o save -b 100000");
        conntrack("-I -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -t 300").ok();
        assert_snapshot!(masked(&follower.end(1)), @"
            -A -t # -u UNSET -s 1.1.1.1 -d 1.1.1.2 -r 1.1.1.2 -q 1.1.1.1 -p udp --sport 1 --dport 2 --reply-port-src 2 --reply-port-dst 1
            NOTICE: Netlink socket buffer size has been set to 200000 bytes.
            conntrack: 1 flow events have been shown.
            exit 0
            ");
    });
}
