//! Signals: SIGINT and SIGTERM ask for an end; the second SIGINT takes it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGTSTP};
use signal_hook::{flag, low_level};

/// Status of a process that a second Ctrl-C ended: 128 + SIGINT.
const INTERRUPTED: i32 = 130;

/// Sets `stop` on SIGINT and SIGTERM; with `insist` a SIGINT after either ends the process at once. A
/// SIGTERM does not: `timeout` sends two.
///
/// # Errors
///
/// The system lets no handler be set.
pub fn watch(stop: &Arc<AtomicBool>, insist: bool) -> io::Result<()> {
    for signal in [SIGINT, SIGTERM] {
        if insist && signal == SIGINT {
            // Looked at before the flag is set: the first passes, the second does not.
            flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(stop))?;
        }
        flag::register(signal, Arc::clone(stop))?;
    }
    Ok(())
}

/// Sets `ended` to the number of the signal on SIGTERM and SIGHUP, which end a shell, and `stop`
/// with it: what is being evaluated ends too.
///
/// # Errors
///
/// The system lets no handler be set.
pub fn watch_end(stop: &Arc<AtomicBool>, ended: &Arc<AtomicUsize>) -> io::Result<()> {
    for (signal, number) in [(SIGHUP, 1), (SIGTERM, 15)] {
        // In this order: whoever sees `stop` can also see why.
        flag::register_usize(signal, Arc::clone(ended), number)?;
        flag::register(signal, Arc::clone(stop))?;
    }
    Ok(())
}

/// Interrupts this process as Ctrl-C would: a prompt that waits for a line waits no longer.
pub fn interrupt() {
    // SIGINT can always be sent to oneself.
    let _ = low_level::raise(SIGINT);
}

/// Stops this process as Ctrl-Z would, until whoever started it lets it go on.
pub fn suspend() {
    // As above; the thread that sends it is the one that gets it, so nothing runs on meanwhile.
    let _ = low_level::raise(SIGTSTP);
}
