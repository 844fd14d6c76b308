//! What there is besides flows: counters, settings, the dying list, other namespaces.

use crate::lab::{Background, conntrack, eval, flowsh, in_namespace, nft, run, until};

/// Makes the kernel track packets.
fn tracked() {
    nft("table inet t {
        chain c { type filter hook output priority 0
            ct state new accept
        }
    }");
}

#[test]
fn statistics_are_those_that_conntrack_prints() {
    in_namespace(|| {
        eval(
            r#"let key = #{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 5, dport: 6 };
               flows.create([1, 2, 3].map(|n| key + #{ sport: n, timeout: 60.sec }));"#,
        );
        let ours = eval(
            r#"let text = "";
               for cpu in stats() {
                   text += `cpu=${cpu.cpu}`;
                   for name in ["found", "invalid", "insert", "insert_failed", "drop", "early_drop",
                                "error", "search_restart", "clash_resolve", "chaintoolong"] {
                       text += ` ${name}=${cpu[name]}`;
                   }
                   text += "\n";
               }
               text"#,
        );
        let theirs = conntrack("-S").ok();
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        // Newer names than conntrack 1.4.7 knows are `(null)` there.
        assert_eq!(words(&ours), words(&theirs));
        assert_eq!(eval(r#"[stats().sum("insert"), flows.count()]"#), "[3,3]");
        assert_eq!(conntrack("-C").ok(), "3\n");
    });
}

#[test]
fn settings_are_read_and_written_by_name() {
    in_namespace(|| {
        let file = |name: &str| {
            std::fs::read_to_string(format!("/proc/sys/net/netfilter/nf_conntrack_{name}")).unwrap()
        };
        let told = eval(
            r#"settings.acct = true;
               settings["timestamp"] = 1;
               settings.udp_timeout = 2.min;
               [settings.acct, settings.timestamp, settings.udp_timeout, settings.count,
                settings.max > 0, "udp_timeout" in settings.names]"#,
        );
        assert_eq!(told, "[1,1,120,0,true,true]");
        assert_eq!([file("acct"), file("timestamp"), file("udp_timeout")], ["1\n", "1\n", "120\n"]);
        let wrong = flowsh(&["-e", "settings.acctt"]);
        insta::assert_snapshot!(wrong.told(), @"
        error: this kernel has no setting `acctt`
          --> -e:1:9
           |
         1 | settings.acctt
           |         ^
        hint: did you mean `acct`?
        exit 1
        ");
    });
}

#[test]
fn reading_with_zero_counts_from_then_on() {
    in_namespace(|| {
        tracked();
        eval("settings.acct = true");
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let send = || socket.send_to(b"12345678", "127.0.0.1:9").unwrap();
        send();
        let read = r#"flows("udp").sum("packets")"#;
        assert_eq!(eval(&format!("[{read}, flows.zero().array().len(), {read}]")), "[1,1,0]");
        send();
        send();
        assert_eq!(eval(read), "2");
        // A filter behind it would hide flows whose counters are gone all the same.
        let refused = r#"try { flows.zero().where("icmp").count() } catch { print("refused") }"#;
        assert_eq!(eval(&format!("{refused} {read}")), "refused\n2");
    });
}

#[test]
fn flows_whose_end_nobody_was_told_are_in_the_dying_list() {
    in_namespace(|| {
        // Nothing listens reliably here, so the list is as empty as conntrack's.
        assert_eq!(eval("flows.dying().count()"), "0");
        assert_eq!(conntrack("-L dying").ok(), "");
    });
}

#[test]
fn the_table_of_another_namespace_is_reached_by_name_and_by_pid() {
    in_namespace(|| {
        run("mount", &["-t", "tmpfs", "none", "/run"]).ok();
        run("ip", &["netns", "add", "blue"]).ok();
        let process = Background::start("unshare", &["--net", "sleep", "60"]);
        // It is in its namespace once it is `sleep`.
        let name = || std::fs::read_to_string(format!("/proc/{}/comm", process.id())).unwrap();
        until(|| name() == "sleep\n");
        let pid = process.id();
        let told = eval(&format!(
            r#"let key = #{{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 5, dport: 6, timeout: 60.sec }};
               let blue = netns("blue");
               let other = netns({pid});
               blue.flows.create([key, key + #{{ sport: 6 }}]);
               other.flows.create(key);
               other.settings.acct = 1;
               [flows.count(), blue.flows.count(), other.flows("udp").count(),
                netns_all().map(|n| n.name), settings.acct, other.settings.acct,
                blue.flows.first().delete().done, blue.flows.count()]"#
        ));
        assert_eq!(told, r#"[0,2,1,["blue"],0,1,1,1]"#);
        assert_eq!(flowsh(&["--netns", &pid.to_string(), "-e", "flows.count()"]).ok(), "1\n");
        let missing = flowsh(&["-e", r#"netns("green").flows.count()"#]);
        insta::assert_snapshot!(missing.told(), @r#"
        error: cannot enter network namespace green: No such file or directory (os error 2)
          --> -e:1:22
           |
         1 | netns("green").flows.count()
           |                      ^^^^^
        hint: `ip netns list` shows the names there are
        exit 3
        "#);
    });
}
