//! Changing the table: `delete`, `update`, `flush`, `wait_empty`, and what became of it.

use std::rc::Rc;
use std::time::{Duration, Instant};

use rhai::plugin::*;
use rhai::{EvalAltResult, ImmutableString, Map, NativeCallContext};

use crate::flow::{Family, Filter, Test};
use crate::kernel::{Applied, DumpScope, Source};
use crate::script::fault::{Fallible, Fault};
use crate::script::guard::Watch;
use crate::script::host::Host;
use crate::script::maps;
use crate::script::objects::{FlowHandle, Flows};
use crate::script::ops::{asker, only_known};
use crate::script::value::{describe, span, text_of};
use crate::table::{Change, Limit, Outcome, Unfinished, change, change_one};

/// How often a drain looks again.
const DRAIN_PAUSE: Duration = Duration::from_millis(500);
/// How long the script sleeps before it looks whether it is to stop.
const NAP: Duration = Duration::from_millis(20);

pub(super) fn module() -> Module {
    exported_module!(change_api)
}

/// Counts an outcome for the exit status, and passes it on.
pub(super) fn counted(outcome: Outcome) -> Fallible<Outcome> {
    Host::current()?.count(outcome.matched, outcome.applied.failed);
    Ok(outcome)
}

/// The `max` of an options map.
pub(super) fn limit(options: &Map) -> Fallible<Option<Limit>> {
    only_known("a change", options, &["max"])?;
    let Some(max) = options.get("max") else { return Ok(None) };
    if !(max.is_string() || max.is_int()) {
        let found = describe(max);
        return Fault::new(format!(
            "`max` is a number of flows or text such as \"10%\", not {found}"
        ))
        .throw();
    }
    let limit = text_of(max).parse().map_err(|error| Fault::new(error).thrown())?;
    Ok(Some(limit))
}

/// An error for a query that does more than select: what it reads is not to be changed.
pub(super) fn reads_only(query: &Flows) -> Fallible<()> {
    if *query.scope() == DumpScope::default() {
        return Ok(());
    }
    Fault::new("zero() and dying() only list")
        .hint("start from `flows` to change flows, look one up or listen")
        .throw()
}

/// An error for the whole table, which nobody is to delete by oversight.
pub(super) fn narrows(query: &Flows) -> Fallible<()> {
    reads_only(query)?;
    if !query.is_everything() {
        return Ok(());
    }
    let hint = match query.source().lives()?.len() {
        0 | 1 => "write flows.flush() if you mean it, or narrow with flows.where(…)",
        _ => {
            "write for n in netns_all() { n.flows.flush() } if you mean it, or narrow with where(…)"
        }
    };
    Fault::new("this would delete every flow").hint(hint).throw()
}

pub(super) fn apply(
    ctx: &NativeCallContext<'_>,
    query: &Flows,
    what: Change<'_, Box<EvalAltResult>>,
    options: &Map,
) -> Fallible<Outcome> {
    watched(ctx, query, what, options, Watch::new(ctx.engine(), query)?)
}

/// An error for a closure that compares what is never the same: to read, that is worth a note, but
/// `!=` would change everything.
fn certain(query: &Flows) -> Fallible<()> {
    let mut doubts = Vec::new();
    if let Some(filter) = query.filter() {
        filter.each_leaf(&mut |leaf| {
            if let Filter::Ask(closure) = leaf {
                doubts.extend(closure.doubts());
            }
        });
    }
    let Some(doubt) = doubts.first() else { return Ok(()) };
    Fault::new(format!("nothing is changed by a comparison that never differs: {doubt}")).throw()
}

/// The same with a guard that does more.
pub(super) fn watched(
    ctx: &NativeCallContext<'_>,
    query: &Flows,
    what: Change<'_, Box<EvalAltResult>>,
    options: &Map,
    mut guard: Watch<'_>,
) -> Fallible<Outcome> {
    reads_only(query)?;
    certain(query)?;
    let mut ask = asker(ctx.engine(), query.source());
    let changed = change(query, what, limit(options)?, &mut guard, &mut ask);
    Host::current()?.count_run(query);
    ended(changed)
}

/// The outcome of a change; of one that was not finished, what was done is told.
pub(super) fn ended(result: Result<Outcome, Unfinished<Box<EvalAltResult>>>) -> Fallible<Outcome> {
    match result {
        Ok(outcome) => counted(outcome),
        Err(Unfinished { outcome, error }) => {
            if outcome.applied != Applied::default() {
                let host = Host::current()?;
                host.message(&format!("not finished: {outcome}"));
                if outcome.undo.is_some() {
                    host.unfinished.replace(outcome.undo);
                }
            }
            Err(error)
        }
    }
}

/// Does one thing to one flow.
pub(super) fn one(
    ctx: &NativeCallContext<'_>,
    flow: &FlowHandle,
    what: Change<'_, Box<EvalAltResult>>,
) -> Fallible<Outcome> {
    let table = Flows::new(Rc::clone(&flow.source));
    let mut guard = Watch::new(ctx.engine(), &table)?;
    ended(change_one(&flow.source, what, &flow.flow, &mut guard))
}

/// The outcome of changes that no query made.
pub(super) fn outcome(
    verb: &'static str,
    matched: u64,
    applied: Applied,
    source: &Rc<dyn Source>,
    started: Instant,
) -> Fallible<Outcome> {
    let dry_run = source.live()?.is_dry_run();
    let took = started.elapsed();
    counted(Outcome { matched, applied, dry_run, took, ..Outcome::new(verb) })
}

#[export_module]
mod change_api {
    /// Deletes the flows, in batches, while they are being listed; each by tuple, zone and id.
    ///
    /// On the whole table it is an error that points to `flush()`. Nothing matched is success.
    /// Protected flows are left alone (`protect`), more than 100 are asked about on a terminal, and
    /// `undo()` of the outcome puts them back.
    ///
    /// # Example
    /// ```rhai
    /// flows("udp dport 53").delete()
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn delete(ctx: NativeCallContext, query: &mut Flows) -> Fallible<Outcome> {
        delete_with(ctx, query, Map::new())
    }

    /// Deletes the flows with options: `#{ max: 5000 }` or `#{ max: "10%" }` refuses, untouched, if
    /// more would go; the percentage is one of all flows in the table.
    ///
    /// # Example
    /// ```rhai
    /// flows("icmp").delete(#{ max: 1000 })
    /// ```
    #[rhai_fn(name = "delete", pure, return_raw)]
    pub fn delete_with(
        ctx: NativeCallContext,
        query: &mut Flows,
        options: Map,
    ) -> Fallible<Outcome> {
        narrows(query)?;
        apply(&ctx, query, Change::Delete, &options)
    }

    /// Changes the flows: `mark` (also `"0x20/0xff"`), `timeout`, `add_labels`, `remove_labels`,
    /// `labels`, `status`, `state`, `helper`.
    ///
    /// Mark bits outside of the mask are kept by the kernel itself. The kernel does not check ids
    /// on an update, so a flow that was replaced within the same batch is changed too.
    /// A `state` is what each protocol calls so; a flow whose protocol has none is left alone, and
    /// is `failed`. `wscale_orig` and `wscale_reply` beside it mean tcp, `vtag_orig` and `vtag_reply`
    /// sctp; tags that are not given stay.
    ///
    /// # Example
    /// ```rhai
    /// flows("tcp dport 443").update(#{ mark: "0x20/0xff" })
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn update(ctx: NativeCallContext, query: &mut Flows, what: Map) -> Fallible<Outcome> {
        update_with(ctx, query, what, Map::new())
    }

    /// Changes the flows, with options as `delete` has them.
    #[rhai_fn(name = "update", pure, return_raw)]
    pub fn update_with(
        ctx: NativeCallContext,
        query: &mut Flows,
        what: Map,
        options: Map,
    ) -> Fallible<Outcome> {
        let patch = maps::patch(&what)?;
        apply(&ctx, query, Change::Update(&patch), &options)
    }

    /// Deletes this flow.
    ///
    /// # Example
    /// ```rhai
    /// for f in flows("icmp") { f.delete() }
    /// ```
    #[rhai_fn(name = "delete", pure, return_raw)]
    pub fn delete_one(ctx: NativeCallContext, flow: &mut FlowHandle) -> Fallible<Outcome> {
        one(&ctx, flow, Change::Delete)
    }

    /// Changes this flow; entries as of `flows.update`.
    ///
    /// # Example
    /// ```rhai
    /// for f in flows("icmp") { f.update(#{ mark: 7 }) }
    /// ```
    #[rhai_fn(name = "update", pure, return_raw)]
    pub fn update_one(
        ctx: NativeCallContext,
        flow: &mut FlowHandle,
        what: Map,
    ) -> Fallible<Outcome> {
        let patch = maps::patch(&what)?;
        one(&ctx, flow, Change::Update(&patch))
    }

    /// Deletes every flow of the table that is not protected, one by one, so that it is known which
    /// they were: the outcome can put them back.
    ///
    /// # Example
    /// ```rhai
    /// flows.flush()
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn flush(ctx: NativeCallContext, query: &mut Flows) -> Fallible<Outcome> {
        flush_family(&ctx, query, None)
    }

    /// Deletes every flow of one family: `"ipv4"` or `"ipv6"`.
    #[rhai_fn(name = "flush", pure, return_raw)]
    pub fn flush_of(
        ctx: NativeCallContext,
        query: &mut Flows,
        family: ImmutableString,
    ) -> Fallible<Outcome> {
        match family.as_str() {
            "ipv4" => flush_family(&ctx, query, Some(Family::Ipv4)),
            "ipv6" => flush_family(&ctx, query, Some(Family::Ipv6)),
            other => Fault::new(format!("`{other}` is neither ipv4 nor ipv6")).throw(),
        }
    }

    /// Waits until there is no such flow any more; false if there still is after `within`.
    ///
    /// # Example
    /// ```rhai
    /// flows("dst 10.0.0.5 and state established").wait_empty(60.sec)
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn wait_empty(
        ctx: NativeCallContext,
        query: &mut Flows,
        within: Dynamic,
    ) -> Fallible<bool> {
        let until = Instant::now() + span("wait_empty", &within)?.to_std();
        query.source().lives()?;
        let mut ask = asker(ctx.engine(), query.source());
        loop {
            if query.cursor()?.next(&mut ask)?.is_none() {
                return Ok(true);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            pause(left.min(DRAIN_PAUSE))?;
        }
    }
}

fn flush_family(
    ctx: &NativeCallContext<'_>,
    query: &Flows,
    family: Option<Family>,
) -> Fallible<Outcome> {
    if !query.is_everything() {
        return Fault::new("flush() empties the table, but this query narrows it")
            .hint("use delete() for these flows, or flows.flush() for all")
            .throw();
    }
    // Not of several namespaces at once.
    query.source().live()?;
    let all = family.map_or(Filter::All, |family| Filter::Test(Test::Family(family)));
    apply(ctx, &query.clone().filtered(all), Change::Delete, &Map::new())
}

/// Sleeps, unless the run is to stop.
pub(super) fn pause(time: Duration) -> Fallible<()> {
    let until = Instant::now() + time;
    let host = Host::current()?;
    loop {
        if host.stopped() {
            return Err(crate::kernel::KernelError::Interrupted.into());
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(NAP));
    }
}
