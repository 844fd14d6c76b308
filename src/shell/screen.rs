//! The terminal as both threads write to it. While the editor shows a line, what a handler prints
//! is gathered and shown above that line, which is drawn again; otherwise it goes straight out.

use std::io::{self, IsTerminal, stderr, stdout};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustyline::ExternalPrinter;

use crate::run::Console;
use crate::script::Output;

/// What comes within this time is shown at once: each time the line is drawn anew.
const GATHER: Duration = Duration::from_millis(30);
/// More than this is not gathered: whoever prints waits for the terminal.
const PENDING_BYTES: usize = 256 * 1024;
/// How often one who waits looks whether the line was finished meanwhile.
const GLANCE: Duration = Duration::from_millis(20);

/// A way to the terminal; clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Screen(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The program waits for a line: what it prints meanwhile goes through the editor.
    waiting: bool,
    /// The editor shows a line.
    reading: bool,
    /// There is someone to print above the line.
    attached: bool,
    /// What is to be shown above the line.
    pending: Vec<u8>,
}

impl Screen {
    /// From now on lines may be typed.
    pub(super) fn lend(&self) {
        self.state().waiting = true;
    }

    /// A line came: from now on all output goes straight out, after what was gathered before.
    pub(super) fn take_back(&self) {
        let pending = {
            let mut state = self.state();
            state.waiting = false;
            std::mem::take(&mut state.pending)
        };
        self.0.changed.notify_all();
        // A terminal that is gone is found out by whoever reads from it.
        let _ = Console.write(&pending);
    }

    /// Says whether the editor shows a line.
    pub(super) fn set_reading(&self, reading: bool) {
        self.state().reading = reading;
        self.0.changed.notify_all();
    }

    /// Shows what is gathered with `printer`, on a thread of its own: a printer may block until
    /// the editor reads again, and the program must not.
    pub(super) fn attach(&self, mut printer: impl ExternalPrinter + Send + 'static) {
        self.state().attached = true;
        let screen = self.clone();
        thread::spawn(move || {
            loop {
                let text = screen.gather();
                if printer.print(text).is_err() {
                    screen.state().attached = false;
                    break;
                }
            }
        });
    }

    /// Waits for something to show.
    fn gather(&self) -> String {
        loop {
            let mut state = self.state();
            while state.pending.is_empty() {
                state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            drop(state);
            thread::sleep(GATHER);
            let bytes = std::mem::take(&mut self.state().pending);
            self.0.changed.notify_all();
            if !bytes.is_empty() {
                return String::from_utf8_lossy(&bytes).into_owned();
            }
        }
    }

    /// Gathers `bytes` to be shown above the line; false if they are to go straight out.
    fn gathered(&self, bytes: &[u8]) -> bool {
        let mut state = self.state();
        if !(state.waiting && state.attached) {
            return false;
        }
        while state.reading && state.pending.len() > PENDING_BYTES {
            let waited = self.0.changed.wait_timeout(state, GLANCE);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.pending.extend_from_slice(bytes);
        self.0.changed.notify_all();
        true
    }

    /// The state; a thread that panicked while it held it left it whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Output for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if stdout().is_terminal() && self.gathered(bytes) {
            return Ok(());
        }
        Console.write(bytes)
    }

    fn message(&mut self, text: &str) {
        if !(stderr().is_terminal() && self.gathered(format!("{text}\n").as_bytes())) {
            Console.message(text);
        }
    }

    /// While a line is evaluated, the terminal is as a program finds it: nothing is in the way.
    fn can_ask(&self) -> bool {
        !self.state().waiting && Console.can_ask()
    }

    fn ask(&mut self, question: &str, stop: &AtomicBool) -> Option<String> {
        Console.ask(question, stop)
    }
}
