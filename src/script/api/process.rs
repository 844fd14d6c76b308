//! Whose flow it is, and what its addresses are called: `f.process`, `f.src.name`.

use std::net::IpAddr;
use std::rc::Rc;

use rhai::plugin::*;
use rhai::{Dynamic, INT};

use crate::kernel::Owner;
use crate::script::fault::Fallible;
use crate::script::host::Host;
use crate::script::lookup::{name_of, text_of_owner};
use crate::script::objects::{FlowHandle, Side};
use crate::script::value::span;

pub(super) fn module() -> Module {
    exported_module!(process_api)
}

#[export_module]
mod process_api {
    /// A process of this machine, at one end of a flow.
    pub type Process = Rc<Owner>;

    /// The process that owns the flow: the one that began it, else the one that answers.
    ///
    /// `()` for a forwarded or recorded flow, for one whose process is gone, and for processes of
    /// other users unless root asks. The kernel lists its tcp and udp sockets for it
    /// (`CONFIG_INET_DIAG`), once a second at most. `f.process?.name` is `()` without a process. As a
    /// column: `select("process")`.
    ///
    /// # Example
    /// ```rhai
    /// flows("tcp").select("src", "dport", "process")
    /// ```
    #[rhai_fn(get = "process", pure, return_raw)]
    pub fn process(flow: &mut FlowHandle) -> Fallible<Dynamic> {
        let owner = Host::current()?.lookups.owner(&flow.flow, &*flow.source, None)?;
        Ok(owner.map_or(Dynamic::UNIT, Dynamic::from))
    }

    /// The process that sends this direction: `f.orig.process` began the flow, `f.reply.process`
    /// answers; `()` as for `f.process`.
    #[rhai_fn(get = "process", pure, return_raw)]
    pub fn process_of_side(side: &mut Side) -> Fallible<Dynamic> {
        let owner =
            Host::current()?.lookups.owner(&side.flow, &*side.source, Some(side.direction))?;
        Ok(owner.map_or(Dynamic::UNIT, Dynamic::from))
    }

    /// Its process id.
    #[rhai_fn(get = "pid", pure)]
    pub fn pid(process: &mut Rc<Owner>) -> INT {
        process.pid.into()
    }

    /// Its name, as the kernel keeps it: 15 letters at most.
    #[rhai_fn(get = "name", pure)]
    pub fn process_name(process: &mut Rc<Owner>) -> String {
        process.name.clone()
    }

    /// The user that made the socket; a number if `/etc/passwd` has no name for it.
    #[rhai_fn(get = "user", pure)]
    pub fn user(process: &mut Rc<Owner>) -> String {
        process.user.clone()
    }

    /// Name and number of the process: `curl/812`.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn process_text(process: &mut Rc<Owner>) -> String {
        text_of_owner(process)
    }

    /// The name of the address, as the system's resolver knows it (`/etc/hosts`, DNS); `()` if it has
    /// none, or none came within a second: see `resolve_within`.
    ///
    /// Asked only here, kept for five minutes. As a column: `select("src.name")`.
    ///
    /// # Example
    /// ```rhai
    /// print(ip("127.0.0.1").name)
    /// ```
    #[rhai_fn(get = "name", pure, return_raw)]
    pub fn name(addr: &mut IpAddr) -> Fallible<Dynamic> {
        let name = name_of(*addr)?;
        Ok(name.map_or(Dynamic::UNIT, |name| Dynamic::from(name.to_string())))
    }

    /// Waits no longer than this for the name of an address; a name that comes later is there when
    /// it is asked for again.
    ///
    /// # Example
    /// ```rhai
    /// resolve_within(200.ms);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn resolve_within(time: Dynamic) -> Fallible<()> {
        let patience = span("resolve_within", &time)?.to_std();
        Host::current()?.lookups.names.set_patience(patience);
        Ok(())
    }
}
