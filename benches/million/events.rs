//! Events: what a listener hears of what is made over netlink at a steady rate.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use flowsh::flow::NewFlow;

use crate::process::{conntrack, flowsh};
use crate::{Outcome, fill, myself};

/// How long events are made.
const SECONDS: u32 = 3;
/// Flows that are made and deleted together.
const BURST: u32 = 50;
/// Numbers of flows that the table does not hold.
const FIRST: u32 = 100_000_000;

/// Counts what it hears, and ends once nothing has come for a second.
const LISTEN: &str = "
    let heard = 0; let lost = 0; let before = 0;
    flows.on([\"new\", \"destroy\"], |e| heard += 1);
    on_gap(|g| lost += g.lost);
    every(1.sec, || { if heard > 0 && heard == before { print(`${heard} ${lost}`); exit(0) } before = heard; });
    print(\"listening\");
";

/// Prints what flowsh and conntrack hear of 25,000 and of 100,000 events a second.
pub(crate) fn run() -> Outcome<()> {
    for rate in [25_000, 100_000] {
        let (made, heard, lost) = with_flowsh(rate)?;
        let verdict = if heard == made { "met" } else { "MISSED" };
        println!("{rate} events a second: made {made}, heard {heard}, told lost {lost}  {verdict}");
        let (made, heard) = with_conntrack(rate)?;
        println!("  conntrack -E: made {made}, heard {heard}");
    }
    Ok(())
}

/// Events made, heard, and lost by flowsh's own account.
fn with_flowsh(rate: u32) -> Outcome<(u64, u64, u64)> {
    let mut child = flowsh("ndjson", LISTEN).stdout(Stdio::piped()).spawn()?;
    let mut said = BufReader::new(child.stdout.take().ok_or("no output")?);
    let mut text = String::new();
    said.read_line(&mut text)?;
    let made = make(rate)?;
    text.clear();
    said.read_to_string(&mut text)?;
    child.wait()?;
    let (heard, lost) = text.trim().split_once(' ').ok_or("flowsh said nothing")?;
    Ok((made, heard.parse()?, lost.parse()?))
}

/// Events made, and heard by `conntrack -E`.
fn with_conntrack(rate: u32) -> Outcome<(u64, u64)> {
    let mut listen = conntrack("-E -e NEW,DESTROY");
    let child = listen.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    thread::sleep(Duration::from_secs(1));
    let made = make(rate)?;
    thread::sleep(Duration::from_secs(1));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
    let said = String::from_utf8(child.wait_with_output()?.stderr)?;
    // `conntrack v1.4.7 (conntrack-tools): 12 flow events have been shown.`
    let count = said.lines().find_map(|line| line.split_once(" flow events"));
    let heard = count.and_then(|(before, _)| before.rsplit(' ').next());
    Ok((made, heard.ok_or("conntrack did not say how many")?.parse()?))
}

/// Makes events in a process of its own and says how many.
fn make(rate: u32) -> Outcome<u64> {
    let output = myself(&["churn", &SECONDS.to_string(), &rate.to_string()])?.output()?;
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// Makes and deletes flows for some seconds, and prints how many events that makes.
pub(crate) fn churn(seconds: &str, rate: &str) -> Outcome<()> {
    let (wanted, rate): (f64, f64) = (seconds.parse()?, rate.parse()?);
    let live = fill::live();
    let flows: Vec<NewFlow> = (FIRST..FIRST + BURST).map(fill::flow).collect();
    let (started, mut made) = (Instant::now(), 0_u32);
    while started.elapsed().as_secs_f64() < wanted {
        let mut batch = live.batch("churn")?;
        for flow in &flows {
            batch.create(flow)?;
        }
        let mut done = batch.finish()?.done;
        let mut batch = live.batch("churn")?;
        for flow in &flows {
            batch.delete(&flow.key())?;
        }
        done += batch.finish()?.done;
        made += u32::try_from(done)?;
        let ahead = f64::from(made) / rate - started.elapsed().as_secs_f64();
        thread::sleep(Duration::try_from_secs_f64(ahead).unwrap_or_default());
    }
    println!("{made}");
    Ok(())
}
