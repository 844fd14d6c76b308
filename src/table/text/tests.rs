//! Text in, filter or error out; and every filter's text read back.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::{parse_field_test, parse_filter};
use crate::flow::{
    Cmp, Direction, Family, Field, Filter, LabelMap, Masked, NatKind, Network, Place, PortRange,
    Proto, StateSet, Status, Test,
};

fn labels() -> LabelMap {
    LabelMap::parse("7 voip\n9 guest")
}

/// How the filter that `text` means is written, or what is wrong with it.
fn read(text: &str) -> String {
    match parse_filter(text, &labels()) {
        Ok(filter) => filter.to_string(),
        Err(error) => match error.suggestion() {
            Some(word) => format!("{error}\n{}\nDid you mean `{word}`?", error.caret()),
            None => format!("{error}\n{}", error.caret()),
        },
    }
}

fn read_field(field: &str, value: &str) -> String {
    match parse_field_test(field, value, &labels()) {
        Ok(filter) => filter.to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn words_side_by_side_are_and_which_binds_tighter_than_or() {
    assert_snapshot!(read("udp dport 53"), @"proto udp and dport 53");
    assert_snapshot!(read("tcp and dport in {80, 443} and src in 10.0.0.0/8 and not state time_wait"), @"proto tcp and dport {80, 443} and src 10.0.0.0/8 and not state time_wait");
    assert_snapshot!(read("tcp dport 80 or udp dport 53 mark 1"), @"(proto tcp and dport 80) or (proto udp and dport 53 and mark 0x1)");
    assert_snapshot!(read("tcp and (dport 80 or dport 443)"), @"proto tcp and (dport 80 or dport 443)");
    assert_snapshot!(read("TCP && !(dport=80||sport!=443)"), @"proto tcp and not (dport 80 or not sport 443)");
    assert_snapshot!(read("not tcp dport 80"), @"not proto tcp and dport 80");
    assert_snapshot!(read("not not udp"), @"proto udp");
    assert_snapshot!(read("all"), @"all");
}

#[test]
fn addresses_and_ports_are_tested_at_any_place() {
    assert_snapshot!(read("host 10.0.0.1 port 80-90"), @"host 10.0.0.1 and port 80-90");
    assert_snapshot!(read("orig.src 10.0.0.0/255.0.0.0 reply.dst {::1, 10.0.0.1-10.0.0.9}"), @"src 10.0.0.0/8 and reply.dst {::1, 10.0.0.1-10.0.0.9}");
    assert_snapshot!(read("dport {80..90, 100..=110, 443}"), @"dport {80-89, 100-110, 443}");
    assert_snapshot!(read("sport > 1023 reply.dport <= 80 port < 5"), @"sport 1024-65535 and reply.dport 0-80 and port 0-4");
    assert_snapshot!(read("src not in 10.0.0.0/8 dst != 10.0.0.1"), @"not src 10.0.0.0/8 and not dst 10.0.0.1");
    assert_snapshot!(read("dport {}"), @"dport {}");
}

#[test]
fn names_are_read_in_any_case() {
    assert_snapshot!(read("ip6 proto {udp, 132, IPv6-ICMP} or ip or family ipv6"), @"(ipv6 and proto {udp, sctp, icmpv6}) or ipv4 or ipv6");
    assert_snapshot!(read("ESTABLISHED or state {Syn_Sent, LISTEN} or state != close"), @"state established or state {syn_sent, syn_sent2} or not state close");
    assert_snapshot!(read("assured unreplied related replied offload status {assured, DYING}"), @"status assured and unreplied and status expected and status seen_reply and offload and (status assured or status dying)");
    assert_snapshot!(read("label voip or label {guest, 3} or labels 12"), @"label 7 or label 9 or label 3 or label 12");
    assert_snapshot!(read(r#"helper sip or helper {"ftp", 'tftp'} or secctx "a\"b c""#), @r#"helper "sip" or helper {"ftp", "tftp"} or secctx "a\"b c""#);
    assert_snapshot!(read("assured = false offload true status 0x6"), @"not status assured and offload and status 0x6");
}

#[test]
fn a_translation_may_name_its_target() {
    assert_snapshot!(read("snat dnat nat not snat"), @"snat and dnat and nat and not snat");
    assert_snapshot!(read("snat 203.0.113.7 port 1024-2048"), @"snat 203.0.113.7 port 1024-2048");
    assert_snapshot!(read("dnat 10.0.0.0/8:80 or nat [2001:db8::1]:443 or snat fe80::1"), @"dnat 10.0.0.0/8 port 80 or nat 2001:db8::1 port 443 or snat fe80::1");
    assert_snapshot!(read("snat {10.0.0.1, 10.0.0.2:80, 10.0.0.3} tcp"), @"(snat {10.0.0.1, 10.0.0.3} or snat 10.0.0.2 port 80) and proto tcp");
    assert_snapshot!(read("snat port {1, 2} or snat != 10.0.0.1 or dnat not in 10.0.0.0/8"), @"snat port 1 or snat port 2 or not snat 10.0.0.1 or not dnat 10.0.0.0/8");
    assert_snapshot!(read("snat {} or snat {} port 5"), @"not all");
}

#[test]
fn numbers_carry_the_unit_of_their_field() {
    assert_snapshot!(read("bytes > 10MB timeout<30s age >= 1h30m packets = 0"), @"bytes > 10MB and timeout < 30s and age >= 90m and packets = 0");
    assert_snapshot!(read("orig.bytes 1.5MiB..2MiB reply.packets > 10k"), @"orig.bytes >= 1572864 and orig.bytes <= 2097151 and reply.packets > 10000");
    assert_snapshot!(read("timeout < 300 or timeout in 30s-2m"), @"timeout < 5m or (timeout >= 30s and timeout <= 2m)");
    assert_snapshot!(read("start > 2026-01-31T12:00:00Z"), @"start > 1769860800s");
    assert_snapshot!(read("mark 0x100/0xff00 or mark > 5 or mark {1, 2-4, 0x10}"), @"mark 0x100/0xff00 or mark > 5 or mark 0x1 or (mark >= 2 and mark <= 4) or mark 0x10");
    assert_snapshot!(read("zone 5 orig.zone {1, 2} icmp_type 8 id 0xff refs > 2"), @"zone = 5 and (orig.zone = 1 or orig.zone = 2) and icmp_type = 8 and id = 255 and refs > 2");
}

#[test]
fn an_unknown_word_is_shown_with_the_nearest_known_one() {
    assert_snapshot!(read("tcp dprot 80"), @r"
    unknown word `dprot` at column 5 of `tcp dprot 80`
    tcp dprot 80
        ^^^^^
    Did you mean `dport`?
    ");
    assert_snapshot!(read("tpc"), @r"
    unknown word `tpc` at column 1 of `tpc`
    tpc
    ^^^
    Did you mean `tcp`?
    ");
    assert_snapshot!(read("tcp 80"), @r"
    unknown word `80` at column 5 of `tcp 80`
    tcp 80
        ^^
    Did you mean `port 80`?
    ");
    assert_snapshot!(read("udp 10.0.0.0/8"), @r"
    unknown word `10.0.0.0/8` at column 5 of `udp 10.0.0.0/8`
    udp 10.0.0.0/8
        ^^^^^^^^^^
    Did you mean `host 10.0.0.0/8`?
    ");
    assert_snapshot!(read("state estabilshed"), @r"
    state needs the name of a state, found `estabilshed` at column 7 of `state estabilshed`
    state estabilshed
          ^^^^^^^^^^^
    Did you mean `established`?
    ");
    assert_snapshot!(read("tcp\n  and label viop"), @r"
    label needs a label's name or a number from 0 to 127, found `viop` at column 13 of `  and label viop`
      and label viop
                ^^^^
    Did you mean `voip`?
    ");
}

#[test]
fn a_value_of_the_wrong_kind_is_named() {
    assert_snapshot!(read("dport 70000"), @r"
    dport needs a port from 0 to 65535, found `70000` at column 7 of `dport 70000`
    dport 70000
          ^^^^^
    ");
    assert_snapshot!(read("sport 90-80"), @r"
    sport needs a port from 0 to 65535, found `90-80` at column 7 of `sport 90-80`
    sport 90-80
          ^^^^^
    ");
    assert_snapshot!(read("src 10.0.0.0/33"), @r"
    src needs an address or a network: `/33` is not a prefix length of 10.0.0.0 at column 5 of `src 10.0.0.0/33`
    src 10.0.0.0/33
        ^^^^^^^^^^^
    ");
    assert_snapshot!(read("mark 5/3"), @r"
    mark needs a number or value/mask: `5/3` has bits in the value that are outside of the mask at column 6 of `mark 5/3`
    mark 5/3
         ^^^
    ");
    assert_snapshot!(read_field("mark", "4294967296"), @"mark needs a number or value/mask: `4294967296` is not a number from 0 to 0xffffffff at column 6 of `mark 4294967296`");
    assert_snapshot!(read("zone 70000"), @r"
    zone needs a number from 0 to 65535, found `70000` at column 6 of `zone 70000`
    zone 70000
         ^^^^^
    ");
    assert_snapshot!(read("bytes > lots"), @r"
    bytes needs a size such as `10MB`, found `lots` at column 9 of `bytes > lots`
    bytes > lots
            ^^^^
    ");
    assert_snapshot!(read("timeout < 5x"), @r"
    timeout needs a span such as `30s`, found `5x` at column 11 of `timeout < 5x`
    timeout < 5x
              ^^
    ");
    assert_snapshot!(read("start > 5m"), @r"
    start needs a time such as `2026-01-31T12:00:00Z`, found `5m` at column 9 of `start > 5m`
    start > 5m
            ^^
    ");
    assert_snapshot!(read("src > 10.0.0.1"), @r"
    `>` cannot compare src at column 5 of `src > 10.0.0.1`
    src > 10.0.0.1
        ^
    ");
    assert_snapshot!(read("seqadj 5"), @r"
    seqadj has parts that only a closure can ask for at column 1 of `seqadj 5`
    seqadj 5
    ^^^^^^
    ");
    assert_snapshot!(read("snat 10.0.0.1:80 port 90"), @r"
    the port is given twice at column 18 of `snat 10.0.0.1:80 port 90`
    snat 10.0.0.1:80 port 90
                     ^^^^
    ");
}

#[test]
fn a_text_that_breaks_off_or_goes_on_is_shown_where() {
    assert_snapshot!(read(""), @r"
    the filter is empty

    ^
    Did you mean `all`?
    ");
    assert_snapshot!(read("tcp and"), @r"
    expected a test, found the end at column 8 of `tcp and`
    tcp and
           ^
    ");
    assert_snapshot!(read("dport"), @r"
    dport needs a port from 0 to 65535, found the end at column 6 of `dport`
    dport
         ^
    ");
    assert_snapshot!(read("(tcp or udp"), @r"
    expected `)`, found the end at column 12 of `(tcp or udp`
    (tcp or udp
               ^
    ");
    assert_snapshot!(read("tcp)"), @r"
    expected the end, found `)` at column 4 of `tcp)`
    tcp)
       ^
    ");
    assert_snapshot!(read("dport {80 443}"), @r"
    expected `,` or `}`, found `443` at column 11 of `dport {80 443}`
    dport {80 443}
              ^^^
    ");
    assert_snapshot!(read("helper \"sip"), @r#"
    the quote is not closed at column 8 of `helper "sip`
    helper "sip
           ^^^^
    "#);
    assert_snapshot!(read("tcp & udp"), @r"
    unexpected `&` at column 5 of `tcp & udp`
    tcp & udp
        ^
    Did you mean `and`?
    ");
    assert_snapshot!(read("tcp\x1b[31m"), @r"
    unknown word `tcp [31m` at column 1 of `tcp [31m`
    tcp [31m
    ^^^^^^^^
    ");
    assert_snapshot!(read("helper and tcp"), @r"
    helper needs a name, found `and` at column 8 of `helper and tcp`
    helper and tcp
           ^^^
    ");
    assert_snapshot!(read("'tcp'"), @r"
    a quoted text is a value, not a test at column 1 of `'tcp'`
    'tcp'
    ^^^^^
    ");
}

#[test]
fn the_value_of_a_field_holds_no_second_test() {
    assert_snapshot!(read_field("dport", "{80, 443}"), @"dport {80, 443}");
    assert_snapshot!(read_field("bytes", "> 10MB"), @"bytes > 10MB");
    assert_snapshot!(read_field("src", "10.0.0.0/8"), @"src 10.0.0.0/8");
    assert_snapshot!(read_field("assured", "false"), @"not status assured");
    assert_snapshot!(read_field("snat", "true"), @"snat");
    assert_snapshot!(read_field("dport", "80 or all"), @"the value of dport ends before this at column 10 of `dport 80 or all`");
    assert_snapshot!(read_field("snat", "tcp"), @"the value of snat ends before this at column 6 of `snat tcp`");
    assert_snapshot!(read_field("dport", ""), @"dport needs a port from 0 to 65535, found the end at column 6 of `dport `");
    assert_snapshot!(read_field("assured", ""), @"assured needs `true` or `false`, found the end at column 8 of `assured `");
    assert_snapshot!(read_field("tcp", "80"), @"unknown field `tcp` at column 1 of `tcp 80`");
    assert_snapshot!(read_field("not dport", "80"), @"unknown field `not dport` at column 1 of `not dport 80`");
    assert_snapshot!(read_field("dprot", "80"), @"unknown field `dprot` at column 1 of `dprot 80`");
}

#[test]
fn deep_nesting_is_refused_before_it_exhausts_the_stack() {
    let deep = |depth: usize| format!("{}tcp{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(read(&deep(100)), "proto tcp");
    assert!(read(&deep(101)).starts_with("more than 100 parentheses and negations deep at"));
    assert!(read(&"not ".repeat(100_000)).starts_with("more than 100"));
    assert!(read(&"(".repeat(100_000)).starts_with("more than 100"));
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::Orig), Just(Direction::Reply)]
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![
        direction().prop_map(Place::Src),
        direction().prop_map(Place::Dst),
        Just(Place::Any)
    ]
}

fn network() -> impl Strategy<Value = Network> {
    let cidr = |(addr, prefix): (std::net::IpAddr, u8)| {
        let width = Family::of(&addr).bits() + 1;
        Network::new(addr, prefix % width).unwrap()
    };
    let range = |(a, b): (std::net::Ipv4Addr, std::net::Ipv4Addr)| {
        Network::range(a.min(b).into(), a.max(b).into()).unwrap()
    };
    prop_oneof![
        any::<(std::net::IpAddr, u8)>().prop_map(cidr),
        any::<(std::net::Ipv4Addr, std::net::Ipv4Addr)>().prop_map(range)
    ]
}

fn port_range() -> impl Strategy<Value = PortRange> {
    any::<(u16, u16)>().prop_map(|(a, b)| PortRange { first: a.min(b), last: a.max(b) })
}

fn states() -> impl Strategy<Value = StateSet> {
    prop::collection::vec(prop::sample::select(StateSet::known()), 0..4).prop_map(|names| {
        let sets = names.iter().map(|name| StateSet::named(name).unwrap());
        sets.fold(StateSet::default(), StateSet::union)
    })
}

/// Tests in the form that `number_test` and the reader make.
fn leaf() -> impl Strategy<Value = Test> {
    use prop::collection::vec;
    let numeric = [
        Field::Timeout,
        Field::Age,
        Field::Start,
        Field::Bytes,
        Field::DirBytes(Direction::Reply),
        Field::Packets,
        Field::Refs,
        Field::Id,
    ];
    let small = [Field::Zone, Field::DirZone(Direction::Orig), Field::IcmpId(Direction::Reply)];
    let cmp = || prop::sample::select(vec![Cmp::Eq, Cmp::Lt, Cmp::Le, Cmp::Gt, Cmp::Ge]);
    let kind = || prop::sample::select(vec![NatKind::Source, NatKind::Destination, NatKind::Any]);
    let number = prop_oneof![any::<i64>(), (-5_i64..5).prop_map(|days| days * 86_400_000_000_000)];
    let text = prop::sample::select(vec![Field::Helper, Field::Secctx]);
    prop_oneof![
        prop::sample::select(vec![Family::Ipv4, Family::Ipv6]).prop_map(Test::Family),
        vec(any::<u8>().prop_map(Proto), 0..4).prop_map(Test::Proto),
        (place(), vec(network(), 0..4)).prop_map(|(place, nets)| Test::Addr(place, nets)),
        (place(), vec(port_range(), 0..4)).prop_map(|(place, ranges)| Test::Port(place, ranges)),
        states().prop_map(Test::State),
        any::<u32>().prop_map(|bits| Test::Status(Status(bits))),
        (0_u32..32).prop_map(|bit| Test::Status(Status(1_u32 << bit))),
        prop_oneof![Just(Test::Unreplied), Just(Test::Offload)],
        any::<(u32, u32)>()
            .prop_map(|(value, mask)| Test::Mark(Masked { value: value & mask, mask })),
        (0_u8..128).prop_map(Test::Label),
        (kind(), vec(network(), 0..3), prop::option::of(port_range()))
            .prop_map(|(kind, nets, port)| Test::Nat(kind, nets, port)),
        (prop::sample::select(numeric.to_vec()), cmp(), number)
            .prop_map(|(field, cmp, number)| Test::Number(field, cmp, number)),
        (prop::sample::select(small.to_vec()), cmp(), 0_i64..65536)
            .prop_map(|(field, cmp, number)| Test::Number(field, cmp, number)),
        (text, vec(any::<String>(), 0..3)).prop_map(|(field, texts)| Test::Text(field, texts)),
    ]
}

fn tree() -> impl Strategy<Value = Filter> {
    let leaf = prop_oneof![9 => leaf().prop_map(Filter::Test), 1 => Just(Filter::All)];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let parts = || prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            parts().prop_map(Filter::And),
            parts().prop_map(Filter::Or),
            inner.clone().prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

/// The same tree put together as the reader does it.
fn joined(filter: &Filter) -> Filter {
    match filter {
        Filter::Not(inner) => joined(inner).negate(),
        Filter::And(parts) => parts.iter().map(joined).fold(Filter::All, Filter::and),
        Filter::Or(parts) => parts
            .iter()
            .map(joined)
            .reduce(Filter::or)
            .unwrap_or_else(|| Filter::Not(Box::new(Filter::All))),
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn a_filter_reads_back_from_its_own_text(filter in tree()) {
        let text = filter.to_string();
        let read = parse_filter(&text, &LabelMap::default());
        prop_assert_eq!(read, Ok(joined(&filter)), "{}", text);
    }

    #[test]
    fn no_text_breaks_the_reader(text in "\\PC*") {
        let _ = parse_filter(&text, &labels()).map_err(|error| (error.to_string(), error.caret()));
    }

    #[test]
    fn no_words_in_any_order_break_the_reader(
        words in prop::collection::vec(prop::sample::select(super::subject::test_words()), 0..9),
        values in prop::collection::vec("[0-9a-z.:/{},()<>=! -]{0,9}", 9),
    ) {
        let text: Vec<&str> =
            words.iter().zip(&values).flat_map(|(word, value)| [word.as_str(), value]).collect();
        let text = text.join(" ");
        if let Ok(filter) = parse_filter(&text, &labels()) {
            let again = parse_filter(&filter.to_string(), &labels());
            prop_assert_eq!(again, Ok(joined(&filter)), "{}", text);
        }
    }
}
