//! The event loop: waits for what is heard or due, and lets the script handle it, one thing at a
//! time, in the order in which it came.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Select};

use crate::kernel::{Heard, NetNs};
use crate::script::{Mishap, Program, Tally, Trouble, deliver, fire};

/// How long the loop waits before it looks whether it is to stop.
const NAP: Duration = Duration::from_millis(100);
/// Events that are handled at most before it is looked whether to stop.
const BURST: usize = 1024;

/// Waits and handles until nothing can come any more, or the run is to stop.
pub fn wait_all(program: &Program) {
    let host = program.host();
    while !host.stopped() && !host.stage.borrow().is_idle() {
        turn(program, NAP);
    }
}

/// Waits up to `patience` for something, and handles what there is.
///
/// An error of a handler is shown and survived.
pub fn turn(program: &Program, patience: Duration) {
    let host = program.host();
    let now = Instant::now();
    let due = host.stage.borrow().next_due();
    let wait = due.map_or(patience, |due| due.saturating_duration_since(now).min(patience));
    for _ in 0..BURST {
        let heard = next(program, wait_once(now, wait));
        let Some((netns, heard)) = heard else { break };
        for mishap in deliver(host, &netns, heard) {
            survive(program, &mishap);
        }
        if host.stopped() {
            return;
        }
        if host.stage.borrow().next_due().is_some_and(|due| due <= Instant::now()) {
            break;
        }
    }
    let now = Instant::now();
    while !host.stopped() {
        match fire(host, now) {
            Ok(true) => (),
            Ok(false) => break,
            Err(error) => survive(program, &error.into()),
        }
    }
}

/// Waits up to `patience` until [`turn`] has something to do, or `other` has something to say.
pub fn wait<T>(program: &Program, patience: Duration, other: &Receiver<T>) {
    let due = program.host().stage.borrow().next_due();
    let until_due = due.map(|due| due.saturating_duration_since(Instant::now()));
    let patience = until_due.map_or(patience, |until_due| until_due.min(patience));
    let queues = queues(program);
    let mut select = Select::new();
    for (_, queue) in &queues {
        select.recv(queue);
    }
    select.recv(other);
    let ready = select.ready_timeout(patience).ok();
    // A queue whose reader ended is always ready and has nothing: wait, or the caller would spin.
    if ready.and_then(|index| queues.get(index)).is_some_and(|(_, queue)| queue.is_empty()) {
        std::thread::sleep(patience);
    }
}

/// What is left of `wait` since `start`.
fn wait_once(start: Instant, wait: Duration) -> Duration {
    wait.saturating_sub(start.elapsed())
}

/// The next thing heard on any stream, within `wait`.
fn next(program: &Program, wait: Duration) -> Option<(NetNs, Heard)> {
    let queues = queues(program);
    if queues.is_empty() {
        std::thread::sleep(wait);
        return None;
    }
    let mut select = Select::new();
    for (_, queue) in &queues {
        select.recv(queue);
    }
    let ready = select.select_timeout(wait).ok()?;
    let (netns, queue) = queues.get(ready.index())?;
    // A queue whose reader ended gives an error at once: wait, or the loop would spin.
    match ready.recv(queue) {
        Ok(heard) => Some((netns.clone(), heard)),
        Err(_) => {
            std::thread::sleep(wait);
            None
        }
    }
}

/// What is heard on each stream.
fn queues(program: &Program) -> Vec<(NetNs, Receiver<Heard>)> {
    let stage = program.host().stage.borrow();
    let streams = stage.streams().iter();
    streams.map(|(netns, stream)| (netns.clone(), stream.queue().clone())).collect()
}

/// Shows what went wrong, and keeps it for the exit status, unless it is the end that was asked for.
fn survive(program: &Program, mishap: &Mishap) {
    let report = program.report(&mishap.error);
    if report.trouble == Trouble::Stopped {
        return;
    }
    let host = program.host();
    host.tally.set(Tally { erred: true, ..host.tally.get() });
    let during = mishap.during.as_ref().map(|event| format!("\n  while handling {event}"));
    host.message(&format!("{}{}", report.text, during.unwrap_or_default()));
}
