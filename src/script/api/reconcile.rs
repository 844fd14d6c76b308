//! `reconcile`: bringing flows to a wanted state. Only what differs is changed, so that it can be
//! done again and again.

use rhai::plugin::*;
use rhai::{Dynamic, FnPtr, ImmutableString, Map, NativeCallContext};

use super::change::{apply, narrows, one};
use super::query::flows_that;
use crate::flow::Flow;
use crate::script::callback::Callback;
use crate::script::expr::Subject;
use crate::script::fault::{Fallible, Fault};
use crate::script::maps;
use crate::script::objects::{FlowHandle, Flows};
use crate::script::value::describe;
use crate::table::{Change, Deed, Outcome};

/// How an outcome calls what was done.
const VERB: &str = "reconciled";
/// The word of a rule for flows that are not to be.
const DELETE: &str = "delete";

pub(super) fn module() -> Module {
    exported_module!(reconcile_api)
}

/// How flows are to be.
enum Rule {
    Always(Deed),
    Closure(Callback),
}

impl Rule {
    fn new(ctx: &NativeCallContext<'_>, rule: Dynamic) -> Fallible<Self> {
        let found = describe(&rule);
        if let Some(deed) = deed(&rule)? {
            return Ok(Self::Always(deed));
        }
        match rule.try_cast::<FnPtr>() {
            Some(closure) => {
                Callback::taking(ctx, closure, 1, "|f| #{ mark: 5 }").map(Self::Closure)
            }
            None => Fault::new(format!("a rule is a map, \"delete\" or a closure, not {found}"))
                .hint("for example #{ mark: 5 } or |f| if f.dport == 80 { #{ mark: 5 } }")
                .throw(),
        }
    }

    /// True if what it says of a flow may depend on what it was asked before.
    fn remembers(&self) -> bool {
        match self {
            Self::Always(_) => false,
            Self::Closure(closure) => closure.read(Subject::Flow).remembers,
        }
    }

    /// What is to be done with `row`; nothing if it is already as it should be.
    fn deed(&self, ctx: &NativeCallContext<'_>, row: &FlowHandle) -> Fallible<Deed> {
        let wanted = match self {
            Self::Always(deed) => deed.clone(),
            Self::Closure(closure) => {
                let answer = closure.call(ctx.engine(), [Dynamic::from(row.clone())])?;
                match deed(&answer)? {
                    Some(deed) => deed,
                    None if answer.is_unit() => Deed::Nothing,
                    None => {
                        let found = describe(&answer);
                        let message =
                            format!("a rule answers a map, \"delete\" or nothing, not {found}");
                        return Fault::new(message).throw();
                    }
                }
            }
        };
        Ok(wanted.needed(&row.flow))
    }
}

/// What a map or a word asks for; `None` for anything else.
fn deed(wish: &Dynamic) -> Fallible<Option<Deed>> {
    if let Some(map) = wish.read_lock::<Map>() {
        return maps::patch(&map).map(|patch| Some(Deed::Update(patch)));
    }
    let word = wish.read_lock::<ImmutableString>();
    Ok(word.filter(|word| word.as_str() == DELETE).map(|_| Deed::Delete))
}

#[export_module]
mod reconcile_api {
    /// Brings the flows to the state that `rule` wants, and leaves those that are in it alone: run
    /// again, it changes nothing.
    ///
    /// A rule is a map as of `update`, `"delete"`, or a closure that answers one of these for a
    /// flow, or nothing if the flow may stay as it is. `timeout` is the most that may be left.
    /// `outcome.matched` counts the flows that were looked at, `done` those that were changed.
    ///
    /// # Example
    /// ```rhai
    /// let web = || flows("tcp dport 443").reconcile(#{ mark: "0x10/0xf0" });
    /// web.call(); every(30.sec, web); stop();
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn reconcile(
        ctx: NativeCallContext,
        query: &mut Flows,
        rule: Dynamic,
    ) -> Fallible<Outcome> {
        reconcile_with(ctx, query, rule, Map::new())
    }

    /// The same with options as `delete` has them: `max` counts the flows that differ.
    #[rhai_fn(name = "reconcile", pure, return_raw)]
    pub fn reconcile_with(
        ctx: NativeCallContext,
        query: &mut Flows,
        rule: Dynamic,
        options: Map,
    ) -> Fallible<Outcome> {
        let rule = Rule::new(&ctx, rule)?;
        if matches!(rule, Rule::Always(Deed::Delete)) {
            narrows(query)?;
        }
        let source = query.source();
        let remembers = rule.remembers();
        let rule = |flow: &Flow| rule.deed(&ctx, &FlowHandle::new(flow.clone(), source));
        apply(&ctx, query, Change::Rule { verb: VERB, remembers, rule: &rule }, &options)
    }

    /// The same as `flows(filter).reconcile(rule)`.
    ///
    /// # Example
    /// ```rhai
    /// reconcile("udp dport 53", |f| if f.timeout > 1.min { #{ timeout: 1.min } })
    /// ```
    #[rhai_fn(name = "reconcile", return_raw)]
    pub fn reconcile_where(
        ctx: NativeCallContext,
        filter: Dynamic,
        rule: Dynamic,
    ) -> Fallible<Outcome> {
        let mut query = flows_that(&ctx, filter)?;
        reconcile(ctx, &mut query, rule)
    }

    /// Brings this flow, as it is now, to the state that `rule` wants: for handlers of events, which
    /// show only a part of it.
    ///
    /// # Example
    /// ```rhai
    /// flows("tcp dport 443").on("new", |e| e.flow.reconcile(#{ mark: "0x10/0xf0" })); stop();
    /// ```
    #[rhai_fn(name = "reconcile", pure, return_raw)]
    pub fn reconcile_one(
        ctx: NativeCallContext,
        flow: &mut FlowHandle,
        rule: Dynamic,
    ) -> Fallible<Outcome> {
        let rule = Rule::new(&ctx, rule)?;
        let rule = |now: &Flow| rule.deed(&ctx, &FlowHandle::new(now.clone(), &flow.source));
        one(&ctx, flow, Change::Rule { verb: VERB, remembers: false, rule: &rule })
    }
}
