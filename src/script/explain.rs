//! The plan of a query, a change or a subscription as text: who does what, what is kept meanwhile,
//! and after a run what each took. Nothing is asked or changed here.

use std::fmt;
use std::time::Duration;

use super::closure::Closure;
use super::guard::{MANY, Protected};
use super::host::Host;
use super::objects::Flows;
use super::show::thousands;
use super::stage::{Listener, Topic};
use super::waiting::Events;
use crate::flow::{EventKind, Filter};
use crate::kernel::{Live, Safety};
use crate::table::{Run, Stage};

/// What is asked of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb<'a> {
    /// A result, and what of the flows it keeps.
    Read(&'a str),
    /// How many flows there are: the kernel knows that of the whole table.
    Count,
    /// A change, and its limit.
    Change(&'a str, Option<&'a str>),
}

/// What results keep, by the name of the verb.
const KEPT: [(&str, &str); 18] = [
    ("array", "every flow"),
    ("avg", NOTHING),
    ("distinct", "each value once"),
    ("each", NOTHING),
    ("exists", NOTHING),
    ("first", NOTHING),
    ("group", "one row for each group"),
    ("map", "every answer"),
    ("max", NOTHING),
    ("min", NOTHING),
    ("print", NOTHING),
    ("rates", "every flow of two snapshots, packed"),
    ("select", NOTHING),
    ("snapshot", "every flow, packed"),
    ("sort", "every flow"),
    ("sum", NOTHING),
    ("top", "the rows that are shown"),
    ("wait_empty", NOTHING),
];
/// Verbs that change flows.
const CHANGES: [&str; 4] = ["delete", "kill", "reconcile", "update"];
const NOTHING: &str = "nothing, flows pass one by one";

/// Width of the names of parts.
const NAME: usize = 14;

impl<'a> Verb<'a> {
    /// The verb called `name`; `None` if there is none.
    pub(super) fn named(name: &'a str, max: Option<&'a str>) -> Option<Self> {
        match name {
            "count" => Some(Self::Count),
            name if CHANGES.contains(&name) => Some(Self::Change(name, max)),
            name => KEPT.iter().find(|(known, _)| *known == name).map(|(_, kept)| Self::Read(kept)),
        }
    }

    /// Reading the flows one by one.
    pub(super) fn reading() -> Self {
        Self::Read(NOTHING)
    }

    /// The names of all verbs.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        std::iter::once("count").chain(CHANGES).chain(KEPT.iter().map(|(name, _)| *name))
    }
}

/// A plan: parts with a name, each with lines.
#[derive(Default)]
struct Plan(Vec<(&'static str, String)>);

impl Plan {
    /// One more line; a name that is repeated is shown once.
    fn line(&mut self, name: &'static str, text: impl Into<String>) {
        self.0.push((name, text.into()));
    }

    /// What native code and the interpreter judge, in this order.
    fn filter(&mut self, filter: &Filter<Closure>, native: &str) {
        let known = filter.native();
        if !known.is_all() {
            self.line("native", format!("{known}{native}"));
        }
        let mut asks = Vec::new();
        questions(filter, &mut asks);
        for question in asks {
            let mut unread = question.unread().iter();
            match unread.next() {
                None => self.line("native", format!("{question}, compiled")),
                Some(why) => {
                    let part = if question.is_apart() { "a part of " } else { "" };
                    self.line("interpreter", format!("{part}{question}, because {why}"));
                }
            }
            for why in unread {
                self.line("interpreter", format!("and because {why}"));
            }
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = "";
        for (index, (name, text)) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            let shown = if *name == last { String::new() } else { format!("{name}:") };
            write!(f, "{shown:NAME$}{text}")?;
            last = name;
        }
        Ok(())
    }
}

/// What the kernel, native code and the interpreter do for `query`, and how its last run went.
#[must_use]
pub(super) fn explain(host: &Host, query: &Flows, verb: Verb<'_>) -> String {
    let mut plan = Plan::default();
    let lives = query.source().lives().unwrap_or_default();
    if verb == Verb::Count && !lives.is_empty() && query.is_everything() {
        plan.line("kernel", "tells how many there are, and sends none");
        return plan.to_string();
    }
    match lives.as_slice() {
        [live, more @ ..] => dumps(&mut plan, live, more.len(), query),
        [] => plan.line("file", "every entry is read"),
    }
    stages(&mut plan, query);
    match verb {
        Verb::Read(kept) => plan.line("kept", kept),
        Verb::Count => plan.line("kept", NOTHING),
        Verb::Change(name, max) => change(&mut plan, host, lives.first().copied(), name, max),
    }
    if let Some(run) = query.last_run() {
        for line in figures(&run) {
            plan.line("last run", line);
        }
    }
    plan.to_string()
}

/// What the kernel sends of the table of `live`, and of those of as many `more` namespaces.
fn dumps(plan: &mut Plan, live: &Live, more: usize, query: &Flows) {
    if more > 0 {
        plan.line("kernel", format!("in each of {} namespaces, one after the other", more + 1));
    }
    for (index, part) in live.plan(query.scope(), &query.native()).iter().enumerate() {
        let word = if index == 0 { "sends" } else { "and  " };
        plan.line("kernel", format!("{word} {}", part.scope));
    }
}

fn stages(plan: &mut Plan, query: &Flows) {
    for stage in query.stages() {
        match stage {
            Stage::Where(filter) => plan.filter(&filter.now(), ""),
            Stage::Skip(count) => plan.line("native", format!("leaves out the first {count}")),
            Stage::Take(count) => plan.line("native", format!("ends after {count}")),
        }
    }
}

fn change(plan: &mut Plan, host: &Host, live: Option<&Live>, name: &str, max: Option<&str>) {
    let safety = live.map(Live::safety);
    let asks = safety == Some(Safety::Live) && host.asks();
    plan.line(
        "kept",
        match max {
            Some(_) => "the key of each flow, up to the limit",
            None if asks => "the key of each flow",
            None => "two batches of requests, flows pass one by one",
        },
    );
    plan.line(
        "change",
        match name {
            "delete" | "kill" => "deletes by tuple, zone and id",
            "update" => "updates by tuple and zone: the kernel looks at no id",
            _ => "only what differs: deletes by tuple, zone and id, updates by tuple and zone",
        },
    );
    plan.line(
        "change",
        if asks || max.is_some() {
            "when all are found, and each was looked up and judged again"
        } else {
            "while the kernel still sends"
        },
    );
    if let Some(max) = max {
        plan.line("guards", format!("refuses, untouched, if there are more than {max}"));
    }
    if asks {
        plan.line("guards", format!("asks if there are more than {MANY}"));
    }
    for Protected { filter, because, .. } in host.protection.borrow().list() {
        plan.line("guards", format!("leaves alone {} ({because})", filter.now()));
    }
    match safety {
        Some(Safety::Live) => (),
        Some(Safety::DryRun) => plan.line("guards", "--dry-run: nothing is sent"),
        Some(Safety::ReadOnly) => plan.line("guards", "--read-only: refused"),
        None => plan.line("guards", "a recording cannot be changed"),
    }
}

/// What is listened to, and who judges it.
#[must_use]
pub(super) fn explain_events(events: &Events) -> String {
    let mut plan = Plan::default();
    heard(&mut plan, events.topic, &events.kinds, &events.filter);
    plan.line("kept", QUEUED);
    if let Some(within) = events.within {
        plan.line("ends", format!("after {}", time_text(within.to_std())));
    }
    if let Some(take) = events.take {
        plan.line("ends", format!("after {take} events"));
    }
    plan.to_string()
}

/// What a handler listens to, who judges it, and how often it is called.
#[must_use]
pub(super) fn explain_listener(listener: &Listener) -> String {
    let mut plan = Plan::default();
    heard(&mut plan, listener.topic, &listener.kinds, &listener.filter);
    plan.line("kept", QUEUED);
    if let Some(throttle) = &listener.throttle {
        let per = throttle.per.map_or(String::new(), |field| format!(" for each {}", field.name()));
        let pause = time_text(throttle.pause.to_std());
        plan.line("throttle", format!("one call in {pause}{per}"));
    }
    plan.to_string()
}

const QUEUED: &str = "up to 65,536 events that wait; what is lost beyond is counted";

fn heard(plan: &mut Plan, topic: Topic, kinds: &[EventKind], filter: &Filter<Closure>) {
    let names: Vec<&str> =
        EventKind::ALL.iter().filter(|kind| kinds.contains(kind)).map(|kind| kind.name()).collect();
    let of = match topic {
        Topic::Flows => "every flow",
        Topic::Expectations => "every expectation",
    };
    plan.line("kernel", format!("sends {} of {of}", names.join(", ")));
    plan.filter(&filter.always(), ", in the thread that listens");
}

/// What each took in a run: rows in and out, and time.
#[must_use]
pub fn figures(run: &Run) -> Vec<String> {
    let Run { source, asked, .. } = *run;
    let judged = run.took.saturating_sub(source.waited + run.asking);
    let line = |name: &str, rows: Option<u64>, out: u64, took: Duration| {
        let rows = rows.map(thousands).unwrap_or_default();
        format!("{name:8} {rows:>11} -> {:>11} {:>10}", thousands(out), time_text(took))
    };
    let closures = (asked > 0).then(|| line("closures", Some(asked), run.given, run.asking));
    // Where nothing was asked, all that native code took is what came out.
    let native = if asked > 0 { run.native } else { run.given };
    let lines = [
        (!source.waited.is_zero()).then(|| line("kernel", None, source.sent, source.waited)),
        Some(line("native", Some(source.sent), native, judged)),
        closures,
    ];
    lines.into_iter().flatten().collect()
}

/// A time for people, as precise as it matters.
#[must_use]
pub fn time_text(time: Duration) -> String {
    match time.as_secs_f64() {
        short if short < 0.001 => format!("{} µs", time.as_micros()),
        short if short < 1.0 => format!("{:.1} ms", short * 1000.0),
        long => format!("{long:.2} s"),
    }
}

fn questions(filter: &Filter<Closure>, found: &mut Vec<Closure>) {
    match filter {
        Filter::All | Filter::Test(_) => (),
        Filter::Ask(question) => found.push(question.clone()),
        Filter::Not(inner) => questions(inner, found),
        Filter::And(parts) | Filter::Or(parts) => {
            for part in parts {
                questions(part, found);
            }
        }
    }
}
