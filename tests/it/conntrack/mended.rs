//! Where the original is wrong: what flowsh does instead, and that no other flow is touched. The
//! numbers are those of the rows of `docs/conntrack.md`.

use insta::assert_snapshot;

use crate::lab::{conntrack, in_namespace, masked, name_labels, run, with_labels};

use super::{TABLE, changes, dialect, dialect_fed, fill, table};

/// What a command line says and what it does to the table.
#[track_caller]
fn check(line: &str) -> String {
    fill(TABLE);
    let before = table();
    let answer = dialect(line);
    let rest = if answer.status == 0 { String::new() } else { format!("exit {}\n", answer.status) };
    format!("{}{rest}{}", answer.stderr, changes(&before, &table()))
}

#[test]
fn a_timeout_alone_deletes_what_has_it() {
    in_namespace(|| {
        // 1: the original deletes everything.
        assert_snapshot!(check("-D -t 7"), @"
        conntrack: 0 flow entries have been deleted.
        exit 1
        ");
        fill(
            "-I -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -t 3000\n\
             -I -p udp -s 1.1.1.3 -d 1.1.1.2 --sport 1 --dport 2 -t 300\n",
        );
        // A second may pass between looking and deleting.
        let deleted =
            (2_900..3_001).rev().any(|left| dialect(&format!("-D -t {left}")).status == 0);
        assert!(deleted);
        assert_snapshot!(masked(&table()), @"ipv4     2 udp      17 # src=1.1.1.3 dst=1.1.1.2 sport=1 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.3 sport=2 dport=1 mark=0 use=1");
    });
}

#[test]
fn a_status_that_is_not_set_deletes_what_has_it_not() {
    in_namespace(|| {
        // 2: the original deletes everything.
        assert_snapshot!(check("-D -p udp -u UNREPLIED"), @"
        conntrack: 6 flow entries have been deleted.
        - ipv4     2 udp      17 # src=10.0.0.1 dst=10.0.0.3 sport=1000 dport=53 [UNREPLIED] src=10.0.0.3 dst=10.0.0.1 sport=53 dport=1000 mark=1 use=1
        - ipv4     2 udp      17 # src=10.0.1.1 dst=10.0.0.3 sport=1000 dport=53 [UNREPLIED] src=10.0.0.3 dst=10.0.1.1 sport=53 dport=1000 mark=0 zone=5 use=1
        - ipv4     2 udp      17 # src=10.0.1.2 dst=10.0.0.3 sport=1000 dport=54 zone-orig=6 [UNREPLIED] src=10.0.0.3 dst=10.0.1.2 sport=54 dport=1000 mark=0 use=1
        - ipv4     2 udp      17 # src=10.0.1.3 dst=10.0.0.3 sport=1000 dport=54 [UNREPLIED] src=10.0.0.3 dst=10.0.1.3 sport=54 dport=1000 zone-reply=7 mark=0 use=1
        - ipv4     2 udp      17 # src=10.9.0.1 dst=10.0.0.4 sport=1000 dport=53 [UNREPLIED] src=10.0.0.4 dst=5.5.5.5 sport=53 dport=77 mark=0 use=1
        - ipv4     2 udp      17 # src=10.9.0.2 dst=10.0.0.4 sport=1000 dport=53 [UNREPLIED] src=6.6.6.6 dst=10.9.0.2 sport=53 dport=1000 mark=0 use=1
        ");
        assert_snapshot!(check("-D -p tcp -u !ASSURED"), @"
        conntrack: 2 flow entries have been deleted.
        - ipv4     2 tcp      6 # SYN_SENT src=10.0.0.1 dst=10.0.0.2 sport=1001 dport=80 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1001 mark=0 use=1
        - ipv6     10 tcp      6 # TIME_WAIT src=fe80::1 dst=fe80::2 sport=1000 dport=80 [UNREPLIED] src=fe80::2 dst=fe80::1 sport=80 dport=1000 mark=0 use=1
        ");
        assert_snapshot!(check("-D -p tcp -u UNSET"), @"
        conntrack: 2 flow entries have been deleted.
        - ipv4     2 tcp      6 # SYN_SENT src=10.0.0.1 dst=10.0.0.2 sport=1001 dport=80 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1001 mark=0 use=1
        - ipv6     10 tcp      6 # TIME_WAIT src=fe80::1 dst=fe80::2 sport=1000 dport=80 [UNREPLIED] src=fe80::2 dst=fe80::1 sport=80 dport=1000 mark=0 use=1
        ");
        assert_snapshot!(check("-D -u SRC_NAT"), @"
        conntrack: 2 flow entries have been deleted.
        - ipv4     2 udp      17 # src=10.9.0.1 dst=10.0.0.4 sport=1000 dport=53 [UNREPLIED] src=10.0.0.4 dst=5.5.5.5 sport=53 dport=77 mark=0 use=1
        - ipv4     2 udp      17 # src=10.9.0.3 dst=10.0.0.4 sport=1000 dport=53 src=6.6.6.6 dst=5.5.5.5 sport=99 dport=1000 mark=0 use=1
        ");
        assert_snapshot!(check("-D -u SEEN_REPLY,!ASSURED"), @"
        conntrack: 2 flow entries have been deleted.
        - ipv4     2 udp      17 # src=10.0.1.1 dst=10.0.0.3 sport=1000 dport=53 src=10.0.0.3 dst=10.0.1.1 sport=53 dport=1000 mark=0 use=1
        - ipv4     2 udp      17 # src=10.9.0.3 dst=10.0.0.4 sport=1000 dport=53 src=6.6.6.6 dst=5.5.5.5 sport=99 dport=1000 mark=0 use=1
        ");
    });
}

#[test]
fn a_flush_of_a_family_leaves_the_other() {
    in_namespace(|| {
        // 3: the original empties both.
        assert_snapshot!(check("-F -f ipv6"), @"
        conntrack: connection tracking table has been emptied.
        - ipv6     10 icmpv6   58 # src=fe80::1 dst=fe80::2 type=128 code=0 id=77 [UNREPLIED] src=fe80::2 dst=fe80::1 type=129 code=0 id=# mark=0 use=1
        - ipv6     10 tcp      6 # TIME_WAIT src=fe80::1 dst=fe80::2 sport=1000 dport=80 [UNREPLIED] src=fe80::2 dst=fe80::1 sport=80 dport=1000 mark=0 use=1
        ");
    });
}

#[test]
fn an_update_reaches_its_zone() {
    in_namespace(|| {
        // 4: the original changes the same tuple in zone 0, or nothing.
        assert_snapshot!(check("-U -s 10.0.1.0/24 -m 9"), @"
        conntrack: 4 flow entries have been updated.
        - ipv4     2 udp      17 # src=10.0.1.1 dst=10.0.0.3 sport=1000 dport=53 [UNREPLIED] src=10.0.0.3 dst=10.0.1.1 sport=53 dport=1000 mark=0 zone=5 use=1
        - ipv4     2 udp      17 # src=10.0.1.1 dst=10.0.0.3 sport=1000 dport=53 src=10.0.0.3 dst=10.0.1.1 sport=53 dport=1000 mark=0 use=1
        - ipv4     2 udp      17 # src=10.0.1.2 dst=10.0.0.3 sport=1000 dport=54 zone-orig=6 [UNREPLIED] src=10.0.0.3 dst=10.0.1.2 sport=54 dport=1000 mark=0 use=1
        - ipv4     2 udp      17 # src=10.0.1.3 dst=10.0.0.3 sport=1000 dport=54 [UNREPLIED] src=10.0.0.3 dst=10.0.1.3 sport=54 dport=1000 zone-reply=7 mark=0 use=1
        + ipv4     2 udp      17 # src=10.0.1.1 dst=10.0.0.3 sport=1000 dport=53 [UNREPLIED] src=10.0.0.3 dst=10.0.1.1 sport=53 dport=1000 mark=9 zone=5 use=1
        + ipv4     2 udp      17 # src=10.0.1.1 dst=10.0.0.3 sport=1000 dport=53 src=10.0.0.3 dst=10.0.1.1 sport=53 dport=1000 mark=9 use=1
        + ipv4     2 udp      17 # src=10.0.1.2 dst=10.0.0.3 sport=1000 dport=54 zone-orig=6 [UNREPLIED] src=10.0.0.3 dst=10.0.1.2 sport=54 dport=1000 mark=9 use=1
        + ipv4     2 udp      17 # src=10.0.1.3 dst=10.0.0.3 sport=1000 dport=54 [UNREPLIED] src=10.0.0.3 dst=10.0.1.3 sport=54 dport=1000 zone-reply=7 mark=9 use=1
        ");
    });
}

#[test]
fn an_update_shows_every_flow_that_it_changed() {
    in_namespace(|| {
        assert_snapshot!(check("-U -p tcp -m 10"), @"
        conntrack: 3 flow entries have been updated.
        - ipv4     2 tcp      6 # ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=80 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1000 [ASSURED] mark=7 use=1
        - ipv4     2 tcp      6 # SYN_SENT src=10.0.0.1 dst=10.0.0.2 sport=1001 dport=80 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1001 mark=0 use=1
        - ipv6     10 tcp      6 # TIME_WAIT src=fe80::1 dst=fe80::2 sport=1000 dport=80 [UNREPLIED] src=fe80::2 dst=fe80::1 sport=80 dport=1000 mark=0 use=1
        + ipv4     2 tcp      6 # ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=80 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1000 [ASSURED] mark=10 use=1
        + ipv4     2 tcp      6 # SYN_SENT src=10.0.0.1 dst=10.0.0.2 sport=1001 dport=80 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1001 mark=10 use=1
        + ipv6     10 tcp      6 # TIME_WAIT src=fe80::1 dst=fe80::2 sport=1000 dport=80 [UNREPLIED] src=fe80::2 dst=fe80::1 sport=80 dport=1000 mark=10 use=1
        ");
        fill(TABLE);
        assert_snapshot!(masked(&dialect("-U -p tcp -m 10").stdout), @"
        tcp      6 # ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=80 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1000 [ASSURED] mark=10 use=2
        tcp      6 # SYN_SENT src=10.0.0.1 dst=10.0.0.2 sport=1001 dport=80 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1001 mark=10 use=2
        tcp      6 # TIME_WAIT src=fe80::1 dst=fe80::2 sport=1000 dport=80 [UNREPLIED] src=fe80::2 dst=fe80::1 sport=80 dport=1000 mark=10 use=2
        ");
        // A fixed timeout cannot be changed, which is not counted as done.
        assert_snapshot!(check("-U -d 10.0.0.4 -t 7"), @"
        conntrack: Operation failed: sorry, you must be root or get CAP_NET_ADMIN capability to do this
        conntrack: 2 flow entries have been updated.
        exit 1
        ");
        assert_snapshot!(check("-U -s 10.9.0.1 -m 0xff/0"), @"
        conntrack: 1 flow entries have been updated.
        - ipv4     2 udp      17 # src=10.9.0.1 dst=10.0.0.4 sport=1000 dport=53 [UNREPLIED] src=10.0.0.4 dst=5.5.5.5 sport=53 dport=77 mark=0 use=1
        + ipv4     2 udp      17 # src=10.9.0.1 dst=10.0.0.4 sport=1000 dport=53 [UNREPLIED] src=10.0.0.4 dst=5.5.5.5 sport=53 dport=77 mark=255 use=1
        ");
        assert_snapshot!(check("-U -n 5.5.5.5 -m 3"), @"
        conntrack: 2 flow entries have been updated.
        - ipv4     2 udp      17 # src=10.9.0.1 dst=10.0.0.4 sport=1000 dport=53 [UNREPLIED] src=10.0.0.4 dst=5.5.5.5 sport=53 dport=77 mark=0 use=1
        - ipv4     2 udp      17 # src=10.9.0.3 dst=10.0.0.4 sport=1000 dport=53 src=6.6.6.6 dst=5.5.5.5 sport=99 dport=1000 mark=0 use=1
        + ipv4     2 udp      17 # src=10.9.0.1 dst=10.0.0.4 sport=1000 dport=53 [UNREPLIED] src=10.0.0.4 dst=5.5.5.5 sport=53 dport=77 mark=3 use=1
        + ipv4     2 udp      17 # src=10.9.0.3 dst=10.0.0.4 sport=1000 dport=53 src=6.6.6.6 dst=5.5.5.5 sport=99 dport=1000 mark=3 use=1
        ");
    });
}

#[test]
fn adding_what_is_there_changes_it() {
    in_namespace(|| {
        let there = "-A -p udp -s 10.0.0.1 -d 10.0.0.3 --sport 1000 --dport 53 -t 20";
        assert_snapshot!(check(&format!("{there} -m 9")), @"
        conntrack: 1 flow entries have been added.
        - ipv4     2 udp      17 # src=10.0.0.1 dst=10.0.0.3 sport=1000 dport=53 [UNREPLIED] src=10.0.0.3 dst=10.0.0.1 sport=53 dport=1000 mark=1 use=1
        + ipv4     2 udp      17 # src=10.0.0.1 dst=10.0.0.3 sport=1000 dport=53 [UNREPLIED] src=10.0.0.3 dst=10.0.0.1 sport=53 dport=1000 mark=9 use=1
        ");
        // What is not said stays: that it was answered.
        let tcp = "-A -p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 1000 --dport 80 -t 20";
        assert_snapshot!(check(&format!("{tcp} --state CLOSE")), @"
        conntrack: 1 flow entries have been added.
        - ipv4     2 tcp      6 # ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=80 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1000 [ASSURED] mark=7 use=1
        + ipv4     2 tcp      6 # CLOSE src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=80 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1000 [ASSURED] mark=7 use=1
        ");
        assert_snapshot!(check(&format!("{tcp} --state CLOSE -u UNSET")), @"
        conntrack: Operation failed: Device or resource busy
        exit 1
        ");
        assert_snapshot!(check(&format!("{there} -n 8.8.8.8")), @"
        conntrack: Operation failed: Operation not supported
        exit 1
        ");
    });
}

#[test]
fn flows_without_room_for_labels_are_told_of() {
    in_namespace(|| {
        name_labels("5 voip\n");
        fill(TABLE);
        let answer = dialect("-U -p 42 --label-add voip");
        assert_snapshot!(answer, @r"
        conntrack: 1 flow entries cannot have labels: no rule used labels when they began.
        conntrack: 0 flow entries have been updated.
        exit 1
        ");
    });
}

#[test]
fn labels_are_added_and_deleted_by_themselves() {
    in_namespace(|| {
        with_labels("0 eth0-in\n1 eth0-out\n100 hundred\n101 more\n");
        fill(
            "-I -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -t 300\n\
              -I -p udp -s 1.1.1.3 -d 1.1.1.2 --sport 1 --dport 2 -t 300\n",
        );
        let said = |line: &str| {
            let answer = dialect(line);
            format!("{}\n{}", masked(&answer.stdout), answer.stderr)
        };
        // 7: the original takes the first name of a list. 5: it loses labels from 96 on.
        assert_snapshot!(said("-U -s 1.1.1.1 --label-add eth0-in,hundred,more"), @"
        udp      17 # src=1.1.1.1 dst=1.1.1.2 sport=1 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.1 sport=2 dport=1 mark=0 use=2 labels=eth0-in,hundred,more
        conntrack: 1 flow entries have been updated.
        ");
        assert_snapshot!(said("-U -s 1.1.1.1 --label-del hundred"), @"
        udp      17 # src=1.1.1.1 dst=1.1.1.2 sport=1 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.1 sport=2 dport=1 mark=0 use=2 labels=eth0-in,more
        conntrack: 1 flow entries have been updated.
        ");
        assert_snapshot!(said("-L -l eth0-in,more"), @"
        udp      17 # src=1.1.1.1 dst=1.1.1.2 sport=1 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.1 sport=2 dport=1 mark=0 use=1 labels=eth0-in,more
        conntrack: 1 flow entries have been shown.
        ");
        // As the original counts: what is there already, and what a flow with labels has not.
        for line in ["-U -s 1.1.1.1 --label-add more", "-U --label-del eth0-out"] {
            assert!(said(line).contains(" 1 flow entries have been updated."), "{line}");
        }
        assert_snapshot!(said("-L -l eth0-in,hundred"), @"conntrack: 0 flow entries have been shown.");
        assert_snapshot!(said("-U --label-del"), @"
        udp      17 # src=1.1.1.1 dst=1.1.1.2 sport=1 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.1 sport=2 dport=1 mark=0 use=2
        conntrack: 1 flow entries have been updated.
        ");
        assert_snapshot!(said("-L -o labels"), @"
        udp      17 # src=1.1.1.1 dst=1.1.1.2 sport=1 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.1 sport=2 dport=1 mark=0 use=1
        udp      17 # src=1.1.1.3 dst=1.1.1.2 sport=1 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.3 sport=2 dport=1 mark=0 use=1
        conntrack: 2 flow entries have been shown.
        ");
        // 20: a map of one's own.
        std::fs::write("/etc/own", "7 seven\n").unwrap();
        assert_snapshot!(said("-I -p udp -s 1.1.1.4 -d 1.1.1.2 --sport 1 --dport 2 -t 300 --labelmap /etc/own --label-add seven"), @"conntrack: 1 flow entries have been created.");
        assert_snapshot!(said("-L --labelmap /etc/own -l seven"), @"
        udp      17 # src=1.1.1.4 dst=1.1.1.2 sport=1 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.4 sport=2 dport=1 mark=0 use=1 labels=seven
        conntrack: 1 flow entries have been shown.
        ");
        // 8 and 9: each line has its own.
        let lines =
            "-U -s 1.1.1.1 -m 1 --label-add eth0-in\n-U -s 1.1.1.3 -m 2 --label-add eth0-out\n";
        assert_snapshot!(masked(&dialect_fed("-R -", lines).stdout), @"
        udp      17 # src=1.1.1.1 dst=1.1.1.2 sport=1 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.1 sport=2 dport=1 mark=1 use=2 labels=eth0-in
        udp      17 # src=1.1.1.3 dst=1.1.1.2 sport=1 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.3 sport=2 dport=1 mark=2 use=2 labels=eth0-out
        ");
        assert_snapshot!(said("-U -s 1.1.1.1 --label-add eth0-in --label-del more"), @"conntrack: cannot use --label-add and --label-del at the same time");
        assert_snapshot!(said("-L -l nosuch"), @"
        conntrack: unknown label 'nosuch'
        Try `conntrack -h' or 'conntrack --help' for more information.
        ");
    });
}

#[test]
fn nat_to_ipv6_is_told_from_other_nat() {
    in_namespace(|| {
        // 10: the original shows every translated flow.
        let made = "-I -p udp -s fd00::1 -d fd00::2 --sport 1 --dport 2 -t 300 -n fd00::9";
        assert_snapshot!(check(made), @"
        conntrack: 1 flow entries have been created.
        + ipv6     10 udp      17 # src=fd00::1 dst=fd00::2 sport=1 dport=2 [UNREPLIED] src=fd00::2 dst=fd00::9 sport=2 dport=1 mark=0 use=1
        ");
        assert_snapshot!(dialect("-L -n fd00::9").stderr, @"conntrack: 1 flow entries have been shown.");
        assert_snapshot!(dialect("-L -n fd00::8").stderr, @"conntrack: 0 flow entries have been shown.");
        // 11: it passes over an address that is not a word of its own.
        assert_snapshot!(dialect("-L -nfd00::8").stderr, @"conntrack: 0 flow entries have been shown.");
        assert_snapshot!(dialect("-L --src-nat=fd00::9").stderr, @"conntrack: 1 flow entries have been shown.");
    });
}

#[test]
fn keys_states_and_words_find_what_they_name() {
    in_namespace(|| {
        // 12, 14, 16, 24, 36.
        assert_snapshot!(check("-L -p gre --srckey 5"), @"conntrack: 0 flow entries have been shown.");
        assert_snapshot!(check("-L -p gre --srckey 16"), @"conntrack: 1 flow entries have been shown.");
        assert_snapshot!(check("-L -u SEEN_REPLY,!ASSURED"), @"conntrack: 2 flow entries have been shown.");
        assert_snapshot!(check("-L -u UNSET -p tcp"), @"conntrack: 2 flow entries have been shown.");
        assert_snapshot!(check("-L -u S"), @"conntrack: 3 flow entries have been shown.");
        assert_snapshot!(masked(&dialect("-L -o s -p 42").stdout), @"-A -t # -u UNSET -s 10.0.0.1 -d 10.0.0.2 -r 10.0.0.2 -q 10.0.0.1 -p 42");
        assert_snapshot!(masked(&dialect("-G -p udp -r 10.0.0.3 -q 10.0.0.1 --reply-port-src 53 --reply-port-dst 1000").stdout), @"udp      17 # src=10.0.0.1 dst=10.0.0.3 sport=1000 dport=53 [UNREPLIED] src=10.0.0.3 dst=10.0.0.1 sport=53 dport=1000 mark=1 use=2");
        assert_snapshot!(check("-L -p sctp --state HEARTBEAT_SENT"), @"conntrack: 0 flow entries have been shown.");
        assert_snapshot!(check("-L -p sctp --state established"), @"
        conntrack: unknown SCTP state `established'
        Try `conntrack -h' or 'conntrack --help' for more information.
        exit 2
        ");
        assert_snapshot!(check("-L -c 5"), @"
        conntrack: cannot filter by --secmark: the kernel tells no number, but the context, which is shown as secctx=
        exit 1
        ");
    });
}

#[test]
fn numbers_that_are_none_are_refused() {
    in_namespace(|| {
        // 25: the original takes what is no number for 0, and 66536 for 1000.
        for line in [
            "-D -p tcp --sport abc",
            "-D -p tcp --sport 66536",
            "-D -p tcp --sport ''",
            "-I -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -t abc",
            "-I -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -t -1",
            "-D -p icmp --icmp-type 256",
            "-D -p gre --srckey 0x10000",
            "-D -s 10.0.0.1/",
            "-D ''",
        ] {
            let said = check(line);
            assert!(said.ends_with("exit 2\n"), "{line}: {said}");
        }
        assert_snapshot!(check("-D -p tcp --sport 66536"), @"
        conntrack: unexpected value '66536' with --sport option
        Try `conntrack -h' or 'conntrack --help' for more information.
        exit 2
        ");
        assert_snapshot!(check("-D -m x"), @"
        conntrack: unexpected value 'x' with -m option
        exit 1
        ");
        assert_snapshot!(check("-D -m 1/x"), @"
        conntrack: unexpected value '1/x' with -m option
        exit 1
        ");
        assert_snapshot!(check("-D -w 70000"), @"
        conntrack: unexpected value '70000' with -w option
        exit 1
        ");
        assert_snapshot!(check("-D --orig-zone x"), @"
        conntrack: unexpected value 'x' with -( option
        exit 1
        ");
        assert_snapshot!(check("-D -i x"), @"
        conntrack: unexpected value 'x' with -i option
        exit 1
        ");
    });
}

#[test]
fn icmp_and_sctp_are_made_as_they_are_said() {
    in_namespace(|| {
        // 23: the type may stand before the addresses. 21: tags are not turned round.
        assert_snapshot!(check("-I -p icmp --icmp-type 8 --icmp-code 0 -t 30 -s 1.1.1.1 -d 1.1.1.2"), @"
        conntrack: 1 flow entries have been created.
        + ipv4     2 icmp     1 # src=1.1.1.1 dst=1.1.1.2 type=8 code=0 id=0 [UNREPLIED] src=1.1.1.2 dst=1.1.1.1 type=0 code=0 id=# mark=0 use=1
        ");
        assert_snapshot!(check("-I -p sctp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 --state ESTABLISHED --orig-vtag 1 --reply-vtag 2 -t 30"), @"
        conntrack: 1 flow entries have been created.
        + ipv4     2 sctp     132 # ESTABLISHED src=1.1.1.1 dst=1.1.1.2 sport=1 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.1 sport=2 dport=1 mark=0 use=1
        ");
        assert_snapshot!(masked(&dialect("-L -p sctp -s 1.1.1.1 -o save").stdout), @"-A -t # -u UNSET -s 1.1.1.1 -d 1.1.1.2 -r 1.1.1.2 -q 1.1.1.1 -p sctp --sport 1 --dport 2 --reply-port-src 2 --reply-port-dst 1 --state ESTABLISHED --orig-vtag 1 --reply-vtag 2");
        assert_snapshot!(masked(&conntrack("-L -p sctp -s 1.1.1.1 -o save").stdout), @"-A -t # -u UNSET -s 1.1.1.1 -d 1.1.1.2 -r 1.1.1.2 -q 1.1.1.1 -p sctp --sport 1 --dport 2 --reply-port-src 2 --reply-port-dst 1 --state ESTABLISHED --orig-vtag 16777216 --reply-vtag 33554432");
        assert_snapshot!(masked(&dialect("-L -p sctp -s 1.1.1.1 -o xml").stdout), @r#"
        </conntrack>
        <?xml version="1.0" encoding="utf-8"?>
        <conntrack>
        <flow><meta direction="original"><layer3 protonum="2" protoname="ipv4"><src>1.1.1.1</src><dst>1.1.1.2</dst></layer3><layer4 protonum="132" protoname="sctp"><sport>1</sport><dport>2</dport></layer4></meta><meta direction="reply"><layer3 protonum="2" protoname="ipv4"><src>1.1.1.2</src><dst>1.1.1.1</dst></layer3><layer4 protonum="132" protoname="sctp"><sport>2</sport><dport>1</dport></layer4></meta><meta direction="independent"><state>ESTABLISHED</state><timeout>#</timeout><mark>0</mark><use>1</use><id>#</id><unreplied/></meta></flow>
        "#);
        let twice = "-A -t 30 -s 1.1.2.8 -d 1.1.1.2 -g 1.1.1.3 -n 5.5.5.5 -p udp --sport 1 --dport 2 \
                     --reply-port-src 3 --reply-port-dst 77";
        assert_snapshot!(check(twice), @"
        conntrack: 1 flow entries have been added.
        + ipv4     2 udp      17 # src=1.1.2.8 dst=1.1.1.2 sport=1 dport=2 [UNREPLIED] src=1.1.1.3 dst=5.5.5.5 sport=3 dport=77 mark=0 use=1
        ");
    });
}

#[test]
fn documents_are_whole() {
    in_namespace(|| {
        // 26.
        fill("-I -p 42 -s 10.0.0.1 -d 10.0.0.2 -t 300\n");
        assert_snapshot!(masked(&dialect("-G -p 42 -s 10.0.0.1 -d 10.0.0.2 -o xml").stdout), @r#"
        </conntrack>
        <?xml version="1.0" encoding="utf-8"?>
        <conntrack>
        <flow><meta direction="original"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.1</src><dst>10.0.0.2</dst></layer3><layer4 protonum="42" protoname="unknown"></layer4></meta><meta direction="reply"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.2</src><dst>10.0.0.1</dst></layer3><layer4 protonum="42" protoname="unknown"></layer4></meta><meta direction="independent"><timeout>#</timeout><mark>0</mark><use>2</use><id>#</id><unreplied/></meta></flow>
        "#);
        assert_snapshot!(masked(&dialect("-D -o xml").stdout), @r#"
        </conntrack>
        <?xml version="1.0" encoding="utf-8"?>
        <conntrack>
        <flow><meta direction="original"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.1</src><dst>10.0.0.2</dst></layer3><layer4 protonum="42" protoname="unknown"></layer4></meta><meta direction="reply"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.2</src><dst>10.0.0.1</dst></layer3><layer4 protonum="42" protoname="unknown"></layer4></meta><meta direction="independent"><timeout>#</timeout><mark>0</mark><use>1</use><id>#</id><unreplied/></meta></flow>
        "#);
    });
}

#[test]
fn counters_are_zeroed_only_where_all_flows_are_shown() {
    in_namespace(|| {
        assert_snapshot!(check("-L -z -n"), @"
        conntrack: Can't use -z with filtering parameters
        Try `conntrack -h' or 'conntrack --help' for more information.
        exit 2
        ");
    });
}

#[test]
fn without_permission_it_says_what_the_original_says() {
    in_namespace(|| {
        let answers = |words: &[&str], line: &str| {
            let line: Vec<_> =
                ["--user"].iter().chain(words).copied().chain(line.split(' ')).collect();
            super::named(run("unshare", &line)).to_string()
        };
        for line in [
            "-L",
            "-L expect",
            "-L dying",
            "-L unconfirmed",
            "-C",
            "-S",
            "-S expect",
            "-D",
            "-U -f ipv4 -m 5",
            "-E",
            "-E expect",
            "-I -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -t 3",
            "-A -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -t 3",
            "-G -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2",
        ] {
            let ours = answers(&[env!("CARGO_BIN_EXE_flowsh"), "conntrack"], line);
            assert_eq!(ours, answers(&["conntrack"], line), "{line}");
        }
        // 28: the original says that the table is empty before it is.
        let ours = [env!("CARGO_BIN_EXE_flowsh"), "conntrack"];
        assert_snapshot!(answers(&ours, "-F"), @"
        conntrack: Operation failed: sorry, you must be root or get CAP_NET_ADMIN capability to do this
        exit 1
        ");
        assert_snapshot!(answers(&ours, "-C expect"), @"
        conntrack: Operation failed: sorry, you must be root or get CAP_NET_ADMIN capability to do this
        exit 1
        ");
        // Several in one datagram, which the kernel refuses as a whole.
        let path = std::env::temp_dir().join(format!("flowsh-{}-denied", std::process::id()));
        let line = "-I -p udp -s 1.1.1.1 -d 1.1.1.2 --dport 2 -t 3 --sport";
        std::fs::write(&path, format!("{line} 1\n{line} 2\n{line} 3\n")).unwrap();
        let answer = answers(&ours, &format!("-R {}", path.display()));
        std::fs::remove_file(&path).unwrap();
        assert_snapshot!(answer.replace(path.to_str().unwrap(), "FILE"), @"
        conntrack: Operation failed: sorry, you must be root or get CAP_NET_ADMIN capability to do this
        conntrack: this was line 1 of FILE
        exit 1
        ");
    });
}

#[test]
fn icmp_that_nat_left_alone_is_not_translated() {
    in_namespace(|| {
        // NAT to the address that it has already: looked at, and left as it is.
        fill(
            "-I -p icmp -s 10.0.0.1 -d 10.0.0.2 --icmp-type 8 --icmp-code 0 --icmp-id 77 -n 10.0.0.1 -t 300\n\
             -I -p icmp -s 10.0.0.1 -d 10.0.0.3 --icmp-type 8 --icmp-code 0 --icmp-id 77 -n 10.0.0.9 -t 300\n",
        );
        let shown = |answer: crate::lab::Run| answer.stderr;
        assert_snapshot!(shown(super::original("-L -p icmp -n")), @"conntrack: 2 flow entries have been shown.");
        assert_snapshot!(shown(dialect("-L -p icmp -n")), @"conntrack: 1 flow entries have been shown.");
        assert_snapshot!(shown(dialect("-D -p icmp -n")), @"conntrack: 1 flow entries have been deleted.");
    });
}
