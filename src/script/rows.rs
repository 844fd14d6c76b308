//! Rows: a result that was gathered, or a selection that is read only when someone looks.

use std::cell::OnceCell;
use std::ops::ControlFlow;
use std::rc::Rc;

use rhai::{Dynamic, Map};

use super::cells::record;
use super::fault::Fallible;
use super::host::Host;
use super::objects::{FlowHandle, Flows};
use super::ops::{Key, each};
use crate::flow::Value;
use crate::render::{Column, Columns};

/// A result with rows: flows, expectations, or records of named cells.
#[derive(Debug, Clone)]
pub struct Rows {
    columns: Columns,
    items: Items,
}

#[derive(Debug, Clone)]
enum Items {
    /// Handles of flows or expectations, or maps.
    Kept(Rc<Vec<Dynamic>>),
    /// Records that are made as they are read.
    Selected(Rc<Selection>),
}

/// Chosen columns of a query.
#[derive(Debug)]
pub(crate) struct Selection {
    query: Flows,
    columns: Vec<Column>,
    keys: Vec<Key>,
    gathered: OnceCell<Rc<Vec<Dynamic>>>,
}

impl Rows {
    /// Rows that were gathered.
    #[must_use]
    pub fn kept(columns: Columns, items: Vec<Dynamic>) -> Self {
        Self { columns, items: Items::Kept(Rc::new(items)) }
    }

    /// Rows of flows.
    #[must_use]
    pub fn of_flows(flows: impl IntoIterator<Item = FlowHandle>) -> Self {
        Self::kept(Columns::Flows, flows.into_iter().map(Dynamic::from).collect())
    }

    /// Rows of records.
    #[must_use]
    pub fn of_records(columns: Vec<Column>, records: impl IntoIterator<Item = Map>) -> Self {
        let items = records.into_iter().map(Dynamic::from).collect();
        Self::kept(Columns::Chosen(columns), items)
    }

    /// Chosen columns of a query; nothing is read yet.
    pub(crate) fn selected(query: Flows, columns: Vec<Column>, keys: Vec<Key>) -> Self {
        let chosen = Columns::Chosen(columns.clone());
        let selection = Selection { query, columns, keys, gathered: OnceCell::new() };
        Self { columns: chosen, items: Items::Selected(Rc::new(selection)) }
    }

    /// The same kind of rows, others.
    #[must_use]
    pub fn with_items(&self, items: Vec<Dynamic>) -> Self {
        Self::kept(self.columns.clone(), items)
    }

    /// What the rows are.
    #[must_use]
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The selection, if it was not gathered yet: it can be read row by row.
    pub(crate) fn selection(&self) -> Option<&Selection> {
        match &self.items {
            Items::Selected(selection) if selection.gathered.get().is_none() => Some(selection),
            _ => None,
        }
    }

    /// All rows; a selection is gathered for it.
    ///
    /// # Errors
    ///
    /// The table cannot be read, or a closure throws.
    pub fn items(&self) -> Fallible<Rc<Vec<Dynamic>>> {
        match &self.items {
            Items::Kept(items) => Ok(Rc::clone(items)),
            Items::Selected(selection) => {
                if let Some(items) = selection.gathered.get() {
                    return Ok(Rc::clone(items));
                }
                let items = Rc::new(selection.gather()?);
                Ok(Rc::clone(selection.gathered.get_or_init(|| items)))
            }
        }
    }

    /// The first `count` rows; a selection stops its query there.
    ///
    /// # Errors
    ///
    /// As [`Self::items`].
    pub fn take(&self, count: u64) -> Fallible<Self> {
        if let Some(selection) = self.selection() {
            return Ok(selection.over(selection.query.clone().take(count)));
        }
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        Ok(self.with_items(self.items()?.iter().take(count).cloned().collect()))
    }

    /// The rows after the first `count`.
    ///
    /// # Errors
    ///
    /// As [`Self::items`].
    pub fn skip(&self, count: u64) -> Fallible<Self> {
        if let Some(selection) = self.selection() {
            return Ok(selection.over(selection.query.clone().skip(count)));
        }
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        Ok(self.with_items(self.items()?.iter().skip(count).cloned().collect()))
    }
}

impl Selection {
    /// The same columns of another query.
    fn over(&self, query: Flows) -> Rows {
        Rows::selected(query, self.columns.clone(), self.keys.clone())
    }

    /// The columns.
    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Shows the cells of each row to `visit` until that breaks; nothing is kept.
    ///
    /// # Errors
    ///
    /// The table cannot be read, or a closure throws.
    pub(crate) fn each(
        &self,
        visit: &mut dyn FnMut(Vec<Value>) -> Fallible<ControlFlow<()>>,
    ) -> Fallible<()> {
        let host = Host::current()?;
        let engine = host.engine()?;
        let keys: Vec<Key> = self.keys.iter().map(Key::now).collect();
        let (source, view) = (self.query.source(), host.view_of(&**self.query.source()));
        each(&engine, &self.query, &mut |flow| {
            let values = keys.iter().map(|key| key.value(&engine, flow, view, source));
            visit(values.collect::<Fallible<_>>()?)
        })
    }

    fn gather(&self) -> Fallible<Vec<Dynamic>> {
        let mut items = Vec::new();
        self.each(&mut |values| {
            items.push(Dynamic::from(record(&self.columns, values)?));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(items)
    }
}

/// `for r in rows`: gathered rows one by one; a selection is gathered first.
impl IntoIterator for Rows {
    type Item = Fallible<Dynamic>;
    type IntoIter = Box<dyn Iterator<Item = Fallible<Dynamic>>>;

    fn into_iter(self) -> Self::IntoIter {
        match self.items() {
            Ok(items) => Box::new(Rc::unwrap_or_clone(items).into_iter().map(Ok)),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    }
}
