//! Whole processes, measured: how long one takes and how much memory it comes to hold.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::{FLOWSH, Outcome};

/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// `flowsh -q -o FORMAT -e CODE`.
pub(crate) fn flowsh(format: &str, code: &str) -> Command {
    let mut command = Command::new(FLOWSH);
    command.args(["-q", "-o", format, "-e", code]);
    command
}

/// `conntrack ARGS`.
pub(crate) fn conntrack(args: &str) -> Command {
    let mut command = Command::new("conntrack");
    command.args(args.split(' '));
    command
}

/// What a run took, in seconds.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// By the clock.
    pub(crate) wall: f64,
    /// Of the processors, its own and the kernel's for it.
    pub(crate) cpu: f64,
}

/// What `command` takes, its output thrown away.
pub(crate) fn cost(command: &mut Command) -> Outcome<Cost> {
    let (started, before) = (Instant::now(), children_cpu()?);
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if !status.success() {
        return Err(format!("{command:?}: {status}").into());
    }
    Ok(Cost { wall: started.elapsed().as_secs_f64(), cpu: children_cpu()? - before })
}

/// What `command` writes to its standard output and error.
pub(crate) fn output(command: &mut Command) -> Outcome<String> {
    let output = command.output()?;
    let (out, err) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
    Ok(format!("{out}{err}").trim().to_owned())
}

/// The most memory that `command` had resident, in KiB (`VmHWM`).
pub(crate) fn peak_kib(command: &mut Command) -> Outcome<u64> {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let (path, mut peak) = (format!("/proc/{}/status", child.id()), 0);
    while child.try_wait()?.is_none() {
        let status = fs::read_to_string(&path).unwrap_or_default();
        let high = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let high = high.and_then(|text| text.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(high.unwrap_or(0));
        thread::sleep(LOOK);
    }
    Ok(peak)
}

/// The middle one of each.
pub(crate) fn median(costs: &[Cost]) -> Cost {
    let middle = |of: fn(&Cost) -> f64| {
        let mut seconds: Vec<f64> = costs.iter().map(of).collect();
        seconds.sort_by(f64::total_cmp);
        seconds.get(seconds.len() / 2).copied().unwrap_or_default()
    };
    Cost { wall: middle(|cost| cost.wall), cpu: middle(|cost| cost.cpu) }
}

/// What the children of this process that have ended took of the processors.
fn children_cpu() -> Outcome<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name may hold anything; `cutime` and `cstime` are fields 16 and 17, in ticks of 10 ms.
    let (_, fields) = stat.rsplit_once(')').ok_or("no stat")?;
    let ticks: Vec<f64> = fields.split_whitespace().skip(13).take(2).flat_map(str::parse).collect();
    Ok(ticks.iter().sum::<f64>() / 100.0)
}
