//! The sandbox, on the real kernel: each test runs itself again inside of a namespace.

use std::collections::{BTreeMap, BTreeSet};

use netlink_sys::Socket;
use netlink_sys::protocols::NETLINK_NETFILTER;

use super::netlink::{message, walk};
use super::packets::crc32c;
use super::within::{WITHIN, within};
use super::{demo, enter};
use crate::wire::attr::{AttrWriter, attrs};
use crate::wire::consts::CTA;

const NLMSG_DONE: u16 = 3;
const NLM_F_DUMP: u16 = 0x300;

/// Every object of a subsystem (1: flows, 2: expectations), as its attributes' numbers and values.
fn dump(subsystem: u16) -> Vec<BTreeMap<u16, Vec<u8>>> {
    let mut socket = Socket::new(NETLINK_NETFILTER).unwrap();
    socket.bind_auto().unwrap();
    let mut request = AttrWriter::default();
    message(&mut request, (subsystem << 8) | 1, NLM_F_DUMP, |out| out.raw(&[0; 4]));
    socket.send_to(request.as_bytes(), &netlink_sys::SocketAddr::new(0, 0), 0).unwrap();
    let mut found = Vec::new();
    loop {
        let (answer, _) = socket.recv_from_full().unwrap();
        for (kind, _, body) in walk(&answer) {
            if kind == NLMSG_DONE {
                return found;
            }
            assert_eq!(kind >> 8, subsystem, "an error instead of a dump");
            let attributes = attrs(&CTA, &body[4..]).map(Result::unwrap);
            found.push(attributes.map(|attr| (attr.kind, attr.value.to_vec())).collect());
        }
    }
}

/// The value of the attribute at the end of a path of nests.
fn at(object: &BTreeMap<u16, Vec<u8>>, path: &[u16]) -> Option<Vec<u8>> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(object.get(first)?.clone(), |nest, kind| {
        attrs(&CTA, &nest).map(Result::unwrap).find(|a| a.kind == *kind).map(|a| a.value.to_vec())
    })
}

fn status(flow: &BTreeMap<u16, Vec<u8>>) -> u32 {
    u32::from_be_bytes(flow[&3].as_slice().try_into().unwrap())
}

#[test]
fn the_demonstration_shows_every_kind_of_flow() {
    if !within(module_path!(), "the_demonstration_shows_every_kind_of_flow") {
        return;
    }
    let demo = demo().unwrap();
    let flows = dump(1);
    assert!(flows.len() > 120, "{} flows, {:?}", flows.len(), demo.missing);

    let protocols: BTreeSet<u8> =
        flows.iter().filter_map(|flow| at(flow, &[1, 2, 1])).map(|value| value[0]).collect();
    assert_eq!(protocols, BTreeSet::from([1, 6, 17, 47, 50, 58, 132, 136]));

    // SYN_SENT to CLOSE and SYN_SENT2, in the kernel's numbers.
    let states = |address: u16| -> BTreeSet<u8> {
        let family = flows.iter().filter(|flow| at(flow, &[1, 1, address]).is_some());
        family.filter_map(|flow| at(flow, &[4, 1, 1])).map(|value| value[0]).collect()
    };
    let (ipv4, ipv6) = (states(1), states(3));
    assert_eq!((&ipv4, &ipv6), (&(1..=9).collect(), &(1..=9).collect()));

    let without_reply = flows.iter().filter(|flow| status(flow) & 2 == 0).count();
    assert!(without_reply > 25, "{without_reply} unreplied flows");
    let bits = [("SRC_NAT", 4), ("DST_NAT", 5), ("FIXED_TIMEOUT", 10)];
    for (name, bit) in bits {
        assert!(flows.iter().any(|flow| status(flow) & (1 << bit) != 0), "none has {name}");
    }
    let attributes =
        [("MARK", 8, true), ("ZONE", 18, false), ("LABELS", 22, true), ("COUNTERS_ORIG", 9, true)];
    for (name, kind, zero_is_absent) in attributes {
        let set = |value: &Vec<u8>| !zero_is_absent || value.iter().any(|&byte| byte != 0);
        assert!(flows.iter().any(|flow| flow.get(&kind).is_some_and(set)), "none has {name}");
    }
    assert!(flows.iter().any(|flow| at(flow, &[1, 3]).is_some()), "no direction has a zone");
    assert!(flows.iter().any(|flow| !flow.contains_key(&9)), "all have counters");

    if demo.missing.is_empty() {
        let helpers: BTreeSet<String> = dump(2)
            .iter()
            .map(|expectation| String::from_utf8_lossy(&expectation[&6]).into_owned())
            .collect();
        assert_eq!(helpers, ["ftp\0", "sip\0", "tftp\0"].map(String::from).into());
        assert!(flows.iter().any(|flow| flow.contains_key(&14)), "none is related to another");
        assert!(flows.iter().any(|flow| status(flow) & (1 << 6) != 0), "none has SEQ_ADJUST");
    } else {
        println!("{:#?}", demo.missing);
    }
}

#[test]
fn the_traffic_goes_on_until_the_demonstration_is_dropped() {
    if !within(module_path!(), "the_traffic_goes_on_until_the_demonstration_is_dropped") {
        return;
    }
    let bytes = || -> u64 {
        let counters = dump(1).into_iter().filter_map(|flow| at(&flow, &[9, 2]));
        counters.map(|value| u64::from_be_bytes(value.try_into().unwrap())).sum()
    };
    let pause = || std::thread::sleep(std::time::Duration::from_secs(1));
    let demo = demo().unwrap();
    let start = bytes();
    pause();
    let later = bytes();
    assert!(later > start, "{start} bytes, then {later}");
    drop(demo);
    // Closing sends the last packets.
    pause();
    let end = dump(1).len();
    pause();
    assert!(dump(1).len() <= end, "flows are still made");
}

#[test]
fn no_traffic_is_made_outside_of_a_sandbox() {
    if std::env::var_os(WITHIN).is_none() {
        let error = demo().unwrap_err();
        insta::assert_snapshot!(error, @"the demonstration runs only inside of a sandbox");
    }
}

#[test]
fn the_sandbox_is_entered_once() {
    if within(module_path!(), "the_sandbox_is_entered_once") {
        insta::assert_snapshot!(enter().unwrap_err(), @"the sandbox is already entered");
    }
}

#[test]
fn a_process_with_threads_is_told_to_enter_earlier() {
    if std::env::var_os(WITHIN).is_some() {
        return;
    }
    let error = std::thread::scope(|scope| scope.spawn(enter).join().unwrap().unwrap_err());
    insta::assert_snapshot!(error, @"cannot make a user and network namespace");
    insta::assert_snapshot!(error.hint().unwrap(), @"a user namespace can only be entered before the first thread is started; run `flowsh sandbox` as a process of its own.");
}

#[test]
fn the_checksum_of_sctp_is_castagnolis() {
    // RFC 3720, B.4, and the check value of every CRC catalogue.
    assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
}
