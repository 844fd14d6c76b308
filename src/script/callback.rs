//! A closure of a script, kept with what it needs to be called later: its functions, constants and
//! imports. Since Rhai 1.26 a closure alone is only a name.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use rhai::{Dynamic, Engine, FnPtr, NativeCallContext, Position};

use super::compat::{self, Environment, Readable, Session, Tree};
use super::expr::{Outer, Subject, Surroundings};
use super::fault::{Fallible, Fault};
use super::host::Host;
use super::value::{describe, exact, to_dynamic};
use crate::flow::Value;

/// A closure that can be called at any time.
#[derive(Debug, Clone)]
pub struct Callback(Rc<Inner>);

struct Inner {
    function: FnPtr,
    environment: Environment,
    /// What the last call has prepared; taken while a call is under way.
    session: RefCell<Option<Box<Session>>>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Callback({})", self.function.fn_name())
    }
}

impl Callback {
    /// Keeps `function` with the surroundings of the call that was given it.
    #[must_use]
    pub fn new(ctx: &NativeCallContext<'_>, function: FnPtr) -> Self {
        let environment = Environment::of(ctx, &function);
        Self(Rc::new(Inner { function, environment, session: RefCell::default() }))
    }

    /// What it asks of one row, as far as it can be read.
    pub(super) fn read(&self, subject: Subject) -> Readable {
        compat::read(&self.0.environment, &self.0.function, subject)
    }

    /// Keeps `function` if it takes `wanted` arguments; `example` shows how it is written.
    ///
    /// # Errors
    ///
    /// It takes another number: better said now than at every event.
    pub fn taking(
        ctx: &NativeCallContext<'_>,
        function: FnPtr,
        wanted: usize,
        example: &str,
    ) -> Fallible<Self> {
        let callback = Self::new(ctx, function);
        let Inner { function, environment, .. } = &*callback.0;
        match environment.params(function) {
            Some(takes) if takes != wanted => {
                let noun = if wanted == 1 { "argument" } else { "arguments" };
                let message = format!("the closure must take {wanted} {noun}, not {takes}");
                let fault = super::Fault::new(message);
                fault.hint(format!("write it as `{example}`")).throw()
            }
            _ => Ok(callback),
        }
    }

    /// Calls it.
    ///
    /// # Errors
    ///
    /// What the closure throws, or that it takes another number of arguments.
    pub fn call(&self, engine: &Engine, mut args: impl AsMut<[Dynamic]>) -> Fallible<Dynamic> {
        let Inner { function, environment, session } = &*self.0;
        // A closure that calls itself finds none, and prepares another.
        let prepared = session.take().or_else(|| Session::new(environment, function).map(Box::new));
        if let Some(mut prepared) = prepared {
            let answer = prepared.call(engine, function.curry(), args.as_mut());
            session.replace(Some(prepared));
            if let Some(answer) = answer {
                return answer;
            }
        }
        function.call_raw(&environment.context(engine), None, args)
    }

    /// Evaluates a piece of it for `row`, which is given back, with these variables of its own.
    ///
    /// # Errors
    ///
    /// The closure ends with that: it has an error, or returns.
    pub(super) fn part(
        &self,
        engine: &Engine,
        tree: &Tree,
        row: &mut Dynamic,
        locals: Vec<Dynamic>,
    ) -> Result<Dynamic, Fallible<Dynamic>> {
        let Inner { function, environment, session } = &*self.0;
        let prepared = session.take().or_else(|| Session::new(environment, function).map(Box::new));
        let Some(mut prepared) = prepared else {
            return Err(function.call_raw(&environment.context(engine), None, [row.clone()]));
        };
        let result = prepared.part(engine, tree, function.curry(), row, locals);
        session.replace(Some(prepared));
        result
    }

    /// What it captured.
    pub(super) fn captured(&self) -> &[Dynamic] {
        self.0.function.curry()
    }

    /// Calls it for what it does; what it answers is not asked.
    ///
    /// # Errors
    ///
    /// As [`Self::call`].
    pub fn tell(&self, engine: &Engine, args: impl AsMut<[Dynamic]>) -> Fallible<()> {
        self.call(engine, args).map(drop)
    }

    /// Calls it and wants yes or no.
    ///
    /// # Errors
    ///
    /// As [`Self::call`], or the answer is neither.
    pub fn ask(&self, engine: &Engine, args: impl AsMut<[Dynamic]>) -> Fallible<bool> {
        self.truth(&self.call(engine, args)?)
    }

    /// Its answer as yes or no.
    ///
    /// # Errors
    ///
    /// The answer is neither.
    pub(super) fn truth(&self, answer: &Dynamic) -> Fallible<bool> {
        answer.as_bool().map_err(|_| {
            let found = describe(&answer.clone().flatten());
            let message = format!("the closure must answer true or false, not {found}");
            let mut error = Fault::new(message).thrown();
            // A query may be read long after the call that was given the closure.
            error.set_position(self.origin().1);
            error
        })
    }

    /// Where it was given: source and position, for messages.
    #[must_use]
    pub fn origin(&self) -> (Option<&str>, Position) {
        self.0.environment.origin()
    }
}

impl Surroundings for Callback {
    fn variable(&self, name: &Outer) -> Option<Dynamic> {
        match name {
            Outer::Captured(index) => {
                self.0.function.curry().get(*index).map(Dynamic::flatten_clone)
            }
            Outer::Global(name) => self.0.environment.global(name),
        }
    }

    fn call(&self, function: &str, args: &[&Value]) -> Option<Value> {
        let engine = Host::current().and_then(|host| host.engine()).ok()?;
        let args = args.iter().map(|&arg| to_dynamic(arg.clone()).ok());
        let mut args: Vec<Dynamic> = args.collect::<Option<_>>()?;
        let mut args: Vec<&mut Dynamic> = args.iter_mut().collect();
        let context = self.0.environment.context(&engine);
        exact(&context.call_native_fn_raw(function, false, &mut args).ok()?)
    }
}

/// Two callbacks are equal only if they are the same one.
impl PartialEq for Callback {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}
