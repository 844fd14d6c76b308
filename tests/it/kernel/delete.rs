//! Flows that are deleted: exactly those that were meant.

use crate::lab::{conntrack, eval, in_namespace, listed};

const KEY: &str =
    r#"let key = #{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 5, dport: 6 };"#;

#[test]
fn a_delete_in_a_zone_leaves_the_same_tuple_elsewhere() {
    in_namespace(|| {
        let told = eval(&format!(
            r#"{KEY}
               for zone in [0, 1, 2] {{ flows.create(key + #{{ timeout: 60.sec, zone: zone }}) }}
               for n in [6, 7] {{
                   let other = key + #{{ src: `10.0.0.${{n}}`, timeout: 60.sec }};
                   flows.create([other + #{{ orig_zone: n }}, other + #{{ orig_zone: n + 10, dst: "10.0.0.9" }}]);
               }}
               [flows("zone 1").delete().done, flows("src 10.0.0.6 and dst 10.0.0.2").delete().done]"#
        ));
        assert_eq!(told, "[1,1]");
        insta::assert_snapshot!(listed(""), @"
        udp      17 # src=10.0.0.1 dst=10.0.0.2 sport=5 dport=6 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=6 dport=5 mark=0 use=1
        udp      17 # src=10.0.0.1 dst=10.0.0.2 sport=5 dport=6 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=6 dport=5 mark=0 zone=2 use=1
        udp      17 # src=10.0.0.6 dst=10.0.0.9 sport=5 dport=6 zone-orig=16 [UNREPLIED] src=10.0.0.9 dst=10.0.0.6 sport=6 dport=5 mark=0 use=1
        udp      17 # src=10.0.0.7 dst=10.0.0.2 sport=5 dport=6 zone-orig=7 [UNREPLIED] src=10.0.0.2 dst=10.0.0.7 sport=6 dport=5 mark=0 use=1
        udp      17 # src=10.0.0.7 dst=10.0.0.9 sport=5 dport=6 zone-orig=17 [UNREPLIED] src=10.0.0.9 dst=10.0.0.7 sport=6 dport=5 mark=0 use=1
        ");
    });
}

#[test]
fn a_flow_that_replaced_the_one_seen_is_left_alone() {
    in_namespace(|| {
        // The kernel makes ids of a flow's address in memory, which the next one often gets too:
        // what takes its place while another is made has another.
        let told = eval(&format!(
            r#"{KEY}
               let wrong = [];
               for round in 0..20 {{
                   flows.create(key + #{{ timeout: 60.sec }});
                   let seen = flows.get(key);
                   seen.delete();
                   flows.create(key + #{{ src: "10.0.0.7", sport: round, timeout: 60.sec }});
                   flows.create(key + #{{ timeout: 60.sec }});
                   let there = flows.get(key);
                   let outcome = seen.delete();
                   let left = flows.get(key) != ();
                   if left == (there.id == seen.id) || outcome.gone != (if left {{ 1 }} else {{ 0 }}) {{
                       wrong.push([round, outcome.to_string()]);
                   }}
                   if left {{ flows.get(key).delete() }}
               }}
               wrong"#
        ));
        assert_eq!(told, "[]");
    });
}

#[test]
fn every_protocol_can_be_deleted() {
    in_namespace(|| {
        for words in [
            "-p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 1 --dport 80 --state ESTABLISHED -t 60",
            "-p tcp -s fd00::1 -d fd00::2 --sport 1 --dport 80 --state CLOSE -t 60 -w 3",
            "-p udp -s 10.0.0.1 -d 10.0.0.2 --sport 1 --dport 53 -t 60 -n 192.0.2.1",
            "-p udplite -s fd00::1 -d fd00::2 --sport 1 --dport 53 -t 60",
            "-p sctp -s 10.0.0.1 -d 10.0.0.2 --sport 5 --dport 6 --state CLOSED --orig-vtag 1 --reply-vtag 2 -t 60",
            "-p dccp -s 10.0.0.1 -d 10.0.0.2 --sport 5 --dport 6 --state OPEN --role client -t 60",
            "-p icmp -s 10.0.0.1 -d 10.0.0.2 --icmp-type 8 --icmp-code 0 --icmp-id 9 -t 60",
            "-p icmpv6 -s fd00::1 -d fd00::2 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 9 -t 60",
            "-p gre -s 10.0.0.1 -d 10.0.0.2 --srckey 1 --dstkey 2 -t 60",
            "-p 42 -s fd00::1 -d fd00::2 -t 60 --orig-zone 4",
            "-p 42 -s fd00::3 -d fd00::2 -t 60 --reply-zone 5",
        ] {
            conntrack(&format!("-I {words}")).ok();
        }
        let told = eval(r#"flows("timeout > 1s").delete()"#);
        assert_eq!(told, "deleted 11, gone 0, failed 0, protected 0");
        assert_eq!(listed(""), "");
    });
}

#[test]
fn a_flush_empties_one_family_or_both() {
    in_namespace(|| {
        let told = eval(
            r#"let six = #{ proto: "udp", src: "fd00::1", dst: "fd00::2", sport: 5, dport: 6, timeout: 60.sec };
               let four = six + #{ src: "10.0.0.1", dst: "10.0.0.2" };
               flows.create([four, four + #{ zone: 7 }, six, six + #{ sport: 6 }, six + #{ sport: 7 }]);
               let said = [flows.flush("ipv4"), flows.map(|f| f.family), flows.flush("ipv4")];
               flows.create(four);
               said.push(flows.flush("ipv6"));
               said.push(flows.map(|f| f.family));
               flows.create(six);
               said.push(flows.flush());
               said.push(flows.count());
               for what in said { print(what) }"#,
        );
        insta::assert_snapshot!(told, @r#"
        deleted 2, gone 0, failed 0, protected 0
        ["ipv6", "ipv6", "ipv6"]
        deleted 0, gone 0, failed 0, protected 0
        deleted 3, gone 0, failed 0, protected 0
        ["ipv4"]
        deleted 2, gone 0, failed 0, protected 0
        0
        "#);
    });
}

#[test]
fn a_closure_that_reads_deletes_what_it_takes() {
    in_namespace(|| {
        let told = eval(&format!(
            r#"{KEY}
               for n in 1..=9 {{ flows.create(key + #{{ sport: n, timeout: 60.sec, mark: n % 3 }}) }}
               fn odd(f) {{ f.sport % 2 == 1 }}
               [flows.where(|f| odd(f) && f.mark == 1).delete().done, flows.sort("sport").map(|f| f.sport)]"#
        ));
        assert_eq!(told, "[2,[2,3,4,5,6,8,9]]");
    });
}
