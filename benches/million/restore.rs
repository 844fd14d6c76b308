//! `-R`: a saved table loaded again by flowsh and by `conntrack`, and what the kernel alone takes for
//! it. Every run begins with an empty table, but for those over what is there already.

use std::fs;
use std::process::Command;
use std::time::Instant;

use flowsh::wire::Requests;
use netlink_sys::Socket;
use netlink_sys::protocols::NETLINK_NETFILTER;

use crate::process::{Cost, conntrack, cost, median, output, peak_kib};
use crate::{FLOWSH, Outcome, fill};

/// Runs of each, in turn.
const ROUNDS: usize = 7;
/// Requests in one datagram; more is no faster.
const REQUESTS: usize = 150;
/// Lines of `-U` and of `-D`: for each, both read the table.
const SELECTING: usize = 10;

/// A file of lines that goes with the run.
struct Saved(std::path::PathBuf);

impl Saved {
    fn new(text: &str) -> Outcome<Self> {
        let path = std::env::temp_dir().join(format!("flowsh-bench-{}", std::process::id()));
        fs::write(&path, text)?;
        Ok(Self(path))
    }

    /// The command that loads it.
    fn load(&self, program: &[&str]) -> Command {
        let (name, args) = program.split_first().unwrap_or((&"conntrack", &[]));
        let mut command = Command::new(name);
        command.args(args).arg("-R").arg(&self.0);
        command
    }

    fn ours(&self) -> Command {
        self.load(&[FLOWSH, "conntrack"])
    }

    fn theirs(&self) -> Command {
        self.load(&["conntrack"])
    }
}

impl Drop for Saved {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Measures everything with as many lines and prints a line for each.
pub(crate) fn run(lines: u32) -> Outcome<()> {
    println!("{}", fill::fill(lines)?);
    let added = output(&mut conntrack("-L -o save"))?;
    let added: Vec<&str> = added.lines().filter(|line| line.starts_with("-A ")).collect();
    let floor = floor(lines)?;
    println!("{:34}{floor:>8.3} s", "the kernel alone, for as many");
    println!("{:34}{:>10}{:>12}{:>8}{:>8}", "load", "flowsh", "conntrack", "ratio", "of cpu");
    let all = with("-A", &added);
    compare("-A into an empty table", &all, empty)?;
    compare("-A over the same flows", &all, || Ok(()))?;
    compare("-I into an empty table", &with("-I", &added), empty)?;
    let few: Vec<&str> = added.iter().copied().step_by(added.len() / SELECTING).collect();
    let named = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let pairs = words.windows(2).filter(|pair| matches!(pair, ["-p" | "-s" | "-d", _]));
        pairs.flatten().copied().collect::<Vec<_>>().join(" ")
    };
    let few: Vec<String> = few.into_iter().map(named).collect();
    let mark: Vec<String> = few.iter().map(|line| format!("-U -m 7 {line}")).collect();
    let delete: Vec<String> = few.iter().map(|line| format!("-D {line}")).collect();
    compare(&format!("-U, {SELECTING} lines"), &mark.join("\n"), || Ok(()))?;
    compare(&format!("-D, {SELECTING} lines"), &delete.join("\n"), || Ok(()))
}

/// The lines with another command.
fn with(command: &str, lines: &[&str]) -> String {
    lines.iter().map(|line| line.replacen("-A", command, 1) + "\n").collect()
}

fn empty() -> Outcome<()> {
    output(&mut conntrack("-F")).map(drop)
}

/// Both in turn, after `prepare`.
fn compare(what: &str, lines: &str, prepare: impl Fn() -> Outcome<()>) -> Outcome<()> {
    let saved = Saved::new(lines)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        prepare()?;
        ours.push(cost(&mut saved.ours())?);
        prepare()?;
        theirs.push(cost(&mut saved.theirs())?);
    }
    let (Cost { wall, cpu }, others) = (median(&ours), median(&theirs));
    prepare()?;
    let our_kib = peak_kib(&mut saved.ours())?;
    prepare()?;
    let their_kib = peak_kib(&mut saved.theirs())?;
    println!(
        "{what:34}{wall:>8.3} s{:>10.3} s{:>8.2}{:>8.2}  {:.1} : {:.1} MiB",
        others.wall,
        others.wall / wall,
        others.cpu / cpu,
        mib(our_kib)?,
        mib(their_kib)?,
    );
    Ok(())
}

fn mib(kib: u64) -> Outcome<f64> {
    Ok(f64::from(u32::try_from(kib)?) / 1024.0)
}

/// What the kernel takes to make the flows of requests that lie ready, in seconds: the best run.
fn floor(flows: u32) -> Outcome<f64> {
    let mut socket = Socket::new(NETLINK_NETFILTER)?;
    socket.bind_auto()?;
    let flows: Vec<_> = (0..flows).map(fill::flow).collect();
    let datagrams: Vec<Requests> = flows
        .chunks(REQUESTS)
        .map(|flows| {
            let mut requests = Requests::new();
            for flow in flows {
                requests.create_flow(1, flow, true, false);
            }
            requests
        })
        .collect();
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        empty()?;
        let started = Instant::now();
        for datagram in &datagrams {
            socket.send(datagram.as_bytes(), 0)?;
        }
        best = best.min(started.elapsed().as_secs_f64());
    }
    Ok(best)
}
