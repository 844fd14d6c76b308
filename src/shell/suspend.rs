//! Ctrl-Z at the prompt. rustyline's own way sends the signal while the terminal is raw, and with
//! more than one thread it draws on before the process stops; here the line is left first.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use rustyline::{Cmd, ConditionalEventHandler, Event, EventContext, RepeatCount};

/// A line that was left for Ctrl-Z: what stood before and after the cursor.
pub(super) type Left = (String, String);

/// What Ctrl-Z is bound to; clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Suspension(Arc<Mutex<Option<Left>>>);

impl Suspension {
    /// The line that was left since this was last asked.
    pub(super) fn take(&self) -> Option<Left> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ConditionalEventHandler for Suspension {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, ctx: &EventContext<'_>) -> Option<Cmd> {
        let (before, after) = ctx.line().split_at_checked(ctx.pos())?;
        let left = (before.to_owned(), after.to_owned());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(left);
        Some(Cmd::Interrupt)
    }
}
