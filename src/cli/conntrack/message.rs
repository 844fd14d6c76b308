//! What is said on standard error, and the exit status it leads to. Entries and figures, which go to
//! standard output, are not here.

use std::io::{self, Write};

use crate::kernel::{KernelError, errno};
use crate::script::SIGPIPE_STATUS;

use super::command::{Command, Table};

/// What every message begins with: the one place where the name and the version stand.
pub(super) const PROGRAM: &str = concat!("conntrack v", env!("CARGO_PKG_VERSION"), " (flowsh)");
const TRY: &str = "Try `conntrack -h' or 'conntrack --help' for more information.";

/// Why a command line came to no good end.
#[derive(Debug)]
pub(super) struct Fault {
    /// What is said; nothing for an end that needs no words.
    pub(super) text: String,
    /// The exit status.
    pub(super) status: u8,
}

impl Fault {
    /// A command line that is wrong: 2, and where help is found.
    pub(super) fn usage(text: impl Into<String>) -> Self {
        Self { text: text.into(), status: 2 }
    }

    /// Anything else: 1.
    pub(super) fn other(text: impl Into<String>) -> Self {
        Self { text: text.into(), status: 1 }
    }

    /// Signals cannot be waited for.
    pub(super) fn unwatched(error: &io::Error) -> Self {
        Self::other(format!("cannot watch for signals: {error}"))
    }

    /// The kernel refused `errno`, and conntrack has words for it.
    pub(super) fn refused(errno: i32, command: Command, table: Table) -> Self {
        Self::other(format!("Operation failed: {}", reason(errno, command, table)))
    }

    /// The kernel, or the way to it, failed.
    pub(super) fn kernel(error: &KernelError, command: Command, table: Table) -> Self {
        match error.errno() {
            Some(errno) => Self::refused(errno, command, table),
            None => Self::other(format!("Operation failed: {}", crate::script::chain(error))),
        }
    }

    /// Says it.
    pub(super) fn say(&self) {
        if !self.text.is_empty() {
            say(&self.text);
        }
        if self.status == 2 {
            warn(TRY);
        }
    }
}

/// What cannot be written. That whoever reads our output has gone needs no words: it is as if the
/// signal had ended us, which Rust keeps away.
impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self { text: String::new(), status: SIGPIPE_STATUS },
            _ => Self::other(format!("cannot write: {error}")),
        }
    }
}

/// A message with the name of the program before it.
pub(super) fn say(text: &str) {
    warn(&format!("{PROGRAM}: {text}"));
}

/// A message as it is.
pub(super) fn warn(text: &str) {
    // Nowhere is left to complain to.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// `errno` in conntrack's words.
fn reason(errno: i32, command: Command, table: Table) -> String {
    use Command::{Add, Create, Delete, Get, List};
    /// `ENOTSUPP`, which is no errno of the C library.
    const ENOTSUPP: i32 = 524;
    let expect = table == Table::Expect;
    match (errno, command) {
        (errno::EINVAL, command) if command != Add => "invalid parameters",
        (errno::EPERM, _) => "sorry, you must be root or get CAP_NET_ADMIN capability to do this",
        (errno::ENOENT, Create) if expect => "master conntrack not found",
        (errno::ENOENT, Create | Add | Get | Delete) if !expect => "such conntrack doesn't exist",
        (errno::EEXIST, Create) if !expect => "Such conntrack exists, try -U to update",
        (errno::ENOMEM, Create | Add | Get) if !expect => "not enough memory",
        (errno::EAFNOSUPPORT, Get) if !expect => "protocol not supported",
        (errno::ETIME, Create | Add) if !expect => "conntrack has expired",
        (ENOTSUPP, List) if !expect => "function not implemented",
        _ => return plain(errno),
    }
    .to_owned()
}

/// `errno` in the words of the C library, without the number that Rust adds.
pub(super) fn plain(errno: i32) -> String {
    let text = io::Error::from_raw_os_error(errno).to_string();
    text.rsplit_once(" (os error").map_or(text.clone(), |(words, _)| words.to_owned())
}
