//! The editor's side of the shell: reads lines from the terminal, on a thread of its own.

use std::io::{IsTerminal, stdout};
use std::path::PathBuf;

use crossbeam_channel::{Receiver, Sender, TryRecvError};
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{
    Behavior, Cmd, ColorMode, CompletionType, Config, EventHandler, KeyCode, KeyEvent, Modifiers,
};

use super::helper::Helper;
use super::history;
use super::screen::Screen;
use super::session::{Interrupt, Variables};
use super::suspend::{Left, Suspension};
use crate::run;
use crate::script::Docs;

const PROMPT: &str = "flowsh> ";
/// Lines of history.
const LINES: usize = 10_000;

/// The editor.
pub(super) struct Editor {
    readline: rustyline::Editor<Helper, DefaultHistory>,
    screen: Screen,
    /// Where lines are kept; `None` if there is no home.
    history: Option<PathBuf>,
    suspension: Suspension,
}

impl Editor {
    /// An editor that shares `screen`, and knows what scripts can see from `docs`.
    ///
    /// # Errors
    ///
    /// The terminal cannot be used.
    pub(super) fn new(screen: Screen, docs: Docs, color: bool) -> rustyline::Result<Self> {
        // What is printed may go to a file while a person types.
        let behavior = if stdout().is_terminal() { Behavior::Stdio } else { Behavior::PreferTerm };
        let config = Config::builder()
            .max_history_size(LINES)?
            .history_ignore_dups(true)?
            .history_ignore_space(true)
            .auto_add_history(true)
            .completion_type(CompletionType::List)
            .completion_show_all_if_ambiguous(true)
            .bracketed_paste(true)
            .color_mode(if color { ColorMode::Enabled } else { ColorMode::Disabled })
            .behavior(behavior)
            .build();
        let mut readline = rustyline::Editor::with_config(config)?;
        readline.set_helper(Some(Helper::new(docs)));
        let suspension = Suspension::default();
        let alt_enter = KeyEvent(KeyCode::Enter, Modifiers::ALT);
        readline.bind_sequence(alt_enter, Cmd::Newline);
        let suspend = EventHandler::Conditional(Box::new(suspension.clone()));
        readline.bind_sequence(KeyEvent::ctrl('Z'), suspend);
        // A terminal that cannot draw gets what is printed as it comes.
        if let Ok(printer) = readline.create_external_printer() {
            screen.attach(printer);
        }
        let history = history::file();
        if let Some(file) = &history {
            // The first time there is none.
            let _ = readline.load_history(file);
        }
        Ok(Self { readline, screen, history, suspension })
    }

    /// Sends `lines` until the user leaves, or nobody answers any more.
    pub(super) fn read(
        mut self,
        lines: &Sender<String>,
        answers: &Receiver<Variables>,
        interrupt: &Interrupt,
    ) {
        while let Ok(variables) = answers.recv() {
            if let Some(helper) = self.readline.helper_mut() {
                helper.set_variables(variables);
            }
            let over = || answers.try_recv() == Err(TryRecvError::Disconnected);
            let Some(line) = self.line(over, interrupt) else { return };
            if let Some(file) = &self.history {
                // A full disk is no reason not to go on.
                let _ = self.readline.append_history(file);
            }
            if lines.send(line).is_err() {
                return;
            }
        }
    }

    /// The next line; `None` if the user leaves, or the shell is `over`.
    fn line(&mut self, over: impl Fn() -> bool, interrupt: &Interrupt) -> Option<String> {
        let mut left = Left::default();
        loop {
            self.screen.set_reading(true);
            let read = self.readline.readline_with_initial(PROMPT, (&left.0, &left.1));
            self.screen.set_reading(false);
            left = Left::default();
            match read {
                Ok(line) if line.trim().is_empty() => (),
                Ok(line) => return Some(line),
                Err(ReadlineError::Interrupted) if over() => return None,
                Err(ReadlineError::Interrupted) => match self.suspension.take() {
                    Some(line) => {
                        run::suspend();
                        left = line;
                    }
                    None => interrupt.handler(),
                },
                // Ctrl-D, or a terminal that is gone.
                Err(_) => return None,
            }
        }
    }
}
