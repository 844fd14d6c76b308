//! `-E`: events until a signal, beside the original's.

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use insta::assert_snapshot;

use crate::lab::{PATIENCE, conntrack, in_namespace, masked, run};

use super::{named, words};

/// Starts to follow.
fn start(program: &str, line: &str) -> Child {
    let mut command = Command::new(program);
    if program != "conntrack" {
        command.arg("conntrack");
    }
    command.args(words(line)).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Ends it as Ctrl-C does, and returns what it said.
fn end(child: Child) -> String {
    run("kill", &["-INT", &child.id().to_string()]).ok();
    let output = child.wait_with_output().unwrap();
    let answer = named(crate::lab::Run {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        status: output.status.code().unwrap_or(-1),
    });
    // Whose netlink port it was differs.
    let port = |line: &str| line.split(" [USERSPACE]").next().unwrap_or_default().to_owned();
    let lines: Vec<_> = answer.stdout.lines().map(port).collect();
    format!("{}\n{}exit {}", masked(&lines.join("\n")), answer.stderr, answer.status)
}

/// Follows with both programs while a flow lives; they must say the same.
#[track_caller]
fn check(line: &str) -> String {
    let programs = ["conntrack", env!("CARGO_BIN_EXE_flowsh")];
    let [theirs, ours] = programs.map(|program| start(program, line));
    let listeners = || run("cat", &["/proc/net/netlink"]).ok();
    let before = Instant::now();
    // Both are listening once their groups show.
    while listeners().lines().filter(|line| groups(line) != 0).count() < 2 {
        assert!(before.elapsed() < PATIENCE, "{}", listeners());
        sleep(Duration::from_millis(20));
    }
    conntrack("-I -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -t 300 -m 3").ok();
    conntrack("-U -f ipv4 -s 1.1.1.1 -m 4").ok();
    conntrack("-D -s 1.1.1.1").ok();
    conntrack("-I -p tcp -s fd00::1 -d fd00::2 --sport 1 --dport 2 --state SYN_SENT -t 300").ok();
    conntrack("-D -p tcp").ok();
    sleep(Duration::from_millis(300));
    let (theirs, ours) = (end(theirs), end(ours));
    assert_eq!(ours, theirs);
    ours
}

/// The groups of a netfilter socket in `/proc/net/netlink`.
fn groups(line: &str) -> u32 {
    let words: Vec<_> = line.split_whitespace().collect();
    let ours = words.get(1) == Some(&"12");
    words.get(3).filter(|_| ours).map_or(0, |word| u32::from_str_radix(word, 16).unwrap())
}

#[test]
fn events_are_shown_as_the_original_shows_them() {
    in_namespace(|| {
        assert_snapshot!(check("-E"), @"
            [NEW] tcp      6 # SYN_SENT src=fd00::1 dst=fd00::2 sport=1 dport=2 [UNREPLIED] src=fd00::2 dst=fd00::1 sport=2 dport=1 mark=0
            [NEW] udp      17 # src=1.1.1.1 dst=1.1.1.2 sport=1 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.1 sport=2 dport=1 mark=3
         [UPDATE] udp      17 # src=1.1.1.1 dst=1.1.1.2 sport=1 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.1 sport=2 dport=1 mark=4
        [DESTROY] tcp      6 # SYN_SENT src=fd00::1 dst=fd00::2 sport=1 dport=2 [UNREPLIED] src=fd00::2 dst=fd00::1 sport=2 dport=1
        [DESTROY] udp      17 # src=1.1.1.1 dst=1.1.1.2 sport=1 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.1 sport=2 dport=1 mark=4
        conntrack: 5 flow events have been shown.
        exit 0
        ");
        check("-E -e NEW");
        check("-E -e DESTROY,UPDATES -o extended");
        check("-E -p tcp -o id");
        check("-E -f ipv6");
        check("-E -s 1.1.1.0/24");
        check("-E -m 4");
        assert_snapshot!(check("-E -o xml -e NEW -p udp"), @r#"
        </conntrack>
        <?xml version="1.0" encoding="utf-8"?>
        <conntrack>
        <flow type="new"><meta direction="original"><layer3 protonum="2" protoname="ipv4"><src>1.1.1.1</src><dst>1.1.1.2</dst></layer3><layer4 protonum="17" protoname="udp"><sport>1</sport><dport>2</dport></layer4></meta><meta direction="reply"><layer3 protonum="2" protoname="ipv4"><src>1.1.1.2</src><dst>1.1.1.1</dst></layer3><layer4 protonum="17" protoname="udp"><sport>2</sport><dport>1</dport></layer4></meta><meta direction="independent"><timeout>#</timeout><mark>3</mark><id>#</id><unreplied/></meta></flow>
        conntrack: 1 flow events have been shown.
        exit 0
        "#);
        check("-E expect");
    });
}

#[test]
fn saved_events_can_be_loaded() {
    in_namespace(|| {
        // 19: the original adds the program that caused them.
        let child = start(env!("CARGO_BIN_EXE_flowsh"), "-E -o save -b 100000");
        sleep(Duration::from_millis(500));
        conntrack("-I -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -t 300").ok();
        sleep(Duration::from_millis(300));
        assert_snapshot!(end(child), @"
        -A -t # -u UNSET -s 1.1.1.1 -d 1.1.1.2 -r 1.1.1.2 -q 1.1.1.1 -p udp --sport 1 --dport 2 --reply-port-src 2 --reply-port-dst 1
        NOTICE: Netlink socket buffer size has been set to 100000 bytes.
        conntrack: 1 flow events have been shown.
        exit 0
        ");
    });
}
