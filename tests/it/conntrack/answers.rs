//! Where the original understands something else than was said, or shows a part: what flowsh
//! answers, and that nothing was changed. The numbers are those of the rows of `docs/conntrack.md`.

use std::fmt::Write as _;

use insta::{allow_duplicates, assert_snapshot};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_NETFILTER};

use crate::lab::{Run, in_namespace, masked, run, until, with_labels};

use super::{TABLE, changes, dialect, dialect_fed, fill, original, table};

#[test]
fn an_option_without_a_command_is_refused() {
    in_namespace(|| {
        // 32: the original looks it up behind the end of its table.
        fill(TABLE);
        let before = table();
        for option in
            ["-s 10.0.0.1", "-p tcp", "-t 5", "-m 5", "-z", "-o xml", "-f ipv4", "-n", "-w 5"]
        {
            let answer = dialect(option);
            assert_eq!(answer.status, 2, "{option}: {answer}");
            assert!(
                answer.stderr.starts_with("conntrack: Illegal option `--"),
                "{option}: {answer}"
            );
        }
        assert_eq!(table(), before);
    });
}

#[test]
fn a_mask_that_is_no_number_of_32_bits_is_refused() {
    in_namespace(|| {
        // 35: the original looks at the value for it.
        fill(TABLE);
        let before = table();
        for mark in ["7/0x100000000", "0x100000000", "7/", "7/-1", "7/x"] {
            for command in ["-D", "-U", "-L"] {
                let answer = dialect(&format!("{command} -m {mark}"));
                let said = format!("conntrack: unexpected value '{mark}' with -m option\nexit 1\n");
                assert_eq!(answer.to_string(), said);
            }
        }
        assert_eq!(table(), before);
    });
}

#[test]
fn a_line_of_a_file_knows_only_the_protocol_that_it_names() {
    in_namespace(|| {
        // 34: the original still has the options of the line before.
        fill(TABLE);
        let before = table();
        assert_snapshot!(dialect_fed("-R -", "-D -p tcp --dport 1\n-D --dport 53\n"), @"
            conntrack: unknown option `--dport'
            conntrack: this was line 2 of standard input
            Try `conntrack -h' or 'conntrack --help' for more information.
            exit 2
            ");
        assert_eq!(table(), before);
        dialect_fed("-R -", "-D -p tcp --dport 1\n-D -s 10.9.0.1\n").ok();
        assert_snapshot!(changes(&before, &table()), @"- ipv4     2 udp      17 # src=10.9.0.1 dst=10.0.0.4 sport=1000 dport=53 [UNREPLIED] src=10.0.0.4 dst=5.5.5.5 sport=53 dport=77 mark=0 use=1");
    });
}

#[test]
fn ports_of_an_expected_flow_are_its_ports() {
    in_namespace(|| {
        // 22: the original takes the port for the protocol. No helper of the kernel expects these.
        for proto in ["sctp --orig-vtag 0 --reply-vtag 0", "dccp --role client"] {
            let line = format!(
                "--script -I expect -p {proto} -s 10.0.0.8 -d 10.0.0.2 --sport 1024 --dport 21 \
                 --tuple-src 10.0.0.2 --tuple-dst 10.0.0.8 --tuple-port-src 0 --tuple-port-dst 5555 \
                 --mask-src 255.255.255.255 --mask-dst 255.255.255.255 --mask-port-src 0 \
                 --mask-port-dst 65535 -t 200"
            );
            let script = dialect(&line).ok();
            let proto = proto.split(' ').next().unwrap();
            allow_duplicates! {
                assert_snapshot!(script.replace(proto, "PROTO"), @r#"expectations.create(#{ proto: "PROTO", src: "10.0.0.2", dst: "10.0.0.8", sport: 0, dport: 5555, mask: #{ proto: "PROTO", src: "255.255.255.255", dst: "255.255.255.255", sport: 0, dport: 65535 }, master: #{ proto: "PROTO", src: "10.0.0.8", dst: "10.0.0.2", sport: 1024, dport: 21 }, timeout: 200.sec })"#);
            }
        }
    });
}

#[test]
fn a_length_counts_in_the_list_of_the_dying() {
    in_namespace(|| {
        // 27: the original passes over it, or finds nothing.
        // Who wants to be told of every end, and hears nothing, keeps flows from their end.
        let mut deaf = Socket::new(NETLINK_NETFILTER).unwrap();
        deaf.bind(&SocketAddr::new(0, 0)).unwrap();
        deaf.set_rx_buf_sz(1_i32).unwrap();
        deaf.set_broadcast_error(true).unwrap();
        deaf.add_membership(3).unwrap();
        fill(TABLE);
        dialect("-D -f ipv4").ok();
        // One that the kernel tries to tell of just then is not in the list, or held by one more.
        let shown = |answer: Run| masked(&answer.stdout).replace("use=2", "use=1");
        for line in ["-L dying", "-L dying -p udp", "-L dying -o save -p 42"] {
            until(|| shown(dialect(line)) == shown(original(line)));
        }
        let of = |text: &str| text.lines().filter(|line| line.contains("src=10.9.0.")).count();
        let some = shown(dialect("-L dying -s 10.9.0.0/30"));
        assert!(of(&some) > 0 && of(&some) == some.lines().count(), "{some}");
        let all = shown(dialect("-L dying"));
        assert!(of(&all) < all.lines().count(), "{all}");
    });
}

#[test]
fn an_entry_with_all_labels_is_shown_whole() {
    in_namespace(|| {
        // 31: the original cuts what is longer than 1024 bytes.
        let mut names = String::new();
        for bit in 0..128 {
            writeln!(names, "{bit} label-with-a-long-name-{bit:03}").unwrap();
        }
        with_labels(&names);
        let all: Vec<_> = (0..128).map(|bit| format!("label-with-a-long-name-{bit:03}")).collect();
        let flow = "-p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2";
        dialect(&format!("-I {flow} -t 300 --label-add {}", all.join(","))).ok();
        for line in [format!("-G {flow}"), "-L".to_owned(), "-U -m 5".to_owned()] {
            let text = dialect(&format!("{line} -o labels")).ok();
            assert!(text.trim_end().ends_with(&format!("labels={}", all.join(","))), "{text}");
            let xml = dialect(&format!("{line} -o labels,xml").replace("-m 5", "-m 6")).ok();
            let elements = all.join("</label><label>");
            assert!(xml.contains(&format!("<labels><label>{elements}</label></labels>")), "{xml}");
            assert!(xml.ends_with("</flow>\n</conntrack>\n"), "{xml}");
        }
        assert!(!original(&format!("-G {flow} -o labels,xml")).stdout.contains("</flow>"));
    });
}

#[test]
fn options_of_another_protocol_do_not_widen_a_delete() {
    in_namespace(|| {
        fill(TABLE);
        let before = table();
        for line in [
            "-D -p icmp --icmp-type 8 -p udp",
            "-D -p tcp --dport 80 -p udp",
            "-U -p tcp --state CLOSE -p udp -m 5",
            "-D -p tcp -p udp --state CLOSE",
        ] {
            assert_eq!((dialect(line).status, table()), (2, before.clone()), "{line}");
        }
        for line in ["-F -f ipv4 expect", "-D -p udp expect", "-D -p udp -- expect"] {
            assert_eq!((dialect(line).status, table()), (2, before.clone()), "{line}");
        }
        assert_snapshot!(dialect("-D -p icmp --icmp-type 8 -p udp"), @r"
        conntrack: `-p udp' comes after options of another protocol
        Try `conntrack -h' or 'conntrack --help' for more information.
        exit 2
        ");
    });
}

#[test]
fn what_is_denied_or_said_again_does_not_widen_a_delete() {
    in_namespace(|| {
        fill(TABLE);
        let before = table();
        assert_snapshot!(dialect("-D -u !UNSET"), @r"
        conntrack: Bad parameter `UNSET'
        Try `conntrack -h' or 'conntrack --help' for more information.
        exit 2
        ");
        assert_eq!(table(), before);
        // The length of the first is not that of the second.
        assert_eq!(dialect("-D -s 172.16.0.0/12 -s 10.0.0.99").status, 1);
        assert_eq!(table(), before);
        assert_eq!(dialect("-D -u UNSET -u ASSURED,FIXED_TIMEOUT").status, 1);
        assert_eq!(table(), before);
        let translated = dialect("-L -n").stdout.lines().count();
        assert!(translated > 0);
        dialect("-D -u !SRC_NAT").ok();
        assert_eq!(table().lines().count(), translated);
        assert_eq!(dialect("-L -n").stdout.lines().count(), translated);
    });
}

#[test]
fn what_is_missing_of_a_flow_follows_from_the_rest_or_is_asked_for() {
    in_namespace(|| {
        dialect("-I -p udp -s 1.1.1.1 -d 2.2.2.2 --reply-port-src 2 --reply-port-dst 1 -t 60").ok();
        let line = "-I -p udp -s 1.1.1.3 -d 2.2.2.2 --sport 1 --dport 2 -t 60 -r 2.2.2.2 \
                    --reply-port-src 2 --reply-port-dst 1";
        assert_snapshot!(dialect(line), @r"
        conntrack: Operation failed: invalid parameters
        exit 1
        ");
        let line = "-G -p udp -s 1.1.1.1 -d 2.2.2.2 --reply-port-src 2 --reply-port-dst 1";
        assert_snapshot!(masked(&dialect(line).ok()), @"udp      17 # src=1.1.1.1 dst=2.2.2.2 sport=1 dport=2 [UNREPLIED] src=2.2.2.2 dst=1.1.1.1 sport=2 dport=1 mark=0 use=2");
        assert_snapshot!(masked(&table()), @"ipv4     2 udp      17 # src=1.1.1.1 dst=2.2.2.2 sport=1 dport=2 [UNREPLIED] src=2.2.2.2 dst=1.1.1.1 sport=2 dport=1 mark=0 use=1");
    });
}

#[test]
fn a_reader_that_goes_away_ends_no_change() {
    in_namespace(|| {
        let flow =
            |port| format!("-I -p udp -s 1.1.1.1 -d 2.2.2.2 --sport {port} --dport 2 -t 60\n");
        let flows: String = (1..3_000).map(flow).collect();
        let program = env!("CARGO_BIN_EXE_flowsh");
        let piped = |words: &str| {
            let line = format!("{program} conntrack {words} | true; exit ${{PIPESTATUS[0]}}");
            run("bash", &["-c", &line])
        };
        dialect_fed("-R -", &flows).ok();
        let answer = super::named(piped("-U -p udp -m 5"));
        assert_snapshot!(answer, @r"
        conntrack: 2999 flow entries have been updated.
        exit 141
        ");
        assert_eq!(table().lines().filter(|flow| flow.contains("mark=5")).count(), 2_999);
        assert_snapshot!(super::named(piped("-D -p udp")), @r"
        conntrack: 2999 flow entries have been deleted.
        exit 141
        ");
        assert_eq!(table(), "");
    });
}
