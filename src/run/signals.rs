//! Signals: SIGINT and SIGTERM ask for an end; the second SIGINT takes it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Status of a process that a second Ctrl-C ended: 128 + SIGINT.
const INTERRUPTED: i32 = 130;

/// Sets `stop` on SIGINT and SIGTERM; with `insist` a second signal ends the process at once.
///
/// # Errors
///
/// The system lets no handler be set.
pub fn watch(stop: &Arc<AtomicBool>, insist: bool) -> io::Result<()> {
    for signal in [SIGINT, SIGTERM] {
        if insist {
            // Looked at before the flag is set: the first signal passes, the second does not.
            flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(stop))?;
        }
        flag::register(signal, Arc::clone(stop))?;
    }
    Ok(())
}
