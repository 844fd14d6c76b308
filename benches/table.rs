//! What a flow costs natively: judged, counted, ranked, kept. Times are for [`FLOWS`] flows; divan
//! prints flows per second beside them. A dump costs about 2,000 ns a flow.

#![expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "made-up flows")]
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench may stop and print")]

use std::hint::black_box;
use std::net::Ipv4Addr;

use divan::Bencher;
use divan::counter::ItemsCount;
use flowsh::flow::{
    Counters, Field, Flow, L4, LabelMap, Never, Proto, ProtoInfo, Status, TcpFlags, TcpInfo, Tuple,
    View,
};
use flowsh::table::text::parse_filter;
use flowsh::table::{Group, Order, Snapshot, Tally, Top, diff, rates};

const FLOWS: u32 = 1_000_000;

fn main() {
    divan::main();
}

/// A mixed table: two thirds tcp, a tenth translated, 4,096 sources, few services.
fn flows() -> Vec<Flow> {
    let mut seed = 0x2545_f491_u32;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed
    };
    (0..FLOWS).map(|number| flow(number, &mut random)).collect()
}

fn flow(number: u32, random: &mut impl FnMut() -> u32) -> Flow {
    let tcp = !random().is_multiple_of(3);
    let dport = [53, 80, 443, 443, 5060, 123].get((random() % 6) as usize).copied().unwrap_or(22);
    let orig = Tuple {
        src: Ipv4Addr::from_bits(0x0a00_0000 | (random() & 0xfff)).into(),
        dst: Ipv4Addr::from_bits(0xc633_6400 | (random() & 0xff)).into(),
        proto: if tcp { Proto::TCP } else { Proto::UDP },
        l4: L4::Ports { src: (1024 + number % 60_000) as u16, dst: dport },
        zone: None,
    };
    let mut reply = orig.inverted().unwrap_or(orig);
    if random().is_multiple_of(10) {
        reply.dst = Ipv4Addr::new(203, 0, 113, 7).into();
    }
    let flags = Some(TcpFlags { flags: 0x23, mask: 0 });
    let info = TcpInfo {
        state: 3 + (random() % 4) as u8,
        wscale_orig: Some(7),
        wscale_reply: Some(7),
        flags_orig: flags,
        flags_reply: flags,
    };
    let counters =
        |random: u32| Some(Counters { packets: (random % 999).into(), bytes: random.into() });
    Flow {
        status: Some(Status(0x18e)),
        timeout_s: Some(random() % 432_000),
        proto_info: tcp.then_some(ProtoInfo::Tcp(info)),
        mark: Some(random() & 0xff),
        id: Some(random()),
        refs: Some(1),
        orig_counters: counters(random()),
        reply_counters: counters(random()),
        start_ns: Some(1_800_000_000_000_000_000 + u64::from(number)),
        ..Flow::new(orig, reply)
    }
}

/// Runs `over` on all flows, with the present and no labels.
fn bench(bencher: Bencher, mut over: impl FnMut(&[Flow], View<'_>)) {
    let (flows, labels) = (flows(), LabelMap::default());
    let view = View { now_ns: 1_800_000_100_000_000_000, labels: &labels };
    bencher.counter(ItemsCount::new(flows.len())).bench_local(|| over(black_box(&flows), view));
}

#[divan::bench(sample_count = 10, args = [
    "udp dport 53",
    "tcp and dport in {80, 443} and src in 10.0.0.0/8 and not state time_wait",
    "snat 203.0.113.7 or mark 0x10/0xf0",
    "host 198.51.100.7 bytes > 10MB age > 1m",
])]
fn filter(bencher: Bencher, text: &str) {
    let filter = parse_filter(text, &LabelMap::default()).expect("the text is a filter");
    bench(bencher, |flows, view| {
        black_box(flows.iter().filter(|flow| filter.takes(flow, view.now_ns)).count());
    });
}

#[divan::bench(sample_count = 10, args = ["src", "sport", "proto", "src dst dport", "status"])]
fn group(bencher: Bencher, names: &str) {
    let fields: Vec<Field> = names.split(' ').filter_map(Field::named).collect();
    bench(bencher, |flows, view| {
        let mut group = Group::new(fields.clone());
        for flow in flows {
            group.add(flow, view);
        }
        black_box(group.finish());
    });
}

#[divan::bench(sample_count = 10, args = [10, usize::MAX])]
fn top(bencher: Bencher, count: usize) {
    bench(bencher, |flows, view| {
        let mut top = Top::new(count, vec![(Field::Bytes, Order::Descending)]);
        for flow in flows {
            let Ok(()) = top.add(flow, |field| Ok::<_, Never>(field.get(flow, view)));
        }
        black_box(top.finish());
    });
}

#[divan::bench(sample_count = 10)]
fn sum(bencher: Bencher) {
    bench(bencher, |flows, view| {
        let mut tally = Tally::default();
        for flow in flows {
            tally.add(&Field::Bytes.get(flow, view));
        }
        black_box(tally.sum());
    });
}

fn keep(flows: &[Flow], taken_ns: u64) -> Snapshot {
    let mut snapshot = Snapshot::new(taken_ns);
    snapshot.extend(flows);
    snapshot
}

#[divan::bench(sample_count = 10)]
fn snapshot_keep(bencher: Bencher) {
    let flows = flows();
    let kept = keep(&flows, 0);
    println!("{} bytes a flow", kept.bytes() / kept.len());
    bench(bencher, |flows, _| drop(black_box(keep(flows, 0))));
}

#[divan::bench(sample_count = 10)]
fn snapshot_iterate(bencher: Bencher) {
    let kept = keep(&flows(), 0);
    bench(bencher, |_, _| {
        black_box(kept.iter().count());
    });
}

#[divan::bench(sample_count = 10)]
fn snapshot_diff(bencher: Bencher) {
    let (before, after) = (keep(&flows(), 0), keep(&flows(), 1));
    bench(bencher, |_, _| drop(black_box(diff(&before, &after))));
}

#[divan::bench(sample_count = 10)]
fn snapshot_rates(bencher: Bencher) {
    let (before, after) = (keep(&flows(), 0), keep(&flows(), 1));
    bench(bencher, |_, _| {
        black_box(rates(&before, &after).count());
    });
}
