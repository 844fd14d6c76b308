//! Events: `flows.on("new", |e| …)`, and events as a loop.

use std::rc::Rc;

use rhai::plugin::*;
use rhai::{Array, Dynamic, Engine, FnPtr, INT, ImmutableString, Map, NativeCallContext};

use crate::flow::{EventKind, Filter, Value};
use crate::kernel::Source;
use crate::script::callback::Callback;
use crate::script::closure::Closure;
use crate::script::fault::{Fallible, Fault};
use crate::script::host::Host;
use crate::script::objects::{EventHandle, Expectations, Flows, Handle};
use crate::script::ops::{field, only_known};
use crate::script::stage::{Listener, Throttle, Topic};
use crate::script::value::{Time, count as unsigned, describe, span, text_of};
use crate::script::waiting::{Events, warn_of_blind_spot, warn_of_unseen};
use crate::table::closest;

pub(super) fn module() -> Module {
    exported_module!(event_api)
}

/// Makes `for e in flows.events("new")` wait for events.
pub(super) fn register_iterators(engine: &mut Engine) {
    engine.register_iterator_result::<Events, Dynamic>();
}

fn kinds(value: &Dynamic) -> Fallible<Vec<EventKind>> {
    let names: Vec<String> = if let Some(text) = value.read_lock::<ImmutableString>() {
        text.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    } else if let Some(list) = value.read_lock::<Array>() {
        list.iter().map(text_of).collect()
    } else {
        let message = format!("the kind of an event is text or a list, not {}", describe(value));
        return Fault::new(message).throw();
    };
    let kinds: Fallible<Vec<EventKind>> = names
        .iter()
        .map(|name| {
            EventKind::named(name).ok_or_else(|| {
                let fault = Fault::new(format!("there are no `{name}` events"));
                match closest(name, EventKind::ALL.iter().map(|kind| kind.name())) {
                    Some(near) => fault.hint(format!("did you mean `{near}`?")),
                    None => fault.hint("there are new, update and destroy"),
                }
                .thrown()
            })
        })
        .collect();
    match kinds {
        Ok(kinds) if kinds.is_empty() => {
            Fault::new("no kind of event").hint("there are new, update and destroy").throw()
        }
        kinds => kinds,
    }
}

fn filter_of(query: &Flows) -> Fallible<Filter<Closure>> {
    super::change::reads_only(query)?;
    query.filter().ok_or_else(|| {
        Fault::new("events cannot be skipped or taken before they come")
            .hint("put take(n) after events(…)")
            .thrown()
    })
}

/// `per` and `throttle` of an options map.
fn throttle(options: &Map) -> Fallible<Option<Throttle>> {
    only_known("on", options, &["per", "throttle"])?;
    let per = options.get("per").map(|name| field(&name.to_string())).transpose()?;
    match options.get("throttle") {
        Some(pause) => Ok(Some(Throttle::new(per, span("throttle", pause)?))),
        None if per.is_some() => Fault::new("`per` needs `throttle`")
            .hint("as in #{ per: \"src\", throttle: 1.sec }")
            .throw(),
        None => Ok(None),
    }
}

fn listen(
    source: &Rc<dyn Source>,
    topic: Topic,
    kinds: Vec<EventKind>,
    filter: Filter<Closure>,
    throttle: Option<Throttle>,
    handler: Callback,
) -> Fallible<Handle> {
    let host = Host::current()?;
    warn_of_blind_spot(&host, source)?;
    warn_of_unseen(&host, &kinds, &filter);
    let mut stage = host.stage.borrow_mut();
    let id = stage.next_id();
    let source = Rc::clone(source);
    stage.listen(Listener { id, source, topic, kinds, filter, throttle, handler })?;
    Ok(Handle(id))
}

#[export_module]
mod event_api {
    /// What happened to a flow or an expectation.
    pub type Event = EventHandle;

    /// Events to come, for a `for` loop.
    pub type Events = crate::script::waiting::Events;

    /// Calls `handler` with each event of these flows: `"new"`, `"update"`, `"destroy"`, or several.
    ///
    /// Returns a handle for `off`. Events carry what the kernel sends: counters and start only on
    /// destroy, and no mark of 0, which a filter takes for 0. `e.flow.refresh()` looks the flow up. The
    /// script goes on; when its text ends it waits for events until `stop()` or Ctrl-C.
    ///
    /// # Example
    /// ```rhai
    /// flows("tcp dport 22").on("new", |e| log("ssh from " + e.flow.src)); stop();
    /// ```
    #[rhai_fn(name = "on", pure, return_raw)]
    pub fn on_flows(
        ctx: NativeCallContext,
        query: &mut Flows,
        kinds: Dynamic,
        handler: FnPtr,
    ) -> Fallible<Handle> {
        on_flows_with(ctx, query, kinds, Map::new(), handler)
    }

    /// The same, at most once per `throttle` for each value of `per`:
    /// `#{ per: "src", throttle: 1.sec }`.
    #[rhai_fn(name = "on", pure, return_raw)]
    pub fn on_flows_with(
        ctx: NativeCallContext,
        query: &mut Flows,
        kinds: Dynamic,
        options: Map,
        handler: FnPtr,
    ) -> Fallible<Handle> {
        let (kinds, filter) = (self::kinds(&kinds)?, filter_of(query)?);
        let handler = Callback::taking(&ctx, handler, 1, "|e| …")?;
        let throttle = throttle(&options)?;
        listen(query.source(), Topic::Flows, kinds, filter, throttle, handler)
    }

    /// Calls `handler` with each event of the expectation table.
    ///
    /// # Example
    /// ```rhai
    /// expectations.on("new", |e| log(e.expectation)); stop();
    /// ```
    #[rhai_fn(name = "on", pure, return_raw)]
    pub fn on_expectations(
        ctx: NativeCallContext,
        query: &mut Expectations,
        kinds: Dynamic,
        handler: FnPtr,
    ) -> Fallible<Handle> {
        let kinds = self::kinds(&kinds)?;
        let handler = Callback::taking(&ctx, handler, 1, "|e| …")?;
        listen(&query.source, Topic::Expectations, kinds, Filter::All, None, handler)
    }

    /// Calls `handler` with each event of every flow: `on("destroy", |e| …)`.
    #[rhai_fn(name = "on", return_raw)]
    pub fn on_all(ctx: NativeCallContext, kinds: Dynamic, handler: FnPtr) -> Fallible<Handle> {
        let mut all = Flows::new(Rc::clone(&Host::current()?.source));
        on_flows(ctx, &mut all, kinds, handler)
    }

    /// Calls `handler` when events were lost, with how many: `|g| log(g.lost)`.
    ///
    /// The kernel counts them exactly (`SO_MEMINFO`). Without a handler a warning is printed.
    ///
    /// # Example
    /// ```rhai
    /// on_gap(|g| log(`lost ${g.lost}`));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn on_gap(ctx: NativeCallContext, handler: FnPtr) -> Fallible<()> {
        Host::current()?.stage.borrow_mut().on_gap(Callback::taking(&ctx, handler, 1, "|g| …")?);
        Ok(())
    }

    /// A handler or a timer.
    pub type Handle = crate::script::objects::Handle;

    /// Takes a handler or a timer off; false if it is off already.
    ///
    /// # Example
    /// ```rhai
    /// let tick = every(1.sec, || print("tick")); tick.off()
    /// ```
    #[rhai_fn(return_raw)]
    pub fn off(handle: Handle) -> Fallible<bool> {
        Ok(Host::current()?.stage.borrow_mut().off(handle.0))
    }

    /// The handle as text.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn handle_text(handle: &mut Handle) -> String {
        format!("handler {}", handle.0)
    }

    /// The events of these flows that come from now on, for a `for` loop. Shown, they are followed:
    /// a row each, until Ctrl-C.
    ///
    /// # Example
    /// ```rhai
    /// for e in flows("icmp").events("new").within(100.ms) { print(e.flow.src) }
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn events(query: &mut Flows, kinds: Dynamic) -> Fallible<Events> {
        Ok(Events {
            source: Rc::clone(query.source()),
            topic: Topic::Flows,
            kinds: self::kinds(&kinds)?,
            filter: filter_of(query)?,
            within: None,
            take: None,
        })
    }

    /// The events of the expectation table that come from now on.
    #[rhai_fn(name = "events", pure, return_raw)]
    pub fn expectation_events(query: &mut Expectations, kinds: Dynamic) -> Fallible<Events> {
        Ok(Events {
            source: Rc::clone(&query.source),
            topic: Topic::Expectations,
            kinds: self::kinds(&kinds)?,
            filter: Filter::All,
            within: None,
            take: None,
        })
    }

    /// Only events within this time from the start of the loop.
    #[rhai_fn(pure, return_raw)]
    pub fn within(events: &mut Events, time: Dynamic) -> Fallible<Events> {
        Ok(Events { within: Some(span("within", &time)?), ..events.clone() })
    }

    /// No more than `n` events.
    ///
    /// # Example
    /// ```rhai
    /// for e in flows.events("new").take(1).within(100.ms) { print(e) }
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn take(events: &mut Events, n: INT) -> Fallible<Events> {
        Ok(Events { take: Some(unsigned("take", n)?), ..events.clone() })
    }

    /// `new`, `update` or `destroy`.
    #[rhai_fn(get = "kind", pure)]
    pub fn kind(event: &mut EventHandle) -> ImmutableString {
        event.event.kind.name().into()
    }

    /// The flow it happened to, as far as the event shows it; `()` for one of an expectation.
    #[rhai_fn(get = "flow", pure)]
    pub fn flow(event: &mut EventHandle) -> Dynamic {
        event.flow().unwrap_or_default()
    }

    /// The expectation it happened to; `()` for an event of a flow.
    #[rhai_fn(get = "expectation", pure)]
    pub fn expectation(event: &mut EventHandle) -> Dynamic {
        event.expectation().unwrap_or_default()
    }

    /// When: the kernel's time where it sends one (6.14, `nf_conntrack_timestamp`), else that of
    /// receipt.
    #[rhai_fn(get = "time", pure)]
    pub fn time(event: &mut EventHandle) -> Time {
        Time(event.event.time_ns)
    }

    /// The netlink port of the process that caused it; 0 is a packet or the kernel itself.
    #[rhai_fn(get = "portid", pure)]
    pub fn portid(event: &mut EventHandle) -> INT {
        event.event.port_id.into()
    }

    /// True if flowsh found it by comparing tables.
    #[rhai_fn(get = "synthetic", pure)]
    pub fn synthetic(event: &mut EventHandle) -> bool {
        event.event.synthetic
    }

    /// The event on one line.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn event_text(event: &mut EventHandle) -> String {
        let time = crate::render::text(&Value::Time(event.event.time_ns));
        format!("{time} {}", event.event)
    }
}
