//! Errors on their way through a script: thrown as values with a message, a hint and an errno, so
//! that a script can catch them and a person can read them.

use std::fmt;

use rhai::{Dynamic, EvalAltResult, Position};

use crate::kernel::KernelError;
use crate::table::{ChangeError, TextError};

/// What every fallible script function returns.
pub type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// Which exit status an uncaught error leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Blame {
    /// The script: 1.
    #[default]
    Script,
    /// Missing permission or kernel support: 3.
    Kernel,
}

/// An error as a value; scripts see `message`, `hint` and `errno`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fault {
    /// What went wrong: `a: b: c`, each level one new fact.
    pub message: String,
    /// What to do instead, as a sentence.
    pub hint: Option<String>,
    /// The kernel's errno.
    pub errno: Option<i32>,
    /// Whose fault it is.
    pub blame: Blame,
}

impl Fault {
    /// An error of the script with a message alone.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Thrown; Rhai fills in the position of the call.
    #[must_use]
    pub fn thrown(self) -> Box<EvalAltResult> {
        EvalAltResult::ErrorRuntime(Dynamic::from(self), Position::NONE).into()
    }

    /// A failure that is thrown.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn throw<T>(self) -> Fallible<T> {
        Err(self.thrown())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The same error, said of one of several things.
pub(super) fn of(place: &str, mut error: Box<EvalAltResult>) -> Box<EvalAltResult> {
    if let EvalAltResult::ErrorRuntime(value, _) = &mut *error
        && let Some(mut fault) = value.write_lock::<Fault>()
    {
        fault.message.insert_str(0, &format!("{place}: "));
    }
    error
}

/// An error and its causes on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl From<&KernelError> for Fault {
    fn from(error: &KernelError) -> Self {
        let blame = match error {
            KernelError::Refused { .. } | KernelError::Answer(_) => Blame::Kernel,
            _ => Blame::Script,
        };
        Self {
            message: chain(error),
            hint: error.hint().map(str::to_owned),
            errno: error.errno(),
            blame,
        }
    }
}

impl From<KernelError> for Box<EvalAltResult> {
    fn from(error: KernelError) -> Self {
        match error {
            KernelError::Interrupted => {
                EvalAltResult::ErrorTerminated(Dynamic::UNIT, Position::NONE).into()
            }
            error => Fault::from(&error).thrown(),
        }
    }
}

impl From<ChangeError> for Box<EvalAltResult> {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Kernel(error) => error.into(),
            error @ ChangeError::TooMany { .. } => Fault::new(error.to_string()).thrown(),
        }
    }
}

impl From<TextError> for Box<EvalAltResult> {
    fn from(error: TextError) -> Self {
        let hint = error.suggestion().map(|word| format!("did you mean `{word}`?"));
        let message = format!("{error}\n{}", error.caret());
        Fault { message, hint, ..Fault::default() }.thrown()
    }
}
