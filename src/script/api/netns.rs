//! Other network namespaces: `netns("blue").flows`.

use std::rc::Rc;

use rhai::plugin::*;
use rhai::{Array, Dynamic, NativeCallContext};

use crate::kernel::{NetNs, Source};
use crate::script::fault::{Fallible, Fault};
use crate::script::host::Host;
use crate::script::objects::{Expectations, Flows, Netns, Settings};
use crate::script::ops::to_filter;
use crate::script::value::describe;

pub(super) fn module() -> Module {
    exported_module!(netns_api)
}

fn open(netns: NetNs) -> Fallible<Netns> {
    let source: Rc<dyn Source> = Rc::new(Host::current()?.source.live()?.elsewhere(netns));
    Ok(Netns { source })
}

#[export_module]
mod netns_api {
    /// A network namespace with its own tables.
    pub type Netns = crate::script::objects::Netns;

    /// The namespace made with `ip netns add NAME`, or that of a process by its pid.
    ///
    /// Entering another namespace needs `CAP_SYS_ADMIN`.
    ///
    /// # Example
    /// ```rhai
    /// netns_all().filter(|n| n.name == "blue").map(|n| n.flows.count())
    /// ```
    #[rhai_fn(return_raw)]
    pub fn netns(name: Dynamic) -> Fallible<Netns> {
        match name.type_name() {
            "string" | "i64" => open(NetNs::parse(&name.to_string())?),
            _ => {
                Fault::new(format!("netns needs a name or a pid, not {}", describe(&name))).throw()
            }
        }
    }

    /// Every namespace that `ip netns list` shows.
    ///
    /// # Example
    /// ```rhai
    /// for n in netns_all() { print(n.name) }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn netns_all() -> Fallible<Array> {
        NetNs::list()?.into_iter().map(|netns| open(netns).map(Dynamic::from)).collect()
    }

    /// Its name or pid.
    #[rhai_fn(get = "name", pure, return_raw)]
    pub fn name(netns: &mut Netns) -> Fallible<String> {
        Ok(netns.source.live()?.netns().to_string())
    }

    /// Its conntrack table.
    #[rhai_fn(get = "flows", pure)]
    pub fn flows(netns: &mut Netns) -> Flows {
        Flows::new(Rc::clone(&netns.source))
    }

    /// Those of its flows that `filter` takes.
    #[rhai_fn(name = "flows", pure, return_raw)]
    pub fn flows_where(
        ctx: NativeCallContext,
        netns: &mut Netns,
        filter: Dynamic,
    ) -> Fallible<Flows> {
        Ok(flows(netns).filtered(to_filter(&ctx, filter)?))
    }

    /// Its expectation table.
    #[rhai_fn(get = "expectations", pure)]
    pub fn expectations(netns: &mut Netns) -> Expectations {
        Expectations { source: Rc::clone(&netns.source), tests: Vec::new() }
    }

    /// Its settings.
    #[rhai_fn(get = "settings", pure)]
    pub fn settings(netns: &mut Netns) -> Settings {
        Settings { source: Rc::clone(&netns.source) }
    }

    /// The namespace as text.
    #[rhai_fn(name = "to_string", name = "to_debug", pure, return_raw)]
    pub fn netns_text(netns: &mut Netns) -> Fallible<String> {
        Ok(format!("netns({})", name(netns)?))
    }
}
