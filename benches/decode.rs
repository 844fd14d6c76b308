//! What decoding costs per flow: it runs once for each flow of a dump of millions. The allocator
//! counts, so that a figure with allocations in it shows them.

#![expect(clippy::expect_used, reason = "a bench may stop")]

use std::net::IpAddr;

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher};
use flowsh::flow::{Flow, L4, LabelMap, Proto, ProtoInfo, Status, TcpFlags, TcpInfo, Tuple};
use flowsh::table::parse_filter;
use flowsh::wire::{
    Message, Screen, decode_event, decode_flow, decode_taken, encode_flow, messages,
};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

/// The mixed dump: 55 flows of all protocols, with counters, timestamps, labels and helpers.
const MIXED: &[u8] = include_bytes!("../tests/fixtures/mixed_ct_dump.bin");

/// `IPCTNL_MSG_CT_NEW` of ctnetlink.
const CT_NEW: u16 = 1 << 8;

fn main() {
    divan::main();
}

#[divan::bench]
fn mixed_dump(bencher: Bencher<'_, '_>) {
    let flows = messages(MIXED).flatten().filter(|message| message.kind == CT_NEW).count();
    bencher.counter(ItemsCount::new(flows)).bench(|| {
        let flows = messages(divan::black_box(MIXED)).flatten();
        for message in flows.filter(|message| message.kind == CT_NEW) {
            divan::black_box_drop(decode_flow(message.payload));
        }
    });
}

#[divan::bench]
fn tcp4(bencher: Bencher<'_, '_>) {
    let payload = encode_flow(&tcp_flow(["10.0.0.1", "93.184.216.34"]));
    bencher
        .counter(ItemsCount::new(1usize))
        .bench(|| divan::black_box_drop(decode_flow(divan::black_box(&payload))));
}

/// A flow that a filter does not take: known by its first tuple, its second, its mark, its end.
#[divan::bench(args = ["udp dport 53", "sport < 2000 or dport 53", "dnat", "mark 7", "age > 1h"])]
fn tcp4_refused(bencher: Bencher<'_, '_>, text: &str) {
    let payload = encode_flow(&tcp_flow(["10.0.0.1", "93.184.216.34"]));
    let mut flow = None;
    let filter = parse_filter(text, &LabelMap::default()).expect("the text is a filter");
    let screen = Screen::new(&filter, 0);
    bencher.counter(ItemsCount::new(1usize)).bench_local(|| {
        divan::black_box_drop(decode_taken(divan::black_box(&payload), &mut flow, &screen));
    });
}

/// The same, decoded to its end before it is judged.
#[divan::bench(args = ["udp dport 53", "sport < 2000 or dport 53"])]
fn tcp4_judged(bencher: Bencher<'_, '_>, text: &str) {
    let payload = encode_flow(&tcp_flow(["10.0.0.1", "93.184.216.34"]));
    let filter = parse_filter(text, &LabelMap::default()).expect("the text is a filter");
    bencher.counter(ItemsCount::new(1usize)).bench_local(|| {
        let flow = decode_flow(divan::black_box(&payload));
        divan::black_box(flow.is_ok_and(|flow| filter.takes(&flow, 0)));
    });
}

#[divan::bench]
fn tcp6(bencher: Bencher<'_, '_>) {
    let payload = encode_flow(&tcp_flow(["2001:db8::1", "2606:2800:220:1::34"]));
    bencher
        .counter(ItemsCount::new(1usize))
        .bench(|| divan::black_box_drop(decode_flow(divan::black_box(&payload))));
}

#[divan::bench]
fn tcp4_event(bencher: Bencher<'_, '_>) {
    let payload = encode_flow(&tcp_flow(["10.0.0.1", "93.184.216.34"]));
    let message = Message { kind: CT_NEW, flags: 0x600, seq: 0, port_id: 0, payload: &payload };
    bencher
        .counter(ItemsCount::new(1usize))
        .bench(|| divan::black_box_drop(decode_event(divan::black_box(&message), 1)));
}

/// What a dump shows of an established connection without accounting.
fn tcp_flow([src, dst]: [&str; 2]) -> Flow {
    let addr = |text: &str| text.parse::<IpAddr>().unwrap_or(IpAddr::from([0, 0, 0, 0]));
    let ports = L4::Ports { src: 40_000, dst: 443 };
    let orig = Tuple { src: addr(src), dst: addr(dst), proto: Proto::TCP, l4: ports, zone: None };
    let mut flow = Flow::new(orig, orig.inverted().unwrap_or(orig));
    let flags = Some(TcpFlags { flags: 0x23, mask: 0 });
    flow.status = Some(Status::SEEN_REPLY | Status::ASSURED | Status::CONFIRMED);
    flow.timeout_s = Some(431_999);
    flow.mark = Some(0);
    flow.id = Some(0x1234_5678);
    flow.refs = Some(1);
    flow.proto_info = Some(ProtoInfo::Tcp(TcpInfo {
        state: 3,
        wscale_orig: Some(7),
        wscale_reply: Some(7),
        flags_orig: flags,
        flags_reply: flags,
    }));
    flow
}
