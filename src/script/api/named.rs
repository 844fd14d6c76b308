//! Flows by their names: `create` and `get`.

use std::rc::Rc;
use std::time::Instant;

use rhai::plugin::*;
use rhai::{Array, Dynamic, Map, NativeCallContext};

use super::change::{outcome, reads_only};
use crate::flow::{L4, Labels, NewFlow, Proto};
use crate::kernel::Source;
use crate::script::fault::{self, Fallible, Fault};
use crate::script::host::Host;
use crate::script::maps;
use crate::script::objects::{FlowHandle, Flows};
use crate::script::ops::asker;
use crate::script::value::describe;
use crate::table::Outcome;

pub(super) fn module() -> Module {
    exported_module!(named_api)
}

#[export_module]
mod named_api {
    /// Makes a flow from a map, or several from an array of maps; fails for one that exists.
    ///
    /// `proto src dst timeout` are needed, `sport dport` or `icmp_type` and `state` where the
    /// protocol has them; `reply`, `mark`, `zone`, `orig_zone`, `reply_zone`, `labels`, `helper`,
    /// `status`, `snat`, `dnat`, `master`, `wscale_orig`, `wscale_reply`, `vtag_orig`, `vtag_reply`
    /// may be given. A tcp flow is made with liberal window checks.
    ///
    /// # Example
    /// ```rhai
    /// flows.create(#{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 1024, dport: 53,
    ///                 timeout: 30.sec })
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn create(query: &mut Flows, flow: Dynamic) -> Fallible<Outcome> {
        let started = Instant::now();
        let made = |map: &Dynamic| match map.read_lock::<Map>() {
            Some(map) => maps::new_flow(&map),
            None => Fault::new(format!("create needs a map, found {}", describe(map))).throw(),
        };
        // All are read before the first is made.
        let flows = match flow.read_lock::<Array>() {
            None => vec![made(&flow)?],
            Some(list) => {
                let place = |index: usize| format!("flow {} of {}", index + 1, list.len());
                let each = list
                    .iter()
                    .enumerate()
                    .map(|(index, map)| made(map).map_err(|error| fault::of(&place(index), error)));
                each.collect::<Fallible<Vec<_>>>()?
            }
        };
        let mut batch = query.source().live()?.batch("create flows")?;
        for flow in &flows {
            batch.create(flow)?;
        }
        let matched = u64::try_from(flows.len()).unwrap_or(u64::MAX);
        let applied = batch.finish()?;
        if applied.done > 0 {
            warn_of_losses(query.source(), &flows)?;
        }
        outcome("created", matched, applied, query.source(), started)
    }

    /// The one flow with exactly this original direction, or `()` if there is none or the query does
    /// not take it: a look-up, not a search.
    ///
    /// The kernel would also find the flow whose answers look so, which is another one: that has the
    /// name `#{ reply: #{ proto: … } }`.
    ///
    /// # Example
    /// ```rhai
    /// flows.get(#{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 1024, dport: 53 })
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn get(ctx: NativeCallContext, query: &mut Flows, key: Map) -> Fallible<Dynamic> {
        reads_only(query)?;
        let Some(filter) = query.filter() else {
            return Fault::new("get() looks one flow up: skip() and take() would need them all")
                .hint("leave them out, or use first()")
                .throw();
        };
        let (name, source) = (maps::flow_name(&key)?, query.source());
        let Some(flow) = name.look_up(&**source)? else {
            return Ok(Dynamic::UNIT);
        };
        let taken = filter.now().judge(&flow, source.now_ns(), &mut asker(ctx.engine(), source))?;
        let handle = taken.then(|| Dynamic::from(FlowHandle::new(flow, source)));
        Ok(handle.unwrap_or(Dynamic::UNIT))
    }
}

/// Says so if new flows lack their labels or their ports: `ctnetlink_new_conntrack()`, Linux 6.18,
/// makes a flow even if it can keep none. That depends on the rules and on the protocols that this
/// kernel tracks, so one flow tells of all.
fn warn_of_losses(source: &Rc<dyn Source>, flows: &[NewFlow]) -> Fallible<()> {
    let (live, host) = (source.live()?, Host::current()?);
    if live.is_dry_run() {
        return Ok(());
    }
    let labelled = |flow: &&NewFlow| flow.labels.is_some_and(|set| set != Labels::default());
    if let Some(flow) = flows.iter().find(labelled)
        && live.get(&flow.key())?.is_some_and(|made| made.labels.is_none())
    {
        host.message(
            "warning: the kernel kept no labels\nhint: labels need a rule with `ct label`",
        );
    }
    let proto = |flow: &NewFlow| flow.orig.proto;
    let ported = |flow: &&NewFlow| {
        matches!(flow.orig.l4, L4::Ports { .. }) && ![Proto::TCP, Proto::UDP].contains(&proto(flow))
    };
    if let Some(flow) = flows.iter().find(ported)
        && live.get(&flow.key())?.is_some_and(|made| made.orig.l4 == L4::None)
    {
        let proto = proto(flow);
        host.message(&format!("warning: the kernel kept no ports: it does not track {proto}"));
    }
    Ok(())
}
