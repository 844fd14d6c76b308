//! A table without a kernel: flows that are given once and read again and again, and a program that
//! runs over them.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use flowsh::flow::{Expectation, Family, Filter, Flow, LabelMap};
use flowsh::kernel::{DumpScope, Figures, Flows, KernelError, Live, Source, now_ns};
use flowsh::render::Screen;
use flowsh::script::{Options, Output, Program, Style, show};

/// The flows of a table that does not change.
#[derive(Debug, Clone)]
pub(crate) struct Replay(pub(crate) Rc<Vec<Flow>>);

impl Source for Replay {
    fn flows(&self, _: &DumpScope, filter: &Filter) -> Result<Box<dyn Flows>, KernelError> {
        let (flows, filter) = (Rc::clone(&self.0), filter.clone());
        Ok(Box::new(Walk { flows, filter, next: 0 }))
    }

    fn expectations(&self, _: Option<Family>) -> Result<Vec<Expectation>, KernelError> {
        Ok(Vec::new())
    }

    fn live(&self) -> Result<&Live, KernelError> {
        Err(KernelError::Unsupported("what was recorded cannot be changed".to_owned()))
    }
}

struct Walk {
    flows: Rc<Vec<Flow>>,
    filter: Filter,
    next: usize,
}

impl Flows for Walk {
    fn next(&mut self) -> Result<Option<&Flow>, KernelError> {
        let now = now_ns();
        let rest = self.flows.iter().enumerate().skip(self.next);
        let found = rest.into_iter().find(|(_, flow)| self.filter.takes(flow, now));
        self.next = found.map_or(self.flows.len() + 1, |(index, _)| index + 1);
        Ok(found.map(|(_, flow)| flow))
    }

    fn current(&self) -> Option<&Flow> {
        self.flows.get(self.next.checked_sub(1)?)
    }

    fn figures(&self) -> Figures {
        let sent = self.next.min(self.flows.len());
        Figures { sent: sent.try_into().unwrap(), ..Figures::default() }
    }
}

/// What a script wrote and was told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Paper(Rc<RefCell<(Vec<u8>, String)>>);

impl Output for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.borrow_mut().0.extend_from_slice(bytes);
        Ok(())
    }

    fn message(&mut self, text: &str) {
        self.0.borrow_mut().1 += text;
    }
}

/// A program over flows that were given.
pub(crate) struct Script {
    /// The program.
    pub(crate) program: Program,
    paper: Paper,
}

impl Script {
    /// A program over `flows`.
    pub(crate) fn over(flows: Vec<Flow>) -> Self {
        let (source, paper) = (Rc::new(Replay(Rc::new(flows))), Paper::default());
        let stop = Arc::new(AtomicBool::new(false));
        let output = Box::new(paper.clone());
        let (options, screen) = (Options::default(), Screen::default());
        let program =
            flowsh::run::program(source, LabelMap::default(), stop, options, screen, output);
        Self { program, paper }
    }

    /// What `text` shows, one row a line, or the report of its error.
    pub(crate) fn show(&mut self, text: &str) -> Result<String, String> {
        let value = self.program.eval("test", text).map_err(|report| report.text)?;
        let style = Style { format: "ndjson".parse()?, limit: None };
        show(&value, style).map_err(|error| self.program.report(&error).text)?;
        let bytes = std::mem::take(&mut self.paper.0.borrow_mut().0);
        String::from_utf8(bytes).map_err(|error| error.to_string())
    }

    /// What `text` answers.
    #[track_caller]
    pub(crate) fn answer(&mut self, text: &str) -> String {
        let shown = self.show(text);
        shown.unwrap_or_else(|error| panic!("{text}\n{error}")).trim_end().to_owned()
    }
}
