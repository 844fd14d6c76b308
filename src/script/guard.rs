//! The guards of a run: what it never touches, whom it asks, and where it writes down what it does.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use rhai::Engine;

use super::closure::Closure;
use super::diag;
use super::fault::Fallible;
use super::host::{Host, Tally};
use super::journal::Journal;
use super::objects::Flows;
use super::ops::asker;
use crate::flow::{Changed, Filter, Flow, LabelMap};
use crate::kernel::{KernelError, Live, NetNs, Source, SshSession, ssh_session};
use crate::table::{Guard, parse_filter};

/// A change of more flows than this is asked about, where there is someone to ask.
pub(super) const MANY: u64 = 100;

/// A filter that no change touches, and why.
#[derive(Debug, Clone)]
pub struct Protected {
    /// Which flows.
    pub filter: Filter<Closure>,
    /// Whose wish it is.
    pub because: Rc<str>,
    /// The operator's own session, of which it is told when it was left alone.
    pub is_own: bool,
}

/// What a run protects, in every namespace.
#[derive(Debug, Default)]
pub struct Protection {
    /// The operator's session; looked for when it is first needed, unless nothing is to be protected.
    own: OnceCell<Option<Protected>>,
    wished: RefCell<Vec<Protected>>,
    told: Cell<bool>,
}

impl Protection {
    /// Adds a filter.
    pub fn add(&self, filter: Filter<Closure>) {
        let because = "protect()".into();
        self.wished.borrow_mut().push(Protected { filter, because, is_own: false });
    }

    /// From now on nothing is protected; the operator's session neither.
    pub fn lift(&mut self) {
        *self = Self { own: OnceCell::from(None), ..Self::default() };
    }

    /// What is protected, the operator's session first.
    #[must_use]
    pub fn list(&self) -> Vec<Protected> {
        let own = self.own.get_or_init(|| ssh_session().as_ref().and_then(own));
        own.iter().chain(&*self.wished.borrow()).cloned().collect()
    }
}

/// The flow of an SSH session: both ends of it, in whatever direction and before or after NAT.
fn own(session: &SshSession) -> Option<Protected> {
    let SshSession { client, server, found_in } = session;
    let ends = [client, server].map(|end| format!("host {} port {}", end.ip(), end.port()));
    let filter = parse_filter(&format!("tcp {}", ends.join(" ")), &LabelMap::default()).ok()?;
    let whence = match found_in {
        Some(process) => format!("the environment of {process}"),
        None => "SSH_CONNECTION".to_owned(),
    };
    let because = format!("your SSH session, by {whence}").into();
    Some(Protected { filter: filter.widen(), because, is_own: true })
}

/// The guard of one change.
pub(super) struct Watch<'a> {
    host: Rc<Host>,
    engine: &'a Engine,
    source: Rc<dyn Source>,
    /// What the flows do that the query finds, for who is asked.
    query: String,
    protected: Vec<Protected>,
    journal: Option<Journal>,
    /// Told of each flow that is about to be changed.
    seen: Option<&'a dyn Fn(&Flow)>,
    /// An error of a closure was told already.
    told: bool,
}

impl<'a> Watch<'a> {
    /// The guard of a change to what `query` finds.
    ///
    /// # Errors
    ///
    /// The script is over.
    pub(super) fn new(engine: &'a Engine, query: &Flows) -> Fallible<Self> {
        let source = Rc::clone(query.source());
        let query = match query.filter() {
            Some(filter) if filter.is_all() => "are in the table".to_owned(),
            Some(filter) => format!("match `{}`", filter.now()),
            None => "are taken".to_owned(),
        };
        let host = Host::current()?;
        let mut protected = host.protection.borrow().list();
        for Protected { filter, .. } in &mut protected {
            *filter = filter.now();
        }
        // What is only counted needs no undoing.
        let dry = source.lives()?.iter().any(|live| live.is_dry_run());
        let journal = host.options.journal.clone().filter(|_| !dry);
        let (seen, told) = (None, false);
        Ok(Self { host, engine, source, query, protected, journal, seen, told })
    }

    /// The same, telling `seen` of each flow that is about to be changed.
    pub(super) fn telling(self, seen: &'a dyn Fn(&Flow)) -> Self {
        Self { seen: Some(seen), ..self }
    }

    /// Says once per change that a closure failed; what it was asked about is left alone.
    fn tell(&mut self, error: &rhai::EvalAltResult) {
        if self.host.stopped() || std::mem::replace(&mut self.told, true) {
            return;
        }
        let tally = self.host.tally.get();
        self.host.tally.set(Tally { erred: true, ..tally });
        let report = diag::runtime(&self.host, "", error, &[]);
        self.host.message(&format!(
            "{}\n  while judging what is protected: such flows are left alone",
            report.text
        ));
    }
}

impl Watch<'_> {
    /// Writes into the journal that changes are made, or that they were not.
    fn write(&self, changes: &[Changed], made: bool) -> Fallible<()> {
        match &self.journal {
            Some(journal) => {
                let view = self.host.view_of(&*self.source);
                journal.write(changes, made, self.host.source.live()?.netns(), view)
            }
            None => Ok(()),
        }
    }
}

impl Guard<Box<rhai::EvalAltResult>> for Watch<'_> {
    fn protects(&mut self, flow: &Flow) -> bool {
        // The usual case, of each of many flows.
        if self.protected.is_empty() {
            return false;
        }
        let mut ask = asker(self.engine, &self.source);
        let now_ns = self.source.now_ns();
        for protected in &self.protected {
            match protected.filter.judge(flow, now_ns, &mut ask) {
                Ok(false) => (),
                Ok(true) => {
                    if protected.is_own && !self.host.protection.borrow().told.replace(true) {
                        let because = &protected.because;
                        self.host.note(&format!(
                            "note: left alone: {because}\nhint: unprotect() lifts that"
                        ));
                    }
                    return true;
                }
                Err(error) => {
                    self.tell(&error);
                    return true;
                }
            }
        }
        false
    }

    fn asks_above(&self) -> Option<u64> {
        self.host.asks().then_some(MANY)
    }

    fn agrees(&mut self, word: &str, found: u64, sample: &[Flow]) -> Fallible<bool> {
        let place = match self.source.live().map(Live::netns) {
            Ok(NetNs::Current) => String::new(),
            Ok(other) => format!(" in network namespace {other}"),
            Err(_) => " in all these network namespaces".to_owned(),
        };
        let mut lines = vec![format!("{found} flows{place} {}, such as", self.query)];
        lines.extend(sample.iter().map(|flow| format!("  {flow}")));
        lines.push(format!("{word} all {found}? [y/N] "));
        let answer = self.host.ask(&lines.join("\n"));
        if self.host.stopped() {
            self.host.message("\nnothing was changed");
            return Err(KernelError::Interrupted.into());
        }
        Ok(answer.is_some_and(|answer| matches!(answer.to_lowercase().as_str(), "y" | "yes")))
    }

    fn record(&mut self, changes: &[Changed]) -> Fallible<()> {
        if let Some(seen) = self.seen {
            for changed in changes {
                seen(&changed.was);
            }
        }
        self.write(changes, true)
    }

    fn strike(&mut self, changes: &[Changed]) -> Fallible<()> {
        self.write(changes, false)
    }
}
