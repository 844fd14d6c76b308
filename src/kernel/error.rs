//! What the kernel, or the way to it, can answer instead of doing what was asked.

use std::io;

use crate::wire::DecodeError;
use crate::wire::text::EntryError;

/// Why something asked of the kernel was not done.
#[derive(Debug, thiserror::Error)]
pub enum KernelError {
    /// The kernel answered with an errno; `what` completes "cannot …".
    #[error("cannot {what}")]
    Refused {
        /// What was asked, after "cannot".
        what: String,
        /// The kernel's errno, or that of a system call.
        source: io::Error,
        /// What to do instead, as a sentence.
        hint: Option<&'static str>,
    },
    /// An answer could not be read.
    #[error("cannot read the kernel's answer")]
    Answer(#[from] DecodeError),
    /// An entry of a recording could not be read.
    #[error("cannot read {file}:{line}")]
    Unreadable {
        /// What the recording is called.
        file: String,
        /// The line on which the entry begins.
        line: u64,
        /// What is wrong with it.
        source: EntryError,
    },
    /// Something was asked that this source of flows cannot do; `0` is a sentence's start.
    #[error("{0}")]
    Unsupported(String),
    /// Someone asked for an end before it came.
    #[error("interrupted")]
    Interrupted,
    /// `--read-only` forbids the change; `0` completes "will not …".
    #[error("will not {0}: --read-only is set")]
    ReadOnly(String),
}

impl KernelError {
    /// A [`KernelError::Refused`] without a hint.
    #[must_use]
    pub fn refused(what: impl Into<String>, source: io::Error) -> Self {
        Self::Refused { what: what.into(), source, hint: None }
    }

    /// The errno, where the kernel gave one.
    #[must_use]
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::Refused { source, .. } => source.raw_os_error(),
            _ => None,
        }
    }

    /// What the user can do, as a sentence.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Refused { hint, .. } => *hint,
            Self::Unreadable { .. } => Some(
                "`skip_bad: true` in the options of open(), or --skip-bad with --from, passes over \
                 what cannot be read and counts it",
            ),
            Self::ReadOnly(_) => Some("start flowsh without --read-only to change the table"),
            _ => None,
        }
    }
}
