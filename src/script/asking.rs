//! One row's questions to the interpreter, and what surrounds a closure that has effects: a variable
//! that another of its variables may change is not read beforehand.

use rhai::{Array, Dynamic, Engine, FnPtr, Map};

use super::callback::Callback;
use super::expr::{Interpreter, Outer, Part, Role, Surroundings};
use super::fault::{Fallible, Fault};
use super::objects::{FilterHandle, Flows};
use crate::flow::Value;

/// How deep closures, arrays and maps are searched for a variable.
const DEPTH: usize = 6;

/// The parts of a closure that are asked for one row.
pub(super) struct Asking<'a, H> {
    callback: &'a Callback,
    engine: &'a Engine,
    /// Makes the row as a script sees it.
    handle: Option<H>,
    row: Dynamic,
    end: Option<Fallible<Dynamic>>,
}

impl<'a, H: FnOnce() -> Dynamic> Asking<'a, H> {
    /// Asks `callback`; `handle` is the row as a script sees it.
    pub(super) fn new(callback: &'a Callback, engine: &'a Engine, handle: H) -> Self {
        Self { callback, engine, handle: Some(handle), row: Dynamic::UNIT, end: None }
    }

    /// What the closure came to, which has no value here.
    pub(super) fn end(mut self) -> Fallible<Dynamic> {
        match (self.end, self.handle.take()) {
            (Some(end), _) => end,
            // Nothing was asked.
            (None, Some(handle)) => self.callback.call(self.engine, [handle()]),
            (None, None) => Fault::new("the closure came to nothing").throw(),
        }
    }
}

impl<H: FnOnce() -> Dynamic> Interpreter for Asking<'_, H> {
    fn ask(&mut self, part: &Part, locals: Vec<Dynamic>) -> Option<Dynamic> {
        if let Some(handle) = self.handle.take() {
            self.row = handle();
        }
        match self.callback.part(self.engine, &part.tree, &mut self.row, locals) {
            Ok(value) if part.role != Role::Answer => Some(value),
            Ok(value) => {
                self.end = Some(Ok(value));
                None
            }
            Err(end) => {
                self.end = Some(end);
                None
            }
        }
    }

    fn has_ended(&self) -> bool {
        self.end.is_some()
    }
}

/// What surrounds a closure.
pub(super) struct Around<'a> {
    pub(super) callback: &'a Callback,
    /// True if the closure may have effects.
    pub(super) changes: bool,
}

impl Surroundings for Around<'_> {
    fn variable(&self, name: &Outer) -> Option<Dynamic> {
        match name {
            Outer::Captured(index)
                if self.changes && may_be_changed(self.callback.captured(), *index) =>
            {
                None
            }
            name => self.callback.variable(name),
        }
    }

    fn call(&self, function: &str, args: &[&Value]) -> Option<Value> {
        Surroundings::call(self.callback, function, args)
    }
}

/// True if another captured variable is, or holds, a closure that may change the one at `index`.
fn may_be_changed(captured: &[Dynamic], index: usize) -> bool {
    let Some(mut cell) = captured.get(index).filter(|value| value.is_shared()).cloned() else {
        return false;
    };
    // The same variable is locked wherever it is found.
    let Some(_locked) = cell.write_lock::<Dynamic>() else { return true };
    let others = captured.iter().enumerate().filter(|(other, _)| *other != index);
    others.map(|(_, value)| value).any(|value| reaches_locked(value, DEPTH))
}

fn reaches_locked(value: &Dynamic, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return true };
    if value.is_shared() && value.is_locked() {
        return true;
    }
    let reaches = |value: &Dynamic| reaches_locked(value, depth);
    if let Some(closure) = value.read_lock::<FnPtr>() {
        return closure.curry().iter().any(reaches);
    }
    if let Some(items) = value.read_lock::<Array>() {
        return items.iter().any(reaches);
    }
    if let Some(cells) = value.read_lock::<Map>() {
        return cells.values().any(reaches);
    }
    // They may hold closures.
    value.is::<FilterHandle>() || value.is::<Flows>()
}
