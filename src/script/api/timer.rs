//! Timers, and ending: `every`, `after`, `sleep`, `stop`, `exit`.

use std::time::{Duration, Instant};

use rhai::plugin::*;
use rhai::{Dynamic, FnPtr, INT, NativeCallContext};

use crate::script::callback::Callback;
use crate::script::fault::{Fallible, Fault};
use crate::script::host::Host;
use crate::script::objects::Handle;
use crate::script::stage::Timer;
use crate::script::value::{SECOND, Span, describe, span};

/// The shortest time between two calls of a timer.
const SHORTEST: Duration = Duration::from_millis(1);

pub(super) fn module() -> Module {
    exported_module!(timer_api)
}

fn add(ctx: &NativeCallContext<'_>, pause: Duration, again: bool, f: FnPtr) -> Fallible<Handle> {
    let host = Host::current()?;
    let handler = Callback::taking(ctx, f, 0, "|| …")?;
    let mut stage = host.stage.borrow_mut();
    let id = stage.next_id();
    let (due, period) = (Instant::now() + pause, again.then_some(pause));
    stage.add_timer(Timer { id, due, period, handler });
    Ok(Handle(id))
}

#[export_module]
mod timer_api {
    /// Calls `f` again and again, first after `period`. A call that comes late is not made up for.
    ///
    /// Returns a handle for `off`.
    ///
    /// # Example
    /// ```rhai
    /// every(30.sec, || print(flows.count())); stop();
    /// ```
    #[rhai_fn(return_raw)]
    pub fn every(ctx: NativeCallContext, period: Dynamic, f: FnPtr) -> Fallible<Handle> {
        let period = span("every", &period)?.to_std();
        if period < SHORTEST {
            return Fault::new("every needs at least a millisecond").throw();
        }
        add(&ctx, period, true, f)
    }

    /// Calls `f` once, after `time`. Returns a handle for `off`.
    ///
    /// # Example
    /// ```rhai
    /// after(5.min, || print("five minutes are over")); stop();
    /// ```
    #[rhai_fn(return_raw)]
    pub fn after(ctx: NativeCallContext, time: Dynamic, f: FnPtr) -> Fallible<Handle> {
        add(&ctx, span("after", &time)?.to_std(), false, f)
    }

    /// Waits; events that come meanwhile are handled afterwards.
    ///
    /// # Example
    /// ```rhai
    /// sleep(10.ms);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn sleep(time: Dynamic) -> Fallible<()> {
        super::super::change::pause(span("sleep", &time)?.to_std())
    }

    // Rhai's own `sleep` takes numbers too, and nothing interrupts it.
    #[rhai_fn(name = "sleep", return_raw)]
    pub fn sleep_seconds(seconds: INT) -> Fallible<()> {
        sleep(seconds.into())
    }

    #[rhai_fn(name = "sleep", return_raw)]
    pub fn sleep_fraction(seconds: f64) -> Fallible<()> {
        sleep(Dynamic::from(Span(super::super::time::part(seconds, SECOND)?)))
    }

    /// Takes every handler and timer off, so that the script ends when its text does.
    ///
    /// # Example
    /// ```rhai
    /// after(1.sec, || stop());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn stop() -> Fallible<()> {
        Host::current()?.stage.borrow_mut().clear();
        Ok(())
    }

    /// Ends the script at once with this exit status, from 0 to 255.
    ///
    /// # Example
    /// ```rhai
    /// if flows.count() < 0 { exit(1) }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn exit(status: Dynamic) -> Fallible<()> {
        let number = status.as_int().ok().and_then(|status| u8::try_from(status).ok());
        let Some(status) = number else {
            let found = describe(&status);
            return Fault::new(format!("an exit status is 0 to 255, not {found}")).throw();
        };
        let host = Host::current()?;
        host.exit.set(Some(status));
        // A caught error cannot undo this: the next step of the script meets the flag.
        host.stop.store(true, std::sync::atomic::Ordering::Relaxed);
        Err(crate::kernel::KernelError::Interrupted.into())
    }

    /// Ends the script at once with this exit status, after this error message.
    ///
    /// # Example
    /// ```rhai
    /// if args.len() > 9 { exit(2, "too many arguments") }
    /// ```
    #[rhai_fn(name = "exit", return_raw)]
    pub fn exit_with(status: Dynamic, message: &str) -> Fallible<()> {
        Host::current()?.message(&format!("error: {message}"));
        exit(status)
    }

    /// Ends the script at once with exit status 0.
    #[rhai_fn(name = "exit", return_raw)]
    pub fn exit_quietly() -> Fallible<()> {
        exit(0.into())
    }
}
