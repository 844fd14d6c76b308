//! Standard output and error of a run without a shell.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::AtomicBool;

use crate::kernel;
use crate::render::Screen;
use crate::script::Output;

/// Writes straight to the streams of the process.
#[derive(Debug, Default)]
pub struct Console;

impl Output for Console {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()
    }

    fn message(&mut self, text: &str) {
        // Nowhere is left to complain to.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    fn can_ask(&self) -> bool {
        kernel::can_ask()
    }

    fn ask(&mut self, question: &str, stop: &AtomicBool) -> Option<String> {
        kernel::ask_terminal(question, stop)
    }
}

/// When colour is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The screen that standard output is: its width if it is a terminal, and whether it has colour.
#[must_use]
pub fn screen(color: Color) -> Screen {
    let terminal = io::stdout().is_terminal();
    let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || env::var_os("TERM").is_some_and(|term| term == "dumb");
    Screen {
        width: terminal.then(|| kernel::terminal_width().unwrap_or(80)),
        color: match color {
            Color::Auto => terminal && !plain,
            Color::Always => true,
            Color::Never => false,
        },
    }
}
