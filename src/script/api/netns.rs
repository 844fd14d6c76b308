//! Other network namespaces: `netns("blue").flows`, and all at once: `netns_all().flows`.

use std::rc::Rc;

use rhai::plugin::*;
use rhai::{Array, Dynamic, Engine, FnPtr, INT, NativeCallContext};

use crate::kernel::{KernelError, Live, Namespaces, NetNs, Source};
use crate::script::callback::Callback;
use crate::script::fault::{Fallible, Fault, chain};
use crate::script::host::Host;
use crate::script::objects::{Expectations, Flows, Netns, NetnsAll, Settings};
use crate::script::ops::to_filter;
use crate::script::value::describe;

pub(super) fn module() -> Module {
    exported_module!(netns_api)
}

/// Makes `for n in netns_all()` go from one to the next.
pub(super) fn register_iterators(engine: &mut Engine) {
    engine.register_iterator::<NetnsAll>();
}

impl IntoIterator for NetnsAll {
    type Item = Netns;
    type IntoIter = std::vec::IntoIter<Netns>;

    fn into_iter(self) -> Self::IntoIter {
        let members = self.source.members().iter().map(|live| {
            let source: Rc<dyn Source> = Rc::<Live>::clone(live);
            Netns { source }
        });
        members.collect::<Vec<_>>().into_iter()
    }
}

/// Several namespaces; whichever cannot be entered is told of.
fn together(members: Vec<Rc<Live>>) -> NetnsAll {
    let tell = |live: &Live, error: &KernelError| {
        if let Ok(host) = Host::current() {
            let (netns, why) = (live.netns(), chain(error));
            host.message(&format!("warning: the flows of {netns} are missing: {why}"));
        }
    };
    NetnsAll { source: Rc::new(Namespaces::new(members, Box::new(tell))) }
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
            "string" | "i64" => {
                let netns = NetNs::parse(&name.to_string())?;
                let live = Host::current()?.source.live()?.elsewhere(netns);
                Ok(Netns { source: Rc::new(live) })
            }
            _ => {
                Fault::new(format!("netns needs a name or a pid, not {}", describe(&name))).throw()
            }
        }
    }

    /// Several network namespaces, for a loop or for one query over all.
    pub type NetnsAll = crate::script::objects::NetnsAll;

    /// Every namespace that `ip netns list` shows: not the one that flowsh runs in, unless it has a
    /// name there.
    ///
    /// # Example
    /// ```rhai
    /// for n in netns_all() { print(`${n.name}: ${n.flows.count()}`) }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn netns_all() -> Fallible<NetnsAll> {
        let host = Host::current()?;
        let live = host.source.live()?;
        let members = NetNs::list()?.into_iter().map(|netns| Rc::new(live.elsewhere(netns)));
        Ok(together(members.collect()))
    }

    /// The flows of all of them, as one query; `netns` says where each is from.
    ///
    /// Changes go to the namespace of each flow. One that cannot be entered is passed over, with a
    /// warning; it is an error if none can. What needs one namespace (events, `create`, `get`,
    /// `flush`) is refused, unless there is only one.
    ///
    /// # Example
    /// ```rhai
    /// netns_all().flows.group("netns").top(10)
    /// ```
    #[rhai_fn(get = "flows", pure)]
    pub fn all_flows(all: &mut NetnsAll) -> Flows {
        Flows::new(Rc::<Namespaces>::clone(&all.source))
    }

    /// Those of their flows that `filter` takes.
    #[rhai_fn(name = "flows", pure, return_raw)]
    pub fn all_flows_where(
        ctx: NativeCallContext,
        all: &mut NetnsAll,
        filter: Dynamic,
    ) -> Fallible<Flows> {
        Ok(all_flows(all).filtered(to_filter(&ctx, filter)?))
    }

    /// How many namespaces there are.
    #[rhai_fn(name = "count", name = "len", get = "len", pure)]
    pub fn all_count(all: &mut NetnsAll) -> INT {
        INT::try_from(all.source.members().len()).unwrap_or(INT::MAX)
    }

    /// The namespaces in an array.
    #[rhai_fn(name = "array", pure)]
    pub fn all_array(all: &mut NetnsAll) -> Array {
        all.clone().into_iter().map(Dynamic::from).collect()
    }

    /// Those namespaces for which the closure answers true.
    ///
    /// # Example
    /// ```rhai
    /// netns_all().filter(|n| n.name.starts_with("cust-")).flows.top(10)
    /// ```
    #[rhai_fn(name = "filter", pure, return_raw)]
    pub fn some(ctx: NativeCallContext, all: &mut NetnsAll, f: FnPtr) -> Fallible<NetnsAll> {
        let f = Callback::new(&ctx, f);
        let mut members = Vec::new();
        for (netns, live) in all.clone().into_iter().zip(all.source.members()) {
            if f.ask(ctx.engine(), [Dynamic::from(netns)])? {
                members.push(Rc::clone(live));
            }
        }
        Ok(together(members))
    }

    /// What `f` makes of each namespace, in an array.
    ///
    /// # Example
    /// ```rhai
    /// netns_all().map(|n| n.name)
    /// ```
    #[rhai_fn(name = "map", pure, return_raw)]
    pub fn all_map(ctx: NativeCallContext, all: &mut NetnsAll, f: FnPtr) -> Fallible<Array> {
        let f = Callback::new(&ctx, f);
        all.clone().into_iter().map(|n| f.call(ctx.engine(), [Dynamic::from(n)])).collect()
    }

    /// The names of the namespaces.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn all_text(all: &mut NetnsAll) -> String {
        let names: Vec<_> = all.source.members().iter().map(|l| l.netns().to_string()).collect();
        format!("netns({})", names.join(", "))
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
