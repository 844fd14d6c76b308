//! Expectations of a real master with a real helper, beside the original's.

use insta::assert_snapshot;

use crate::lab::{self, conntrack, eval, in_namespace, with_helpers};

use super::follow::{self, Follower};
use super::{dialect, original};

/// The expectation of `-I expect`, but for its time.
const MADE: &str = "-I expect -p tcp -s 10.0.0.8 -d 10.0.0.2 --sport 1024 --dport 21 \
    --tuple-src 10.0.0.2 --tuple-dst 10.0.0.8 --tuple-port-src 0 --tuple-port-dst 5555 \
    --mask-port-src 0 --mask-port-dst 65535";
const KEY: &str = "expect -p tcp -s 10.0.0.2 -d 10.0.0.8 --sport 0 --dport 5555";

/// Makes the flow that expects: conntrack cannot give it a helper.
fn master() {
    with_helpers();
    eval(
        r#"flows.create(#{ proto: "tcp", src: "10.0.0.8", dst: "10.0.0.2", sport: 1024, dport: 21,
                           state: "ESTABLISHED", timeout: 5.min, helper: "ftp" })"#,
    );
}

/// The lines as they are at any time: those of expectations begin with the seconds that are left.
fn masked(text: &str) -> String {
    let still = |line: &str| match line.split_once(" proto=") {
        Some((left, rest)) if left.parse::<u32>().is_ok() => format!("# proto={rest}"),
        _ => line.to_owned(),
    };
    lab::masked(&text.lines().map(still).collect::<Vec<_>>().join("\n"))
}

#[test]
fn an_expectation_is_made_and_shown_as_the_original_does() {
    in_namespace(|| {
        master();
        let whole = format!("{MADE} --mask-src 255.255.255.255 --mask-dst 255.255.255.255 -t 200");
        let made = [original(&whole), dialect("-F expect"), dialect(&whole)];
        let [theirs, _, ours] = made;
        assert_eq!(ours.to_string(), theirs.to_string());
        for line in ["-L expect", "-L expect -o xml", "-L expect -f ipv4", "-C expect", "-L"] {
            let (theirs, ours) = (original(line), dialect(line));
            assert_eq!(masked(&ours.stdout), masked(&theirs.stdout), "{line}");
            assert_eq!(ours.stderr, theirs.stderr, "{line}");
        }
        // The original wants ports of the reply, for nothing.
        let key = format!("-G {KEY} --reply-port-src 1 --reply-port-dst 2");
        assert_eq!(masked(&dialect(&key).stdout), masked(&original(&key).stdout));
        assert_eq!(dialect(&key).stderr, original(&key).stderr);
        assert_snapshot!(dialect(&whole), @"
        conntrack: Operation failed: File exists
        exit 1
        ");
    });
}

#[test]
fn an_expectation_lives_as_long_as_it_is_told_to() {
    in_namespace(|| {
        // 18: the original takes the time of the helper, and /32 for no mask.
        master();
        let line = format!("{MADE} -t 20").replace("10.0.0.2 --tuple", "10.0.0.2/32 --tuple");
        let line = line.replace("--tuple-dst 10.0.0.8", "--tuple-dst 10.0.0.8/32");
        assert_snapshot!(dialect(&line), @"");
        let listed = conntrack("-L expect").ok();
        let left: u32 = listed.split(' ').next().unwrap().parse().unwrap();
        assert!((18..=20).contains(&left), "{listed}");
        assert_snapshot!(masked(&listed), @"# proto=6 src=10.0.0.2 dst=10.0.0.8 sport=0 dport=5555 mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 master-src=10.0.0.8 master-dst=10.0.0.2 sport=1024 dport=21 class=0 helper=ftp");
    });
}

#[test]
fn an_expectation_is_found_and_deleted() {
    in_namespace(|| {
        // 17 and 33.
        master();
        dialect(&format!("{MADE} --mask-src 255.255.255.255 --mask-dst 255.255.255.255 -t 200"))
            .ok();
        assert_snapshot!(masked(&dialect(&format!("-G {KEY}")).ok()), @"# proto=6 src=10.0.0.2 dst=10.0.0.8 sport=0 dport=5555 mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 master-src=10.0.0.8 master-dst=10.0.0.2 sport=1024 dport=21 class=0 helper=ftp");
        assert_snapshot!(dialect(&format!("--script -D {KEY}")), @r#"expectations.get(#{ proto: "tcp", src: "10.0.0.2", dst: "10.0.0.8", sport: 0, dport: 5555 }).delete()"#);
        assert_snapshot!(dialect(&format!("-D {KEY}")), @"conntrack: 1 expectations have been deleted.");
        assert_snapshot!(dialect(&format!("-D {KEY}")), @"
        conntrack: Operation failed: No such file or directory
        exit 1
        ");
        assert_snapshot!(dialect("-L expect"), @"conntrack: 0 expectations have been shown.");
        assert_snapshot!(dialect("-C expect"), @"0");
    });
}

#[test]
fn events_of_expectations_are_shown_as_the_original_shows_them() {
    in_namespace(|| {
        // Otherwise nothing is told of flows that are older than the first listener.
        std::fs::write("/proc/sys/net/netfilter/nf_conntrack_events", "1").unwrap();
        master();
        let made = format!("{MADE} --mask-src 255.255.255.255 --mask-dst 255.255.255.255 -t 200");
        let check = |line: &str, events| {
            let programs = ["conntrack", env!("CARGO_BIN_EXE_flowsh")];
            let [theirs, ours] = programs.map(|program| Follower::start(program, line));
            dialect(&made).ok();
            conntrack("-F expect").ok();
            let [theirs, ours] = [theirs, ours].map(|it| follow::masked(&it.end(events)));
            assert_eq!(ours, theirs, "{line}");
            ours
        };
        assert_snapshot!(check("-E expect", 2), @"
                [NEW] # proto=6 src=10.0.0.2 dst=10.0.0.8 sport=0 dport=5555 mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 master-src=10.0.0.8 master-dst=10.0.0.2 sport=1024 dport=21 class=0 helper=ftp
            [DESTROY] # proto=6 src=10.0.0.2 dst=10.0.0.8 sport=0 dport=5555 mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 master-src=10.0.0.8 master-dst=10.0.0.2 sport=1024 dport=21 class=0 helper=ftp
            conntrack: 2 expectation events have been shown.
            exit 0
            ");
        check("-E expect -o xml", 2);
        assert_snapshot!(check("-E expect -o timestamp", 2), @"
            [##########.######]	    [NEW] # proto=6 src=10.0.0.2 dst=10.0.0.8 sport=0 dport=5555 mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 master-src=10.0.0.8 master-dst=10.0.0.2 sport=1024 dport=21 class=0 helper=ftp
            [##########.######]	[DESTROY] # proto=6 src=10.0.0.2 dst=10.0.0.8 sport=0 dport=5555 mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 master-src=10.0.0.8 master-dst=10.0.0.2 sport=1024 dport=21 class=0 helper=ftp
            conntrack: 2 expectation events have been shown.
            exit 0
            ");
    });
}
