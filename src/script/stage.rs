//! The handlers and timers of a run. What waits for events is the run's loop; here is what is
//! called when one has come.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Instant;

use rhai::{Dynamic, EvalAltResult};

use super::callback::Callback;
use super::closure::Closure;
use super::fault::Fallible;
use super::host::Host;
use super::objects::EventHandle;
use super::ops::event_asker;
use super::value::Span;
use crate::flow::{Event, EventKind, Field, Filter, Flow, Subject, Value};
use crate::kernel::{EventStream, Heard, KernelError, NetNs, Source, Wanted};

/// Keys that a throttle remembers at most; beyond that all are forgotten: better a call too many.
const THROTTLE_KEYS: usize = 65_536;

/// Which table's events a listener wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Flows.
    Flows,
    /// Expectations.
    Expectations,
}

/// One handler of events.
#[derive(Debug)]
pub struct Listener {
    /// Its number, to take it off again.
    pub id: i64,
    /// Where the events come from.
    pub source: Rc<dyn Source>,
    /// The table.
    pub topic: Topic,
    /// The kinds.
    pub kinds: Vec<EventKind>,
    /// Which flows.
    pub filter: Filter<Closure>,
    /// At most one call per key in this time.
    pub throttle: Option<Throttle>,
    /// What is called.
    pub handler: Callback,
}

/// A limit on how often a handler is called.
#[derive(Debug)]
pub struct Throttle {
    /// The field whose values are counted apart; absent: all events together.
    pub per: Option<Field>,
    /// The time between two calls.
    pub pause: Span,
    last: std::cell::RefCell<HashMap<Value, u64>>,
}

impl Throttle {
    /// A throttle of one call per value of `per` and `pause`.
    #[must_use]
    pub fn new(per: Option<Field>, pause: Span) -> Self {
        Self { per, pause, last: std::cell::RefCell::default() }
    }

    /// True if a call is due for `flow` at `time_ns`.
    fn lets_pass(&self, flow: Option<&Flow>, time_ns: u64, host: &Host) -> bool {
        let key = match (self.per, flow) {
            (Some(field), Some(flow)) => field.get(flow, host.view()),
            _ => Value::Absent,
        };
        let pause = u64::try_from(self.pause.0).unwrap_or(0);
        let mut last = self.last.borrow_mut();
        if last.get(&key).is_some_and(|last| time_ns < last.saturating_add(pause)) {
            return false;
        }
        if last.len() >= THROTTLE_KEYS {
            last.retain(|_, last| time_ns < last.saturating_add(pause));
            if last.len() >= THROTTLE_KEYS {
                last.clear();
            }
        }
        last.insert(key, time_ns);
        true
    }
}

/// One timer.
#[derive(Debug)]
pub struct Timer {
    /// Its number, to take it off again.
    pub id: i64,
    /// When it is due.
    pub due: Instant,
    /// How often it comes again; absent: once.
    pub period: Option<std::time::Duration>,
    /// What is called.
    pub handler: Callback,
}

/// Handlers, timers and streams of a run.
#[derive(Debug, Default)]
pub struct Stage {
    next_id: i64,
    listeners: Vec<Rc<Listener>>,
    timers: Vec<Timer>,
    gap_handlers: Vec<Callback>,
    streams: Vec<(NetNs, EventStream)>,
}

impl Stage {
    /// A number for a new handler or timer.
    pub fn next_id(&mut self) -> i64 {
        self.next_id += 1;
        self.next_id
    }

    /// Adds a handler and listens for what it wants.
    ///
    /// # Errors
    ///
    /// The source is not live, or there is no permission to listen.
    pub fn listen(&mut self, listener: Listener) -> Result<(), KernelError> {
        let netns = listener.source.live()?.netns().clone();
        self.listeners.push(Rc::new(listener));
        let listened = self.tune(&netns);
        if listened.is_err() {
            self.listeners.pop();
        }
        listened
    }

    /// Adds a timer.
    pub fn add_timer(&mut self, timer: Timer) {
        self.timers.push(timer);
    }

    /// Adds a handler of gaps.
    pub fn on_gap(&mut self, handler: Callback) {
        self.gap_handlers.push(handler);
    }

    /// The handler of events with this number.
    #[must_use]
    pub fn listener(&self, id: i64) -> Option<Rc<Listener>> {
        self.listeners.iter().find(|listener| listener.id == id).map(Rc::clone)
    }

    /// Takes a handler or timer off; false if there was none of this number.
    pub fn off(&mut self, id: i64) -> bool {
        let before = self.listeners.len() + self.timers.len();
        self.listeners.retain(|listener| listener.id != id);
        self.timers.retain(|timer| timer.id != id);
        before != self.listeners.len() + self.timers.len()
    }

    /// Takes everything off: nothing more will come.
    pub fn clear(&mut self) {
        let next_id = self.next_id;
        *self = Self { next_id, ..Self::default() };
    }

    /// True if nothing can come any more.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.listeners.is_empty() && self.timers.is_empty()
    }

    /// What the first of the timers that are due at `now` calls; one without a period is over.
    fn take_due(&mut self, now: Instant) -> Option<Callback> {
        let due = self.timers.iter_mut().enumerate().filter(|(_, timer)| timer.due <= now);
        let (index, timer) = due.min_by_key(|(_, timer)| timer.due)?;
        let Some(period) = timer.period else { return Some(self.timers.remove(index).handler) };
        // A timer that was late does not catch up: its next time lies in the future.
        while timer.due <= now {
            timer.due += period;
        }
        Some(timer.handler.clone())
    }

    /// How many handlers and timers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.listeners.len() + self.timers.len()
    }

    /// True if there are no handlers and timers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.is_idle()
    }

    /// The streams, to wait on.
    #[must_use]
    pub fn streams(&self) -> &[(NetNs, EventStream)] {
        &self.streams
    }

    /// When the next timer is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        self.timers.iter().map(|timer| timer.due).min()
    }

    /// Asks the stream of `netns` for what its listeners want together.
    fn tune(&mut self, netns: &NetNs) -> Result<(), KernelError> {
        let mut wanted = Wanted {
            flows: Vec::new(),
            expectations: Vec::new(),
            filter: Filter::Or(Vec::new()),
            tag: None,
        };
        for listener in &self.listeners {
            let live = listener.source.live().ok();
            let Some(live) = live.filter(|live| live.netns() == netns) else { continue };
            wanted.tag = live.tag().cloned();
            match listener.topic {
                Topic::Flows => {
                    wanted.flows.extend(&listener.kinds);
                    wanted.filter = union(wanted.filter, listener.filter.always().native());
                }
                Topic::Expectations => wanted.expectations.extend(&listener.kinds),
            }
        }
        match self.streams.iter().find(|(name, _)| name == netns) {
            Some((_, stream)) => stream.want(wanted),
            None => {
                let stream = EventStream::open(netns, wanted)?;
                self.streams.push((netns.clone(), stream));
                Ok(())
            }
        }
    }
}

fn union(a: Filter, b: Filter) -> Filter {
    if a.is_all() || b.is_all() { Filter::All } else { a.or(b) }
}

/// A handler that threw.
#[derive(Debug)]
pub struct Mishap {
    /// What it threw.
    pub error: Box<EvalAltResult>,
    /// What it was handling, as text.
    pub during: Option<String>,
}

impl From<Box<EvalAltResult>> for Mishap {
    fn from(error: Box<EvalAltResult>) -> Self {
        Self { error, during: None }
    }
}

/// Gives what was heard in `netns` to whom it concerns, and says what handlers threw: what one throws
/// is no matter of the others.
pub fn deliver(host: &Rc<Host>, netns: &NetNs, heard: Heard) -> Vec<Mishap> {
    let mut mishaps = Vec::new();
    match heard {
        Heard::Event(event) => {
            let event = Rc::new(*event);
            let listeners = host.stage.borrow().listeners.clone();
            for listener in listeners {
                // Taken off by one of those before it.
                if host.stage.borrow().listener(listener.id).is_none() {
                    continue;
                }
                if let Err(error) = host.unattended(|| hand_over(host, netns, &listener, &event)) {
                    mishaps.push(Mishap { error, during: Some(event.to_string()) });
                }
                if host.stopped() {
                    break;
                }
            }
        }
        Heard::Gap(lost) => {
            let handlers = host.stage.borrow().gap_handlers.clone();
            if handlers.is_empty() {
                host.message(&format!("warning: {lost} events were lost"));
            }
            let lost = i64::try_from(lost).unwrap_or(i64::MAX);
            let gap = rhai::Map::from([("lost".into(), lost.into())]);
            for handler in handlers {
                let args = [Dynamic::from(gap.clone())];
                let told = host.unattended(|| handler.tell(&*host.engine()?, args));
                mishaps.extend(told.err().map(Mishap::from));
            }
        }
        Heard::Failed(error) => mishaps.push(Box::<EvalAltResult>::from(error).into()),
    }
    mishaps
}

/// Calls `listener` with an event of `netns`, if that concerns it.
fn hand_over(
    host: &Rc<Host>,
    netns: &NetNs,
    listener: &Listener,
    handle: &Rc<Event>,
) -> Fallible<()> {
    let engine = host.engine()?;
    let here = listener.source.live().is_ok_and(|live| live.netns() == netns);
    let (topic, flow) = match &handle.subject {
        Subject::Flow(flow) => (Topic::Flows, Some(flow)),
        Subject::Expectation(_) => (Topic::Expectations, None),
    };
    if !here || !listener.kinds.contains(&handle.kind) || topic != listener.topic {
        return Ok(());
    }
    let event = EventHandle::new(Rc::clone(handle), Rc::clone(&listener.source));
    if let Some(flow) = handle.judged() {
        let mut ask = event_asker(host, &engine, &event);
        if !listener.filter.judge(&flow, handle.time_ns, &mut ask)? {
            return Ok(());
        }
    }
    let throttle = listener.throttle.as_ref();
    if throttle.is_none_or(|throttle| throttle.lets_pass(flow, handle.time_ns, host)) {
        listener.handler.tell(&engine, [Dynamic::from(event)])?;
    }
    Ok(())
}

/// Calls the first of the timers that are due at `now`; false if none is.
///
/// # Errors
///
/// What it threw; a timer with a period stays.
pub fn fire(host: &Rc<Host>, now: Instant) -> Fallible<bool> {
    let Some(handler) = host.stage.borrow_mut().take_due(now) else { return Ok(false) };
    let engine = host.engine()?;
    host.unattended(|| handler.tell(&engine, []))?;
    Ok(true)
}
