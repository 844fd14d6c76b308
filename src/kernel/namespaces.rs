//! Several network namespaces as one source: one is read after the other, and each flow carries the
//! name of its own. One that cannot be entered is told of and passed over.

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use super::source::{DumpScope, Figures, Flows, Pace, Source};
use super::{KernelError, Live};
use crate::flow::{Expectation, Family, Filter, Flow};

/// Told of a namespace that cannot be entered, and why.
type PassedOver = dyn Fn(&Live, &KernelError);

/// The tables of several namespaces.
pub struct Namespaces(Rc<Inner>);

struct Inner {
    members: Vec<Rc<Live>>,
    tell: Box<PassedOver>,
    /// Whom it was told of.
    told: RefCell<BTreeSet<Option<Arc<str>>>>,
}

impl fmt::Debug for Namespaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Namespaces").field(&self.0.members).finish()
    }
}

impl Namespaces {
    /// The namespaces of `members`; `tell` is called once for each that is passed over.
    #[must_use]
    pub fn new(members: Vec<Rc<Live>>, tell: Box<PassedOver>) -> Self {
        Self(Rc::new(Inner { members, tell, told: RefCell::default() }))
    }

    /// The namespaces.
    #[must_use]
    pub fn members(&self) -> &[Rc<Live>] {
        &self.0.members
    }
}

impl Inner {
    /// What `ask` gives for `live`; `None`, and told of, if the namespace cannot be entered.
    fn reached<T>(
        &self,
        live: &Live,
        ask: impl FnOnce(&Live) -> Result<T, KernelError>,
    ) -> Result<Option<T>, KernelError> {
        match live.connect() {
            Ok(()) => ask(live).map(Some),
            Err(error) => {
                if self.told.borrow_mut().insert(live.tag().cloned()) {
                    (self.tell)(live, &error);
                }
                Ok(None)
            }
        }
    }

    /// An error if there are namespaces and none was reached: that is no partial answer.
    fn any(&self, reached: bool) -> Result<(), KernelError> {
        if reached || self.members.is_empty() {
            return Ok(());
        }
        let what = "none of the network namespaces can be entered";
        Err(KernelError::Unsupported(what.to_owned()))
    }

    fn several<T>(&self) -> Result<T, KernelError> {
        let count = self.members.len();
        Err(KernelError::Unsupported(format!(
            "this needs one network namespace, and these are {count}: name it, with netns(…)"
        )))
    }
}

/// Flows of one namespace after the other.
struct Chain {
    inner: Rc<Inner>,
    scope: DumpScope,
    filter: Filter,
    /// Those that were not read yet.
    left: VecDeque<Rc<Live>>,
    present: Option<Box<dyn Flows>>,
    /// True once one was entered.
    reached: bool,
    pace: Pace,
    /// What it took to read those before the present one.
    before: Figures,
}

impl Chain {
    /// The next flow is in `present`, or nowhere.
    fn advance(&mut self) -> Result<bool, KernelError> {
        loop {
            if let Some(flows) = &mut self.present
                && flows.next()?.is_some()
            {
                return Ok(true);
            }
            self.before = self.figures();
            self.present = None;
            let Some(live) = self.left.pop_front() else {
                return self.inner.any(self.reached).map(|()| false);
            };
            let (scope, filter) = (&self.scope, &self.filter);
            self.present = self.inner.reached(&live, |live| live.flows(scope, filter))?;
            if let Some(flows) = &mut self.present {
                self.reached = true;
                flows.set_pace(self.pace);
            }
        }
    }
}

impl Flows for Chain {
    fn next(&mut self) -> Result<Option<&Flow>, KernelError> {
        Ok(if self.advance()? { self.current() } else { None })
    }

    fn current(&self) -> Option<&Flow> {
        self.present.as_ref()?.current()
    }

    fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    fn figures(&self) -> Figures {
        let present = self.present.as_ref().map(|flows| flows.figures()).unwrap_or_default();
        Figures {
            sent: self.before.sent + present.sent,
            waited: self.before.waited + present.waited,
        }
    }
}

impl Source for Namespaces {
    fn flows(&self, scope: &DumpScope, filter: &Filter) -> Result<Box<dyn Flows>, KernelError> {
        Ok(Box::new(Chain {
            inner: Rc::clone(&self.0),
            scope: *scope,
            filter: filter.clone(),
            left: self.0.members.iter().cloned().collect(),
            present: None,
            reached: false,
            pace: Pace::default(),
            before: Figures::default(),
        }))
    }

    fn expectations(&self, _: Option<Family>) -> Result<Vec<Expectation>, KernelError> {
        self.0.several()
    }

    fn live(&self) -> Result<&Live, KernelError> {
        match self.members() {
            [one] => Ok(one),
            _ => self.0.several(),
        }
    }

    fn lives(&self) -> Result<Vec<&Live>, KernelError> {
        Ok(self.members().iter().map(|live| &**live).collect())
    }

    fn part(&self, netns: Option<&Arc<str>>) -> Option<&Rc<Live>> {
        self.members().iter().find(|live| live.tag() == netns)
    }

    fn entries(&self) -> Result<Option<u64>, KernelError> {
        let mut entries = None;
        for live in self.members() {
            if let Some(stats) = self.0.reached(live, Live::global_stats)? {
                *entries.get_or_insert(0) += u64::from(stats.entries);
            }
        }
        self.0.any(entries.is_some())?;
        Ok(Some(entries.unwrap_or(0)))
    }
}
