//! What every script function can reach: the table, the labels, the way out, the rules.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::io;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rhai::Engine;

use super::doc::Docs;
use super::fault::{Fallible, Fault};
use super::guard::Protection;
use super::journal::Journal;
use super::lookup::Lookups;
use super::objects::Flows;
use super::stage::Stage;
use crate::flow::{LabelMap, View};
use crate::kernel::Source;
use crate::render::{Format, Screen};
use crate::table::{Run, Undo};

thread_local! {
    /// Functions of scripts are plain functions: this is how they find what surrounds them.
    static CURRENT: RefCell<Weak<Host>> = const { RefCell::new(Weak::new()) };
}

/// Where a script's output goes.
pub trait Output {
    /// Writes to standard output.
    ///
    /// # Errors
    ///
    /// Nobody reads it any more, or it cannot be written.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Shows a message to whoever is there: standard error.
    fn message(&mut self, text: &str);

    /// True if someone is there who can answer.
    fn can_ask(&self) -> bool {
        false
    }

    /// Asks whoever is there; `None` if nobody answers, or once `stop` is set.
    fn ask(&mut self, _question: &str, _stop: &AtomicBool) -> Option<String> {
        None
    }
}

/// What a script may do outside of conntrack; nothing unless allowed.
#[derive(Debug, Clone, Default)]
pub struct Permissions {
    /// Programs it may run: none, any, or these.
    pub exec: Permit,
    /// Paths it may read, with what is below them.
    pub read: Permit,
    /// Paths it may write, with what is below them.
    pub write: Permit,
}

/// One permission.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Permit {
    /// Not at all.
    #[default]
    None,
    /// Only these.
    Only(Vec<String>),
    /// All.
    Any,
}

/// The choices of the command line that scripts depend on.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Output format of results; absent: table on a terminal, ndjson elsewhere.
    pub format: Option<Format>,
    /// A change that matches nothing is a failure.
    pub require_match: bool,
    /// Nobody is asked before many flows are changed.
    pub yes: bool,
    /// Where changes are written down.
    pub journal: Option<Journal>,
    /// No notes on standard error.
    pub quiet: bool,
    /// Permissions.
    pub permissions: Permissions,
    /// Arguments of the script.
    pub args: Vec<String>,
}

/// What a shell tells of a program that a `SIGPIPE` ended.
pub const SIGPIPE_STATUS: u8 = 141;

/// What became of all changes of a run, for the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Changes that the kernel refused.
    pub failed: u64,
    /// Commands to change something that matched nothing.
    pub unmatched: u64,
    /// A handler failed, or a closure that says what is protected; the run went on.
    pub erred: bool,
}

/// The surroundings of a run.
pub struct Host {
    /// The table that `flows` is.
    pub source: Rc<dyn Source>,
    /// Names of labels.
    pub labels: LabelMap,
    /// Set to end whatever runs.
    pub stop: Arc<AtomicBool>,
    /// Choices.
    pub options: Options,
    /// The format of results: the option, until a shell's user asks for another.
    pub format: Cell<Option<Format>>,
    /// What was looked up about flows.
    pub lookups: Lookups,
    /// Handlers and timers.
    pub stage: RefCell<Stage>,
    /// Remarks that were made, and need not be repeated.
    noted: RefCell<HashSet<String>>,
    /// True once the blind spot of `nf_conntrack_events=2` was told of.
    pub warned_of_events: Cell<bool>,
    /// What no change touches.
    pub protection: RefCell<Protection>,
    /// What a change did that was not made to its end.
    pub unfinished: RefCell<Option<Undo>>,
    /// True while a handler or a timer runs: it never waits for an answer.
    pub unattended: Cell<bool>,
    /// What became of changes.
    pub tally: Cell<Tally>,
    /// What reading queries took since someone looked.
    pub runs: Cell<Run>,
    /// True if the stop found the script waiting in a loop over events: nothing is half done.
    pub stopped_waiting: Cell<bool>,
    /// The status a script asked to exit with.
    pub exit: Cell<Option<u8>>,
    /// Where text goes; the screen says how wide it is.
    pub screen: Cell<Screen>,
    output: RefCell<Box<dyn Output>>,
    engine: OnceCell<Weak<Engine>>,
    docs: OnceCell<Docs>,
    /// Texts of scripts and modules by source name, to show lines of errors.
    sources: RefCell<BTreeMap<String, Rc<str>>>,
}

impl Host {
    /// A host of `source` that writes to `output`.
    #[must_use]
    pub fn new(
        source: Rc<dyn Source>,
        labels: LabelMap,
        stop: Arc<AtomicBool>,
        options: Options,
        screen: Screen,
        output: Box<dyn Output>,
    ) -> Self {
        Self {
            source,
            labels,
            stop,
            format: Cell::new(options.format),
            options,
            lookups: Lookups::default(),
            stage: RefCell::default(),
            noted: RefCell::default(),
            warned_of_events: Cell::new(false),
            protection: RefCell::default(),
            unfinished: RefCell::default(),
            unattended: Cell::new(false),
            tally: Cell::default(),
            runs: Cell::default(),
            stopped_waiting: Cell::new(false),
            exit: Cell::new(None),
            screen: Cell::new(screen),
            output: RefCell::new(output),
            engine: OnceCell::new(),
            docs: OnceCell::new(),
            sources: RefCell::default(),
        }
    }

    /// The host of the script that runs on this thread.
    ///
    /// # Errors
    ///
    /// No script does.
    pub fn current() -> Fallible<Rc<Self>> {
        let host = CURRENT.with(|current| current.borrow().upgrade());
        host.ok_or_else(|| Fault::new("the script is over").thrown())
    }

    /// Makes this the host of the thread, and `engine` the one it calls back into.
    pub(super) fn install(self: &Rc<Self>, engine: &Rc<Engine>) {
        // A host is given to one engine once; a second call changes nothing.
        let _ = self.engine.set(Rc::downgrade(engine));
        CURRENT.with(|current| *current.borrow_mut() = Rc::downgrade(self));
    }

    /// The engine.
    ///
    /// # Errors
    ///
    /// It is gone: the run is over.
    pub fn engine(&self) -> Fallible<Rc<Engine>> {
        let engine = self.engine.get().and_then(Weak::upgrade);
        engine.ok_or_else(|| Fault::new("the script is over").thrown())
    }

    /// The documentation of everything that scripts can see; made when it is first asked for.
    #[must_use]
    pub fn docs(&self) -> &Docs {
        let engine = || self.engine.get().and_then(Weak::upgrade);
        self.docs.get_or_init(|| engine().map(|engine| Docs::of(&engine)).unwrap_or_default())
    }

    /// What reading a field needs, of a flow of the table that `flows` is.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        self.view_of(&*self.source)
    }

    /// What reading a field needs, of a flow of `source`, which has a present of its own.
    #[must_use]
    pub fn view_of(&self, source: &dyn Source) -> View<'_> {
        View { now_ns: source.now_ns(), labels: &self.labels }
    }

    /// Writes to standard output. When nobody reads it any more, the run ends quietly, with the
    /// status of what `SIGPIPE` ends: what would have followed is not done.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn write(&self, bytes: &[u8]) -> Fallible<()> {
        match self.output.borrow_mut().write(bytes) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.exit.set(Some(SIGPIPE_STATUS));
                self.stop.store(true, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => Fault::new(format!("cannot write the output: {error}")).throw(),
        }
    }

    /// Shows a message.
    pub fn message(&self, text: &str) {
        self.output.borrow_mut().message(text);
    }

    /// Shows a message unless `-q` was given.
    pub fn note(&self, text: &str) {
        if !self.options.quiet {
            self.message(text);
        }
    }

    /// The same, but only the first time.
    pub(super) fn note_once(&self, text: String) {
        if !self.noted.borrow().contains(&text) {
            self.note(&text);
            self.noted.borrow_mut().insert(text);
        }
    }

    /// True if someone is there who can answer, and wants to be asked.
    #[must_use]
    pub fn asks(&self) -> bool {
        !self.options.yes && !self.unattended.get() && self.output.borrow().can_ask()
    }

    /// Asks whoever is there; `None` if nobody answers, or the run is to end.
    #[must_use]
    pub fn ask(&self, question: &str) -> Option<String> {
        self.output.borrow_mut().ask(question, &self.stop)
    }

    /// Does `job`, which nobody waits for: it asks nothing.
    pub(super) fn unattended<T>(&self, job: impl FnOnce() -> T) -> T {
        let before = self.unattended.replace(true);
        let done = job();
        self.unattended.set(before);
        done
    }

    /// The format of results: as asked for, else a table on a terminal and ndjson elsewhere.
    #[must_use]
    pub fn result_format(&self) -> Format {
        let usual = match self.screen.get().width {
            Some(_) => Format::Table,
            None => Format::Ndjson,
        };
        self.format.get().unwrap_or(usual)
    }

    /// True once the run is to end.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Counts what the last reading of `query` took.
    pub(super) fn count_run(&self, query: &Flows) {
        let mut runs = self.runs.get();
        runs += query.last_run().unwrap_or_default();
        self.runs.set(runs);
    }

    /// Counts what became of a change.
    pub fn count(&self, matched: u64, failed: u64) {
        let mut tally = self.tally.get();
        tally.failed += failed;
        tally.unmatched += u64::from(matched == 0);
        self.tally.set(tally);
    }

    /// Keeps the text of a source, to show lines of it.
    pub fn keep_source(&self, name: &str, text: &str) {
        self.sources.borrow_mut().insert(name.to_owned(), text.into());
    }

    /// The text of a source.
    #[must_use]
    pub fn source_text(&self, name: &str) -> Option<Rc<str>> {
        self.sources.borrow().get(name).cloned()
    }
}
