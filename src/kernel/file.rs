//! A recording: a file of flows as a source. It is read entry by entry for every question anew, so
//! it may be larger than memory; what it can be written as is known to [`Parser`].

mod reading;

use std::cell::Cell;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

pub use reading::Reading;

use super::source::{Figures, Flows, Source};
use super::{KernelError, Live, now_ns};
use crate::flow::{Expectation, Family, Filter, Flow, FlowKey, LabelMap, Subject, Tuple};
use crate::wire::{DumpScope, FlowTable};

/// What is read at once.
const CHUNK_BYTES: usize = 256 << 10;
/// How a file of gzip begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What to do about an entry that cannot be read.
pub enum Unreadable {
    /// End with an error that names file and line.
    Stop,
    /// Pass over it, and tell once, at the end of the first whole reading, how many there were.
    Skip(Box<dyn Fn(&str)>),
}

/// A file of flows, expectations or events, in any format that the wire reads.
#[derive(Debug)]
pub struct Recording(Rc<Tape>);

/// What the readings of a recording share.
struct Tape {
    /// What it is called.
    name: String,
    file: File,
    labels: LabelMap,
    unreadable: Unreadable,
    interrupt: Arc<AtomicBool>,
    /// When it was made.
    made_ns: u64,
    /// What of it has no end, if something has none.
    open_end: Option<&'static str>,
    /// How many entries a whole reading passed over.
    skipped: Cell<Option<u64>>,
}

impl fmt::Debug for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tape").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Recording {
    /// The recording in the file at `path`, called `name`.
    ///
    /// # Errors
    ///
    /// It cannot be opened.
    pub fn open(
        path: &Path,
        name: &str,
        labels: LabelMap,
        unreadable: Unreadable,
        interrupt: Arc<AtomicBool>,
    ) -> Result<Self, KernelError> {
        let what = || format!("open {name}");
        let file = File::open(path).map_err(|source| KernelError::refused(what(), source))?;
        Self::of(file, name, labels, unreadable, interrupt)
    }

    /// The recording that standard input is.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn standard_input(
        labels: LabelMap,
        unreadable: Unreadable,
        interrupt: Arc<AtomicBool>,
    ) -> Result<Self, KernelError> {
        let name = "standard input";
        let file = io::stdin().as_fd().try_clone_to_owned();
        let file = file.map_err(|source| KernelError::refused(format!("read {name}"), source))?;
        Self::of(file.into(), name, labels, unreadable, interrupt)
    }

    /// Whatever can be read only once is copied first, to a file without a name.
    fn of(
        mut file: File,
        name: &str,
        labels: LabelMap,
        unreadable: Unreadable,
        interrupt: Arc<AtomicBool>,
    ) -> Result<Self, KernelError> {
        let refused = |source| KernelError::refused(format!("read {name}"), source);
        let about = file.metadata().map_err(refused)?;
        let changed = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let mut made_ns = super::since_1970(changed);
        if about.is_dir() {
            return Err(refused(io::ErrorKind::IsADirectory.into()));
        }
        if !about.is_file() {
            file = spool(&mut file, &interrupt).map_err(|error| match error.kind() {
                io::ErrorKind::Interrupted => KernelError::Interrupted,
                _ => refused(error),
            })?;
            made_ns = now_ns();
        }
        let mut head = [0; 2];
        if file.read_at(&mut head, 0).is_ok_and(|read| read == 2) && head == GZIP {
            let what = format!("{name} is compressed: `zcat {name} | flowsh --from - …` reads it");
            return Err(KernelError::Unsupported(what));
        }
        let open_end = open_end(&file).map_err(refused)?;
        let (name, skipped) = (name.to_owned(), Cell::new(None));
        let tape = Tape { name, file, labels, unreadable, interrupt, made_ns, open_end, skipped };
        let mut recording = Self(Rc::new(tape));
        let made_ns = recording.first_time()?;
        if let Some((tape, made_ns)) = Rc::get_mut(&mut recording.0).zip(made_ns) {
            tape.made_ns = made_ns;
        }
        Ok(recording)
    }

    /// When its first entry that says so was shown; `None` if the first does not.
    fn first_time(&self) -> Result<Option<u64>, KernelError> {
        match Reading::new(&self.0).entry() {
            Ok(entry) => Ok(entry.and_then(|entry| entry.time_ns)),
            // It is told to whoever asks for flows.
            Err(KernelError::Unreadable { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What is to be told of it, if it may be cut: then its last entry may be another than it seems.
    #[must_use]
    pub fn doubt(&self) -> Option<String> {
        let name = &self.0.name;
        self.0.open_end.map(|part| format!("the {part} of {name} has no end: it may be cut"))
    }

    /// Its entries, in their order.
    #[must_use]
    pub fn entries(&self) -> Reading {
        Reading::new(&self.0)
    }

    /// How many entries cannot be read; it is read to the end if it was not yet.
    ///
    /// # Errors
    ///
    /// One cannot be read and none is to be skipped.
    pub fn skipped(&self) -> Result<u64, KernelError> {
        if self.0.skipped.get().is_none() {
            self.entries().try_for_each(|entry| entry.map(drop))?;
        }
        Ok(self.0.skipped.get().unwrap_or(0))
    }
}

/// What has no end, if something has none: a document of XML, or the last line, unless it is one of
/// JSON, whose end tells. Of a file of the kernel, which has no length, nothing is known.
fn open_end(file: &File) -> io::Result<Option<&'static str>> {
    let (mut start, mut end) = ([0; 64], [0; 512]);
    let length = file.metadata()?.len();
    let read = file.read_at(&mut start, 0)?;
    let start = start.get(..read).unwrap_or_default();
    let read = file.read_at(&mut end, length.saturating_sub(512))?;
    let end = end.get(..read).unwrap_or_default();
    if length == 0 {
        return Ok(None);
    }
    if [&b"<?xml"[..], b"<conntrack", b"<expect"].iter().any(|head| start.starts_with(head)) {
        let ends = |tail: &[u8]| end.windows(tail.len()).any(|part| part == tail);
        let whole = ends(b"</conntrack>") || ends(b"</expect>");
        return Ok((!whole).then_some("document"));
    }
    if end.ends_with(b"\n") {
        return Ok(None);
    }
    let cut = match end.trim_ascii_end().split_last() {
        // Of an array, not of `[ASSURED]`.
        Some((b']', before)) => !matches!(before.trim_ascii_end().last(), Some(b'}' | b'[')),
        Some((last, _)) => !matches!(last, b'>' | b'}'),
        None => false,
    };
    Ok(cut.then_some("last line"))
}

/// A copy of `from` that can be read again and again, on a disk, and that nobody else can open.
///
/// # Errors
///
/// It cannot be read, or the copy not be written; `Interrupted` once `interrupt` is set.
fn spool(from: &mut dyn Read, interrupt: &AtomicBool) -> io::Result<File> {
    let mut copy = scratch()?;
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        if interrupt.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let read = match from.read(&mut chunk) {
            Ok(0) => return Ok(copy),
            Ok(read) => chunk.get(..read).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        io::Write::write_all(&mut copy, read)?;
    }
}

/// An empty file on a disk, that nobody else can open and that goes with its last user.
///
/// # Errors
///
/// It cannot be made.
pub fn scratch() -> io::Result<File> {
    let path = std::env::temp_dir().join(format!("flowsh-{}-{}", process::id(), now_ns()));
    let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

/// Flows of a recording that a filter takes.
struct Played {
    reading: Reading,
    family: Option<Family>,
    filter: Filter,
    sent: u64,
    current: Option<Flow>,
}

impl Flows for Played {
    fn next(&mut self) -> Result<Option<&Flow>, KernelError> {
        while let Some(entry) = self.reading.entry()? {
            let Subject::Flow(flow) = entry.subject else { continue };
            self.sent += 1;
            let now_ns = entry.time_ns.unwrap_or(self.reading.tape.made_ns);
            let family = self.family.is_none_or(|family| family == flow.family());
            if family && self.filter.takes(&flow, now_ns) {
                return Ok(Some(self.current.insert(flow)));
            }
        }
        Ok(None)
    }

    fn current(&self) -> Option<&Flow> {
        self.current.as_ref()
    }

    fn figures(&self) -> Figures {
        Figures { sent: self.sent, ..Figures::default() }
    }
}

impl Source for Recording {
    fn flows(&self, scope: &DumpScope, filter: &Filter) -> Result<Box<dyn Flows>, KernelError> {
        let refused = |what| {
            let name = &self.0.name;
            Err(KernelError::Unsupported(format!("{name} is a recording: {what}")))
        };
        // The filter holds whatever the kernel's would: that one only saves work.
        match *scope {
            DumpScope { zero: true, .. } => refused("its counters cannot be set to zero"),
            DumpScope { table: FlowTable::Dying, .. } => refused("it has no dying list"),
            DumpScope { table: FlowTable::Unconfirmed, .. } => {
                refused("it has no list of unconfirmed flows")
            }
            DumpScope { table: FlowTable::Conntrack, family, .. } => {
                let (reading, filter) = (self.entries(), filter.clone());
                Ok(Box::new(Played { reading, family, filter, sent: 0, current: None }))
            }
        }
    }

    fn expectations(&self, family: Option<Family>) -> Result<Vec<Expectation>, KernelError> {
        let mut found = Vec::new();
        for entry in self.entries() {
            if let Subject::Expectation(expectation) = entry?.subject
                && family.is_none_or(|family| family == expectation.tuple.family())
            {
                found.push(expectation);
            }
        }
        Ok(found)
    }

    fn live(&self) -> Result<&Live, KernelError> {
        let name = &self.0.name;
        Err(KernelError::Unsupported(format!(
            "{name} is a recording: it can be read, but not changed or listened to"
        )))
    }

    fn get(&self, key: &FlowKey) -> Result<Option<Flow>, KernelError> {
        self.find(key)
    }

    /// The first of that name, in the zone that `key` names or in none; of its answers, as the kernel
    /// finds a flow, if none begins so.
    fn find(&self, key: &FlowKey) -> Result<Option<Flow>, KernelError> {
        let mut answering = None;
        for entry in self.entries() {
            let Subject::Flow(flow) = entry?.subject else { continue };
            let is = |told: &Tuple| {
                key.tuple.names(told) && (told.zone, flow.zone) == (key.tuple.zone, key.zone)
            };
            if is(&flow.orig) {
                return Ok(Some(flow));
            }
            if answering.is_none() && is(&flow.reply) {
                answering = Some(flow);
            }
        }
        Ok(answering)
    }

    fn now_ns(&self) -> u64 {
        self.0.made_ns
    }
}

#[cfg(test)]
mod tests;
