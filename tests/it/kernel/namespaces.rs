//! Several network namespaces as one table: each flow says where it is from, and is changed there.

use crate::lab::{eval, flowsh, in_namespace, run};

/// Namespaces `blue` and `red` with the same two flows, and a name with nothing behind it.
fn namespaces() {
    run("mount", &["-t", "tmpfs", "none", "/run"]).ok();
    for name in ["blue", "red"] {
        run("ip", &["netns", "add", name]).ok();
    }
    eval(
        r#"let key = #{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", dport: 53, timeout: 300.sec };
           for n in netns_all() { n.flows.create([key + #{ sport: 1 }, key + #{ sport: 2 }]) }"#,
    );
}

#[test]
fn the_flows_of_all_namespaces_are_one_query() {
    in_namespace(|| {
        namespaces();
        let told = eval(
            r#"let all = netns_all();
               [all.len, all.flows.count(), all.flows("udp sport 1").count(), flows.count(),
                all.flows.distinct("netns"), all.flows("netns red").map(|f| f.netns),
                all.flows.where(|f| f.netns == "blue").count(), all.flows.skip(1).take(2).count(),
                all.flows.group("netns", "sport").map(|row| row.flows),
                all.filter(|n| n.name == "red").flows.count(), all.map(|n| n.flows.count())]"#,
        );
        assert_eq!(told, r#"[2,4,2,0,["blue","red"],["red","red"],2,2,[1,1,1,1],2,[2,2]]"#);
        let shown = flowsh(&["-o", "table", "-e", r#"netns_all().flows("sport 1")"#]).ok();
        let columns = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        let shown: Vec<String> = shown.lines().map(columns).collect();
        assert_eq!(shown, ["netns proto", "blue udp", "red udp"]);
    });
}

#[test]
fn a_change_reaches_each_flow_where_it_is_from() {
    in_namespace(|| {
        namespaces();
        let told = eval(
            r#"let all = netns_all();
               let show = || {
                   let lines = all.flows.map(|f| `${f.netns} ${f.sport} ${f.mark}`);
                   lines.sort();
                   lines
               };
               let said = [];
               said.push(all.flows("netns red and sport 1").update(#{ mark: 7 }).done);
               for f in all.flows("sport 2") { f.update(#{ mark: if f.netns == "blue" { 8 } else { 9 } }) }
               said.push(show.call());
               said.push(all.flows("mark {7, 8}").delete(#{ max: "50%" }).done);
               said.push(show.call());
               said.push(all.flows.take(1).delete().done);
               said.push([netns("blue").flows.count(), netns("red").flows.count()]);
               said"#,
        );
        insta::assert_snapshot!(told, @r#"[1,["blue 1 0","blue 2 8","red 1 7","red 2 9"],2,["blue 1 0","red 2 9"],1,[0,1]]"#);
    });
}

#[test]
fn a_snapshot_of_all_namespaces_keeps_them_apart() {
    in_namespace(|| {
        namespaces();
        let told = eval(
            r#"let before = netns_all().flows.snapshot();
               netns("red").flows("sport 1").update(#{ mark: 7 });
               netns("blue").flows("sport 2").delete();
               let diff = netns_all().flows.snapshot().diff(before);
               [diff.added.count(), diff.removed.map(|f| f.netns),
                diff.changed.map(|row| [row.flow.netns, row.field, row.before, row.after])]"#,
        );
        assert_eq!(told, r#"[0,["blue"],[["red","mark",0,7]]]"#);
    });
}

#[test]
fn a_name_of_digits_is_a_name_where_there_is_one() {
    in_namespace(|| {
        namespaces();
        let own = std::process::id().to_string();
        run("ip", &["netns", "add", &own]).ok();
        let key = r#"#{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 1, dport: 2 }"#;
        let code = format!(
            r#"flows.create({key} + #{{ timeout: 60.sec }}); print(netns("{own}").flows.count())"#
        );
        assert_eq!(flowsh(&["-q", "--netns", &own, "-e", &code]).ok(), "1\n");
        assert_eq!(eval("flows.count()"), "0");
    });
}

#[test]
fn a_namespace_that_cannot_be_entered_is_told_of_and_not_fatal() {
    in_namespace(|| {
        namespaces();
        std::fs::write("/run/netns/gone", "").unwrap();
        let told = flowsh(&[
            "-e",
            "let all = netns_all(); print(all.flows.count()); all.flows.take(9).count()",
        ]);
        insta::assert_snapshot!(told.told(), @r"
        4
        4
        warning: the flows of gone are missing: cannot enter network namespace gone: Invalid argument (os error 22)
        ");
        let none = flowsh(&["-e", r#"netns_all().filter(|n| n.name == "gone").flows.count()"#]);
        insta::assert_snapshot!(none.told(), @r#"
        warning: the flows of gone are missing: cannot enter network namespace gone: Invalid argument (os error 22)
        error: none of the network namespaces can be entered
          --> -e:1:48
           |
         1 | netns_all().filter(|n| n.name == "gone").flows.count()
           |                                                ^^^^^
        exit 1
        "#);
    });
}

#[test]
fn what_needs_one_namespace_is_refused_for_several() {
    in_namespace(|| {
        namespaces();
        for code in [
            "flush()",
            "on(\"new\", |e| ())",
            "get(#{ proto: \"udp\", src: \"10.0.0.1\", dst: \"10.0.0.2\", sport: 1, dport: 53 })",
        ] {
            let refused = flowsh(&["-e", &format!("netns_all().flows.{code}")]);
            let said = "error: this needs one network namespace, and these are 2: name it, with netns(…)\n";
            assert!(refused.stderr.starts_with(said) && refused.status == 1, "{code}: {refused}");
        }
        assert_eq!(eval("netns_all().flows.count()"), "4");
    });
}

#[test]
fn what_a_journal_has_of_a_namespace_that_is_gone_has_failed() {
    in_namespace(|| {
        namespaces();
        let journal = "/run/journal";
        flowsh(&["--journal", journal, "-e", "netns_all().flows(\"sport 1\").delete()"]).ok();
        run("ip", &["netns", "del", "blue"]).ok();
        let undo = format!("undo(\"{journal}\")");
        let refused = flowsh(&["--allow-read", "-e", &undo]);
        insta::assert_snapshot!(refused.told(), @r"
        put back 1, gone 0, failed 1, protected 0
          1 failed: cannot enter network namespace blue: No such file or directory (os error 2); the first was udp 10.0.0.1:1 -> 10.0.0.2:53
        exit 4
        ");
        run("ip", &["netns", "del", "red"]).ok();
        insta::assert_snapshot!(flowsh(&["--allow-read", "-e", &undo]).told(), @r#"
        error: cannot enter network namespace red: No such file or directory (os error 2)
          --> -e:1:1
           |
         1 | undo("/run/journal")
           | ^^^^
        hint: `ip netns list` shows the names there are
        exit 3
        "#);
    });
}

#[test]
fn an_event_says_in_which_namespace_it_happened() {
    in_namespace(|| {
        namespaces();
        let told = eval(
            r#"let red = netns("red").flows;
               red.where("netns red").on("new", |e| { print(e.flow.netns); stop() });
               red.create(#{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 3, dport: 53,
                             timeout: 60.sec });"#,
        );
        assert_eq!(told.lines().last(), Some("red"));
    });
}
