//! Any command line of the grammar of options, and the script that `--script` prints for it: they
//! list the same flows and leave the same table.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;

use crate::lab::{Run, flowsh, in_namespace, masked};
use crate::properties::config;

use super::{TABLE, dialect, fill, table};

/// Some of what the flows of [`TABLE`] have, and some of what none has.
fn address() -> impl Strategy<Value = String> {
    select(vec![
        "10.0.0.1",
        "10.0.0.2",
        "10.0.0.3",
        "10.0.1.1",
        "10.9.0.1",
        "10.9.0.0/30",
        "10.0.0.0/8",
        "0.0.0.0/0",
        "5.5.5.5",
        "fe80::1",
        "fe80::/64",
        "192.0.2.1",
    ])
    .prop_map(str::to_owned)
}

/// A protocol with some of its options.
fn proto() -> impl Strategy<Value = String> {
    let ports = vec(
        select(vec![
            "--sport 1000",
            "--dport 53",
            "--dport 80",
            "--reply-port-src 53",
            "--reply-port-dst 77",
        ]),
        0..3,
    );
    let tcp = select(vec!["", " --state ESTABLISHED", " --state TIME_WAIT"]);
    prop_oneof![
        (select(vec!["udp", "udplite"]), ports.clone())
            .prop_map(|(name, ports)| format!("-p {name} {}", ports.join(" "))),
        (ports, tcp).prop_map(|(ports, state)| format!("-p tcp {}{state}", ports.join(" "))),
        select(vec![
            "-p icmp",
            "-p icmp --icmp-type 8",
            "-p icmp --icmp-id 78",
            "-p icmpv6 --icmpv6-id 77",
            "-p gre",
            "-p gre --srckey 0x10",
            "-p gre --reply-key-src 7",
            "-p 42",
            "-p 43",
            "-p sctp",
            "-p sctp --state ESTABLISHED",
            "-p sctp --state CLOSED",
        ])
        .prop_map(str::to_owned),
    ]
}

/// What `-U` and `-D` and `-L` all take for a condition.
fn condition() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => address().prop_map(|addr| format!("-s {addr}")),
        2 => address().prop_map(|addr| format!("-d {addr}")),
        1 => address().prop_map(|addr| format!("-r {}", addr.split('/').next().unwrap())),
        1 => address().prop_map(|addr| format!("-q {}", addr.split('/').next().unwrap())),
        3 => proto(),
        1 => select(vec!["-f ipv4", "-f ipv6"]).prop_map(str::to_owned),
        1 => select(vec!["-n", "-g", "-n 5.5.5.5", "-n 5.5.5.5:77", "-g 6.6.6.6", "-g 6.6.6.6:99"])
            .prop_map(str::to_owned),
    ]
}

/// What only `-D` and `-L` take for a condition.
fn more() -> impl Strategy<Value = String> {
    prop_oneof![
        (select(vec![0_u32, 1, 7, 9]), proptest::option::of(select(vec![0_u32, 1, 6, 7, 0xff])))
            .prop_map(|(value, mask)| match mask {
                Some(mask) => format!("-m {value}/{mask:#x}"),
                None => format!("-m {value}"),
            }),
        vec(
            select(vec![
                "ASSURED",
                "SEEN_REPLY",
                "UNREPLIED",
                "FIXED_TIMEOUT",
                "!ASSURED",
                "UNSET",
                "SRC_NAT"
            ]),
            1..3
        )
        .prop_map(|words| format!("-u {}", words.join(","))),
        select(vec!["-w 0", "-w 5", "-w 6", "--orig-zone 6", "--orig-zone 0", "--reply-zone 7"])
            .prop_map(str::to_owned),
    ]
}

/// What `-U` sets.
fn setter() -> impl Strategy<Value = String> {
    prop_oneof![
        (any::<u8>(), proptest::option::of(any::<u8>())).prop_map(|(value, mask)| match mask {
            Some(mask) => format!("-m {value}/{mask}"),
            None => format!("-m {value}"),
        }),
        select(vec!["-t 700", "-u ASSURED", "-u SEEN_REPLY", "-u SEEN_REPLY,ASSURED"])
            .prop_map(str::to_owned),
    ]
}

fn line() -> impl Strategy<Value = String> {
    let commands = ["-L", "-L -o extended", "-L -o id,labels", "-L -o save", "-L -o xml", "-D"];
    let finds = (select(commands.to_vec()), vec(condition(), 0..3), vec(more(), 0..2)).prop_map(
        |(command, conditions, more)| {
            format!("{command} {} {}", conditions.join(" "), more.join(" "))
        },
    );
    let updates =
        (vec(condition(), 0..3), vec(setter(), 1..3)).prop_map(|(conditions, setters)| {
            format!("-U {} {}", conditions.join(" "), setters.join(" "))
        });
    prop_oneof![2 => finds, 1 => updates]
}

/// The lines of a list, in any order, as they are at any time.
fn list(answer: &Run) -> String {
    masked(&answer.stdout)
}

#[test]
fn a_line_and_its_script_do_the_same() {
    in_namespace(|| {
        let judge = |line: String| {
            let script = dialect(&format!("--script {line}"));
            fill(TABLE);
            let answer = dialect(&line);
            // What is no command line is no script.
            prop_assert_eq!(
                script.status == 2,
                answer.status == 2,
                "{}\n{}{}",
                line,
                script,
                answer
            );
            if script.status != 0 {
                return Ok(());
            }
            let left = table();
            fill(TABLE);
            let told = flowsh(&["-e", &script.stdout]);
            prop_assert_eq!(table(), left, "{}\n{}{}", line, script, told);
            if line.starts_with("-L") {
                prop_assert_eq!(list(&told), list(&answer), "{}\n{}{}", line, script, told);
            }
            Ok(())
        };
        if let Err(error) = TestRunner::new(config(50)).run(&line(), judge) {
            panic!("{error}");
        }
    });
}
