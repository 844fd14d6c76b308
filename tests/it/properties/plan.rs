//! Whatever a filter is: each flow that it takes is wanted of exactly one of the dumps that are asked
//! for it, and the kernel sends it there.

use flowsh::flow::{Flow, LabelMap, Tuple};
use flowsh::kernel::{DumpScope, now_ns, plan};
use flowsh::table::parse_filter;
use flowsh::wire::TupleFilter;
use proptest::prelude::*;
use proptest::sample::select;

use super::config;
use super::flows::flows;
use super::forms::forms;

/// Whether a kernel that compares everything right sends `flow`.
fn sends(scope: &DumpScope, flow: &Flow) -> bool {
    let filter = &scope.filter;
    scope.family.is_none_or(|family| family == flow.family())
        && filter.mark.is_none_or(|mark| flow.mark.is_some_and(|found| mark.matches(found)))
        && filter.status.is_none_or(|(value, mask)| flow.status.is_some_and(|s| s & mask == value))
        && filter.zone.is_none_or(|zone| flow.zone_or_default() == Some(zone))
        && fits(&filter.orig, &flow.orig)
        && fits(&filter.reply, &flow.reply)
}

fn fits(filter: &TupleFilter, tuple: &Tuple) -> bool {
    filter.src.is_none_or(|src| src == tuple.src)
        && filter.dst.is_none_or(|dst| dst == tuple.dst)
        && filter.proto.is_none_or(|proto| proto == tuple.proto)
        && filter.sport.is_none_or(|port| Some(port) == tuple.sport())
        && filter.dport.is_none_or(|port| Some(port) == tuple.dport())
}

/// Of a real flow both directions have the same protocol, and a dump shows mark and status of it.
fn as_in_a_dump(mut flow: Flow) -> Flow {
    flow.mark.get_or_insert_default();
    flow.status.get_or_insert_default();
    flow.reply.proto = flow.orig.proto;
    flow
}

/// Filters of what a kernel can be asked for, and little else.
fn narrow() -> impl Strategy<Value = String> {
    let words = [
        "ipv4",
        "ipv6",
        "tcp",
        "udp",
        "sctp",
        "src 10.0.0.1",
        "dst 10.0.0.1",
        "host 10.0.0.1",
        "src {10.0.0.1, 10.0.0.2}",
        "src in 10.0.0.0/8",
        "dst 2001:db8::1",
        "reply.src 10.0.0.1",
        "nat 10.0.0.1",
        "snat 10.0.0.2",
        "dport 53",
        "dport {53, 80}",
        "sport 22",
        "port 53",
        "mark 1",
        "mark {0x100, 0x1ff}",
        "assured",
        "unreplied",
        "status src_nat",
        "zone 1",
        "zone {1, 7}",
        "bytes > 10MB",
    ];
    select(words.map(str::to_owned).to_vec()).prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            1 => inner.clone().prop_map(|a| format!("not ({a})")),
            3 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) ({b})")),
            3 => (inner.clone(), inner).prop_map(|(a, b)| format!("({a}) or ({b})")),
        ]
    })
}

fn any_filter() -> impl Strategy<Value = String> {
    prop_oneof![3 => narrow(), 1 => forms().prop_map(|forms| forms.text)]
}

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn a_plan_of_dumps_shows_each_flow_once(
        flows in flows(),
        text in any_filter(),
        replies in any::<bool>(),
    ) {
        let filter = parse_filter(&text, &LabelMap::default()).unwrap();
        let parts = plan(&DumpScope::default(), &filter, replies);
        let now_ns = now_ns();
        for flow in flows.into_iter().map(as_in_a_dump) {
            let wanted: Vec<_> =
                parts.iter().filter(|part| part.filter.takes(&flow, now_ns)).collect();
            let taken = usize::from(filter.takes(&flow, now_ns));
            // An old kernel heeds nothing but the family.
            for scope in [|scope: &DumpScope| *scope, DumpScope::unfiltered] {
                let shown = wanted.iter().filter(|part| sends(&scope(&part.scope), &flow));
                prop_assert_eq!(shown.count(), taken, "{}: {:?}: {}", &text, parts, flow);
            }
        }
    }
}
