//! What no change touches: `protect`, `unprotect`.

use rhai::plugin::*;
use rhai::{Array, Dynamic, Map, NativeCallContext};

use crate::script::fault::{Fallible, Fault};
use crate::script::host::Host;
use crate::script::ops::to_filter;

pub(super) fn module() -> Module {
    exported_module!(protect_api)
}

#[export_module]
mod protect_api {
    /// Protects flows: no change touches those that `filter` takes, be it text, a map, a closure or
    /// a filter, for the rest of the run and in every namespace. The outcome counts them.
    ///
    /// If the closure throws, the flow is protected, the error is shown, and the run ends with
    /// status 1.
    ///
    /// # Example
    /// ```rhai
    /// protect("tcp dport 22"); protect(|f| f.mark == 7); flows("tcp").update(#{ mark: 1 })
    /// ```
    #[rhai_fn(return_raw)]
    pub fn protect(ctx: NativeCallContext, filter: Dynamic) -> Fallible<()> {
        let filter = to_filter(&ctx, filter)?;
        if filter.is_all() {
            return Fault::new("this would protect every flow")
                .hint("`--read-only` refuses every change")
                .throw();
        }
        Host::current()?.protection.borrow().add(filter);
        Ok(())
    }

    /// What is protected: maps of `filter` and `because`. The SSH session from which flowsh was
    /// started is protected by itself, as far as the environment names it.
    ///
    /// # Example
    /// ```rhai
    /// protect()
    /// ```
    #[rhai_fn(name = "protect", return_raw)]
    pub fn protected() -> Fallible<Array> {
        let list = Host::current()?.protection.borrow().list();
        let row = |protected: crate::script::guard::Protected| {
            Dynamic::from(Map::from([
                ("filter".into(), protected.filter.now().to_string().into()),
                ("because".into(), Dynamic::from(protected.because.to_string())),
            ]))
        };
        Ok(list.into_iter().map(row).collect())
    }

    /// Protects nothing any more, not even the SSH session from which flowsh was started.
    ///
    /// # Example
    /// ```rhai
    /// protect("udp"); unprotect(); flows("udp dport 53").delete()
    /// ```
    #[rhai_fn(return_raw)]
    pub fn unprotect() -> Fallible<()> {
        Host::current()?.protection.borrow_mut().lift();
        Ok(())
    }
}
