//! Flows that are made: the same as `conntrack -I` makes, and listed as `conntrack -L` lists them.

use crate::lab::{
    conntrack, eval, flowsh, in_namespace, listed, nft, same_list, with_helpers, with_labels,
};

/// Makes the flows of these maps, then those of `conntrack -I` with these words, each kind alone in
/// the table: both must look the same to conntrack, and the same in flowsh as in conntrack.
#[track_caller]
fn check(flows: &[(impl AsRef<str>, impl AsRef<str>)]) {
    check_in(&["extended,labels", "xml"], flows);
}

#[track_caller]
fn check_in(formats: &[&str], flows: &[(impl AsRef<str>, impl AsRef<str>)]) {
    let maps: Vec<_> = flows.iter().map(|(map, _)| format!("#{{ {} }}", map.as_ref())).collect();
    let made = eval(&format!("flows.create([{}])", maps.join(", ")));
    assert_eq!(made, format!("created {}, gone 0, failed 0, protected 0", flows.len()));
    let ours: Vec<_> = formats.iter().map(|words| same_list(words)).collect();
    eval("flows.flush()");
    for (_, words) in flows {
        conntrack(&format!("-I {}", words.as_ref())).ok();
    }
    let theirs: Vec<_> = formats.iter().map(|words| listed(&format!("-o {words}"))).collect();
    assert_eq!(ours, theirs);
}

#[test]
fn tcp_is_made_in_every_state() {
    in_namespace(|| {
        // conntrack knows SYN_SENT2 by what it was before Linux 2.6.31.
        let states = "NONE SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT CLOSE_WAIT LAST_ACK TIME_WAIT \
                      CLOSE SYN_SENT2";
        let flows = (1..).zip(states.split(' ')).map(|(n, state)| {
            let map = format!(
                r#"proto: "tcp", src: "10.0.0.{n}", dst: "10.9.9.9", sport: 1024, dport: 80,
                   state: "{state}", timeout: 5.min"#
            );
            let state = if state == "SYN_SENT2" { "LISTEN" } else { state };
            let words = format!(
                "-p tcp -s 10.0.0.{n} -d 10.9.9.9 --sport 1024 --dport 80 --state {state} -t 300"
            );
            (map, words)
        });
        check(&flows.collect::<Vec<_>>());
    });
}

#[test]
fn every_protocol_is_made_in_both_families() {
    in_namespace(|| {
        let families = [("10.0.0.1", "10.0.0.2"), ("fd00::1", "fd00::2")];
        let flows = families.into_iter().flat_map(|(src, dst)| {
            let (icmp, ask, more) =
                if src.contains(':') { ("icmpv6", 128, 139) } else { ("icmp", 8, 13) };
            [
                (
                    "\"tcp\", sport: 1, dport: 65535, state: \"ESTABLISHED\"".to_owned(),
                    "tcp --sport 1 --dport 65535 --state ESTABLISHED".to_owned(),
                ),
                ("\"udp\", sport: 0, dport: 53".to_owned(), "udp --sport 0 --dport 53".to_owned()),
                ("136, sport: 5, dport: 6".to_owned(), "udplite --sport 5 --dport 6".to_owned()),
                (
                    "\"gre\", sport: 16, dport: 32".to_owned(),
                    "gre --srckey 16 --dstkey 32".to_owned(),
                ),
                ("42".to_owned(), "42".to_owned()),
                ("\"esp\"".to_owned(), "50".to_owned()),
                (
                    format!("\"{icmp}\", icmp_type: {ask}, icmp_id: 77"),
                    format!("{icmp} --{icmp}-type {ask} --{icmp}-code 0 --{icmp}-id 77"),
                ),
                (
                    format!("\"{icmp}\", icmp_type: {more}, icmp_code: 3, icmp_id: 65535"),
                    format!("{icmp} --{icmp}-type {more} --{icmp}-code 3 --{icmp}-id 65535"),
                ),
            ]
            .map(|(map, words)| {
                let map = format!("src: \"{src}\", dst: \"{dst}\", timeout: 60.sec, proto: {map}");
                let (proto, rest) = words.split_once(' ').unwrap_or((&words, ""));
                (map, format!("-p {proto} -s {src} -d {dst} {rest} -t 60"))
            })
        });
        check(&flows.collect::<Vec<_>>());
    });
}

#[test]
fn sctp_is_made_with_both_tags() {
    in_namespace(|| {
        // In XML conntrack shows its states by the names of tcp; and it swaps the bytes of tags, so
        // that the lines it saves differ.
        check_in(
            &["extended,id"],
            &[
                (
                    r#"proto: "sctp", src: "10.0.0.1", dst: "10.0.0.2", sport: 5, dport: 6,
                       timeout: 60.sec, state: "ESTABLISHED", vtag_orig: 0x01000000, vtag_reply: 0"#,
                    "-p sctp -s 10.0.0.1 -d 10.0.0.2 --sport 5 --dport 6 -t 60 \
                     --state ESTABLISHED --orig-vtag 1 --reply-vtag 0",
                ),
                (
                    r#"proto: "sctp", src: "fd00::1", dst: "fd00::2", sport: 5, dport: 6,
                       timeout: 60.sec, state: "COOKIE_WAIT", vtag_orig: 0, vtag_reply: 0xffffffff"#,
                    "-p sctp -s fd00::1 -d fd00::2 --sport 5 --dport 6 -t 60 \
                     --state COOKIE_WAIT --orig-vtag 0 --reply-vtag 4294967295",
                ),
            ],
        );
    });
}

#[test]
fn dccp_is_made_with_the_ports_that_the_kernel_keeps() {
    in_namespace(|| {
        // Linux 6.17 and later know it by its addresses alone, and conntrack shows ports of 0.
        check(&[
            (
                r#"proto: "dccp", src: "10.0.0.1", dst: "10.0.0.2", sport: 5, dport: 6, timeout: 60.sec"#,
                "-p dccp -s 10.0.0.1 -d 10.0.0.2 --sport 5 --dport 6 --state OPEN --role client -t 60",
            ),
            (
                r#"proto: "dccp", src: "fd00::1", dst: "fd00::2", sport: 5, dport: 6, timeout: 60.sec"#,
                "-p dccp -s fd00::1 -d fd00::2 --sport 5 --dport 6 --state OPEN --role client -t 60",
            ),
        ]);
    });
}

#[test]
fn zones_of_both_directions_and_of_one_are_kept_apart() {
    in_namespace(|| {
        // One tuple in three places. A direction without a zone of its own is in the default one.
        let zones = [
            (1, "", ""),
            (1, "zone: 5,", "-w 5"),
            (1, "zone: 65535,", "-w 65535"),
            (2, "orig_zone: 6,", "--orig-zone 6"),
            (3, "reply_zone: 7,", "--reply-zone 7"),
        ];
        check(&zones.map(|(n, entry, word)| {
            let map = format!(
                r#"{entry} proto: "udp", src: "10.0.0.{n}", dst: "10.0.0.9", sport: 1, dport: 2,
                   timeout: 60.sec"#
            );
            (map, format!("{word} -p udp -s 10.0.0.{n} -d 10.0.0.9 --sport 1 --dport 2 -t 60"))
        }));
    });
}

#[test]
fn nat_is_set_up_by_the_kernel() {
    in_namespace(|| {
        check(&[
            (
                r#"proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 5, dport: 6,
                   timeout: 60.sec, snat: "192.0.2.1""#,
                "-p udp -s 10.0.0.1 -d 10.0.0.2 --sport 5 --dport 6 -t 60 -n 192.0.2.1",
            ),
            (
                r#"proto: "tcp", src: "10.0.0.1", dst: "10.0.0.2", sport: 5, dport: 80,
                   timeout: 60.sec, state: "ESTABLISHED", dnat: "192.168.0.1:8080""#,
                "-p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 5 --dport 80 -t 60 --state ESTABLISHED \
                 -g 192.168.0.1:8080",
            ),
            (
                r#"proto: "tcp", src: "fd00::1", dst: "fd00::2", sport: 5, dport: 80,
                   timeout: 60.sec, state: "SYN_SENT", snat: "2001:db8::1",
                   dnat: "[2001:db8::2]:8080""#,
                "-p tcp -s fd00::1 -d fd00::2 --sport 5 --dport 80 -t 60 --state SYN_SENT \
                 -n 2001:db8::1 -g [2001:db8::2]:8080",
            ),
            // A reply direction that is given is taken as it is.
            (
                r#"proto: "udp", src: "10.0.0.3", dst: "10.0.0.4", sport: 5, dport: 6,
                   timeout: 60.sec,
                   reply: #{ src: "192.0.2.4", dst: "10.0.0.3", sport: 7, dport: 5 }"#,
                "-p udp -s 10.0.0.3 -d 10.0.0.4 --sport 5 --dport 6 -t 60 \
                 -r 192.0.2.4 -q 10.0.0.3 --reply-port-src 7 --reply-port-dst 5",
            ),
        ]);
    });
}

#[test]
fn status_bits_and_marks_are_set() {
    in_namespace(|| {
        check(&[
            (
                r#"proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 5, dport: 6,
                   timeout: 60.sec, status: ["seen_reply", "assured"], mark: 0xffffffff"#,
                "-p udp -s 10.0.0.1 -d 10.0.0.2 --sport 5 --dport 6 -t 60 -u SEEN_REPLY,ASSURED \
                 -m 0xffffffff",
            ),
            (
                r#"proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 6, dport: 6,
                   timeout: 60.sec, status: "fixed_timeout", mark: "0x10""#,
                "-p udp -s 10.0.0.1 -d 10.0.0.2 --sport 6 --dport 6 -t 60 -u FIXED_TIMEOUT -m 16",
            ),
        ]);
    });
}

#[test]
fn labels_of_all_four_words_are_set() {
    in_namespace(|| {
        with_labels("0 first\n33 second\n95 third\n96 fourth\n127 last\n");
        check(&[(
            r#"proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 5, dport: 6,
               timeout: 60.sec, labels: [0, "second", "95", 96, "last"]"#,
            "-p udp -s 10.0.0.1 -d 10.0.0.2 --sport 5 --dport 6 -t 60 \
             --label-add first,second,third,fourth,last",
        )]);
    });
}

#[test]
fn ports_that_the_kernel_does_not_keep_are_told_of() {
    in_namespace(|| {
        let code = r#"flows.create(#{ proto: "dccp", src: "10.0.0.1", dst: "10.0.0.2", sport: 5,
                                      dport: 6, timeout: 60.sec });
                      flows.first().sport"#;
        let answer = flowsh(&["-e", code]);
        // Linux 6.16 took the tracker of dccp out.
        if answer.stdout.trim() != "5" {
            insta::assert_snapshot!(answer.told(), @"warning: the kernel kept no ports: it does not track dccp");
        }
    });
}

#[test]
fn labels_that_the_kernel_does_not_keep_are_told_of() {
    in_namespace(|| {
        let code = r#"flows.create(#{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 5,
                                      dport: 6, timeout: 60.sec, labels: [3] })"#;
        insta::assert_snapshot!(flowsh(&["-e", code]).told(), @"
        created 1, gone 0, failed 0, protected 0
        warning: the kernel kept no labels
        hint: labels need a rule with `ct label`
        ");
        let dry_run = flowsh(&["--dry-run", "-e", &code.replace("sport: 5", "sport: 9")]);
        assert_eq!(dry_run.told(), "would have created 1, gone 0, failed 0, protected 0");
    });
}

#[test]
fn a_helper_and_a_master_are_set() {
    in_namespace(|| {
        with_helpers();
        let made = eval(
            r#"let ftp = #{ proto: "tcp", src: "10.0.0.1", dst: "10.0.0.2", sport: 1024, dport: 21 };
               flows.create(ftp + #{ state: "ESTABLISHED", timeout: 60.sec, helper: "ftp" });
               flows.create(#{ proto: "tcp", src: "10.0.0.2", dst: "10.0.0.1", sport: 20,
                               dport: 5000, state: "ESTABLISHED", timeout: 60.sec, master: ftp });
               flows.sort("dport").map(|f| `${f.dport}: ${f.helper}, ${f.status}, ${f.master}`)"#,
        );
        insta::assert_snapshot!(made, @r#"["21: ftp, [\"confirmed\", \"helper\"], ","5000: , [\"expected\", \"confirmed\"], #{\"dport\": 21, \"dst\": 10.0.0.2, \"proto\": \"tcp\", \"sport\": 1024, \"src\": 10.0.0.1}"]"#);
        insta::assert_snapshot!(same_list("labels"), @"
        tcp      6 # ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1024 dport=21 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=21 dport=1024 mark=0 helper=ftp use=2
        tcp      6 # ESTABLISHED src=10.0.0.2 dst=10.0.0.1 sport=20 dport=5000 [UNREPLIED] src=10.0.0.1 dst=10.0.0.2 sport=5000 dport=20 mark=0 use=1
        ");
    });
}

#[test]
fn a_timeout_is_rounded_up_to_whole_seconds() {
    in_namespace(|| {
        // The kernel shows the seconds that are left, one less from the first tick on: of several
        // looks the greatest is what it was given.
        let told = eval(
            r#"let key = #{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 5, dport: 6 };
               [100001.ms, 99999.ms, 100.sec, "100s", 1.hour].map(|timeout| {
                   let greatest = 0.sec;
                   for look in 0..9 {
                       flows.create(key + #{ timeout: timeout });
                       let left = flows.get(key).timeout;
                       if left > greatest { greatest = left }
                       flows.get(key).delete();
                   }
                   greatest
               })"#,
        );
        insta::assert_snapshot!(told, @"[101,100,100,100,3600]");
    });
}

#[test]
fn flows_of_packets_are_listed_with_counters_and_times() {
    in_namespace(|| {
        eval("settings.acct = true; settings.timestamp = true");
        nft("table inet t {
            chain c { type filter hook output priority 0
                ct state new accept
            }
        }");
        let listener = std::net::TcpListener::bind("127.0.0.1:2000").unwrap();
        let socket = std::net::TcpStream::connect("127.0.0.1:2000").unwrap();
        std::net::UdpSocket::bind("[::1]:0").unwrap().send_to(b"flow", "[::1]:2000").unwrap();
        conntrack("-I -p udp -s 10.0.0.7 -d 10.9.9.9 --sport 5 --dport 6 -t 60 -n 192.0.2.1").ok();
        for words in ["extended,id,ktimestamp", "xml,ktimestamp"] {
            same_list(words);
        }
        let told = eval(
            r#"flows("tcp or ipv6").sort("family").map(|f| [f.packets, f.orig.packets, f.reply.packets])"#,
        );
        insta::assert_snapshot!(told, @"[[3,2,1],[1,1,0]]");
        drop((listener, socket));
    });
}
