//! What a row costs in each format: a thousand flows, most of them tcp, a tenth IPv6, to nowhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use divan::counter::ItemsCount;
use flowsh::flow::{
    Counters, Flow, L4, LabelMap, Proto, ProtoInfo, Status, TcpInfo, Tuple, Value, View,
};
use flowsh::render::{Columns, Format, Item, Screen, flow_columns};

const ROWS: u16 = 1_000;

fn main() {
    divan::main();
}

fn flow(index: u16) -> Flow {
    let addr = |host: u16| -> IpAddr {
        if index.is_multiple_of(10) {
            Ipv6Addr::new(0xfd00, 0x100, 0, 0, 0, 0, host, index).into()
        } else {
            let [high, low] = index.to_be_bytes();
            let [_, host] = host.to_be_bytes();
            Ipv4Addr::new(10, host, high, low).into()
        }
    };
    let tcp = !index.is_multiple_of(4);
    let orig = Tuple {
        src: addr(100),
        dst: addr(200),
        proto: if tcp { Proto::TCP } else { Proto::UDP },
        l4: L4::Ports { src: 40_000 + index, dst: 443 },
        zone: None,
    };
    let info = TcpInfo { state: 3, ..TcpInfo::default() };
    let counters = |packets| Some(Counters { packets, bytes: packets * 577 });
    Flow {
        status: Some(Status::SEEN_REPLY | Status::ASSURED | Status::CONFIRMED),
        timeout_s: Some(431_994),
        proto_info: tcp.then_some(ProtoInfo::Tcp(info)),
        mark: Some(0),
        id: Some(2_681_992_490),
        refs: Some(1),
        orig_counters: counters(index.into()),
        reply_counters: counters(12_345),
        start_ns: Some(1_795_205_386_250_000_000),
        ..Flow::new(orig, orig.inverted().unwrap_or(orig))
    }
}

#[divan::bench(args = [
    "conntrack",
    "conntrack,extended,id",
    "conntrack,ktimestamp",
    "conntrack,save",
    "xml",
    "ndjson",
    "csv",
    "table",
    "wide",
])]
fn flows(bencher: divan::Bencher<'_, '_>, format: &str) {
    let flows: Vec<Flow> = (0..ROWS).map(flow).collect();
    let items: Vec<Item<'_>> = flows.iter().map(Item::Flow).collect();
    print(bencher, format, &Columns::Flows, &items);
}

#[divan::bench(args = ["conntrack", "xml", "ndjson", "csv", "table"])]
fn records(bencher: divan::Bencher<'_, '_>, format: &str) {
    let names = LabelMap::default();
    let view = View { now_ns: 0, labels: &names };
    let columns = flow_columns(false);
    let fields: Vec<_> =
        columns.iter().filter_map(|column| flowsh::flow::Field::named(&column.name)).collect();
    let row = |flow: Flow| fields.iter().map(|field| field.get(&flow, view)).collect();
    let rows: Vec<Vec<Value>> = (0..ROWS).map(|index| row(flow(index))).collect();
    let items: Vec<Item<'_>> = rows.iter().map(|row| Item::Record(row)).collect();
    print(bencher, format, &Columns::Chosen(columns), &items);
}

fn print(bencher: divan::Bencher<'_, '_>, format: &str, columns: &Columns, items: &[Item<'_>]) {
    let names = LabelMap::default();
    let view = View { now_ns: 1_795_205_392_000_000_000, labels: &names };
    let Ok(format) = format.parse::<Format>() else { return };
    let mut out = Vec::with_capacity(1 << 22);
    bencher.counter(ItemsCount::new(items.len())).bench_local(|| {
        out.clear();
        let mut printer = format.printer(columns.clone(), view, Screen::default());
        for item in items {
            printer.item(&mut out, *item)?;
        }
        printer.finish(&mut out)
    });
}
