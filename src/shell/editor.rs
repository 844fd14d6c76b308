//! The editor's side of the shell: reads lines from the terminal, on a thread of its own.

use std::io::{IsTerminal, stdout};

use crossbeam_channel::{Receiver, Sender, TryRecvError};
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{
    Behavior, Cmd, ColorMode, CompletionType, Config, Event, EventHandler, KeyCode, KeyEvent,
    Modifiers,
};

use super::helper::Helper;
use super::history;
use super::screen::Screen;
use super::session::{Interrupt, Variables};
use crate::run::Console;
use crate::script::{Docs, Output};

const PROMPT: &str = "flowsh> ";
/// Lines of history.
const LINES: usize = 10_000;

/// What the editor starts with.
pub(super) struct Editor {
    screen: Screen,
    docs: Docs,
    color: bool,
}

type Readline = rustyline::Editor<Helper, DefaultHistory>;

impl Editor {
    /// An editor that shares `screen`, and knows what scripts can see from `docs`.
    pub(super) fn new(screen: Screen, docs: Docs, color: bool) -> Self {
        Self { screen, docs, color }
    }

    /// Sends `lines` until the user leaves, or nobody answers any more.
    pub(super) fn read(
        self,
        lines: &Sender<String>,
        answers: &Receiver<Variables>,
        interrupt: &Interrupt,
    ) {
        let screen = self.screen.clone();
        let mut readline = match self.readline() {
            Ok(readline) => readline,
            Err(error) => return Console.message(&format!("error: cannot edit lines: {error}")),
        };
        let file = history::file();
        if let Some(file) = &file {
            // The first time there is none.
            let _ = readline.load_history(file);
        }
        while let Ok(variables) = answers.recv() {
            if let Some(helper) = readline.helper_mut() {
                helper.set_variables(variables);
            }
            let line = loop {
                screen.set_reading(true);
                let read = readline.readline(PROMPT);
                screen.set_reading(false);
                match read {
                    Ok(line) if line.trim().is_empty() => (),
                    Ok(line) => break line,
                    Err(ReadlineError::Interrupted) => {
                        if answers.try_recv() == Err(TryRecvError::Disconnected) {
                            return;
                        }
                        interrupt.handler();
                    }
                    Err(ReadlineError::Eof) => return,
                    Err(error) => {
                        return Console.message(&format!("error: cannot read a line: {error}"));
                    }
                }
            };
            if let Some(file) = &file {
                // A full disk is no reason not to go on.
                let _ = readline.append_history(file);
            }
            if lines.send(line).is_err() {
                return;
            }
        }
    }

    fn readline(self) -> rustyline::Result<Readline> {
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
            .color_mode(if self.color { ColorMode::Enabled } else { ColorMode::Disabled })
            .behavior(behavior)
            .build();
        let mut readline = Readline::with_config(config)?;
        readline.set_helper(Some(Helper::new(self.docs)));
        let alt_enter = KeyEvent(KeyCode::Enter, Modifiers::ALT);
        readline.bind_sequence(Event::from(alt_enter), EventHandler::Simple(Cmd::Newline));
        // A terminal that cannot draw gets what is printed as it comes.
        if let Ok(printer) = readline.create_external_printer() {
            self.screen.attach(printer);
        }
        Ok(readline)
    }
}
