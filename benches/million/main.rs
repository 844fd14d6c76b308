//! What flowsh costs on a table of a million mixed flows, beside a bare receive loop over the same
//! dump and beside `conntrack`: the budgets of the design, measured in one run.
//!
//! ```text
//! cargo bench --bench million                # 1,000,000 flows, some six minutes
//! cargo bench --bench million -- 100000      # fewer
//! cargo bench --bench million -- changes     # the changes alone
//! cargo bench --bench million -- restore     # 100,000 lines of `conntrack -R`, some 30 s
//! ```
//!
//! Everything happens in a network namespace of its own, made with `unshare`; the machine's table
//! is neither read nor changed. Each line compares whole processes that run in turn, so that noise
//! hits both; what is printed are medians and their ratio, by the clock and of processor time: on a
//! busy machine the second is the one to read, and a budget is met if both ratios are in it.
//!
//! `conntrack` must be installed. The table's size is the kernel's to allow: where
//! `nf_conntrack_max` is lower, fewer flows are made.
//!
//! What decoding, judging, grouping and printing cost per flow alone is in the other benches.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints its table")]

mod bare;
mod events;
mod fill;
mod jobs;
mod process;
mod restore;

use std::env;
use std::error::Error;
use std::fs;
use std::process::{Command, ExitCode};

/// What a step gives, or why it could not.
type Outcome<T> = Result<T, Box<dyn Error>>;

/// The command under test.
const FLOWSH: &str = env!("CARGO_BIN_EXE_flowsh");
/// Flows, unless another number is given.
const FLOWS: u32 = 1_000_000;
/// Lines to load, likewise.
const LINES: u32 = 100_000;
/// The name of this thread's network namespace.
const NETNS: &str = "/proc/thread-self/ns/net";

fn main() -> ExitCode {
    // Cargo adds `--bench`.
    let args: Vec<String> = env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        [] => enter("all", FLOWS),
        ["changes"] => enter("changes", FLOWS),
        ["restore"] => enter("restore", LINES),
        ["restore", lines] => lines.parse().map_err(Into::into).and_then(|n| enter("restore", n)),
        ["inside", what, outside, flows] => inside(what, outside, flows),
        ["bare"] => bare::receive_all(),
        ["churn", seconds, rate] => events::churn(seconds, rate),
        [flows] => flows.parse().map_err(Into::into).and_then(|n| enter("all", n)),
        _ => {
            Err("usage: cargo bench --bench million -- [FLOWS | changes | restore [LINES]]".into())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// This program, to be started in another role.
fn myself(role: &[&str]) -> Outcome<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args(role);
    Ok(command)
}

/// Starts this program again in a network namespace of its own.
fn enter(what: &str, flows: u32) -> Outcome<()> {
    let may = Command::new("unshare").args(["--net", "true"]).output()?.status.success();
    // With a user namespace anyone may, but the buffer of an event socket stays small.
    let how: &[&str] = if may { &["--net"] } else { &["--user", "--map-root-user", "--net"] };
    let outside = fs::read_link(NETNS)?.display().to_string();
    let mut command = Command::new("unshare");
    command.args(how).arg(env::current_exe()?).args(["inside", what, &outside, &flows.to_string()]);
    if command.status()?.success() { Ok(()) } else { Err("the run inside failed".into()) }
}

/// Fills the namespace and measures.
fn inside(what: &str, outside: &str, flows: &str) -> Outcome<()> {
    if fs::read_link(NETNS)?.display().to_string() == outside {
        return Err("this is the machine's own namespace, not a private one".into());
    }
    let flows = allowed(flows.parse()?)?;
    if what == "restore" {
        return restore::run(flows);
    }
    println!("{}", fill::fill(flows)?);
    if what == "changes" {
        return jobs::change(flows);
    }
    jobs::run(flows)?;
    events::run()
}

/// As many flows as the kernel allows, and what to do about fewer.
fn allowed(wanted: u32) -> Outcome<u32> {
    let max: u32 =
        fs::read_to_string("/proc/sys/net/netfilter/nf_conntrack_max")?.trim().parse()?;
    // Near the limit the kernel evicts; 0 is no limit.
    let most = if max == 0 { wanted } else { max / 10 * 9 };
    if wanted > most {
        println!("nf_conntrack_max is {max}: {most} flows instead of {wanted}");
        println!("for more, outside: sysctl -w net.netfilter.nf_conntrack_max={}", wanted * 2);
    }
    Ok(wanted.min(most))
}
