//! `flows`: narrowing a query, and asking it for results.

use std::ops::ControlFlow;
use std::rc::Rc;

use rhai::plugin::*;
use rhai::{Array, Dynamic, Engine, FnPtr, INT, NativeCallContext};

use crate::flow::{Filter, Test, Value};
use crate::kernel::{DumpScope, FlowTable};
use crate::script::callback::Callback;
use crate::script::fault::{Fallible, Fault};
use crate::script::host::Host;
use crate::script::objects::Flows;
use crate::script::ops::{Key, each, each_in_step, handle, to_filter};
use crate::script::value::{count as unsigned, describe, to_dynamic};
use crate::table::{Distinct, Tally};

pub(super) fn module() -> Module {
    exported_module!(query_api)
}

/// Makes `for f in flows` read flow by flow; leaving the loop ends the dump.
pub(super) fn register_iterators(engine: &mut Engine) {
    engine.register_iterator_result::<Flows, Dynamic>();
}

#[export_module]
mod query_api {
    /// The flows of a table, or some of them: lazy, nothing is read until a result is asked for.
    ///
    /// `flows` is the table of the namespace that flowsh runs in (or of `--netns`).
    pub type Query = Flows;

    /// The flows that `filter` takes: text, a map, a closure or a filter.
    ///
    /// Several calls narrow further. On a value that the kernel did not send, every comparison is
    /// false, save `!=`, which is `not =`.
    ///
    /// # Example
    /// ```rhai
    /// flows.where("tcp dport 443").count()
    /// ```
    #[rhai_fn(name = "where", pure, return_raw)]
    pub fn narrowed(ctx: NativeCallContext, query: &mut Flows, filter: Dynamic) -> Fallible<Flows> {
        whole(query)?;
        Ok(query.clone().filtered(to_filter(&ctx, filter)?))
    }

    /// The same as `flows.where(filter)`.
    ///
    /// # Example
    /// ```rhai
    /// flows("udp dport 53").count()
    /// ```
    #[rhai_fn(name = "flows", return_raw)]
    pub fn flows_where(ctx: NativeCallContext, filter: Dynamic) -> Fallible<Flows> {
        super::flows_that(&ctx, filter)
    }

    /// No more than the first `n` flows, in the kernel's order; the rest is not even asked for.
    ///
    /// # Example
    /// ```rhai
    /// flows.take(3).array().len() <= 3
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn take(query: &mut Flows, n: INT) -> Fallible<Flows> {
        whole(query)?;
        Ok(query.clone().take(unsigned("take", n)?))
    }

    /// Without the first `n` flows.
    ///
    /// # Example
    /// ```rhai
    /// flows.skip(2).count()
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn skip(query: &mut Flows, n: INT) -> Fallible<Flows> {
        whole(query)?;
        Ok(query.clone().skip(unsigned("skip", n)?))
    }

    /// The flows that are deleted but whose destroy event was not delivered yet (the dying list).
    ///
    /// # Example
    /// ```rhai
    /// flows.dying().count()
    /// ```
    #[rhai_fn(pure)]
    pub fn dying(query: &mut Flows) -> Flows {
        let scope = DumpScope { table: FlowTable::Dying, ..*query.scope() };
        query.clone().with_scope(scope)
    }

    /// The same flows; reading them sets their counters to zero in the same step.
    ///
    /// The kernel zeroes every flow that it sends, so this is refused on a query that narrows, but
    /// for one family, which the kernel can be asked for.
    ///
    /// # Example
    /// ```rhai
    /// flows.zero().sum("bytes")
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn zero(query: &mut Flows) -> Fallible<Flows> {
        let scope = DumpScope { zero: true, ..DumpScope::default() };
        if query.is_everything() {
            return Ok(query.clone().with_scope(scope));
        }
        match query.filter().map(|filter| filter.now()) {
            Some(Filter::Test(Test::Family(family))) if *query.scope() == DumpScope::default() => {
                let scope = DumpScope { family: Some(family), ..scope };
                Ok(Flows::new(Rc::clone(query.source())).with_scope(scope))
            }
            _ => narrowed_zero(),
        }
    }

    /// How many flows there are.
    ///
    /// The whole table is counted by the kernel (`CTA_STATS_GLOBAL_ENTRIES`), which may include
    /// flows that expired and were not removed yet.
    ///
    /// # Example
    /// ```rhai
    /// flows.count()
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn count(ctx: NativeCallContext, query: &mut Flows) -> Fallible<INT> {
        if query.is_everything()
            && let Some(entries) = query.source().entries()?
        {
            return Ok(INT::try_from(entries).unwrap_or(INT::MAX));
        }
        let mut count = 0;
        each(ctx.engine(), query, &mut |_| {
            count += 1;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(count)
    }

    /// The first flow, or `()` if there is none; no more is read than that.
    ///
    /// # Example
    /// ```rhai
    /// flows("tcp").first()
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn first(ctx: NativeCallContext, query: &mut Flows) -> Fallible<Dynamic> {
        let mut first = Dynamic::UNIT;
        each_in_step(ctx.engine(), query, &mut |flow| {
            first = handle(flow, query.source());
            Ok(ControlFlow::Break(()))
        })?;
        Ok(first)
    }

    /// True if there is such a flow.
    ///
    /// # Example
    /// ```rhai
    /// flows("tcp dport 22").exists()
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn exists(ctx: NativeCallContext, query: &mut Flows) -> Fallible<bool> {
        Ok(!first(ctx, query)?.is_unit())
    }

    /// All flows in an array; the only result that keeps every flow besides `sort`.
    ///
    /// # Example
    /// ```rhai
    /// flows("icmp").array().len()
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn array(ctx: NativeCallContext, query: &mut Flows) -> Fallible<Array> {
        let mut flows = Array::new();
        each(ctx.engine(), query, &mut |flow| {
            flows.push(handle(flow, query.source()));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(flows)
    }

    /// Calls `f` with each flow.
    ///
    /// # Example
    /// ```rhai
    /// flows("icmp").each(|f| print(f.src))
    /// ```
    #[rhai_fn(name = "each", pure, return_raw)]
    pub fn for_each(ctx: NativeCallContext, query: &mut Flows, f: FnPtr) -> Fallible<()> {
        let f = Callback::new(&ctx, f);
        each_in_step(ctx.engine(), query, &mut |flow| {
            f.tell(ctx.engine(), [handle(flow, query.source())])?;
            Ok(ControlFlow::Continue(()))
        })
    }

    /// What `f` makes of each flow, in an array.
    ///
    /// # Example
    /// ```rhai
    /// flows("icmp").map(|f| f.dst)
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn map(ctx: NativeCallContext, query: &mut Flows, f: FnPtr) -> Fallible<Array> {
        let f = Callback::new(&ctx, f);
        let mut results = Array::new();
        each_in_step(ctx.engine(), query, &mut |flow| {
            results.push(f.call(ctx.engine(), [handle(flow, query.source())])?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(results)
    }

    /// The sum of a field (or of what a closure answers) over all flows that have it.
    ///
    /// # Example
    /// ```rhai
    /// flows.sum("bytes")
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn sum(ctx: NativeCallContext, query: &mut Flows, key: Dynamic) -> Fallible<Dynamic> {
        to_dynamic(tally(&ctx, query, "sum", key)?.sum())
    }

    /// The mean of a field (or of what a closure answers) over all flows that have it; `()` if
    /// none has.
    ///
    /// # Example
    /// ```rhai
    /// flows.avg("timeout")
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn avg(ctx: NativeCallContext, query: &mut Flows, key: Dynamic) -> Fallible<Dynamic> {
        to_dynamic(tally(&ctx, query, "avg", key)?.avg())
    }

    /// The least value of a field (or of what a closure answers); `()` if no flow has one.
    ///
    /// # Example
    /// ```rhai
    /// flows.min("timeout")
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn min(ctx: NativeCallContext, query: &mut Flows, key: Dynamic) -> Fallible<Dynamic> {
        to_dynamic(tally(&ctx, query, "min", key)?.min())
    }

    /// The greatest value of a field (or of what a closure answers); `()` if no flow has one.
    ///
    /// # Example
    /// ```rhai
    /// flows.max("age")
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn max(ctx: NativeCallContext, query: &mut Flows, key: Dynamic) -> Fallible<Dynamic> {
        to_dynamic(tally(&ctx, query, "max", key)?.max())
    }

    /// The different values of a field (or of what a closure answers), sorted; absent ones left
    /// out.
    ///
    /// # Example
    /// ```rhai
    /// flows.distinct("proto")
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn distinct(ctx: NativeCallContext, query: &mut Flows, key: Dynamic) -> Fallible<Array> {
        let mut seen = Distinct::default();
        values(&ctx, query, "distinct", key, &mut |value| seen.add(value))?;
        seen.finish().into_iter().map(to_dynamic).collect()
    }

    /// The query as text.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn query_text(query: &mut Flows) -> String {
        match query.filter() {
            Some(filter) if filter.is_all() => "flows".to_owned(),
            Some(filter) => format!("flows(\"{}\")", filter.now()),
            None => "flows(…)".to_owned(),
        }
    }
}

/// The flows of the run's table that `filter` takes.
pub(super) fn flows_that(ctx: &NativeCallContext<'_>, filter: Dynamic) -> Fallible<Flows> {
    let query = Flows::new(Rc::clone(&Host::current()?.source));
    Ok(query.filtered(to_filter(ctx, filter)?))
}

/// An error for a query that sets counters to zero: narrowed, it would do so to flows it hides.
fn whole(query: &Flows) -> Fallible<()> {
    if query.scope().zero { narrowed_zero() } else { Ok(()) }
}

fn narrowed_zero<T>() -> Fallible<T> {
    Fault::new("zero() works on the whole table or one family")
        .hint("the kernel zeroes each flow that it sends, also those a filter drops")
        .throw()
}

/// Shows the value of `key` for each flow to `visit`.
fn values(
    ctx: &NativeCallContext<'_>,
    query: &Flows,
    verb: &str,
    key: Dynamic,
    visit: &mut dyn FnMut(Value),
) -> Fallible<()> {
    let (host, key) = (Host::current()?, Key::new(ctx, verb, key)?.now());
    let view = host.view_of(&**query.source());
    each(ctx.engine(), query, &mut |flow| {
        visit(key.value(ctx.engine(), flow, view, query.source())?);
        Ok(ControlFlow::Continue(()))
    })
}

fn tally(ctx: &NativeCallContext<'_>, query: &Flows, verb: &str, key: Dynamic) -> Fallible<Tally> {
    let mut tally = Tally::default();
    let mut odd = None;
    values(ctx, query, verb, key, &mut |value| {
        if !tally.add(&value) && odd.is_none() {
            odd = Some(value);
        }
    })?;
    match odd {
        Some(value) if verb == "sum" || verb == "avg" => {
            let found = to_dynamic(value)?;
            Fault::new(format!("{verb} needs numbers, found {}", describe(&found))).throw()
        }
        _ => Ok(tally),
    }
}
