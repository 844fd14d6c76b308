//! `-R`: many command lines from a file. They are all read before any is run. Then one thread reads
//! them again and makes requests of them while the other has the kernel carry those out.

use std::io::Read;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, SyncSender};
use std::thread;

use crate::kernel::{KernelError, Maker, Makings};

use super::change::Done;
use super::command::{Command, Table};
use super::line::Line;
use super::lines::{Lines, Refused, Script};
use super::message::Fault;
use super::{Machine, change, new};

/// How many steps are handed over at once in the end, for each time one thread has to wake the other;
/// at first fewer, so that the kernel can begin.
const STEPS: usize = 16;

/// The file that a command line loads: `-R` is one only as the first word, written out.
pub(super) fn file(words: &[String]) -> Option<&str> {
    let loads = words.get(1).is_some_and(|word| word == "-R" || word == "--load-file");
    words.get(2).filter(|_| loads).map(String::as_str)
}

/// Runs the lines of a file, `-` being standard input.
pub(super) fn run(path: &str) -> Result<u8, Fault> {
    let script = Script::checked(path)?;
    // Until here a signal may end it at once.
    let machine = &Machine::watched()?;
    let mut maker = machine.live.maker().map_err(|error| fault(&error, Command::Create))?;
    thread::scope(|scope| {
        let (sender, steps) = mpsc::sync_channel(1);
        // What there is to be told was told when they were checked.
        let lines = script.lines(|_| ());
        // It ends when nobody takes its steps any more.
        scope.spawn(move || read(lines, &sender));
        let mut steps = steps.into_iter().flatten();
        steps.try_for_each(|step| script.blame(step.run(machine, &mut maker)))?;
        Ok(0)
    })
}

/// Hands each line of a file to `each`, in order, and runs none; if one is wrong, it gets none.
pub(super) fn lines(
    path: &str,
    each: &mut dyn FnMut(&Line) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let script = Script::checked(path)?;
    let mut lines = script.lines(|_| ());
    while let Some((number, line)) = script.blame(lines.next())? {
        script.blame(each(&line).map_err(|fault| Refused { number, fault }))?;
    }
    Ok(())
}

/// What is done at once.
enum Step {
    /// Flows are made, by the lines of these numbers.
    Make(Vec<(u64, Command)>, Makings),
    /// The line with this number is run.
    Run(u64, Box<Line>),
    /// A line cannot be run.
    End(Refused),
}

/// Reads lines into steps.
fn read(mut lines: Lines<impl Read>, sender: &SyncSender<Vec<Step>>) {
    let (mut numbers, mut makings, mut steps) = (Vec::new(), Makings::default(), Vec::new());
    let mut due_steps = 1;
    loop {
        let (step, ends) = match lines.next() {
            Ok(Some((number, line))) => match line.command {
                Some((command @ (Command::Create | Command::Add), _)) => match new::flow(&line) {
                    Ok(flow) => {
                        numbers.push((number, command));
                        makings.push(flow, command == Command::Add);
                        (None, false)
                    }
                    Err(fault) => (Some(Step::End(Refused { number, fault })), true),
                },
                _ => (Some(Step::Run(number, line)), false),
            },
            Ok(None) => (None, true),
            Err(refused) => (Some(Step::End(refused)), true),
        };
        let due = step.is_some() || ends || makings.is_full();
        if due && !makings.is_empty() {
            steps.push(Step::Make(std::mem::take(&mut numbers), std::mem::take(&mut makings)));
        }
        steps.extend(step);
        if ends || steps.len() >= due_steps {
            due_steps = STEPS.min(due_steps * 2);
            if sender.send(std::mem::take(&mut steps)).is_err() || ends {
                return;
            }
        }
    }
}

impl Step {
    /// Does it, unless a signal asked for an end.
    ///
    /// # Errors
    ///
    /// It failed for some flow, which ends the run.
    fn run(self, machine: &Machine, maker: &mut Maker<'_>) -> Result<(), Refused> {
        let (number, line) = match self {
            Self::Make(numbers, makings) => return make(maker, &numbers, makings),
            Self::Run(number, line) => (number, line),
            Self::End(refused) => return Err(refused),
        };
        if machine.stop.load(Ordering::Relaxed) {
            let fault = fault(&KernelError::Interrupted, Command::Update);
            return Err(Refused { number, fault });
        }
        let done = match line.command {
            Some((Command::Update, _)) => change::update(machine, &line).and_then(Done::whole),
            Some((Command::Delete, _)) => change::delete(machine, &line).and_then(Done::whole),
            Some((_, table)) => change::flush(machine, &line, table).map(drop),
            None => Ok(()),
        };
        done.map_err(|fault| Refused { number, fault })
    }
}

/// Makes flows; if the kernel refuses that of a line, those of the lines behind it are not made.
fn make(
    maker: &mut Maker<'_>,
    numbers: &[(u64, Command)],
    makings: Makings,
) -> Result<(), Refused> {
    let at = |index: usize| numbers.get(index).copied().unwrap_or((0, Command::Create));
    match maker.make(makings) {
        Ok(None) => Ok(()),
        Ok(Some(refusal)) => {
            let (number, command) = at(refusal.index);
            Err(Refused { number, fault: Fault::refused(refusal.errno, command, Table::Conntrack) })
        }
        Err(error) => {
            let (number, command) = at(0);
            Err(Refused { number, fault: fault(&error, command) })
        }
    }
}

fn fault(error: &KernelError, command: Command) -> Fault {
    Fault::kernel(error, command, Table::Conntrack)
}
