//! Changes with a limit: counted first, then each flow looked up again before it is changed.

use crate::lab::{eval, in_namespace};

/// Makes `n` udp flows.
fn fill(n: u16) {
    eval(&format!(
        r#"let flows_ = []; for i in 0..{n} {{ flows_.push(#{{ proto: "udp", src: "10.0.0.1",
           dst: "10.0.0.2", sport: 1000 + i, dport: 53, timeout: 60.sec }}); }} flows.create(flows_)"#
    ));
}

#[test]
fn a_change_within_its_limit_reaches_every_flow() {
    in_namespace(|| {
        fill(400);
        let updated = eval(r#"flows("udp").update(#{ mark: 7 }, #{ max: "100%" })"#);
        assert_eq!(updated, "updated 400, gone 0, failed 0, protected 0");
        let deleted = eval(r#"flows("mark 7").delete(#{ max: 400 })"#);
        assert_eq!(deleted, "deleted 400, gone 0, failed 0, protected 0");
        assert_eq!(eval("flows.count()"), "0");
    });
}

#[test]
fn a_change_beyond_its_limit_reaches_none() {
    in_namespace(|| {
        fill(10);
        let refused = eval(
            r#"try { flows("udp").delete(#{ max: 9 }) } catch (error) { print(error.message) }
               flows("udp").count()"#,
        );
        let told = "would have deleted 10 flows, more than max 9; nothing was changed";
        assert_eq!(refused, format!("{told}\n10"));
    });
}

#[test]
fn a_flow_that_changed_since_it_was_counted_is_left_alone() {
    in_namespace(|| {
        fill(10);
        // Each flow that is counted is marked, and so is none of them any more.
        let marks = "where(|f| { f.update(#{ mark: 1 }); true })";
        for narrowed in [format!("{marks}.take(2)"), format!("take(2).{marks}"), marks.to_owned()] {
            let found = eval(&format!("flows(\"mark 0\").{narrowed}.delete(#{{ max: 10 }})"));
            assert!(found.starts_with("deleted 0, gone "), "{narrowed}: {found}");
        }
        assert_eq!(eval("flows.count()"), "10");
    });
}

#[test]
fn what_a_closure_remembers_is_not_asked_again() {
    in_namespace(|| {
        fill(100);
        let told = eval(
            r#"let n = 0; let seen = window(10.sec);
               let first = |f| { n += 1; n <= 50 };
               print(flows(first).update(#{ mark: 1 }, #{ max: 60 })); print(n);
               print(flows(|f| seen.add(f.src) <= 20).update(#{ mark: 2 }, #{ max: "30%" }));
               let n = 0;
               print(flows.reconcile(|f| { n += 1; if n <= 5 { #{ mark: 3 } } }, #{ max: 50 }));
               print(n);
               // Whoever was changed meanwhile is left alone, as far as that is asked of the flow.
               let n = 0;
               print(flows("mark 0").where(|f| { n += 1; f.update(#{ mark: 4 }); n <= 10 })
                   .delete(#{ max: 60 }));
               flows.group("mark").sort("mark").array().map(|row| [row.mark, row.flows])"#,
        );
        insta::assert_snapshot!(told, @r"
        updated 50, gone 0, failed 0, protected 0
        100
        updated 20, gone 0, failed 0, protected 0
        reconciled 5, gone 0, failed 0, protected 0
        100
        deleted 0, gone 10, failed 0, protected 0
        [[1,30],[2,15],[3,5],[4,50]]
        ");
    });
}
