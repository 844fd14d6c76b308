//! `sort` and `top` of flows: by fields, by what is looked up, or by what a closure answers. Those
//! of rows that are gathered already are in `rows`.

use std::ops::ControlFlow;

use rhai::plugin::*;
use rhai::{Dynamic, INT, ImmutableString, NativeCallContext};

use crate::script::fault::Fallible;
use crate::script::host::Host;
use crate::script::objects::{FlowHandle, Flows};
use crate::script::ops::{Key, each};
use crate::script::rows::Rows;
use crate::script::value::count;
use crate::table::{Order, Top};

pub(super) fn module() -> Module {
    exported_module!(sort_api)
}

#[export_module]
mod sort_api {
    /// All flows sorted by a field, `"bytes"` ascending, `"-bytes"` descending, by several, or by
    /// what a closure answers. Flows without it come last. Keeps every flow; `top` keeps only what
    /// it shows.
    ///
    /// # Example
    /// ```rhai
    /// flows.sort("-bytes").take(10);
    /// flows.sort("proto, -timeout");
    /// flows("tcp").sort(|f| f.dport / 1000)
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn sort(ctx: NativeCallContext, query: &mut Flows, key: Dynamic) -> Fallible<Rows> {
        let keys = match key.read_lock::<ImmutableString>() {
            Some(names) => named(&ctx, "sort", &names)?,
            None => vec![(Key::new(&ctx, "sort", key.clone())?, Order::Ascending)],
        };
        first(&ctx, query, &keys, usize::MAX)
    }

    /// The `n` flows with the most of a field, or of what a closure answers.
    ///
    /// # Example
    /// ```rhai
    /// flows.top(10, "packets");
    /// flows.top(3, |f| f.timeout * 2)
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn top(ctx: NativeCallContext, query: &mut Flows, n: INT, key: Dynamic) -> Fallible<Rows> {
        let n = usize::try_from(count("top", n)?).unwrap_or(usize::MAX);
        let keys = match key.read_lock::<ImmutableString>() {
            // Asked for the top of `x`, nobody means the least; `-x` says the same twice.
            Some(names) => named(&ctx, "top", &format!("-{}", names.trim_start_matches('-')))?,
            None => vec![(Key::new(&ctx, "top", key.clone())?, Order::Descending)],
        };
        first(&ctx, query, &keys, n)
    }

    /// The `n` flows with the most bytes.
    ///
    /// # Example
    /// ```rhai
    /// flows.top(10)
    /// ```
    #[rhai_fn(name = "top", pure, return_raw)]
    pub fn top_bytes(ctx: NativeCallContext, query: &mut Flows, n: INT) -> Fallible<Rows> {
        top(ctx, query, n, "bytes".into())
    }
}

/// The keys in `names`, with a comma between them; `-` before one puts the greatest first.
fn named(ctx: &NativeCallContext<'_>, verb: &str, names: &str) -> Fallible<Vec<(Key, Order)>> {
    let key = |name: &str| {
        let (name, order) = match name.trim().strip_prefix('-') {
            Some(name) => (name, Order::Descending),
            None => (name.trim(), Order::Ascending),
        };
        Ok((Key::new(ctx, verb, name.into())?, order))
    };
    names.split(',').map(key).collect()
}

/// The first `n` flows in the order of `keys`.
fn first(
    ctx: &NativeCallContext<'_>,
    query: &Flows,
    keys: &[(Key, Order)],
    n: usize,
) -> Fallible<Rows> {
    let (host, source) = (Host::current()?, query.source());
    let view = host.view_of(&**source);
    let mut top = Top::new(n, keys.iter().map(|(key, order)| (key.now(), *order)).collect());
    each(ctx.engine(), query, &mut |flow| {
        top.add(flow, |key| key.value(ctx.engine(), flow, view, source))?;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(Rows::of_flows(top.finish().into_iter().map(|flow| FlowHandle::new(flow, source))))
}
