//! Flows that are brought to a wanted state, and flows that are killed and may be back.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::lab::{Background, eval, flowsh, in_namespace, nft, until};

/// Three flows: two of udp with different marks, one of tcp.
const THREE: &str = r#"
    let key = #{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 1, dport: 53, timeout: 300.sec };
    flows.create([key + #{ mark: 0x13 }, key + #{ sport: 2, mark: 0x21 },
                  key + #{ proto: "tcp", state: "ESTABLISHED" }]);
"#;

#[test]
fn only_what_differs_is_changed_and_a_second_run_changes_nothing() {
    in_namespace(|| {
        let told = eval(&format!(
            r#"{THREE}
               let said = [];
               for n in 0..2 {{
                   let done = flows("udp").reconcile(#{{ mark: "0x10/0xf0" }});
                   said.push([done.matched, done.done, done.failed]);
               }}
               for n in 0..2 {{ said.push(reconcile("udp", #{{ timeout: 1.min }}).done) }}
               for n in 0..2 {{ said.push(reconcile("tcp", #{{ status: ["assured"] }}).done) }}
               said.push(flows("udp").sort("sport").map(|f| [f.mark, f.timeout <= 1.min]));
               said"#
        ));
        assert_eq!(told, "[[2,1,0],[2,0,0],2,0,1,0,[[19,true],[17,true]]]");
    });
}

#[test]
fn a_rule_may_judge_each_flow() {
    in_namespace(|| {
        let told = eval(&format!(
            r#"{THREE}
               let rule = |f| if f.proto == "tcp" {{ "delete" }} else if f.sport == 2 {{ #{{ mark: 5 }} }};
               let first = flows.reconcile(rule);
               [first.matched, first.done, flows.reconcile(rule).done,
                flows.sort("sport").map(|f| f.mark)]"#
        ));
        assert_eq!(told, "[3,2,0,[19,5]]");
    });
}

#[test]
fn a_limit_counts_what_differs_and_nothing_is_changed_beyond_it() {
    in_namespace(|| {
        let told = eval(&format!(
            r#"{THREE}
               let said = [];
               try {{ flows("udp").reconcile(#{{ mark: 7 }}, #{{ max: 1 }}) }} catch (e) {{ said.push(e.message) }}
               said.push(flows("udp").reconcile(#{{ mark: 0x13 }}, #{{ max: 1 }}).done);
               said"#
        ));
        insta::assert_snapshot!(told, @r#"["would have reconciled 2 flows, more than max 1; nothing was changed",1]"#);
    });
}

#[test]
fn a_handler_brings_a_new_flow_to_the_wanted_state() {
    in_namespace(|| {
        let follow = Background::listen(&[
            "-e",
            r#"flows("udp").on("new", |e| { print(e.flow.reconcile(#{ mark: 9 }).done);
                                           print(e.flow.reconcile(#{ mark: 9 }).done); stop() })"#,
        ]);
        eval(THREE);
        assert_eq!(follow.wait().ok(), "1\n0\n");
        assert_eq!(eval(r#"flows("mark 9").count()"#), "1");
    });
}

#[test]
fn a_flow_that_took_the_place_of_another_is_not_reconciled_for_it() {
    in_namespace(|| {
        // The kernel gives a flow the number of the one before it as long as its memory is free.
        let reconciled = eval(&format!(
            r#"{THREE}
            let was = flows("udp").first();
            let place = #{{ proto: "udp", src: was.src, dst: was.dst, sport: was.sport,
                           dport: was.dport }};
            was.delete();
            while true {{
                flows.create(place + #{{ timeout: 60.sec }});
                let now = flows.get(place);
                if now.id != was.id {{ break }}
                now.delete();
                flows.create(#{{ proto: "icmp", src: "10.0.0.9", dst: "10.0.0.8", icmp_type: 8,
                                icmp_id: flows.count(), timeout: 60.sec }});
            }}
            print(was.reconcile(#{{ mark: 5 }}));
            [flows.get(place).mark, was.refresh()]"#
        ));
        assert_eq!(reconciled, "reconciled 0, gone 1, failed 0, protected 0\n[0,null]");
    });
}

#[test]
fn a_rule_that_is_none_is_one_error_and_changes_nothing() {
    in_namespace(|| {
        for (code, error) in [
            ("flows.reconcile(5)", "a rule is a map, \"delete\" or a closure, not 5"),
            (
                "reconcile(\"udp\", \"remove\")",
                "a rule is a map, \"delete\" or a closure, not \"remove\"",
            ),
            ("flows.reconcile(#{})", "update needs something to change"),
            ("flows.reconcile(#{ marc: 1 })", "update has no option `marc`"),
            ("flows.reconcile(\"delete\")", "this would delete every flow"),
            ("flows.reconcile(|| 1)", "the closure must take 1 argument, not 0"),
            ("flows.reconcile(|f| true)", "a rule answers a map, \"delete\" or nothing, not true"),
        ] {
            let refused = flowsh(&["-e", &format!("{THREE} {code}")]);
            assert!(refused.stderr.starts_with(&format!("error: {error}\n")), "{code}: {refused}");
            assert_eq!(eval("flows.count()"), "3");
            eval("flows.flush()");
        }
    });
}

#[test]
fn an_established_connection_returns_after_kill_only_if_the_kernel_is_loose() {
    in_namespace(|| {
        nft("table inet t {
            chain c { type filter hook output priority 0
                ct state new accept
            }
        }");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let mut talk = || {
            client.write_all(b"x").unwrap();
            server.read_exact(&mut [0]).unwrap();
        };
        let established = || eval(r#"flows("tcp established").count()"#);
        until(|| established() == "1");
        let kill = r#"let done = flows("tcp").kill(); print(done); done.note == ()"#;
        insta::assert_snapshot!(eval(kill), @r"
        deleted 1, gone 0, failed 0, protected 0
          1 was established tcp, and nf_conntrack_tcp_loose is on: the next packet of such a connection makes it a flow again, without its NAT
          hint: `settings.tcp_loose = 0` lets only a SYN begin a flow; or let a rule reject the packets first, and kill then
        false
        ");
        talk();
        assert_eq!(eval("flows.count()"), "1");
        insta::assert_snapshot!(eval(&format!("settings.tcp_loose = 0; {kill}")), @r"
        deleted 1, gone 0, failed 0, protected 0
        true
        ");
        talk();
        assert_eq!(eval("flows.count()"), "0");
    });
}
