//! Results, against what a few lines of plain Rust make of the same flows.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use flowsh::flow::{Field, Flow, LabelMap, Value, View};
use flowsh::kernel::now_ns;
use proptest::prelude::*;
use proptest::sample::select;

use super::flows::flows;
use super::forms::forms;
use super::{config, ids};
use crate::replay::Script;

/// Fields by which the tests sort, group and sum; none that changes while time goes by.
const FIELDS: [&str; 12] = [
    "src",
    "dst",
    "reply.dst",
    "dport",
    "proto",
    "family",
    "state",
    "mark",
    "zone",
    "timeout",
    "packets",
    "bytes",
];

fn field() -> impl Strategy<Value = &'static str> {
    select(&FIELDS[..])
}

/// Those that `group` has no column of its own for.
fn key() -> impl Strategy<Value = &'static str> {
    field().prop_filter("a column of its own", |field| !["packets", "bytes"].contains(field))
}

fn get(field: &str, flow: &Flow) -> Value {
    let labels = LabelMap::default();
    Field::named(field).unwrap().get(flow, View { now_ns: now_ns(), labels: &labels })
}

fn json(value: &Value) -> String {
    flowsh::render::json(value).to_string()
}

/// The flows' ids as a script prints them.
fn numbers(flows: &[Flow]) -> String {
    let ids: Vec<_> = flows.iter().map(|flow| flow.id.unwrap().to_string()).collect();
    format!("[{}]", ids.join(","))
}

/// Sorted by a field, absent last; flows that are equal keep their order.
fn sorted(field: &str, descending: bool, flows: &[Flow]) -> Vec<Flow> {
    let mut keyed: Vec<_> = flows.iter().map(|flow| (get(field, flow), flow.clone())).collect();
    keyed.sort_by(|(a, _), (b, _)| {
        let order = if descending { b.cmp(a) } else { a.cmp(b) };
        a.is_absent().cmp(&b.is_absent()).then(order)
    });
    keyed.into_iter().map(|(_, flow)| flow).collect()
}

proptest! {
    #![proptest_config(config(100))]

    #[test]
    fn sort_and_top_are_a_stable_sort_with_absent_last(
        flows in flows(), field in field(), n in 0..50_usize,
    ) {
        let mut script = Script::over(flows.clone());
        let (up, down) = (sorted(field, false, &flows), sorted(field, true, &flows));
        let top = &down[..n.min(down.len())];
        let mut check = |query: &str, expected: &[Flow]| {
            prop_assert_eq!(ids(&mut script, query), numbers(expected), "{}", query);
            Ok(())
        };
        check(&format!("flows.sort(\"{field}\")"), &up)?;
        check(&format!("flows.sort(\"-{field}\")"), &down)?;
        check(&format!("flows.top({n}, \"{field}\")"), top)?;
        check(&format!("flows.sort(\"-{field}\").take({n})"), top)?;
        check(&format!("flows.sort(\"id\").sort(\"-{field}\")"), &down)?;
        check(&format!("flows.sort(\"id\").top({n}, \"{field}\")"), top)?;
    }

    #[test]
    fn take_and_skip_are_slices(flows in flows(), a in 0..50_usize, b in 0..50_usize) {
        let len = flows.len();
        let mut script = Script::over(flows.clone());
        let mut check = |query: &str, expected: &[Flow]| {
            prop_assert_eq!(ids(&mut script, query), numbers(expected), "{}", query);
            Ok(())
        };
        for table in ["flows", "flows.sort(\"id\")"] {
            check(&format!("{table}.take({a})"), &flows[..a.min(len)])?;
            check(&format!("{table}.skip({a})"), &flows[a.min(len)..])?;
            check(&format!("{table}.take({a}).take({b})"), &flows[..a.min(b).min(len)])?;
            check(&format!("{table}.skip({a}).skip({b})"), &flows[(a + b).min(len)..])?;
            let window = &flows[a.min(len)..(a + b).min(len)];
            check(&format!("{table}.skip({a}).take({b})"), window)?;
            check(&format!("{table}.take({}).skip({a})", a + b), window)?;
        }
    }

    #[test]
    fn a_filter_behind_take_sees_only_what_was_taken(
        flows in flows(), forms in forms(), n in 0..50_usize,
    ) {
        let first = flows.iter().take(n).cloned().collect();
        let query = format!("flows.take({n}).where(|f| {})", forms.closure);
        let all = format!("flows.where({})", forms.value);
        let expected = ids(&mut Script::over(first), &all);
        prop_assert_eq!(ids(&mut Script::over(flows), &query), expected);
    }

    #[test]
    fn count_first_and_exists_agree_with_the_array(flows in flows(), forms in forms()) {
        let mut script = Script::over(flows);
        script.answer(&format!("let q = flows.where({})", forms.value));
        let law = "let a = q.array(); let n = 0; for f in q { n += 1; }
            q.count() == a.len() && n == a.len() && q.exists() == (a.len() > 0)
            && (if a.len() > 0 { q.first() == a[0] } else { q.first() == () })
            && q.snapshot().len == a.len()";
        prop_assert_eq!(script.answer(law), "true");
    }

    #[test]
    fn group_counts_and_sums_each_value_once(flows in flows(), field in key()) {
        type Group = (u64, Option<u64>, Option<u64>);
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        for flow in &flows {
            let (count, packets, bytes) = groups.entry(json(&get(field, flow))).or_default();
            *count += 1;
            // A sum is absent only if all its parts are.
            *packets = packets.map_or(flow.packets(), |sum| Some(sum + flow.packets().unwrap_or(0)));
            *bytes = bytes.map_or(flow.bytes(), |sum| Some(sum + flow.bytes().unwrap_or(0)));
        }
        let shown = Script::over(flows).answer(&format!("flows.group(\"{field}\")"));
        let rows: Vec<serde_json::Value> =
            shown.lines().map(|row| serde_json::from_str(row).unwrap()).collect();
        prop_assert!(rows.is_sorted_by_key(|row| Reverse(row["flows"].as_u64())), "{}", shown);
        let found: Vec<(String, Group)> = rows
            .iter()
            .map(|row| {
                let sums = (row["packets"].as_u64(), row["bytes"].as_u64());
                (row[field].to_string(), (row["flows"].as_u64().unwrap(), sums.0, sums.1))
            })
            .collect();
        prop_assert_eq!(found.len(), groups.len());
        prop_assert_eq!(found.into_iter().collect::<BTreeMap<_, _>>(), groups);
    }

    #[test]
    fn distinct_is_the_set_of_values_that_are_there(flows in flows(), field in field()) {
        let values: BTreeSet<Value> =
            flows.iter().map(|flow| get(field, flow)).filter(|value| !value.is_absent()).collect();
        let expected = json(&Value::List(values.into_iter().collect()));
        let mut script = Script::over(flows);
        prop_assert_eq!(script.answer(&format!("flows.distinct(\"{field}\")")), expected.as_str());
        prop_assert_eq!(script.answer(&format!("flows.distinct(|f| f.{field})")), expected);
    }

    #[test]
    fn sums_leave_out_what_is_absent(flows in flows(), field in select(vec!["packets", "bytes", "mark", "dport"])) {
        let values: Vec<i64> = flows
            .iter()
            .filter_map(|flow| Field::named(field).unwrap().number(flow, now_ns()))
            .collect();
        let show = |value: Option<i64>| value.map_or_else(String::new, |value| value.to_string());
        // The sum of nothing is 0; of flows none of which has the field it is not known.
        let unknown = values.is_empty() && !flows.is_empty();
        let sum = (!unknown).then(|| values.iter().sum());
        let mut script = Script::over(flows);
        let mut check = |verb: &str, expected: &str| {
            for key in [format!("\"{field}\""), format!("|f| f.{field}")] {
                prop_assert_eq!(script.answer(&format!("flows.{verb}({key})")), expected, "{}({})", verb, key);
            }
            Ok(())
        };
        check("sum", &show(sum))?;
        check("min", &show(values.iter().min().copied()))?;
        check("max", &show(values.iter().max().copied()))?;
    }
}
