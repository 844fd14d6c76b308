//! What cannot be done: one clear error each, with what to do about it and the right exit status,
//! and nothing changed.

use crate::lab::{eval, flowsh, in_namespace, listed, run, with_helpers};

const KEYS: &str = r#"
    let udp = #{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 5, dport: 6, timeout: 300.sec };
    let key = #{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 5, dport: 6 };
    let sctp = #{ proto: "sctp", src: "10.0.0.1", dst: "10.0.0.2", sport: 7, dport: 6, timeout: 60.sec };
"#;

/// What each of `cases` says and how it ends, without where in the code that is; the table stays as
/// it was.
fn told(cases: &[(&str, &str)]) -> String {
    with_helpers();
    eval(&format!(r#"{KEYS} flows.create(udp + #{{ status: "fixed_timeout" }})"#));
    let before = listed("-o extended,id");
    let said = cases.iter().map(|(name, code)| {
        let run = flowsh(&["-e", &format!("{KEYS}{code}")]);
        let told = run.told();
        let words = told.lines().filter(|line| !line.contains("  --> ") && !line.contains(" | "));
        let words: Vec<_> = words.filter(|line| line.trim() != "|").collect();
        format!("{name}\n{}\n", words.join("\n"))
    });
    let said = said.collect::<Vec<_>>().join("\n");
    assert_eq!(listed("-o extended,id"), before);
    said
}

#[test]
fn a_refusal_of_the_kernel_is_explained_and_changes_nothing() {
    in_namespace(|| {
        let told = told(&[
            ("a flow that exists", "flows.create(udp)"),
            ("a fixed timeout", r#"flows("udp").update(#{ timeout: 5.sec })"#),
            ("labels without a rule", "flows.get(key).update(#{ add_labels: [3] })"),
            ("a helper afterwards", r#"flows.get(key).update(#{ helper: "ftp" })"#),
            ("an unknown helper", r#"flows.create(udp + #{ sport: 9, helper: "nonesuch" })"#),
            ("a missing master", "flows.create(udp + #{ sport: 9, master: key + #{ sport: 8 } })"),
            ("an expectation without a helper", "expectations.create(udp + #{ master: key })"),
            (
                "an expectation without a master",
                "expectations.create(udp + #{ master: key + #{ sport: 8 } })",
            ),
            ("a setting of the first namespace", "settings.max = 5"),
        ]);
        insta::assert_snapshot!(told, @"
        a flow that exists
        created 0, gone 0, failed 1, protected 0
          1 failed: File exists (os error 17); the first was udp 10.0.0.1:5 -> 10.0.0.2:6
          hint: there is such a flow, or its reply direction belongs to another
        exit 4

        a fixed timeout
        updated 0, gone 0, failed 1, protected 0
          1 failed: Operation not permitted (os error 1); the first was udp 10.0.0.1:5 -> 10.0.0.2:6
          hint: either CAP_NET_ADMIN is missing, or the timeout is fixed (IPS_FIXED_TIMEOUT): delete such a flow instead
        exit 4

        labels without a rule
        updated 0, gone 0, failed 1, protected 0
          1 failed: No space left on device (os error 28); the first was udp 10.0.0.1:5 -> 10.0.0.2:6
          hint: labels need a rule that uses them (`ct label`), and flows that began after it
        exit 4

        a helper afterwards
        updated 0, gone 0, failed 1, protected 0
          1 failed: Operation not supported (os error 95); the first was udp 10.0.0.1:5 -> 10.0.0.2:6
          hint: helper, NAT and master can only be set when a flow is made
        exit 4

        an unknown helper
        created 0, gone 0, failed 1, protected 0
          1 failed: Operation not supported (os error 95); the first was udp 10.0.0.1:9 -> 10.0.0.2:6
          hint: no such helper, or NAT is not loaded: `modprobe nf_nat`
        exit 4

        a missing master
        created 0, gone 0, failed 1, protected 0
          1 failed: No such file or directory (os error 2); the first was udp 10.0.0.1:9 -> 10.0.0.2:6
          hint: the master it names does not exist
        exit 4

        an expectation without a helper
        created 0, gone 0, failed 1, protected 0
          1 failed: Operation not supported (os error 95); the first was udp 10.0.0.1:5 -> 10.0.0.2:6
          hint: the master has no helper: expectations need one
        exit 4

        an expectation without a master
        created 0, gone 0, failed 1, protected 0
          1 failed: No such file or directory (os error 2); the first was udp 10.0.0.1:5 -> 10.0.0.2:6
          hint: there is no such expectation, or no such master
        exit 4

        a setting of the first namespace
        error: cannot set nf_conntrack_max to 5: Permission denied (os error 13)
        hint: this needs root; max, buckets and expect_max only the first network namespace can set
        exit 3
        ");
    });
}

#[test]
fn what_cannot_be_made_is_refused_before_it_is_asked_for() {
    in_namespace(|| {
        let told = told(&[
            ("sctp without tags", r#"flows.create(sctp + #{ state: "CLOSED" })"#),
            ("a state that is none", r#"flows.get(key).update(#{ state: "COOKIES" })"#),
            ("tags of tcp", r#"flows.get(key).update(#{ state: "SYN_SENT", vtag_orig: 1 })"#),
            ("a tag alone", "flows.get(key).update(#{ mark: 1, vtag_orig: 1 })"),
            (
                "an icmp type that nothing answers",
                r#"flows.create(#{ proto: "icmp", src: "10.0.0.1", dst: "10.0.0.2", icmp_type: 3, timeout: 1.sec })"#,
            ),
            ("two zones", "flows.create(udp + #{ zone: 4, orig_zone: 5 })"),
            ("two families", r#"flows.create(udp + #{ dst: "::1" })"#),
            ("NAT of another family", r#"flows.create(udp + #{ sport: 9, snat: "::1" })"#),
            ("a negative time", "flows.create(udp + #{ sport: 9, timeout: -1.sec })"),
            ("a time that is too long", "flows.create(udp + #{ sport: 9, timeout: 100000.days })"),
            ("no time", "flows.create(key + #{ sport: 9 })"),
            (
                "no time of one of several",
                "flows.create([udp + #{ sport: 9 }, key + #{ sport: 10 }])",
            ),
            ("no flow at all", "flows.create([udp + #{ sport: 9 }, 5])"),
            ("an entry that is none", "flows.create(udp + #{ sprot: 9 })"),
        ]);
        insta::assert_snapshot!(told, @"
        sctp without tags
        error: `vtag_orig` is missing
        exit 1

        a state that is none
        error: `state`: neither tcp nor sctp has a state `COOKIES`
        exit 1

        tags of tcp
        error: `state`: sctp has no state `SYN_SENT`
        exit 1

        a tag alone
        error: `vtag_orig`: needs `state` beside it
        exit 1

        an icmp type that nothing answers
        error: nothing answers icmp 10.0.0.1 -> 10.0.0.2 type 3 code 0 id 0, so `reply` must say what does
        exit 1

        two zones
        error: a flow has only one of `zone`, `orig_zone` and `reply_zone`
        exit 1

        two families
        error: `src` and `dst` are of different families
        exit 1

        NAT of another family
        error: NAT to ::1 is of another family than the flow
        exit 1

        a negative time
        error: `timeout` cannot be negative
        exit 1

        a time that is too long
        error: `timeout` is too long
        exit 1

        no time
        error: `timeout` is missing
        exit 1

        no time of one of several
        error: flow 2 of 2: `timeout` is missing
        exit 1

        no flow at all
        error: flow 2 of 2: create needs a map, found 5
        exit 1

        an entry that is none
        error: create has no option `sprot`
        hint: did you mean `sport`?
        exit 1
        ");
    });
}

#[test]
fn what_would_reach_too_much_points_to_what_was_meant() {
    in_namespace(|| {
        let told = told(&[
            ("everything", "flows.delete()"),
            ("a flush of a part", r#"flows("udp").flush()"#),
            ("every expectation", "expectations.delete()"),
        ]);
        insta::assert_snapshot!(told, @"
        everything
        error: this would delete every flow
        hint: write flows.flush() if you mean it, or narrow with flows.where(…)
        exit 1

        a flush of a part
        error: flush() empties the table, but this query narrows it
        hint: use delete() for these flows, or flows.flush() for all
        exit 1

        every expectation
        error: this would delete every expectation
        hint: write expectations.flush() if you mean it, or narrow with where(…)
        exit 1
        ");
    });
}

#[test]
fn a_change_that_finds_nothing_fails_only_if_it_must_match() {
    in_namespace(|| {
        let code = r#"flows("tcp").delete()"#;
        assert_eq!(flowsh(&["-e", code]).told(), "deleted 0, gone 0, failed 0, protected 0");
        insta::assert_snapshot!(flowsh(&["--require-match", "-e", code]).told(), @"
        deleted 0, gone 0, failed 0, protected 0
        error: a change matched no flow, and --require-match is set
        exit 5
        ");
    });
}

#[test]
fn the_usual_statuses_are_given() {
    in_namespace(|| {
        for (args, status) in [
            (&["-e", "flows.count()"][..], 0),
            (&["-e", "exit(77)"], 77),
            (&["-e", "flows.sum(\"nonsense\")"], 1),
            (&["-e", "flows("], 2),
            (&["--nonsense"], 2),
            (&["/nonexistent/script.rhai"], 2),
        ] {
            assert_eq!(flowsh(args).status, status, "{args:?}");
        }
    });
}

#[test]
fn without_privilege_nothing_is_read_changed_or_heard() {
    in_namespace(|| {
        // Root over nothing: every capability dropped, in this namespace where nothing is to lose.
        eval(&format!("{KEYS} flows.create(udp)"));
        for code in [
            "flows",
            "flows.count()",
            "flows.get(key)",
            "flows.flush()",
            "flows.create(udp)",
            "flows.create([udp, udp + #{ sport: 1 }, udp + #{ sport: 2 }])",
            "stats()",
            "expectations",
            "expectations.flush()",
            r#"on("new", |e| e)"#,
        ] {
            let program = env!("CARGO_BIN_EXE_flowsh");
            let code = format!("{KEYS}{code}");
            let told = run(
                "setpriv",
                &["--bounding-set", "-all", "--inh-caps", "-all", program, "-e", &code],
            );
            let hint = "hint: this needs CAP_NET_ADMIN: run flowsh as root, or try it without in `flowsh sandbox --demo`";
            assert!(
                told.stdout.is_empty()
                    && told.stderr.contains("Operation not permitted")
                    && told.stderr.contains(hint)
                    && told.status == 3,
                "{code}\n{told}"
            );
        }
        assert_eq!(eval("flows.count()"), "1");
    });
}
