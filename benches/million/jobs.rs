//! The jobs of the budget, each beside what it is compared with.

use std::process::Command;

use flowsh::flow::{NewFlow, Proto};

use crate::process::{Cost, conntrack, cost, flowsh, median, output, peak_kib};
use crate::{Outcome, fill, myself};

/// Runs of each, in turn.
const ROUNDS: usize = 5;
/// The mark of the flows that are deleted and marked: a tenth of all.
const MARK: u32 = 5;

/// What must hold.
#[derive(Clone, Copy)]
enum Must {
    AtMost(f64),
    AtLeast(f64),
    /// By the clock alone: the work is meant to take two processors.
    AtLeastByClock(f64),
    /// Nothing yet: the figure is for comparison.
    Report,
}

impl Must {
    /// Whether all of some figures, wall and processor time, are good enough.
    fn verdict(self, found: &[f64]) -> String {
        let (sign, bound, met) = match self {
            Self::AtMost(bound) => ('≤', bound, found.iter().all(|found| *found <= bound)),
            Self::AtLeast(bound) => ('≥', bound, found.iter().all(|found| *found >= bound)),
            Self::AtLeastByClock(bound) => ('≥', bound, found.first() >= Some(&bound)),
            Self::Report => return String::new(),
        };
        format!("{sign} {bound}  {}", if met { "met" } else { "MISSED" })
    }
}

/// Measures everything and prints a line for each.
pub(crate) fn run(flows: u32) -> Outcome<()> {
    println!(
        "{:42}{:>10}{:>11}{:>8}{:>8}  must",
        "job, and against what", "flowsh", "other", "ratio", "of cpu"
    );
    let bare = || myself(&["bare"]);
    let count = "flows.where(\"sport < 2000 or dport 53\").count()";
    compare("count, native filter : bare receive loop", Must::AtMost(1.15), || {
        Ok((flowsh("ndjson", count), bare()?))
    })?;
    memory("  its resident memory", count, 24.0)?;
    let print = || (flowsh("conntrack", "flows"), conntrack("-L"));
    compare("print every flow : conntrack -L", Must::AtMost(0.7), || Ok(print()))?;
    memory("  its resident memory", "flows", 24.0)?;
    let exact = || {
        let args = "-L -s 10.0.0.5 -p tcp --dport 443";
        let code = "flows(\"tcp dport 443 src 10.0.0.5\")";
        Ok((flowsh("conntrack", code), conntrack(args)))
    };
    compare("exact IPv4 : conntrack -L, same flags", Must::AtMost(0.25), exact)?;
    let host = || Ok((flowsh("conntrack", "flows(\"src 10.0.0.5\")"), conntrack("-L -s 10.0.0.5")));
    compare("one host's flows : conntrack -L -s HOST", Must::AtMost(0.25), host)?;
    let text = || flowsh("ndjson", "flows.where(\"tcp dport 443\").count()");
    let readable = "flows.where(|f| f.proto == \"tcp\" && f.dport == 443).count()";
    compare("readable closure : text filter", Must::AtMost(1.2), || {
        Ok((flowsh("ndjson", readable), text()))
    })?;
    let unreadable = "let n = 0; flows.where(|f| { n += 1; f.dport == 443 }).count()";
    let (ours, dump) = medians(|| Ok((flowsh("ndjson", unreadable), flowsh("ndjson", count))))?;
    memory("  the resident memory of the last", unreadable, 24.0)?;
    let what = "unreadable closure - dump, us a flow";
    line(what, Must::AtMost(0.6), ours, dump, |ours, dump| (ours - dump) * 1e6 / f64::from(flows));
    let group = "flows.group(\"src\").top(10)";
    compare("group by src, top 10 : bare receive loop", Must::AtMost(1.25), || {
        Ok((flowsh("ndjson", group), bare()?))
    })?;
    memory("  its resident memory", group, 24.0)?;
    change(flows)?;
    snapshot(flows)?;
    start()
}

/// Runs both in turn and prints the ratio of their medians.
fn compare(
    what: &str,
    must: Must,
    pair: impl FnMut() -> Outcome<(Command, Command)>,
) -> Outcome<()> {
    let (ours, others) = medians(pair)?;
    line(what, must, ours, others, |ours, others| ours / others);
    Ok(())
}

/// What both take, run in turn.
fn medians(mut pair: impl FnMut() -> Outcome<(Command, Command)>) -> Outcome<(Cost, Cost)> {
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (mut our, mut other) = pair()?;
        ours.push(cost(&mut our)?);
        others.push(cost(&mut other)?);
    }
    Ok((median(&ours), median(&others)))
}

fn line(what: &str, must: Must, ours: Cost, others: Cost, ratio: impl Fn(f64, f64) -> f64) {
    let (wall, cpu) = (ratio(ours.wall, others.wall), ratio(ours.cpu, others.cpu));
    let (ours, others, verdict) = (ours.wall, others.wall, must.verdict(&[wall, cpu]));
    println!("{what:42}{ours:>8.3} s{others:>9.3} s{wall:>8.2}{cpu:>8.2}  {verdict}");
}

fn memory(what: &str, code: &str, most_mib: f64) -> Outcome<()> {
    let kib = u32::try_from(peak_kib(&mut flowsh("ndjson", code))?)?;
    let mib = f64::from(kib) / 1024.0;
    println!("{what:42}{mib:>6.1} MiB{:>38}", Must::AtMost(most_mib).verdict(&[mib]));
    Ok(())
}

/// Deletes and marks a tenth of the flows; what is deleted is made anew each time.
///
/// By port flowsh asks the kernel to select, and `conntrack` reads the whole table. By mark the
/// kernel selects for both, and most of the time is its walk over the table, which is the same.
pub(crate) fn change(flows: u32) -> Outcome<()> {
    let marked = |flow: &NewFlow| flow.mark == Some(MARK);
    let to_port = |flow: &NewFlow| flow.orig.dport() == Some(80);
    let by_mark = (format!("mark {MARK}"), format!("--mark {MARK}"));
    let by_port = ("ipv4 tcp dport 80".to_owned(), "-f ipv4 -p tcp --dport 80".to_owned());
    let what = "delete a tenth, by mark : conntrack -D";
    let by_mark_cost = delete(what, Must::Report, &by_mark, || fill::refill(flows, marked))?;
    let what = "delete an eighth, by port : conntrack -D";
    let must = Must::AtLeast(3.0);
    let by_port_cost = delete(what, must, &by_port, || fill::refill(flows, to_port))?;
    let service = |flow: &NewFlow| flow.orig.proto == Proto::UDP && flow.orig.dport() == Some(993);
    let one = ("udp dport 993".to_owned(), "-p udp --dport 993".to_owned());
    let what = "delete one in 64, by udp port : conntrack -D";
    delete(what, Must::AtLeastByClock(8.0), &one, || fill::refill(flows, service))?;
    let one = ("ipv4 udp dport 993".to_owned(), "-f ipv4 -p udp --dport 993".to_owned());
    let what = "  of ipv4 alone : conntrack -D -f ipv4";
    delete(what, Must::Report, &one, || fill::refill(flows, service))?;
    let (mut by_mark, mut by_port) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // There and back, so that each round finds them.
        let (from, to) = if round % 2 == 0 { (MARK, 99) } else { (99, MARK) };
        let update = format!("flows.where(\"mark {from}\").update(#{{ mark: {to} }})");
        by_mark.push(cost(&mut flowsh("ndjson", &update))?);
    }
    for round in 0..ROUNDS {
        let update = format!("flows(\"ipv4 tcp dport 80\").update(#{{ mark: {round} }})");
        by_port.push(cost(&mut flowsh("ndjson", &update))?);
    }
    let what = "re-mark a tenth, by mark : conntrack -D";
    line(what, Must::Report, median(&by_mark), by_mark_cost, faster);
    let what = "re-mark an eighth, by port : conntrack -D";
    line(what, must, median(&by_port), by_port_cost, faster);
    memory("  its resident memory", "flows(\"ipv4 tcp dport 80\").update(#{ mark: 99 })", 24.0)?;
    let update = output(&mut conntrack("-U -f ipv4 --mark 4 -m 4"))?;
    println!("  conntrack -U --mark 4 says: {}", update.lines().last().unwrap_or_default());
    Ok(())
}

/// Deletes in turn, prints the line, and gives how long `conntrack` took.
fn delete(
    what: &str,
    must: Must,
    (filter, flags): &(String, String),
    refill: impl Fn() -> Outcome<()>,
) -> Outcome<Cost> {
    let code = format!("flows.where(\"{filter}\").delete()");
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(cost(&mut flowsh("ndjson", &code))?);
        refill()?;
        others.push(cost(&mut conntrack(&format!("-D {flags}")))?);
        refill()?;
    }
    let others = median(&others);
    line(what, must, median(&ours), others, faster);
    Ok(others)
}

/// How many times as fast ours is.
fn faster(ours: f64, others: f64) -> f64 {
    others / ours
}

/// What a kept flow takes, by its own account and by the process's.
fn snapshot(flows: u32) -> Outcome<()> {
    let code = "let s = flows.snapshot(); s.bytes / s.len";
    let bytes: f64 = output(&mut flowsh("ndjson", code))?.parse()?;
    let kept = peak_kib(&mut flowsh("ndjson", code))?;
    let idle = peak_kib(&mut flowsh("ndjson", "flows.where(\"sport 1\").count()"))?;
    let resident = f64::from(u32::try_from(kept.saturating_sub(idle))?) * 1024.0 / f64::from(flows);
    let verdict = Must::AtMost(160.0).verdict(&[bytes.max(resident)]);
    println!("{:42}{bytes:>8.0} B{resident:>9.0} B{verdict:>29}", "a flow kept : resident memory");
    Ok(())
}

fn start() -> Outcome<()> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS * 5 {
        times.push(cost(&mut flowsh("ndjson", "1"))?);
    }
    let ms = median(&times).wall * 1e3;
    println!("{:42}{ms:>7.1} ms{:>38}", "start, -e 1", Must::AtMost(15.0).verdict(&[ms]));
    Ok(())
}
