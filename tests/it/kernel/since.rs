//! What a change leaves alone: what others changed since it was seen, or before it is undone; and
//! everything, where its filter compares what is never the same.

use crate::lab::{eval, flowsh, in_namespace};

const FLOWS: &str = r#"
    let key = #{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", dport: 53, timeout: 1.hour };
    for sport in [1000, 1001, 1002] { flows.create(key + #{ sport: sport, mark: 7 }) }
"#;

#[test]
fn what_is_protected_now_is_not_deleted_by_what_was_seen_before() {
    in_namespace(|| {
        let told = eval(&format!(
            r#"{FLOWS}
               let held = flows("sport 1000").first();
               protect("mark 8");
               flows("sport 1000").update(#{{ mark: 8 }});
               let outcome = held.delete();
               print(outcome.done + " " + outcome.protected + " " + flows.count());"#
        ));
        assert_eq!(told, "0 1 3");
    });
}

#[test]
fn a_flow_that_took_the_name_of_one_that_was_seen_is_left_alone() {
    in_namespace(|| {
        // The kernel gives it the same id, more often than not; but not the same start.
        let told = eval(&format!(
            r#"settings.timestamp = true;
               {FLOWS}
               for round in 0..20 {{
                   let held = flows("sport 1000").first();
                   held.delete();
                   flows.create(key + #{{ sport: 1000 }});
                   let outcome = held.delete();
                   if outcome.done != 0 || outcome.gone != 1 {{ print(outcome) }}
               }}
               print(flows.count());"#
        ));
        assert_eq!(told, "3");
    });
}

#[test]
fn what_was_changed_before_the_rest_was_refused_is_told_and_undone() {
    in_namespace(|| {
        let code = format!(
            r#"{FLOWS}
               let outcome = flows("sport 1000").update(#{{ mark: "0x20/0xff", timeout: 5.min, add_labels: [5] }});
               print(outcome.done + " " + outcome.failed + " " + outcome.partly);
               let row = || {{ let f = flows("sport 1000").first(); [f.mark, f.timeout >= 299, f.timeout <= 300] }};
               print(row.call());
               print(outcome.undo().done);
               print(row.call());"#
        );
        insta::assert_snapshot!(flowsh(&["-q", "-e", &code]).told(), @"
        0 1 1
        [32, true, true]
        1
        [7, true, false]
        exit 4
        ");
    });
}

#[test]
fn a_comparison_that_never_differs_changes_nothing() {
    in_namespace(|| {
        let code = format!(
            r#"{FLOWS}
               let port = "1000";
               flows(|f| f.sport != port).delete()"#
        );
        let told = flowsh(&["-q", "-e", &code]);
        assert_eq!(told.status, 1, "{told}");
        let why = r#"nothing is changed by a comparison that never differs: `sport` is a number, and "1000" a text"#;
        assert!(told.stderr.contains(why), "{told}");
        assert_eq!(eval("flows.count()"), "3");
    });
}

#[test]
fn a_timeout_that_packets_have_set_again_is_not_undone() {
    in_namespace(|| {
        // What a packet does to it is done by hand.
        let told = eval(&format!(
            r#"{FLOWS}
               let outcome = flows.update(#{{ timeout: 20.min }});
               flows("sport 1000").update(#{{ timeout: 100.sec }});
               outcome.undo();
               print(flows.sort("sport").map(|f| [f.sport, f.timeout > 101, f.timeout > 3590]));"#
        ));
        assert_eq!(told, "[[1000, false, false], [1001, true, true], [1002, true, true]]");
    });
}

#[test]
fn the_journal_does_not_bring_back_what_others_ended() {
    in_namespace(|| {
        let file = std::env::temp_dir().join(format!("flowsh-ended-{}", std::process::id()));
        let path = file.to_str().unwrap();
        // The third flow is judged when the second is gone, but not yet sent.
        let code = format!(
            r#"{FLOWS}
               let judged = [0];
               print(flows.reconcile(|f| {{
                   judged[0] += 1;
                   if judged[0] == 3 {{ exec("conntrack", ["-D", "-p", "udp", "--sport", "1001"]) }}
                   "delete"
               }}).gone);"#
        );
        let run = flowsh(&["-q", "--allow-exec=conntrack", "--journal", path, "-e", &code]);
        let back = eval_from(path);
        std::fs::remove_file(file).unwrap();
        assert_eq!(run.ok(), "1\n");
        assert_eq!(back, "2 [1000, 1002]\n");
    });
}

#[test]
fn the_journal_has_what_was_changed_before_the_rest_was_refused() {
    in_namespace(|| {
        let file = std::env::temp_dir().join(format!("flowsh-half-{}", std::process::id()));
        let path = file.to_str().unwrap();
        let code = format!("{FLOWS} flows.update(#{{ mark: 9, add_labels: [5] }}).partly");
        let run = flowsh(&["-q", "--journal", path, "-e", &code]);
        let back = eval_from(path);
        std::fs::remove_file(file).unwrap();
        assert_eq!(run.stdout, "3\n", "{run}");
        assert_eq!(back, "3 [1000, 1001, 1002]\n");
        assert_eq!(eval("flows.distinct(\"mark\")"), "[7]");
    });
}

/// What is put back from the journal at `path`.
fn eval_from(path: &str) -> String {
    let code =
        format!(r#"print(undo("{path}").done + " " + flows.sort("sport").map(|f| f.sport))"#);
    flowsh(&["-q", "--allow-read", "-e", &code]).ok()
}
