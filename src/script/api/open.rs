//! Recordings: `open("dump.txt").flows`. What is in one is read like a table; what would change a
//! table or wait for it is refused.

use std::rc::Rc;

use rhai::plugin::*;
use rhai::{Dynamic, Engine, INT, Map, NativeCallContext};

use super::system::readable;
use crate::flow::Event;
use crate::kernel::{KernelError, Reading, Recording, Source, Unreadable};
use crate::script::fault::{self, Fallible, Fault};
use crate::script::host::Host;
use crate::script::objects::{Capture, EventHandle, Expectations, Flows};
use crate::script::ops::{only_known, to_filter};
use crate::script::value::describe;

pub(super) fn module() -> Module {
    exported_module!(open_api)
}

/// Makes `for e in open("log.txt").events` read event by event.
pub(super) fn register_iterators(engine: &mut Engine) {
    engine.register_iterator_result::<RecordedEvents, Dynamic>();
}

fn source(capture: &Capture) -> Rc<dyn Source> {
    Rc::<Recording>::clone(&capture.recording)
}

/// The recording at `path`, if the command line lets it be read.
fn recording(path: &str, unreadable: Unreadable) -> Fallible<Recording> {
    let (host, real) = (Host::current()?, readable(path)?);
    let stop = std::sync::Arc::clone(&host.stop);
    let opened = Recording::open(&real, path, host.labels.clone(), unreadable, stop);
    opened.map_err(|error| match error {
        // It is not the kernel that lacks something.
        KernelError::Refused { .. } => Fault::new(fault::chain(&error)).thrown(),
        error => error.into(),
    })
}

/// The journal at `path`; the end of a line that could not be written whole is passed over.
pub(super) fn journal(path: &str) -> Fallible<Recording> {
    recording(path, Unreadable::Skip(Box::new(tell)))
}

/// Tells what was passed over as a note of the run.
fn tell(text: &str) {
    if let Ok(host) = Host::current() {
        host.note(&format!("note: {text}"));
    }
}

/// The events of a recording.
#[derive(Debug, Clone)]
pub(super) struct RecordedEvents(Capture);

/// Events being read by a `for` loop.
struct Loop {
    reading: Reading,
    source: Rc<dyn Source>,
}

impl Iterator for Loop {
    type Item = Fallible<Dynamic>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let entry = match self.reading.next()? {
                Ok(entry) => entry,
                Err(error) => return Some(Err(error.into())),
            };
            let Some(kind) = entry.kind else { continue };
            let event = Event {
                kind,
                subject: entry.subject,
                time_ns: entry.time_ns.unwrap_or_else(|| self.source.now_ns()),
                port_id: entry.port_id,
                synthetic: false,
            };
            let event = EventHandle::new(Rc::new(event), Rc::clone(&self.source));
            return Some(Ok(Dynamic::from(event)));
        }
    }
}

impl IntoIterator for RecordedEvents {
    type Item = Fallible<Dynamic>;
    type IntoIter = Box<dyn Iterator<Item = Fallible<Dynamic>>>;

    fn into_iter(self) -> Self::IntoIter {
        let reading = self.0.recording.entries();
        Box::new(Loop { reading, source: source(&self.0) })
    }
}

#[export_module]
mod open_api {
    /// A recording of flows, expectations or events; read anew for each question.
    pub type Capture = crate::script::objects::Capture;

    /// The events of a recording.
    pub type RecordedEvents = super::RecordedEvents;

    /// Opens what `conntrack`, `/proc/net/nf_conntrack` or flowsh printed to a file.
    ///
    /// It reads the output of `conntrack -L` and `-E` with any `-o`, `/proc/net/nf_conntrack` and
    /// the older `ip_conntrack`, and flowsh's own `json`, `ndjson`, `csv`, `xml` and `conntrack`.
    /// What was not shown is absent, as `related` is in what conntrack lists; `SEEN_REPLY` is set
    /// unless a flow is marked unreplied. `age` needs a `start`, and counts to when the flow was
    /// shown. XML of conntrack 1.4.9 calls a flow of sctp `ESTABLISHED` whose cookie is under way, and
    /// nothing tells it from one that is. A line of a log is read as what conntrack wrote in it: `Jul 24 10:00:00 host
    /// conntrack[1]: [NEW] tcp …`. Needs `--allow-read`.
    ///
    /// # Example
    /// ```rhai
    /// let old = open("/proc/net/nf_conntrack"); old.flows.group("src").top(10)
    /// ```
    #[rhai_fn(return_raw)]
    pub fn open(path: &str) -> Fallible<Capture> {
        open_with(path, Map::new())
    }

    /// The same with options: `#{ skip_bad: true }` passes over what cannot be read, says so in a
    /// note, and counts it in `skipped`. Otherwise it is an error that names file and line.
    ///
    /// # Example
    /// ```rhai
    /// open("/proc/net/nf_conntrack", #{ skip_bad: true }).flows.count()
    /// ```
    #[rhai_fn(name = "open", return_raw)]
    pub fn open_with(path: &str, options: Map) -> Fallible<Capture> {
        only_known("open", &options, &["skip_bad"])?;
        let unreadable = match options.get("skip_bad").map(Dynamic::as_bool) {
            Some(Ok(true)) => Unreadable::Skip(Box::new(tell)),
            Some(Ok(false)) | None => Unreadable::Stop,
            Some(Err(_)) => {
                let found = options.get("skip_bad").map(describe).unwrap_or_default();
                let message = format!("`skip_bad` is true or false, not {found}");
                return Fault::new(message).throw();
            }
        };
        let recording = recording(path, unreadable)?;
        recording.doubt().iter().for_each(|doubt| tell(doubt));
        Ok(Capture { recording: Rc::new(recording) })
    }

    /// Its flows, in the order of the file; of an event log, the flow of each event.
    #[rhai_fn(get = "flows", pure)]
    pub fn flows(capture: &mut Capture) -> Flows {
        Flows::new(source(capture))
    }

    /// Those of its flows that `filter` takes.
    #[rhai_fn(name = "flows", pure, return_raw)]
    pub fn flows_where(
        ctx: NativeCallContext,
        capture: &mut Capture,
        filter: Dynamic,
    ) -> Fallible<Flows> {
        Ok(flows(capture).filtered(to_filter(&ctx, filter)?))
    }

    /// Its expectations.
    #[rhai_fn(get = "expectations", pure)]
    pub fn expectations(capture: &mut Capture) -> Expectations {
        Expectations { source: source(capture), tests: Vec::new() }
    }

    /// The events of a log, for a `for` loop; those of a log without times have that of the file.
    #[rhai_fn(get = "events", pure)]
    pub fn events(capture: &mut Capture) -> RecordedEvents {
        RecordedEvents(capture.clone())
    }

    /// How many entries cannot be read; the file is read to its end to know.
    #[rhai_fn(get = "skipped", pure, return_raw)]
    pub fn skipped(capture: &mut Capture) -> Fallible<INT> {
        Ok(INT::try_from(capture.recording.skipped()?).unwrap_or(INT::MAX))
    }

    /// The path that it was opened by.
    #[rhai_fn(get = "path", pure)]
    pub fn path(capture: &mut Capture) -> String {
        capture.recording.name().to_owned()
    }

    /// The recording as text.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn capture_text(capture: &mut Capture) -> String {
        format!("open(\"{}\")", path(capture))
    }
}

#[cfg(test)]
mod tests;
