//! `for` loops over a query: flow by flow, while the kernel sends them.

use std::rc::Rc;

use rhai::Dynamic;

use super::closure::Closure;
use super::fault::Fallible;
use super::host::Host;
use super::objects::Flows;
use super::ops::{asker, handle};
use crate::table::{Cursor, Query};

/// A query being read by a `for` loop.
struct Loop {
    host: Rc<Host>,
    query: Flows,
    /// Nothing once the loop was left.
    cursor: Option<Cursor<Closure>>,
}

impl Iterator for Loop {
    type Item = Fallible<Dynamic>;

    fn next(&mut self) -> Option<Self::Item> {
        let engine = match self.host.engine() {
            Ok(engine) => engine,
            Err(error) => return Some(Err(error)),
        };
        let mut ask = asker(&engine, self.query.source());
        let flow = self.cursor.as_mut()?.next(&mut ask);
        flow.map(|flow| flow.map(|flow| handle(flow, self.query.source()))).transpose()
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        self.cursor = None;
        self.host.count_run(&self.query);
    }
}

impl IntoIterator for Query<Closure> {
    type Item = Fallible<Dynamic>;
    type IntoIter = Box<dyn Iterator<Item = Fallible<Dynamic>>>;

    fn into_iter(self) -> Self::IntoIter {
        let started = Host::current().and_then(|host| {
            let cursor = Some(self.cursor()?);
            Ok(Loop { host, query: self, cursor })
        });
        match started {
            Ok(rows) => Box::new(rows),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    }
}
