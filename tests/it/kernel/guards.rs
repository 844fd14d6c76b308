//! What no change touches, and which changes ask. The questions themselves are in `shell`.

use crate::lab::{Run, eval, flowsh, in_namespace, run};

/// An SSH session as it comes in at a port that is translated, another one, and some flows more.
const FLOWS: &str = r#"
    let ssh = #{ proto: "tcp", src: "203.0.113.9", sport: 52144, dst: "198.51.100.1", dport: 2222,
                 state: "ESTABLISHED", timeout: 5.min };
    let udp = #{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", dport: 53, timeout: 5.min };
    flows.create([ssh + #{ dnat: "192.0.2.5:22" }, ssh + #{ sport: 52145, dnat: "192.0.2.5:22" }]
                 + [1, 2, 3, 4].map(|n| udp + #{ sport: n }));
"#;
const SESSION: &str = "203.0.113.9 52144 192.0.2.5 22";

/// Runs `flowsh -e CODE` as in an SSH session.
fn in_session(code: &str) -> Run {
    let set = format!("SSH_CONNECTION={SESSION}");
    run("env", &[&set, env!("CARGO_BIN_EXE_flowsh"), "-e", code])
}

#[test]
fn the_ssh_session_that_one_sits_in_is_never_touched() {
    in_namespace(|| {
        eval(FLOWS);
        insta::assert_snapshot!(in_session("flows.flush()").told(), @r"
        deleted 5, gone 0, failed 0, protected 1
        note: left alone: your SSH session, by SSH_CONNECTION
        hint: unprotect() lifts that
        ");
        assert_eq!(eval("flows.select(\"sport\")"), r#"{"sport":52144}"#);
        for code in [
            r#"flows("tcp").delete()"#,
            r#"flows("tcp").delete(#{ max: 0 })"#,
            r#"flows("tcp").update(#{ timeout: 1 })"#,
            "flows.first().delete()",
            "flows.first().update(#{ timeout: 1 })",
            r#"flows.flush("ipv4")"#,
        ] {
            let told = in_session(code).ok();
            assert!(told.contains(" 0, gone 0, failed 0, protected 1 "), "{code}: {told}");
        }
        let lifted = in_session("unprotect(); print(protect()); flows.flush()").told();
        assert_eq!(lifted, "[]\ndeleted 1, gone 0, failed 0, protected 0");
    });
}

#[test]
fn a_session_that_the_environment_lost_is_found_at_an_ancestor() {
    in_namespace(|| {
        eval(FLOWS);
        // As sudo does: a child of the shell in which the variable is set, without it.
        let flowsh = env!("CARGO_BIN_EXE_flowsh");
        let code = "print(protect()[0].because); flows.flush()";
        let lost = format!("env -u SSH_CONNECTION '{flowsh}' -q -e '{code}'; true");
        let told = run("env", &[&format!("SSH_CONNECTION={SESSION}"), "bash", "-c", &lost]).told();
        let (whence, outcome) = told.split_once('\n').unwrap();
        assert!(whence.starts_with("your SSH session, by the environment of bash (pid "), "{told}");
        assert_eq!(outcome, "deleted 5, gone 0, failed 0, protected 1");
    });
}

#[test]
fn what_a_script_protects_is_never_touched() {
    in_namespace(|| {
        eval(FLOWS);
        for filter in
            ["\"udp sport 3\"", "#{ sport: 3 }", "|f| f.sport == 3", "filter(\"sport 3\")"]
        {
            let told = eval(&format!(
                "protect({filter}); protect(\"tcp\"); print(flows(\"udp\").update(#{{ mark: 1 }})); \
                 flows(\"udp or tcp\").delete().undo()"
            ));
            let updated = "updated 3, gone 0, failed 0, protected 1";
            let back = "put back 3, gone 0, failed 0, protected 0";
            assert_eq!(told, format!("{updated}\n{back}"), "{filter}");
        }
        assert_eq!(eval(r#"flows("sport 3").first().mark"#), "0");
        assert_eq!(
            eval(
                r#"protect("udp sport 3"); protect(|f| f.mark == 1); protect().map(|p| p.filter)"#
            ),
            r#"["proto udp and sport 3","mark 0x1"]"#
        );
    });
}

#[test]
fn a_closure_that_fails_protects_and_its_error_is_told_once() {
    in_namespace(|| {
        eval(FLOWS);
        let run = flowsh(&["-e", r#"protect(|f| f.aeg > 1); flows("udp").delete()"#]);
        insta::assert_snapshot!(run.told(), @r#"
        deleted 0, gone 0, failed 0, protected 4
        error: a flow has no field `aeg`
          --> -e:1:14
           |
         1 | protect(|f| f.aeg > 1); flows("udp").delete()
           |              ^
          in a closure, called at 1:1
        hint: did you mean `age`?
          while judging what is protected: such flows are left alone
        exit 1
        "#);
        assert_eq!(eval("flows.count()"), "6");
    });
}

#[test]
fn a_limit_counts_what_would_really_go() {
    in_namespace(|| {
        eval(FLOWS);
        let told = eval(r#"protect("udp sport 1"); flows("udp").delete(#{ max: 3 })"#);
        assert_eq!(told, "deleted 3, gone 0, failed 0, protected 1");
    });
}
