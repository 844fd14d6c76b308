//! Two snapshots compared: what came, what went, what changed, how fast it runs.

use super::pairs::Pairs;
use super::snapshot::Snapshot;
use crate::flow::{Counters, Flow, Status};

/// What differs between two snapshots, each list in the order of its snapshot.
///
/// Two flows are the same one if namespace, zone and original direction are the same, unless both
/// carry an id or a start and these differ: then one went and another came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff {
    /// Flows that are only in the later one.
    pub added: Vec<Flow>,
    /// Flows that are only in the earlier one.
    pub removed: Vec<Flow>,
    /// Flows of which state, status, mark, labels, helper, security context or reply direction
    /// changed: before and after. Counters and timeouts pass all the time and do not count.
    pub changed: Vec<(Flow, Flow)>,
    /// How many flows are in both and did not change.
    pub unchanged: usize,
}

/// How fast a flow runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    /// The flow as the later snapshot has it.
    pub flow: Flow,
    /// The time between the snapshots, also for a flow that began between them.
    pub seconds: f64,
    /// Bits per second of both directions; absent without accounting or without time between.
    pub bits_per_s: Option<f64>,
    /// Packets per second of both directions; absent as `bits_per_s`.
    pub packets_per_s: Option<f64>,
    /// Bits per second of the original direction.
    pub orig_bits_per_s: Option<f64>,
    /// Bits per second of the reply direction.
    pub reply_bits_per_s: Option<f64>,
}

/// Compares two snapshots. Besides what it returns it needs 40 bytes a flow of `before`.
#[must_use]
pub fn diff(before: &Snapshot, after: &Snapshot) -> Diff {
    let mut pairs = Pairs::new(before, after);
    let mut diff = Diff::default();
    for (old, new) in &mut pairs {
        match old {
            Some(old) => {
                let told = old.told & new.told;
                if lasting(&old, told) == lasting(&new, told) {
                    diff.unchanged += 1;
                } else {
                    diff.changed.push((old, new));
                }
            }
            None => diff.added.push(new),
        }
    }
    diff.removed = pairs.unpaired();
    diff
}

/// How fast each flow of `after` ran since `before`, in the order of `after`.
///
/// A flow that `before` does not have, or whose counters were set back, counts from 0.
pub fn rates<'a>(
    before: &'a Snapshot,
    after: &'a Snapshot,
) -> impl Iterator<Item = Rate> + use<'a> {
    let ns = after.taken_ns.saturating_sub(before.taken_ns);
    Pairs::new(before, after).map(move |(old, flow)| {
        let grown = |of: fn(&Flow) -> Option<Counters>| {
            Some(since(old.as_ref().and_then(of), of(&flow)?)).filter(|_| ns > 0)
        };
        let orig = grown(|flow| flow.orig_counters);
        let reply = grown(|flow| flow.reply_counters);
        let seconds = float(ns) / 1e9;
        let bits_per_s = |side: Counters| float(side.bytes) * 8.0 / seconds;
        let packets_per_s = |side: Counters| float(side.packets) / seconds;
        Rate {
            seconds,
            bits_per_s: sum(orig.map(bits_per_s), reply.map(bits_per_s)),
            packets_per_s: sum(orig.map(packets_per_s), reply.map(packets_per_s)),
            orig_bits_per_s: orig.map(bits_per_s),
            reply_bits_per_s: reply.map(bits_per_s),
            flow,
        }
    })
}

fn sum(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}

/// What was counted since `before`; all of it if the counters were set back in between.
fn since(before: Option<Counters>, now: Counters) -> Counters {
    let before = before.unwrap_or_default();
    match (now.packets.checked_sub(before.packets), now.bytes.checked_sub(before.bytes)) {
        (Some(packets), Some(bytes)) => Counters { packets, bytes },
        _ => now,
    }
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "no lossless way to f64")]
fn float(count: u64) -> f64 {
    count as f64
}

/// What makes a change worth telling; of the status, the bits of `told`.
fn lasting(flow: &Flow, told: Status) -> impl PartialEq + '_ {
    let state = flow.proto_info.map(|info| (std::mem::discriminant(&info), info.state()));
    let secctx = flow.rare.as_ref().and_then(|rare| rare.secctx.as_deref());
    let status = flow.status.map(|status| status & told);
    (state, status, flow.mark, flow.labels, flow.helper, flow.reply, secctx)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Diff, diff, rates};
    use crate::flow::{Counters, Flow, Status};
    use crate::table::samples::{flow, flows};
    use crate::table::snapshot::Snapshot;

    fn snapshot<'a>(taken_s: u64, flows: impl IntoIterator<Item = &'a Flow>) -> Snapshot {
        let mut snapshot = Snapshot::new(taken_s * 1_000_000_000);
        snapshot.extend(flows);
        snapshot
    }

    fn check(before: &[&Flow], after: &[&Flow], wanted: [usize; 4]) -> Diff {
        let diff = diff(&snapshot(0, before.iter().copied()), &snapshot(1, after.iter().copied()));
        let Diff { added, removed, changed, unchanged } = &diff;
        assert_eq!([added.len(), removed.len(), changed.len(), *unchanged], wanted);
        diff
    }

    #[test]
    fn counters_and_timeouts_are_no_change_but_state_and_zone_are() {
        let old = flow("tcp 10.0.0.1:1 10.0.0.2:2");
        let mut counted = old.clone();
        counted.orig_counters = Some(Counters { packets: 1, bytes: 60 });
        counted.timeout_s = Some(5);
        check(&[&old], &[&counted], [0, 0, 0, 1]);

        let mut assured = counted.clone();
        assured.status = Some(Status::ASSURED);
        let changed = check(&[&counted], &[&assured], [0, 0, 1, 0]).changed;
        assert_eq!(changed, [(counted.clone(), assured.clone())]);

        // Of other bits a list of conntrack says nothing.
        let mut listed = assured.clone();
        listed.told = Status::ASSURED;
        let mut confirmed = assured.clone();
        confirmed.status = Some(Status::ASSURED | Status::FIXED_TIMEOUT);
        check(&[&listed], &[&confirmed], [0, 0, 0, 1]);
        check(&[&assured], &[&confirmed], [0, 0, 1, 0]);

        let mut zoned = assured.clone();
        zoned.zone = Some(7);
        check(&[&assured], &[&zoned], [1, 1, 0, 0]);
    }

    #[test]
    fn a_flow_made_again_is_one_gone_and_one_come() {
        let mut old = flow("udp 10.0.0.1:1 10.0.0.2:53");
        (old.id, old.start_ns) = (Some(1), Some(10));
        let mut again = old.clone();
        again.start_ns = Some(20);
        check(&[&old], &[&again], [1, 1, 0, 0]);
        again.start_ns = Some(0);
        // A recording shows seconds: it may be the same.
        check(&[&old], &[&again], [0, 0, 0, 1]);
        again.start_ns = None;
        check(&[&old], &[&again], [0, 0, 0, 1]);
        again.id = Some(2);
        check(&[&old], &[&again], [1, 1, 0, 0]);
    }

    #[test]
    fn a_flow_that_a_dump_shows_twice_counts_once() {
        let flow = flow("udp 10.0.0.1:1 10.0.0.2:53");
        check(&[&flow, &flow], &[&flow, &flow], [0, 0, 0, 1]);
        check(&[], &[&flow, &flow], [1, 0, 0, 0]);
        check(&[&flow, &flow], &[], [0, 1, 0, 0]);
    }

    #[test]
    fn rates_count_new_flows_and_reset_counters_from_zero() {
        let with = |text, packets, bytes| {
            let mut flow = flow(text);
            flow.orig_counters = Some(Counters { packets, bytes });
            flow
        };
        let (known, reset) = ("tcp 10.0.0.1:1 10.0.0.2:2", "tcp 10.0.0.1:3 10.0.0.2:2");
        let before = [with(known, 10, 1000), with(reset, 10, 1000)];
        let mut both = with(known, 14, 3000);
        both.reply_counters = Some(Counters { packets: 2, bytes: 500 });
        let new = with("tcp 10.0.0.1:4 10.0.0.2:2", 2, 200);
        let after = [both, with(reset, 4, 400), new, flow("udp 10.0.0.1:1 10.0.0.2:2")];
        let (before, after) = (snapshot(1, &before), snapshot(3, &after));
        let shown: Vec<String> = rates(&before, &after)
            .map(|rate| {
                format!(
                    "{}: {}s {:?} bit/s {:?} packet/s, {:?} and {:?}",
                    rate.flow.orig,
                    rate.seconds,
                    rate.bits_per_s,
                    rate.packets_per_s,
                    rate.orig_bits_per_s,
                    rate.reply_bits_per_s
                )
            })
            .collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        tcp 10.0.0.1:1 -> 10.0.0.2:2: 2s Some(10000.0) bit/s Some(3.0) packet/s, Some(8000.0) and Some(2000.0)
        tcp 10.0.0.1:3 -> 10.0.0.2:2: 2s Some(1600.0) bit/s Some(2.0) packet/s, Some(1600.0) and None
        tcp 10.0.0.1:4 -> 10.0.0.2:2: 2s Some(800.0) bit/s Some(1.0) packet/s, Some(800.0) and None
        udp 10.0.0.1:1 -> 10.0.0.2:2: 2s None bit/s None packet/s, None and None
        ");
        assert!(rates(&after, &after).all(|rate| rate.bits_per_s.is_none()));
    }

    /// The key, and what tells a flow from another with the same key.
    fn keys(flows: &[Flow]) -> usize {
        let mut keys: Vec<_> =
            flows.iter().map(|flow| (flow.orig, flow.zone, flow.netns())).collect();
        keys.sort_by_key(|key| format!("{key:?}"));
        keys.dedup();
        keys.len()
    }

    proptest! {
        #[test]
        fn a_table_does_not_differ_from_itself(flows in prop::collection::vec(flows(), 0..40)) {
            let same = snapshot(1, &flows);
            let unchanged = keys(&flows);
            prop_assert_eq!(diff(&same, &same), Diff { unchanged, ..Diff::default() });
        }

        #[test]
        fn every_flow_of_either_table_is_told_once(
            common in prop::collection::vec(flows(), 0..20),
            before in prop::collection::vec(flows(), 0..20),
            after in prop::collection::vec(flows(), 0..20),
        ) {
            let before: Vec<Flow> = before.into_iter().chain(common.clone()).collect();
            let after: Vec<Flow> = common.into_iter().chain(after).collect();
            let there = diff(&snapshot(1, &before), &snapshot(2, &after));
            let back = diff(&snapshot(2, &after), &snapshot(1, &before));
            let both = there.changed.len() + there.unchanged;
            prop_assert_eq!(there.removed.len() + both, keys(&before));
            prop_assert_eq!(there.added.len() + both, keys(&after));
            prop_assert_eq!(
                (back.added.len(), back.removed.len(), back.changed.len(), back.unchanged),
                (there.removed.len(), there.added.len(), there.changed.len(), there.unchanged)
            );
        }
    }
}
