//! The program's side of the shell: evaluates lines, shows values, and lives on in between.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError};

use super::command::{self, Command};
use super::screen::Screen;
use crate::kernel::terminal_width;
use crate::render;
use crate::run::{self, Status};
use crate::script::{Host, Program, Report, Style, Trouble, figures, show, time_text};
use crate::table::Run;

/// Rows of a result that are shown.
const ROWS: u64 = 20;
/// How long the program waits before it looks whether it is to end.
const NAP: Duration = Duration::from_millis(100);
/// How often, and for how long each time, the editor is asked to let go of the terminal.
const ASKS: usize = 20;
const ASK: Duration = Duration::from_millis(50);

/// The variables there are, each with its type: what the editor is told after every line.
pub(super) type Variables = Vec<(String, String)>;

/// The program's side of the shell.
pub(super) struct Session {
    program: Program,
    host: Rc<Host>,
    screen: Screen,
    timing: bool,
    /// The number of the signal that ends the shell; 0 as long as none does.
    ended: Arc<AtomicUsize>,
    interrupt: Interrupt,
    /// The user asked to leave.
    quit: bool,
}

/// Stops a handler that runs while the user types; Ctrl-C is no signal then.
#[derive(Debug, Clone)]
pub(super) struct Interrupt {
    stop: Arc<AtomicBool>,
    busy: Arc<AtomicBool>,
}

impl Interrupt {
    /// Stops the handler, if one runs.
    pub(super) fn handler(&self) {
        if self.busy.load(Ordering::Relaxed) {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

impl Session {
    /// A session of `program`, which writes to `screen`; `ended` is set when a signal ends it.
    pub(super) fn new(program: Program, screen: Screen, ended: Arc<AtomicUsize>) -> Self {
        let host = Rc::clone(program.host());
        let interrupt = Interrupt { stop: Arc::clone(&host.stop), busy: Arc::default() };
        Self { program, host, screen, timing: false, ended, interrupt, quit: false }
    }

    /// What stops a handler.
    pub(super) fn interrupt(&self) -> Interrupt {
        self.interrupt.clone()
    }

    /// Evaluates what comes in `lines` until the user leaves; after each line, and once before the
    /// first, the editor is answered.
    pub(super) fn run(&mut self, lines: &Receiver<String>, answers: Sender<Variables>) -> Status {
        self.answer(&answers);
        let status = loop {
            if let Some(status) = self.over() {
                break status;
            }
            match lines.try_recv() {
                Ok(line) => {
                    self.screen.take_back();
                    self.line(&line);
                    if self.over().is_none() {
                        self.answer(&answers);
                    }
                    continue;
                }
                Err(TryRecvError::Disconnected) => break Status::Done,
                Err(TryRecvError::Empty) => (),
            }
            run::wait(&self.program, NAP, lines);
            self.interrupt.busy.store(true, Ordering::Relaxed);
            self.prepare();
            run::turn(&self.program, Duration::ZERO);
            self.interrupt.busy.store(false, Ordering::Relaxed);
        };
        drop(answers);
        close_editor(lines);
        self.screen.take_back();
        status
    }

    /// The status to leave with, once there is one.
    fn over(&self) -> Option<Status> {
        let signal = u8::try_from(self.ended.load(Ordering::Relaxed)).unwrap_or(0);
        match self.host.exit.get() {
            Some(status) => Some(Status::Asked(status)),
            // As a shell counts: 128 and the number of the signal.
            None if signal > 0 => Some(Status::Asked(128_u8.saturating_add(signal))),
            None => self.quit.then_some(Status::Done),
        }
    }

    /// Lets the editor go on.
    fn answer(&self, answers: &Sender<Variables>) {
        self.screen.lend();
        let variables = self.program.variables();
        // An editor that is gone is noticed when no line comes.
        let _ = answers.send(variables.map(|(name, kind)| (name.to_owned(), kind)).collect());
    }

    /// Makes ready for what runs next: nothing has stopped it yet, and the terminal may have grown.
    fn prepare(&self) {
        self.host.stop.store(false, Ordering::Relaxed);
        // A signal that ends the shell may have come just now.
        if self.ended.load(Ordering::Relaxed) > 0 {
            self.host.stop.store(true, Ordering::Relaxed);
        }
        let screen = self.host.screen.get();
        if screen.width.is_some() {
            self.host
                .screen
                .set(render::Screen { width: terminal_width().or(screen.width), ..screen });
        }
    }

    fn line(&mut self, line: &str) {
        self.prepare();
        match Command::parse(line) {
            None => self.evaluate(line),
            Some(Ok(command)) => self.command(command),
            Some(Err(error)) => self.host.message(&format!("error: {error}")),
        }
    }

    fn evaluate(&mut self, line: &str) {
        self.host.runs.take();
        let started = Instant::now();
        let result = self.program.eval_line(line).and_then(|value| {
            // Only people are served by less than all.
            let limit = self.host.screen.get().width.map(|_| ROWS);
            let style = Style { format: self.host.result_format(), limit };
            show(&value, style).map_err(|error| self.program.report(&error))
        });
        let took = started.elapsed();
        if let Err(report) = result {
            self.report(&report);
        }
        if self.timing {
            self.host.message(&format!("took {}", time_text(took)));
            let runs = self.host.runs.take();
            if runs != Run::default() {
                for line in figures(&runs) {
                    self.host.message(&format!("  {line}"));
                }
            }
        }
    }

    fn report(&self, report: &Report) {
        match (report.trouble, self.over()) {
            (Trouble::Stopped, Some(_)) => (),
            // In the place of the ^C that the terminal has shown.
            (Trouble::Stopped, None) => self.host.message("\rinterrupted"),
            _ => self.host.message(&report.text),
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Quit => self.quit = true,
            Command::Help => self.say(&command::help()),
            Command::Mode(None) => self.say(&format!("{}\n", self.host.result_format())),
            Command::Mode(format) => self.host.format.set(format),
            Command::Timing(wanted) => {
                self.timing = wanted.unwrap_or(!self.timing);
                self.say(if self.timing { "timing is on\n" } else { "timing is off\n" });
            }
        }
    }

    fn say(&self, text: &str) {
        if let Err(error) = self.host.write(text.as_bytes()) {
            self.host.message(&self.program.report(&error).text);
        }
    }
}

/// Asks the editor to end, which gives the terminal back as it was.
fn close_editor(lines: &Receiver<String>) {
    for _ in 0..ASKS {
        run::interrupt();
        if lines.recv_timeout(ASK) == Err(RecvTimeoutError::Disconnected) {
            break;
        }
    }
}
