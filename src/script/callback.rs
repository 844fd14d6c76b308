//! A closure of a script, kept with what it needs to be called later: its functions, constants and
//! imports. Since Rhai 1.26 a closure alone is only a name.

use std::rc::Rc;

use rhai::{Dynamic, Engine, FnPtr, NativeCallContext, Position};

use super::compat::Environment;
use super::fault::{Fallible, Fault};
use super::value::describe;

/// A closure that can be called at any time.
#[derive(Debug, Clone)]
pub struct Callback(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    function: FnPtr,
    environment: Environment,
}

impl Callback {
    /// Keeps `function` with the surroundings of the call that was given it.
    #[must_use]
    pub fn new(ctx: &NativeCallContext<'_>, function: FnPtr) -> Self {
        let environment = Environment::of(ctx, &function);
        Self(Rc::new(Inner { function, environment }))
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
        let Inner { function, environment } = &*callback.0;
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
    pub fn call(&self, engine: &Engine, args: impl AsMut<[Dynamic]>) -> Fallible<Dynamic> {
        let Inner { function, environment } = &*self.0;
        function.call_raw(&environment.context(engine), None, args)
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
        let answer = self.call(engine, args)?;
        answer.as_bool().map_err(|_| {
            let found = describe(&answer);
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

/// Two callbacks are equal only if they are the same one.
impl PartialEq for Callback {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}
