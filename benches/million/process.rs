//! Whole processes, measured: how long one takes and how much memory it comes to hold.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::{FLOWSH, Outcome};

/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// `flowsh -o FORMAT -e CODE`.
pub(crate) fn flowsh(format: &str, code: &str) -> Command {
    let mut command = Command::new(FLOWSH);
    command.args(["-o", format, "-e", code]);
    command
}

/// `conntrack ARGS`.
pub(crate) fn conntrack(args: &str) -> Command {
    let mut command = Command::new("conntrack");
    command.args(args.split(' '));
    command
}

/// How long `command` takes, its output thrown away.
pub(crate) fn time(command: &mut Command) -> Outcome<Duration> {
    let started = Instant::now();
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if status.success() {
        Ok(started.elapsed())
    } else {
        Err(format!("{command:?}: {status}").into())
    }
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

/// The middle one.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
