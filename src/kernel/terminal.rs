//! The terminal, as far as only system calls know it: its width, and who sits at it.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// How long an answer is waited for before it is looked whether there is to be an end.
const NAP_MS: i32 = 100;
/// The longest answer that is read.
const ANSWER_BYTES: usize = 256;

/// Columns of the terminal on standard output; `None` if there is none.
#[must_use]
pub fn terminal_width() -> Option<usize> {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCGWINSZ writes one winsize to the pointer, which is that of a live one.
    #[expect(unsafe_code, reason = "std does not know the size of a terminal")]
    let result = unsafe { libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &raw mut size) };
    (result == 0 && size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// True if a person can be asked: standard input and error are terminals, and this process is not
/// in the background, where reading would stop it.
#[must_use]
pub fn can_ask() -> bool {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return false;
    }
    // SAFETY: both only read numbers of this process and of an open descriptor.
    #[expect(unsafe_code, reason = "std does not know process groups")]
    unsafe {
        libc::tcgetpgrp(libc::STDIN_FILENO) == libc::getpgrp()
    }
}

/// Asks on the terminal and gives the line that is answered; `None` if there is none, or once
/// `stop` is set. What was typed before the question is no answer to it, and is dropped.
#[must_use]
pub fn ask_terminal(question: &str, stop: &AtomicBool) -> Option<String> {
    // SAFETY: TCIFLUSH takes no pointer.
    #[expect(unsafe_code, reason = "std cannot drop what was typed")]
    unsafe {
        libc::tcflush(libc::STDIN_FILENO, libc::TCIFLUSH);
    }
    io::stderr().write_all(question.as_bytes()).ok()?;
    let mut ready = libc::pollfd { fd: libc::STDIN_FILENO, events: libc::POLLIN, revents: 0 };
    loop {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        // SAFETY: the pointer is that of one live pollfd.
        #[expect(unsafe_code, reason = "std cannot wait for input and a signal together")]
        let count = unsafe { libc::poll(&raw mut ready, 1, NAP_MS) };
        if count > 0 {
            break;
        }
    }
    // Not through std's buffer, which would take lines that are meant for others.
    let mut answer = [0; ANSWER_BYTES];
    // SAFETY: at most as many bytes as the live buffer has are written to it.
    #[expect(unsafe_code, reason = "std reads standard input through a buffer")]
    let read = unsafe { libc::read(libc::STDIN_FILENO, answer.as_mut_ptr().cast(), answer.len()) };
    let answer = answer.get(..usize::try_from(read).ok()?)?;
    if answer.is_empty() {
        // Ctrl-D leaves the cursor behind the question.
        let _ = io::stderr().write_all(b"\n");
        return None;
    }
    Some(String::from_utf8_lossy(answer).trim().to_owned())
}
