//! Several dumps for one question: at once or one after the other, they show the same.

use crate::lab::{eval, in_namespace, run, untimed};

/// Flows of both families to one port; more of IPv6 than may wait for their turn.
const TABLE: &str = r#"
    let list = [];
    for n in 0..12_000 {
        let flow = #{ proto: "udp", src: `2001:db8::${n / 250}:${n % 250 + 1}`, dst: "2001:db8:1::53" };
        if n % 40 == 0 { flow.src = `10.0.${n / 250}.${n % 250 + 1}`; flow.dst = "10.9.9.53" }
        flow += #{ sport: 5000 + n % 7, dport: 53, timeout: 1.hour };
        list.push(flow);
    }
    flows.create(list).done
"#;

/// What is read ahead, beside what a loop takes one by one.
const BOTH_WAYS: &str = r#"
    let one_by_one = [];
    for f in flows("udp dport 53") { one_by_one.push(f.id) }
    let ahead = flows("udp dport 53").array().map(|f| f.id);
    print(`${ahead.len()} ${ahead == one_by_one} ${ahead[0] == flows("udp dport 53").first().id}`);
    print(flows("udp dport 53").count());
    print(flows("udp dport 53").group("family").count());
    print(flows("udp dport 53").take(301).array().map(|f| f.id) == one_by_one.extract(0..301));
    print(flows("udp dport {53, 54}").count() + " " + flows("host 10.9.9.53").count());
"#;

const SAID: &str = "12000 true true\n12000\n2\ntrue\n12000 300\n";

#[test]
fn walks_at_once_show_what_they_show_one_after_the_other() {
    in_namespace(|| {
        assert_eq!(eval(TABLE), "12000");
        assert_eq!(eval(BOTH_WAYS).trim_end(), SAID.trim_end());
        let alone = run("taskset", &["-c", "0", env!("CARGO_BIN_EXE_flowsh"), "-e", BOTH_WAYS]);
        assert_eq!(alone.ok(), SAID);
    });
}

#[test]
fn a_change_takes_the_flows_of_all_walks() {
    in_namespace(|| {
        for processors in ["0", "0-63"] {
            assert_eq!(eval(TABLE), "12000");
            let change = |code| {
                let flowsh = env!("CARGO_BIN_EXE_flowsh");
                untimed(&run("taskset", &["-c", processors, flowsh, "-e", code]).ok())
            };
            let updated = change(r#"flows("udp dport 53").update(#{ mark: 7 })"#);
            assert_eq!(updated.trim_end(), "updated 12000, gone 0, failed 0, protected 0");
            let few = change(r#"flows("udp dport 53").take(301).delete()"#);
            assert_eq!(few.trim_end(), "deleted 301, gone 0, failed 0, protected 0");
            let rest = change(r#"flows("mark 7 udp dport 53").delete()"#);
            assert_eq!(rest.trim_end(), "deleted 11699, gone 0, failed 0, protected 0");
        }
    });
}

/// Five flows of each family, then changes that go by the order of flows: each must leave the first
/// five of what a reader sees.
const IN_ORDER: &str = r#"
    let list = [];
    for n in 1..=5 {
        let flow = #{ proto: "udp", sport: 5000 + n, dport: 53, timeout: 1.hour };
        list.push(flow + #{ src: `10.0.0.${n}`, dst: "10.9.9.53" });
        list.push(flow + #{ src: `2001:db8::${n}`, dst: "2001:db8:1::53" });
    }
    let dns = flows("udp dport 53");
    let round = |name, change| {
        flows.create(list);
        let first = dns.take(5).array().map(|f| f.id);
        change.call();
        if dns.array().map(|f| f.id) != first { print(name) }
        dns.delete();
    };
    for again in 0..12 {
        round.call("skip", || dns.skip(5).delete());
        round.call("a closure that counts", || { let n = 0; dns.where(|f| { n += 1; n > 5 }).delete() });
        round.call("a rule that counts", || {
            let n = 0;
            dns.reconcile(|f| { n += 1; if n > 5 { "delete" } })
        });
    }
"#;

#[test]
fn a_change_that_goes_by_the_order_takes_them_in_order() {
    in_namespace(|| assert_eq!(eval(IN_ORDER), ""));
}
