//! The stage: a script's life from its first line to its exit status, and the loop that waits for
//! events and timers in between.

mod console;
mod events;
mod signals;

use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub use console::{Color, Console, screen};
pub use events::{turn, wait, wait_all};
pub use signals::{interrupt, suspend, watch, watch_end};

use crate::flow::LabelMap;
use crate::kernel::Source;
use crate::script::{Host, Options, Output, Program, Report, Style, Trouble, show};

/// Exit statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Everything was done.
    Done,
    /// The script threw.
    Script,
    /// The command line or the script's text is wrong.
    Usage,
    /// No permission, or no kernel support.
    Kernel,
    /// Some changes were refused.
    Changes,
    /// `--require-match`, and a change matched nothing.
    Unmatched,
    /// What the script asked for with `exit`.
    Asked(u8),
}

impl Status {
    /// The number.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Script => 1,
            Self::Usage => 2,
            Self::Kernel => 3,
            Self::Changes => 4,
            Self::Unmatched => 5,
            Self::Asked(status) => status,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status.number())
    }
}

impl From<Trouble> for Status {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Syntax => Self::Usage,
            Trouble::Script | Trouble::Stopped => Self::Script,
            Trouble::Kernel => Self::Kernel,
        }
    }
}

/// A program over `source` that writes to `output` and ends when `stop` is set.
#[must_use]
pub fn program(
    source: Rc<dyn Source>,
    labels: LabelMap,
    stop: Arc<AtomicBool>,
    options: Options,
    screen: crate::render::Screen,
    output: Box<dyn Output>,
) -> Program {
    Program::new(Rc::new(Host::new(source, labels, stop, options, screen, output)))
}

/// Runs a whole script: its text, then its handlers until there are none or someone ends it.
///
/// With `print` the value of the last statement is shown, as `-e` does.
pub fn run(program: &mut Program, source: &str, text: &str, print: bool) -> Status {
    let host = Rc::clone(program.host());
    let result = program.eval(source, text).and_then(|value| {
        if print {
            let style = Style { format: host.result_format(), limit: None };
            show(&value, style).map_err(|error| program.report(&error))?;
        }
        Ok(())
    });
    if let Err(report) = result {
        return failed(&host, &report);
    }
    wait_all(program);
    status(&host)
}

/// Shows a report and says which status it leads to.
fn failed(host: &Host, report: &Report) -> Status {
    if report.trouble == Trouble::Stopped {
        // Whoever listens is meant to be ended by a signal, be it between two lines of the script.
        let listens = host.stopped_waiting.get() || !host.stage.borrow().is_idle();
        if host.exit.get().is_some() || listens {
            return status(host);
        }
        host.message("interrupted");
        return Status::Script;
    }
    host.message(&report.text);
    report.trouble.into()
}

/// The status of a run that came to its end.
fn status(host: &Host) -> Status {
    let tally = host.tally.get();
    match host.exit.get() {
        Some(status) => Status::Asked(status),
        None if tally.erred => Status::Script,
        None if tally.failed > 0 => Status::Changes,
        None if tally.unmatched > 0 && host.options.require_match => {
            host.message("error: a change matched no flow, and --require-match is set");
            Status::Unmatched
        }
        None => Status::Done,
    }
}
