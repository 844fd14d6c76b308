//! `explain()` on a live table: queries before and after a run, changes, subscriptions.

use insta::assert_snapshot;

use crate::lab::{flowsh, in_namespace};

/// What `code` prints over two flows; times, which differ, as `…`.
fn check(code: &str) -> String {
    let made = r#"
        for port in [53, 123] {
            flows.create(#{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 1024, dport: port,
                            timeout: 1.hour });
        }
    "#;
    let output = flowsh(&["sandbox", "-q", "-e", &format!("{made}{code}")]);
    assert_eq!(output.stderr, "");
    let lines = output.stdout.lines().map(|line| match line.split_once(" -> ") {
        Some((before, after)) => {
            let out = after.split_whitespace().next().unwrap_or_default();
            format!("{before} -> {out} …\n")
        }
        None => format!("{line}\n"),
    });
    lines.collect()
}

#[test]
fn a_query_tells_who_would_do_what_and_then_what_each_took() {
    in_namespace(|| {
        assert_snapshot!(check(r#"
            let n = 0;
            let q = flows("host 10.0.0.1").where(|f| { n += 1; f.dport == 53 });
            print(q.explain());
            q.count();
            print("");
            print(q.explain());
        "#), @r#"
        kernel:       sends ipv4 src 10.0.0.1
                      and   ipv4 dst 10.0.0.1
                      and   ipv4 reply.src 10.0.0.1
                      and   ipv4 reply.dst 10.0.0.1
        native:       host 10.0.0.1
        interpreter:  a part of the closure given at -e:8:44, because it assigns to a variable at 8:58
        kept:         nothing, flows pass one by one

        kernel:       sends ipv4 src 10.0.0.1
                      and   ipv4 dst 10.0.0.1
                      and   ipv4 reply.src 10.0.0.1
                      and   ipv4 reply.dst 10.0.0.1
        native:       host 10.0.0.1
        interpreter:  a part of the closure given at -e:8:44, because it assigns to a variable at 8:58
        kept:         nothing, flows pass one by one
        last run:     kernel               -> 4 …
                      native             4 -> 2 …
                      closures           2 -> 1 …
        "#);
        assert_snapshot!(check(r#"
            print(flows.explain("count"));
            print(flows("tcp").skip(2).take(10).where(|f| f.sport > 5).explain("sort"));
        "#), @r#"
        kernel:       tells how many there are, and sends none
        kernel:       sends ipv4 proto tcp
                      and   ipv6 proto tcp
        native:       proto tcp
                      leaves out the first 2
                      ends after 10
                      sport 6-65535
        kept:         every flow
        "#);
    });
}

#[test]
fn a_query_that_is_narrowed_further_was_not_run() {
    in_namespace(|| {
        let code = r#"let q = flows("udp"); q.count(); print(q.take(1).explain())"#;
        assert!(!check(code).contains("last run"));
        assert!(check(&code.replace(".take(1)", "")).contains("last run"));
    });
}

#[test]
fn a_change_tells_how_it_goes_about_it() {
    in_namespace(|| {
        assert_snapshot!(check(r#"
            unprotect();
            print(flows("udp dport 53").explain("delete"));
            protect("dst 10.0.0.7");
            print("");
            print(flows("udp dport 53").explain("update", #{ max: "10%" }));
        "#), @r#"
        kernel:       sends ipv4 proto udp dport 53
                      and   ipv6 proto udp dport 53
        native:       proto udp and dport 53
        kept:         two batches of requests, flows pass one by one
        change:       deletes by tuple, zone and id
                      while the kernel still sends

        kernel:       sends ipv4 proto udp dport 53
                      and   ipv6 proto udp dport 53
        native:       proto udp and dport 53
        kept:         the key of each flow, up to the limit
        change:       updates by tuple and zone: the kernel looks at no id
                      when all are found, and each was looked up and judged again
        guards:       refuses, untouched, if there are more than 10%
                      leaves alone dst 10.0.0.7 (protect())
        "#);
    });
}

#[test]
fn a_subscription_tells_what_it_listens_to() {
    in_namespace(|| {
        assert_snapshot!(check(r#"
            print(flows("udp").events(["destroy", "new"]).within(5.sec).take(3).explain());
            let options = #{ per: "src", throttle: 1.sec };
            let port = 443;
            let handler = flows("tcp").where(|f| f.dport == port).on("update", options, |e| 1);
            print("");
            print(handler.explain());
            stop();
        "#), @r#"
        kernel:       sends new, destroy of every flow
        native:       proto udp, in the thread that listens
        kept:         up to 65,536 events that wait; what is lost beyond is counted
        ends:         after 5.00 s
                      after 3 events

        kernel:       sends update of every flow
        native:       proto tcp, in the thread that listens
                      the closure given at -e:10:40, compiled
        kept:         up to 65,536 events that wait; what is lost beyond is counted
        throttle:     one call in 1.00 s for each src
        "#);
    });
}

#[test]
fn what_cannot_be_explained_is_named() {
    in_namespace(|| {
        assert_snapshot!(check(r#"
            for (verb, n) in ["delte", "sort", "delete"] {
                let options = [#{}, #{ max: 3 }, #{ mix: 3 }];
                try { flows("udp").explain(verb, options[n]) } catch (error) { print(error) }
            }
            let handler = flows.on("new", |e| 1);
            handler.off();
            try { handler.explain() } catch (error) { print(error) }
        "#), @r#"
        there is no `delte` to explain
        `sort` has no option `max`: it changes nothing
        a change has no option `mix`
        this is no handler of events, or it is off already
        "#);
    });
}
