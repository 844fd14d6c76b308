//! A closure that is asked about one row after another: natively as far as it could be read, by the
//! interpreter where it could not. How that is asked is in `asking`.

use std::cell::{Cell, OnceCell};
use std::fmt;
use std::rc::Rc;

use rhai::{Dynamic, Engine, FnPtr, Map, NativeCallContext};

use super::asking::{Around, Asking};
use super::callback::Callback;
use super::compat::Readable;
use super::expr::{Expr, Row, Subject, Why};
use super::fault::Fallible;
use super::host::Host;
use super::objects::{ExpectHandle, FlowHandle};
use super::value::from_dynamic;
use crate::flow::{Filter, Question, Value};
use crate::render::Columns;

/// A closure of one row.
#[derive(Debug, Clone)]
pub struct Closure {
    callback: Callback,
    subject: Subject,
    read: Rc<Readable>,
    /// What it asks with the values that variables have at present.
    bound: OnceCell<Rc<Expr>>,
    /// True once it was looked at for words that no flow shows.
    looked: Rc<Cell<bool>>,
}

impl Closure {
    /// Reads `function`, which is given one row.
    pub(super) fn new(ctx: &NativeCallContext<'_>, function: FnPtr, subject: Subject) -> Self {
        let callback = Callback::new(ctx, function);
        let read = Rc::new(callback.read(subject));
        Self { callback, subject, read, bound: OnceCell::new(), looked: Rc::default() }
    }

    /// Reads `function`, which is given rows of these `columns`, and is about to be.
    pub(super) fn of_rows(ctx: &NativeCallContext<'_>, function: FnPtr, columns: &Columns) -> Self {
        let subject = match columns {
            Columns::Flows => Subject::Flow,
            Columns::Expectations => Subject::Expectation,
            _ => Subject::Record,
        };
        Self::new(ctx, function, subject).now()
    }

    /// The same, as it is now: captured variables are read, and stay so.
    #[must_use]
    pub(super) fn now(&self) -> Self {
        let bound = if self.read.fixed { self.bound.clone() } else { OnceCell::new() };
        let expr = bound.get_or_init(|| self.bind());
        if !self.looked.replace(true)
            && let Ok(host) = Host::current()
        {
            let doubts = expr.doubts().into_iter();
            doubts.for_each(|doubt| host.note_once(format!("note: {self}: {doubt}")));
        }
        Self { bound, ..self.clone() }
    }

    /// Asks whether it takes `row`; `handle` is the row as a script sees it.
    ///
    /// # Errors
    ///
    /// What the closure throws, or its answer is neither yes nor no.
    pub(super) fn ask(
        &self,
        engine: &Engine,
        row: Row<'_>,
        handle: impl FnOnce() -> Dynamic,
    ) -> Fallible<bool> {
        let expr = self.expr();
        if !self.is_apart_for(row) {
            return match expr.truth(row) {
                Some(answer) => Ok(answer),
                None => self.callback.ask(engine, [handle()]),
            };
        }
        let mut asking = Asking::new(&self.callback, engine, handle);
        match expr.truth_asking(row, &mut asking) {
            Some(answer) => Ok(answer),
            None => self.callback.truth(&asking.end()?),
        }
    }

    /// What it makes of `row`.
    ///
    /// # Errors
    ///
    /// What the closure throws.
    pub(super) fn value(
        &self,
        engine: &Engine,
        row: Row<'_>,
        handle: impl FnOnce() -> Dynamic,
    ) -> Fallible<Value> {
        let expr = self.expr();
        if !self.is_apart_for(row) {
            return match expr.value(row) {
                Some(value) => Ok(value),
                None => Ok(from_dynamic(&self.callback.call(engine, [handle()])?)),
            };
        }
        let mut asking = Asking::new(&self.callback, engine, handle);
        match expr.value_asking(row, &mut asking) {
            Some(value) => Ok(value),
            None => Ok(from_dynamic(&asking.end()?)),
        }
    }

    /// Asks whether it takes `row`, as a script sees it.
    ///
    /// # Errors
    ///
    /// As [`Self::ask`].
    pub(super) fn takes(&self, engine: &Engine, row: &Dynamic) -> Fallible<bool> {
        seen(row, |seen| self.ask(engine, seen, || row.clone()))
    }

    /// What it makes of `row`, as a script sees it.
    ///
    /// # Errors
    ///
    /// As [`Self::value`].
    pub(super) fn value_of(&self, engine: &Engine, row: &Dynamic) -> Fallible<Value> {
        seen(row, |seen| self.value(engine, seen, || row.clone()))
    }

    /// What of it is left to the interpreter.
    pub(super) fn unread(&self) -> &[Why] {
        &self.read.unread
    }

    /// True if the interpreter is asked for parts of it, not for all of it.
    pub(super) fn is_apart(&self) -> bool {
        self.read.apart
    }

    /// The same for `row`: of another kind than was expected, nothing of it was read.
    fn is_apart_for(&self, row: Row<'_>) -> bool {
        self.read.apart && row.suits(self.subject)
    }

    fn expr(&self) -> Rc<Expr> {
        match self.bound.get() {
            Some(bound) => Rc::clone(bound),
            None if self.read.fixed => Rc::clone(self.bound.get_or_init(|| self.bind())),
            None => self.bind(),
        }
    }

    /// What it compares with values that no flow shows, as clauses.
    pub(super) fn doubts(&self) -> Vec<String> {
        self.bind().doubts()
    }

    fn bind(&self) -> Rc<Expr> {
        let changes = !self.read.unread.is_empty();
        let around = Around { callback: &self.callback, changes };
        Rc::new(self.read.expr.bound(&around))
    }
}

/// Shows what `row` is to `visit`.
fn seen<T>(row: &Dynamic, visit: impl FnOnce(Row<'_>) -> Fallible<T>) -> Fallible<T> {
    if let Some(flow) = row.read_lock::<FlowHandle>() {
        let host = Host::current()?;
        return visit(Row::Flow(&flow.flow, host.view_of(&*flow.source)));
    }
    if let Some(expectation) = row.read_lock::<ExpectHandle>() {
        return visit(Row::Expectation(&expectation.expectation));
    }
    match row.read_lock::<Map>() {
        Some(cells) => visit(Row::Record(&cells)),
        None => visit(Row::None),
    }
}

/// What native code can answer of it becomes tests; the rest stays a question.
impl Question for Closure {
    fn now(&self) -> Filter<Self> {
        let closure = Self::now(self);
        let Ok(host) = Host::current() else { return Filter::Ask(closure) };
        let (filter, rest) = Expr::clone(&closure.expr()).split(&host.labels);
        match rest {
            None => filter.widen(),
            Some(rest) => {
                let bound = OnceCell::from(Rc::new(rest));
                filter.widen().and(Filter::Ask(Self { bound, ..closure }))
            }
        }
    }

    fn is_fixed(&self) -> bool {
        self.read.fixed
    }

    fn remembers(&self) -> bool {
        self.read.remembers
    }
}

/// Where it was given.
impl fmt::Display for Closure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (source, position) = self.callback.origin();
        let source = source.unwrap_or("script");
        let (line, column) = (position.line().unwrap_or(0), position.position().unwrap_or(0));
        write!(f, "the closure given at {source}:{line}:{column}")
    }
}

/// Two closures are equal only if they are the same one.
impl PartialEq for Closure {
    fn eq(&self, other: &Self) -> bool {
        self.callback == other.callback
    }
}

#[cfg(test)]
mod tests;
