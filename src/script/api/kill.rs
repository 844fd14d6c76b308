//! `kill`: deleting flows whose packets may still come, and saying which of them will be back.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use rhai::plugin::*;
use rhai::{Map, NativeCallContext};

use super::change::{narrows, one, watched};
use crate::flow::{Flow, Proto};
use crate::kernel::{Source, sysctl};
use crate::script::fault::Fallible;
use crate::script::guard::Watch;
use crate::script::objects::{FlowHandle, Flows};
use crate::table::{Change, Outcome};

pub(super) fn module() -> Module {
    exported_module!(kill_api)
}

/// Established tcp flows that are to go, by the namespace that they are tagged with.
type Established = BTreeMap<Option<Arc<str>>, u64>;

/// True if packets in mid-stream can make the flow anew. One without a state is offloaded.
fn is_established(flow: &Flow) -> bool {
    let state = flow.proto_info.map(|info| info.state_name());
    flow.orig.proto == Proto::TCP && state.is_none_or(|state| state == Some("ESTABLISHED"))
}

/// Says which of the flows will be back, if the kernel picks up connections in mid-stream.
///
/// Source: `tcp_new()` in `nf_conntrack_proto_tcp.c`, Linux 6.18.
fn warned(outcome: Outcome, source: &Rc<dyn Source>, established: &Established) -> Outcome {
    let picked_up = |tag: &Option<Arc<str>>| {
        let part = source.part(tag.as_ref()).map(|live| &**live);
        let live = part.or_else(|| source.live().ok());
        live.is_some_and(|live| sysctl::read(live.netns(), "tcp_loose").is_ok_and(|on| on != 0))
    };
    let loose = established.iter().filter(|(tag, _)| picked_up(tag));
    let returning: u64 = loose.map(|(_, count)| count).sum();
    if returning == 0 || outcome.applied.done == 0 {
        return outcome;
    }
    let were = if returning == 1 { "was" } else { "were" };
    let note = format!(
        "{returning} {were} established tcp, and nf_conntrack_tcp_loose is on: the next packet of \
         such a connection makes it a flow again, without its NAT\n\
         hint: `settings.tcp_loose = 0` lets only a SYN begin a flow; or let a rule reject the \
         packets first, and kill then"
    );
    Outcome { note: Some(note), ..outcome }
}

#[export_module]
mod kill_api {
    /// Deletes the flows, as `delete` does, and says in the outcome how many will be back.
    ///
    /// While `nf_conntrack_tcp_loose` is on, as it usually is, the next packet of an established
    /// tcp connection makes it a flow again, in mid-stream. `outcome.note` has the cure.
    ///
    /// # Example
    /// ```rhai
    /// flows("tcp dport 22").kill()
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn kill(ctx: NativeCallContext, query: &mut Flows) -> Fallible<Outcome> {
        kill_with(ctx, query, Map::new())
    }

    /// The same with options, as `delete` has them.
    #[rhai_fn(name = "kill", pure, return_raw)]
    pub fn kill_with(ctx: NativeCallContext, query: &mut Flows, options: Map) -> Fallible<Outcome> {
        narrows(query)?;
        let established = RefCell::new(Established::new());
        let count = |flow: &Flow| {
            if is_established(flow) {
                *established.borrow_mut().entry(flow.netns().cloned()).or_default() += 1;
            }
        };
        let guard = Watch::new(ctx.engine(), query)?.telling(&count);
        let outcome = watched(&ctx, query, Change::Delete, &options, guard)?;
        Ok(warned(outcome, query.source(), &established.into_inner()))
    }

    /// Deletes this flow, and says if it will be back.
    #[rhai_fn(name = "kill", pure, return_raw)]
    pub fn kill_one(ctx: NativeCallContext, flow: &mut FlowHandle) -> Fallible<Outcome> {
        let outcome = one(&ctx, flow, Change::Delete)?;
        let known = is_established(&flow.flow).then(|| (flow.flow.netns().cloned(), 1));
        Ok(warned(outcome, &flow.source, &known.into_iter().collect()))
    }
}
