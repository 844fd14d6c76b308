//! `--script`: what it prints does what the command line does.

use insta::assert_snapshot;

use crate::lab::{Background, flowsh, in_namespace, masked};

use super::{TABLE, dialect, fed, fill, named, table};

#[track_caller]
fn check(line: &str) -> String {
    let script = dialect(&format!("--script {line}")).ok();
    fill(TABLE);
    let status = dialect(line).status;
    let theirs = table();
    fill(TABLE);
    let answer = flowsh(&["-e", &script]);
    assert_eq!(
        answer.status == 0,
        status == 0 || line.starts_with("-D") || line.starts_with("-U"),
        "{script}{answer}"
    );
    assert_eq!(table(), theirs, "{line}\n{script}{answer}");
    script
}

#[test]
fn a_script_does_what_its_line_does() {
    in_namespace(|| {
        assert_snapshot!(check("-D -s 10.0.0.1"), @r#"flows("src 10.0.0.1").delete()"#);
        assert_snapshot!(check("-D -p tcp --dport 80 -m 0x3/0xf -u ASSURED"), @r#"flows("proto tcp and dport 80 and mark 0x3/0xf and status assured").delete()"#);
        assert_snapshot!(check("-U -s 10.0.0.1"), @r#"// flows("src 10.0.0.1") stay as they are"#);
        assert_snapshot!(check("-D -u UNREPLIED -w 5"), @r#"flows("zone = 5 and unreplied").delete()"#);
        assert_snapshot!(check("-D -s 0.0.0.1 --mask-src 0.0.0.255"), @r#"flows("src 0.0.0.1/0.0.0.255").delete()"#);
        assert_snapshot!(check("-D -f ipv6"), @r#"flows("ipv6").delete()"#);
        assert_snapshot!(check("-D -n 5.5.5.5:77"), @r#"flows("ipv4 and snat 5.5.5.5 port 77 and not src 5.5.5.5 and not sport 77 and (status src_nat_done or status dst_nat_done)").delete()"#);
        assert_snapshot!(check("-D --orig-zone 0 -p udp"), @r#"flows("proto udp and not orig.zone > 0").delete()"#);
        assert_snapshot!(check("-D -m 7/3"), @r#"flows("not all").delete()"#);
        assert_snapshot!(check("-D"), @"flows.flush()");
        assert_snapshot!(check("-F"), @"flows.flush()");
        assert_snapshot!(check("-F -f ipv6"), @r#"flows.flush("ipv6")"#);
        assert_snapshot!(check("-U -p udp -s 10.0.0.0/8 -m 0x20/0xff"), @r#"flows("proto udp and src 10.0.0.0/8").update(#{ mark: "0x20/0xff" })"#);
        assert_snapshot!(check("-U -p tcp --sport 1000 -m 0xff/0"), @r#"for f in flows("proto tcp and sport 1000") { f.update(#{ mark: f.mark & 0xffffffff ^ 0xff }); }"#);
        assert_snapshot!(check("-U -p tcp --sport 1001 --state CLOSE -t 100 -u SEEN_REPLY"), @r#"flows("proto tcp and sport 1001").update(#{ timeout: 100.sec, state: "CLOSE", status: ["seen_reply"] })"#);
        assert_snapshot!(check("-U -p sctp --state SHUTDOWN_SENT"), @r#"flows("proto sctp").update(#{ state: "SHUTDOWN_SENT" })"#);
        assert_snapshot!(check("-A -p udp -s 10.0.0.1 -d 10.0.0.3 --sport 1000 --dport 53 -t 20 -m 9 -g 9.9.9.9"), @r#"
        let present = flows.get(#{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.3", sport: 1000, dport: 53 });
        if present == () { flows.create(#{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.3", sport: 1000, dport: 53, dnat: "9.9.9.9", timeout: 20.sec, mark: 9 }) } else { throw "the NAT of a flow that is there cannot change" }
        "#);
        assert_snapshot!(check("-I -p tcp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 --state ESTABLISHED -t 30 -m 5 -w 3 -u ASSURED,SEEN_REPLY"), @r#"flows.create(#{ proto: "tcp", src: "1.1.1.1", dst: "1.1.1.2", sport: 1, dport: 2, zone: 3, timeout: 30.sec, state: "ESTABLISHED", status: ["seen_reply", "assured"], mark: 5 })"#);
        assert_snapshot!(check("-I -p icmp -s 1.1.1.1 -d 1.1.1.2 --icmp-type 8 --icmp-code 0 --icmp-id 5 -t 30"), @r#"flows.create(#{ proto: "icmp", src: "1.1.1.1", dst: "1.1.1.2", icmp_type: 8, icmp_code: 0, icmp_id: 5, timeout: 30.sec })"#);
        assert_snapshot!(check("-I -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -t 30 -n 9.9.9.9:10"), @r#"flows.create(#{ proto: "udp", src: "1.1.1.1", dst: "1.1.1.2", sport: 1, dport: 2, snat: "9.9.9.9:10", timeout: 30.sec })"#);
        assert_snapshot!(check("-I -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -r 8.8.8.8 -q 1.1.1.1 --reply-port-src 9 --reply-port-dst 1 -t 30"), @r#"flows.create(#{ proto: "udp", src: "1.1.1.1", dst: "1.1.1.2", sport: 1, dport: 2, reply: #{ proto: "udp", src: "8.8.8.8", dst: "1.1.1.1", sport: 9, dport: 1 }, timeout: 30.sec })"#);
        assert_snapshot!(check("-A -p udp -s 10.0.0.1 -d 10.0.0.3 --sport 1000 --dport 53 -t 20 -m 9"), @r#"
        let present = flows.get(#{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.3", sport: 1000, dport: 53 });
        if present == () { flows.create(#{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.3", sport: 1000, dport: 53, timeout: 20.sec, mark: 9 }) } else { present.update(#{ timeout: 20.sec, mark: 9 }) }
        "#);
        assert_snapshot!(check("-A -p udp -s 10.7.0.1 -d 10.0.0.3 --sport 1000 --dport 53 -t 20 -m 9"), @r#"
        let present = flows.get(#{ proto: "udp", src: "10.7.0.1", dst: "10.0.0.3", sport: 1000, dport: 53 });
        if present == () { flows.create(#{ proto: "udp", src: "10.7.0.1", dst: "10.0.0.3", sport: 1000, dport: 53, timeout: 20.sec, mark: 9 }) } else { present.update(#{ timeout: 20.sec, mark: 9 }) }
        "#);
        assert_snapshot!(check("-A -p udp -s 10.0.0.1 -d 10.0.0.3 --sport 1000 --dport 53 -w 9 -t 20"), @r#"
        let present = flows.get(#{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.3", sport: 1000, dport: 53, zone: 9 });
        if present == () { flows.create(#{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.3", sport: 1000, dport: 53, zone: 9, timeout: 20.sec }) } else { present.update(#{ timeout: 20.sec }) }
        "#);
        assert_snapshot!(check("-A -p udp -s 10.0.0.1 -d 10.0.0.3 --sport 1000 --dport 53 --reply-zone 9 -t 20"), @r#"
        let present = flows.get(#{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.3", sport: 1000, dport: 53 });
        if present == () { flows.create(#{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.3", sport: 1000, dport: 53, reply_zone: 9, timeout: 20.sec }) } else { present.update(#{ timeout: 20.sec }) }
        "#);
        assert_snapshot!(check("-L -p tcp --state ESTABLISHED"), @r#"show(flows("proto tcp and state established"), "conntrack")"#);
        assert_snapshot!(check("-L -z -f ipv4"), @r#"show(flows("ipv4").zero(), "conntrack")"#);
        assert_snapshot!(check("-L dying"), @r#"show(flows.dying(), "conntrack")"#);
        assert_snapshot!(check("-G -p udp -s 10.0.0.1 -d 10.0.0.3 --sport 1000 --dport 53"), @r#"show(flows.get(#{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.3", sport: 1000, dport: 53 }), "conntrack")"#);
        for (line, found) in [
            ("-G -p udp -r 10.0.0.3 -q 10.0.0.1 --reply-port-src 53 --reply-port-dst 1000", 1),
            ("-G -p udp -r 10.0.0.1 -q 10.0.0.3 --reply-port-src 1000 --reply-port-dst 53", 0),
            ("-G -p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 1000 --dport 80 --state ESTABLISHED", 1),
            ("-G -p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 1000 --dport 80 --state CLOSE", 0),
            ("-G -p udp -s 10.0.0.1 -d 10.0.0.3 --sport 1000 --dport 53 -r 10.0.0.9", 0),
            ("-G -p udp -s 10.0.0.1 -d 10.0.0.3 --sport 1000 --dport 53 -i 1", 0),
        ] {
            fill(TABLE);
            let (shown, script) = (dialect(line).stdout, dialect(&format!("--script {line}")).ok());
            assert_eq!(masked(&flowsh(&["-e", &script]).ok()), masked(&shown), "{script}");
            assert_eq!(shown.lines().count(), found, "{script}{shown}");
        }
        assert_snapshot!(dialect("--script -G -p udp -r 10.0.0.3 -q 10.0.0.1 --reply-port-src 53 --reply-port-dst 1000"), @r#"show(flows.get(#{ reply: #{ proto: "udp", src: "10.0.0.3", dst: "10.0.0.1", sport: 53, dport: 1000 } }), "conntrack")"#);
        assert_snapshot!(check("-C"), @"show(flows.count())");
        assert_snapshot!(check("-S"), @"show(stats())");
        assert_snapshot!(check("-C expect"), @"show(expectations.count())");
        assert_snapshot!(check("-L expect"), @r#"show(expectations, "conntrack")"#);
    });
}

#[test]
fn a_script_shows_in_a_file_what_its_line_shows() {
    in_namespace(|| {
        fill(TABLE);
        for line in [
            "-C",
            "-V",
            "-L -p tcp",
            "-L -p tcp -o extended,id",
            "-L -o save",
            "-L -o xml,id",
            "-L -o labels",
            "-G -p udp -s 10.0.0.1 -d 10.0.0.3 --sport 1000 --dport 53",
        ] {
            let script = dialect(&format!("--script {line}")).ok();
            let shown = named(fed(env!("CARGO_BIN_EXE_flowsh"), &["-"], &script)).ok();
            assert_eq!(masked(&shown), masked(&dialect(line).ok()), "{script}");
            assert!(!shown.is_empty(), "{script}");
        }
    });
}

#[test]
fn a_file_becomes_a_statement_for_each_line() {
    in_namespace(|| {
        let lines = "# all\n-D -p udp\n-U -m 5\n-D\n-F\n";
        assert_snapshot!(super::dialect_fed("--script -R -", lines), @r#"
        fn must(done) { if done.failed > 0 { throw done.to_string() } }
        must(flows("proto udp").delete());
        must(flows.update(#{ mark: "0x5" }));
        must(flows.flush());
        must(flows.flush());
        "#);
        let wrong = super::dialect_fed("--script -R -", "-D -p udp\n-D --dprot 5\n");
        assert_eq!((wrong.status, wrong.stdout.as_str()), (2, ""), "{wrong}");
        // It ends where the file ends: at the second line.
        let lines = [1, 1, 3].map(|port| {
            format!("-I -p udp -s 1.1.1.1 -d 2.2.2.2 --sport {port} --dport 2 -t 60\n")
        });
        let lines = lines.concat();
        let script = super::dialect_fed("--script -R -", &lines).ok();
        assert_eq!(super::dialect_fed("-R -", &lines).status, 1);
        let theirs = table();
        flowsh(&["-e", "flows.flush()"]).ok();
        assert_eq!(fed(env!("CARGO_BIN_EXE_flowsh"), &["-"], &script).status, 1);
        assert_eq!((table(), theirs.lines().count()), (theirs, 1), "{script}");
    });
}

#[test]
fn what_no_script_does_is_said() {
    in_namespace(|| {
        assert_snapshot!(dialect("--script -L unconfirmed -p tcp"), @r"
        conntrack: no script lists the table `unconfirmed': kernels since 5.19 do not tell of it
        exit 1
        ");
    });
}

#[test]
fn events_become_handlers() {
    in_namespace(|| {
        assert_snapshot!(dialect("--script -E -p tcp -e NEW,DESTROY --dport 22 -o id,timestamp"), @r#"show(flows("proto tcp and dport 22").events(["new", "destroy"]), "conntrack,timestamp,id")"#);
        assert_snapshot!(dialect("--script -E expect"), @r#"show(expectations.events(["new", "update", "destroy"]), "conntrack")"#);
    });
}

#[test]
fn events_are_shown_as_one_document() {
    in_namespace(|| {
        let script = dialect("--script -E -e NEW -o xml").ok();
        let some = script.replace(r#"["new"])"#, r#"["new"]).take(2)"#);
        let program = Background::listener(env!("CARGO_BIN_EXE_flowsh"), &["-e", &some]);
        fill(TABLE);
        let shown = program.wait().ok();
        let lines: Vec<_> = shown.lines().collect();
        assert!(shown.starts_with("<?xml") && shown.ends_with("</conntrack>\n"), "{shown}");
        assert_eq!(lines.iter().filter(|line| line.starts_with("<flow type=")).count(), 2);
        assert_eq!(lines.len(), 5, "{shown}");
    });
}
