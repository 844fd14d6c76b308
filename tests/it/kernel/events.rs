//! Events: heard in order, filtered, shown as `conntrack -E` shows them; and ends by signals.

use crate::lab::{
    Background, conntrack, eval, flowsh, in_namespace, masked, with_helpers, with_labels,
};

const KEY: &str =
    r#"let key = #{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 5, dport: 6 };"#;

#[test]
fn events_look_as_conntrack_shows_them() {
    in_namespace(|| {
        eval("settings.timestamp = 1; settings.acct = 1; settings.events = 1");
        let ours = Background::listen(&[
            "-o",
            "conntrack,extended,id,timestamp",
            "-e",
            r#"let left = 7; on(["new", "update", "destroy"], |e| { show(e); left -= 1; if left == 0 { stop() } })"#,
        ]);
        let theirs = Background::listener("conntrack", &["-E", "-o", "extended,id,timestamp"]);
        conntrack("-I -p udp -s 10.0.0.1 -d 10.0.0.2 --sport 1 --dport 2 -t 60 -m 7").ok();
        conntrack("-U -f ipv4 -p udp -s 10.0.0.1 -m 9").ok();
        eval(
            r#"flows.create(#{ proto: "tcp", src: "fd00::1", dst: "fd00::2", sport: 1, dport: 2, zone: 3,
                              timeout: 60.sec, state: "ESTABLISHED", snat: "fd00::3", status: "assured" });
               flows("tcp").update(#{ state: "TIME_WAIT", timeout: 10.sec })"#,
        );
        conntrack("-D -f ipv4 -p udp -s 10.0.0.1").ok();
        eval("flows.flush()");
        conntrack(
            "-I -p icmp -s 10.0.0.1 -d 10.0.0.2 --icmp-type 8 --icmp-code 0 --icmp-id 9 -t 60",
        )
        .ok();
        let (ours, theirs) = (ours.wait().ok(), theirs.stop("INT").ok());
        // The kernel's time and the port are those of the event; conntrack adds the program's name,
        // and 1.4.7 takes the time of receipt.
        let tame = |text: &str| -> Vec<String> {
            let lines = text.lines().map(|line| {
                let line = line.split_once('\t').unwrap().1;
                masked(line.split(" progname=").next().unwrap())
            });
            lines.collect()
        };
        assert_eq!(tame(&ours), tame(&theirs));
        insta::assert_snapshot!(tame(&ours).join("\n"), @"
            [NEW] ipv4     2 udp      17 # src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 mark=7 id=# [USERSPACE] portid=#
         [UPDATE] ipv4     2 udp      17 # src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 mark=9 id=# [USERSPACE] portid=#
            [NEW] ipv6     10 tcp      6 # ESTABLISHED src=fd00::1 dst=fd00::2 sport=1 dport=2 [UNREPLIED] src=fd00::2 dst=fd00::3 sport=2 dport=1 [ASSURED] mark=0 zone=3 id=# [USERSPACE] portid=#
         [UPDATE] ipv6     10 tcp      6 # TIME_WAIT src=fd00::1 dst=fd00::2 sport=1 dport=2 [UNREPLIED] src=fd00::2 dst=fd00::3 sport=2 dport=1 [ASSURED] mark=0 zone=3 id=# [USERSPACE] portid=#
        [DESTROY] ipv4     2 udp      17 # src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 packets=0 bytes=0 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 packets=0 bytes=0 mark=9 delta-time=# id=# [USERSPACE] portid=#
        [DESTROY] ipv6     10 tcp      6 # TIME_WAIT src=fd00::1 dst=fd00::2 sport=1 dport=2 packets=0 bytes=0 [UNREPLIED] src=fd00::2 dst=fd00::3 sport=2 dport=1 packets=0 bytes=0 [ASSURED] zone=3 delta-time=# id=# [USERSPACE] portid=#
            [NEW] ipv4     2 icmp     1 # src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=9 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=9 mark=0 id=# [USERSPACE] portid=#
        ");
    });
}

#[test]
fn events_are_filtered_by_kind_and_by_flow() {
    in_namespace(|| {
        // The first line joins both groups at once: from then on nothing is missed.
        let listener = Background::listen(&[
            "-e",
            r#"on(["new", "destroy"], |e| ());
               flows("sport 5").on("new", |e| print(`${e.kind} ${e.flow.sport}`));
               flows.where(|f| f.sport > 5).on(["destroy"], |e| print(`${e.kind} ${e.flow.sport}`));
               on("destroy", |e| if e.flow.sport == 9 { stop() });"#,
        ]);
        eval(&format!(
            r"{KEY}
               for n in [4, 5, 6, 9] {{ flows.create(key + #{{ sport: n, timeout: 60.sec }}) }}
               for n in [4, 5, 6, 9] {{ flows.get(key + #{{ sport: n }}).delete() }}"
        ));
        assert_eq!(listener.wait().ok(), "new 5\ndestroy 6\ndestroy 9\n");
    });
}

#[test]
fn an_event_has_its_flow_kind_time_and_cause() {
    in_namespace(|| {
        let listener = Background::listen(&[
            "-e",
            r#"on("update", |e| {
                   let late = now() - e.time;
                   print([e.kind, e.flow.mark, e.flow.src, e.flow.reply.dst, e.synthetic, e.portid > 0,
                          late >= 0.sec && late < 10.sec, e.expectation]);
                   stop()
               })"#,
        ]);
        eval(&format!(
            "{KEY} flows.create(key + #{{ timeout: 60.sec }}); flows.get(key).update(#{{ mark: 5 }})"
        ));
        insta::assert_snapshot!(listener.wait().ok(), @r#"["update", 5, 10.0.0.1, 10.0.0.1, false, true, true, ()]"#);
    });
}

#[test]
fn expectation_events_look_as_conntrack_shows_them() {
    in_namespace(|| {
        with_helpers();
        let ours = Background::listen(&[
            "-o",
            "conntrack",
            "-e",
            r#"let left = 2; expectations.on(["new", "destroy"], |e| { show(e); left -= 1; if left == 0 { stop() } })"#,
        ]);
        let theirs = Background::listener("conntrack", &["-E", "expect"]);
        eval(
            r#"let ftp = #{ proto: "tcp", src: "10.0.0.1", dst: "10.0.0.2", sport: 1024, dport: 21 };
               flows.create(ftp + #{ state: "ESTABLISHED", timeout: 60.sec, helper: "ftp" });
               expectations.create(#{ proto: "tcp", src: "10.0.0.2", dst: "10.0.0.1", sport: 0,
                                      dport: 5000, master: ftp, timeout: 30.sec, helper: "ftp" });
               expectations.flush()"#,
        );
        let (ours, theirs) = (ours.wait().ok(), theirs.stop("INT").ok());
        assert_eq!(masked(&ours), masked(&theirs));
        insta::assert_snapshot!(masked(&ours), @"
            [NEW] # proto=6 src=10.0.0.2 dst=10.0.0.1 sport=0 dport=5000 mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 master-src=10.0.0.1 master-dst=10.0.0.2 sport=1024 dport=21 class=0 helper=ftp
        [DESTROY] # proto=6 src=10.0.0.2 dst=10.0.0.1 sport=0 dport=5000 mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 master-src=10.0.0.1 master-dst=10.0.0.2 sport=1024 dport=21 class=0 helper=ftp
        ");
    });
}

#[test]
fn a_loop_over_events_ends_when_its_time_or_number_is_up() {
    in_namespace(|| {
        let listener = Background::listen(&[
            "-e",
            r#"for e in flows("sport 5").events(["new", "destroy"]).take(2) { print(e.kind) }
               for e in flows.events("new").within(50.ms) { print("late") }
               print("over");"#,
        ]);
        eval(&format!("{KEY} flows.create(key + #{{ timeout: 60.sec }}); flows.flush()"));
        assert_eq!(listener.wait().ok(), "new\ndestroy\nover\n");
    });
}

#[test]
fn a_slow_loop_gets_all_events_that_came_in_its_time() {
    in_namespace(|| {
        let listener = Background::listen(&[
            "-e",
            r#"let seen = 0;
               for e in flows.events("new").within(400.ms) { seen += 1; sleep(100.ms) }
               print(seen);"#,
        ]);
        eval(&format!(
            "{KEY} for n in 0..12 {{ flows.create(key + #{{ sport: 100 + n, timeout: 60.sec }}) }}"
        ));
        assert_eq!(listener.wait().ok(), "12\n");
    });
}

#[test]
fn a_mark_of_0_is_one_though_the_kernel_leaves_it_out() {
    in_namespace(|| {
        // A rule has the packets tracked.
        with_labels("");
        let listener = Background::listen(&[
            "-e",
            r#"let ask = |f| f.mark == 0;
               flows("mark 0").on("new", |e| print(`text ${e.flow.sport}`));
               flows.where(ask).on("new", |e| print(`closure ${e.flow.sport}`));
               flows("mark 7").on("new", |e| print(`seven ${e.flow.sport} ${e.flow.mark}`));
               flows("bytes > 5").on("new", |e| print("never"));
               flows("dport 99").on("new", |e| stop());"#,
        ]);
        // With packets the kernel tells no mark; of a flow that is made it tells that it was set.
        let socket = std::net::UdpSocket::bind("127.0.0.1:3000").unwrap();
        socket.send_to(b"x", "127.0.0.1:3001").unwrap();
        socket.send_to(b"x", "127.0.0.1:99").unwrap();
        let told = listener.wait();
        assert_eq!(told.stdout, "text 3000\nclosure 3000\ntext 3000\nclosure 3000\n", "{told}");
        let note = "note: new events show no `bytes`, so none of them is taken for it";
        assert!(told.stderr.contains(note), "{told}");
    });
}

#[test]
fn a_handler_that_was_taken_off_is_not_called_any_more() {
    in_namespace(|| {
        let listener = Background::listen(&[
            "-e",
            r#"let second = ();
               flows.on("new", |e| { print("first"); off(second); after(50.ms, || stop()) });
               second = flows.on("new", |e| print("second"));"#,
        ]);
        eval(&format!("{KEY} flows.create(key + #{{ timeout: 60.sec }})"));
        assert_eq!(listener.wait().ok(), "first\n");
    });
}

#[test]
fn timers_do_not_wait_for_events_that_are_queued() {
    in_namespace(|| {
        let listener = Background::listen(&[
            "-e",
            r#"let seen = 0;
               flows.on("new", |e| { if seen == 0 { after(200.ms, || { print(seen < 30); stop() }) }
                                     seen += 1; sleep(20.ms) })"#,
        ]);
        eval(&format!(
            "{KEY} for n in 0..60 {{ flows.create(key + #{{ sport: 100 + n, timeout: 60.sec }}) }}"
        ));
        assert_eq!(listener.wait().ok(), "true\n");
    });
}

#[test]
fn both_signals_end_a_listener_with_status_0() {
    in_namespace(|| {
        for signal in ["INT", "TERM"] {
            let listener = Background::listen(&[
                "-e",
                r#"on("new", |e| print(e.flow.sport)); print("ready")"#,
            ]);
            let told = listener.stop(signal);
            assert_eq!((told.stderr.as_str(), told.status), ("", 0), "{signal}: {told}");
            // `timeout` sends two.
            let twice = Background::listen(&["conntrack", "-E"]);
            twice.signal("TERM");
            let told = twice.stop("TERM");
            assert_eq!(told.status, 0, "{told}");
            let looping =
                Background::listen(&["-e", r#"for e in flows.events("new") { print(e) }"#]);
            let told = looping.stop(signal);
            assert_eq!((told.stderr.as_str(), told.status), ("", 0), "{signal}, in a loop: {told}");
        }
    });
}

#[test]
fn an_error_of_a_handler_names_line_and_event_and_the_rest_goes_on() {
    in_namespace(|| {
        let listener = Background::listen(&[
            "-e",
            r#"on("new", |e| {
                   if e.flow.sport == 5 { e.flow.nonsense }
                   stop()
               })"#,
        ]);
        eval(&format!(
            "{KEY} flows.create([key + #{{ timeout: 60.sec }}, key + #{{ sport: 6, timeout: 60.sec }}])"
        ));
        let told = listener.wait();
        assert_eq!(told.status, 1, "{told}");
        insta::assert_snapshot!(told.stderr, @r#"
        error: a flow has no field `nonsense`
          --> -e:2:49
           |
         2 |                    if e.flow.sport == 5 { e.flow.nonsense }
           |                                                 ^
          in a closure, called at 1:1
        hint: `help("Flow")` lists the fields
          while handling new udp 10.0.0.1:5 -> 10.0.0.2:6 [UNREPLIED] 60s
        "#);
    });
}

#[test]
fn what_one_handler_throws_keeps_no_other_from_being_called() {
    in_namespace(|| {
        let told = flowsh(&[
            "-e",
            r#"let seen = false;
               let once = false;
               flows.on("new", |e| throw "broken");
               flows.on("new", |e| { print(e.flow.sport); seen = true });
               every(10.ms, || throw "late");
               after(10.ms, || { print("once"); once = true });
               every(10.ms, || if seen && once { stop() });
               flows.create(#{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 7, dport: 53,
                               timeout: 60.sec });
               let due = now() + 20.ms;
               while now() < due {}"#,
        ]);
        let mut lines: Vec<&str> = told.stdout.lines().collect();
        lines.sort_unstable();
        assert_eq!((lines.as_slice(), told.status), (["7", "once"].as_slice(), 1), "{told}");
        for said in ["error: broken\n", "error: late\n"] {
            assert!(told.stderr.contains(said), "{told}");
        }
    });
}
