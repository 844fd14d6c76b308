//! Waiting for events in a `for` loop, and what is said before anyone waits.

use std::rc::Rc;
use std::time::{Duration, Instant};

use rhai::Dynamic;

use super::closure::Closure;
use super::fault::Fallible;
use super::host::Host;
use super::objects::EventHandle;
use super::ops::event_asker;
use super::stage::{Topic, deliver};
use super::value::Span;
use crate::flow::{EventKind, Field, Filter, Test};
use crate::kernel::{EventStream, Heard, KernelError, Source, Wanted, now_ns, sysctl};

/// How long the loop waits before it looks whether it is to stop.
const NAP: Duration = Duration::from_millis(50);
/// How long an event takes at most from the kernel to the loop.
const LATE: Duration = Duration::from_millis(10);

/// Events to come, for a loop.
#[derive(Debug, Clone)]
pub(crate) struct Events {
    /// Where they come from.
    pub(crate) source: Rc<dyn Source>,
    /// Of which table.
    pub(crate) topic: Topic,
    /// Which kinds.
    pub(crate) kinds: Vec<EventKind>,
    /// Of which flows.
    pub(crate) filter: Filter<Closure>,
    /// How long the loop waits in all; absent: for ever.
    pub(crate) within: Option<Span>,
    /// How many events at most.
    pub(crate) take: Option<u64>,
}

/// Events as they come.
struct Waiting {
    wanted: Events,
    host: Rc<Host>,
    stream: EventStream,
    until: Option<Until>,
}

/// When the time of a loop is over: by the clock of waiting, and by that of events.
#[derive(Debug, Clone, Copy)]
struct Until {
    instant: Instant,
    time_ns: u64,
}

impl Waiting {
    fn open(wanted: Events) -> Fallible<Self> {
        let host = Host::current()?;
        let (flows, expectations) = match wanted.topic {
            Topic::Flows => (wanted.kinds.clone(), Vec::new()),
            Topic::Expectations => (Vec::new(), wanted.kinds.clone()),
        };
        let filter = wanted.filter.always().native();
        warn_of_blind_spot(&host, &wanted.source)?;
        warn_of_unseen(&host, &wanted.kinds, &wanted.filter);
        let live = wanted.source.live()?;
        let tag = live.tag().cloned();
        let stream = EventStream::open(live.netns(), Wanted { flows, expectations, filter, tag })?;
        let until = wanted.within.map(|within| {
            let within = within.to_std();
            let within_ns = u64::try_from(within.as_nanos()).unwrap_or(u64::MAX);
            Until { instant: Instant::now() + within, time_ns: now_ns().saturating_add(within_ns) }
        });
        Ok(Self { wanted, host, stream, until })
    }

    fn wait(&mut self) -> Fallible<Option<Dynamic>> {
        while self.wanted.take != Some(0) {
            if self.host.stopped() {
                self.host.stopped_waiting.set(true);
                return Err(KernelError::Interrupted.into());
            }
            let left =
                self.until.map(|until| until.instant.saturating_duration_since(Instant::now()));
            let over = left == Some(Duration::ZERO);
            let nap = if over { LATE } else { left.map_or(NAP, |left| left.min(NAP)) };
            // What came in time is told, however long the loop took for what came before.
            let heard = match self.stream.queue().recv_timeout(nap) {
                Ok(heard) => heard,
                Err(_) if over => break,
                Err(_) => continue,
            };
            let late = |until: Until| matches!(&heard, Heard::Event(event) if event.time_ns > until.time_ns);
            if self.until.is_some_and(late) {
                break;
            }
            let netns = self.wanted.source.live()?.netns().clone();
            let event = match heard {
                Heard::Event(event) => {
                    EventHandle::new(Rc::new(*event), Rc::clone(&self.wanted.source))
                }
                other => match deliver(&self.host, &netns, other).into_iter().next() {
                    Some(mishap) => return Err(mishap.error),
                    None => continue,
                },
            };
            if self.takes(&event)? {
                self.wanted.take = self.wanted.take.map(|left| left - 1);
                return Ok(Some(Dynamic::from(event)));
            }
        }
        Ok(None)
    }

    fn takes(&self, event: &EventHandle) -> Fallible<bool> {
        let Some(flow) = event.event.judged() else { return Ok(true) };
        let engine = self.host.engine()?;
        let mut ask = event_asker(&self.host, &engine, event);
        self.wanted.filter.judge(&flow, event.event.time_ns, &mut ask)
    }
}

impl Iterator for Waiting {
    type Item = Fallible<Dynamic>;

    fn next(&mut self) -> Option<Self::Item> {
        self.wait().transpose()
    }
}

impl IntoIterator for Events {
    type Item = Fallible<Dynamic>;
    type IntoIter = Box<dyn Iterator<Item = Fallible<Dynamic>>>;

    fn into_iter(self) -> Self::IntoIter {
        match Waiting::open(self) {
            Ok(waiting) => Box::new(waiting),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    }
}

/// Says which comparisons events never pass, because the kernel sends counters and start only with the
/// last one: `ctnetlink_conntrack_event()`, Linux 6.18.
pub(crate) fn warn_of_unseen(host: &Host, kinds: &[EventKind], filter: &Filter<Closure>) {
    let unseen = |field: Field| {
        matches!(field, Field::Start | Field::Age | Field::Packets | Field::Bytes)
            || matches!(field, Field::DirPackets(_) | Field::DirBytes(_))
    };
    let early: Vec<_> =
        kinds.iter().filter(|kind| **kind != EventKind::Destroy).map(|kind| kind.name()).collect();
    if early.is_empty() {
        return;
    }
    filter.always().each_leaf(&mut |leaf| {
        if let Filter::Test(Test::Number(field, ..)) = leaf
            && unseen(*field)
        {
            let (kinds, name) = (early.join(" and "), field.name());
            host.note_once(format!(
                "note: {kinds} events show no `{name}`, so none of them is taken for it\n\
                 hint: `e.flow.refresh()` looks a flow up"
            ));
        }
    });
}

/// Says once that older flows are silent, where the kernel is set so.
///
/// With `nf_conntrack_events=2` a flow gets the event extension only if some listener exists when
/// it is made: `nf_ct_ecache_ext_add()` in `nf_conntrack_ecache.c`, Linux 5.19 and later.
pub(crate) fn warn_of_blind_spot(host: &Host, source: &Rc<dyn Source>) -> Fallible<()> {
    let live = source.live()?;
    if host.warned_of_events.replace(true) {
        return Ok(());
    }
    match sysctl::read(live.netns(), "events") {
        Ok(0) => host.note(
            "warning: nf_conntrack_events is 0: the kernel sends no events\n\
             hint: settings.events = 1 switches them on",
        ),
        Ok(2) if live.global_stats()?.entries > 0 => host.note(
            "note: nf_conntrack_events is 2: flows that began before the first listener send no \
             update and destroy events\nhint: settings.events = 1 cures it for flows from then on",
        ),
        _ => (),
    }
    Ok(())
}
