//! Showing a value: results as rows in the format of the run, anything else as text.

use rhai::{Dynamic, Map};

use super::cells::{cell, unit_of};
use super::fault::{Fallible, Fault};
use super::host::Host;
use super::objects::{EventHandle, ExpectHandle, Expectations, FlowHandle, Flows, Handle};
use super::ops::each;
use super::rows::Rows;
use super::value::{from_dynamic, text_of};
use super::waiting::Events;
use crate::flow::{Field, Unit, Value, View};
use crate::render::{self, Column, Columns, Format, Item, Printer};
use crate::table::Outcome;
use std::collections::HashSet;
use std::ops::ControlFlow;

/// Output is handed on in pieces of about this size.
const CHUNK_BYTES: usize = 64 * 1024;

/// How a value is shown.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// The format.
    pub format: Format,
    /// Rows shown at most; the rest is counted in a last line.
    pub limit: Option<u64>,
}

/// Shows `value` on standard output; `()` shows as nothing.
///
/// # Errors
///
/// The output cannot be written, or a query cannot be read.
pub fn show(value: &Dynamic, style: Style) -> Fallible<()> {
    // A handle is held, not looked at.
    if value.is_unit() || value.is::<Handle>() {
        return Ok(());
    }
    let host = Host::current()?;
    let mut page = Page::new(&host, style);
    page.value(value)?;
    page.finish()
}

/// The text of a value, as `print` shows it.
///
/// # Errors
///
/// As [`show`].
pub(super) fn to_text(value: &Dynamic) -> Fallible<String> {
    let host = Host::current()?;
    let format = host.format.get().unwrap_or(Format::Table);
    let mut page = Page::new(&host, Style { format, limit: None });
    page.kept = true;
    page.value(value)?;
    page.end_rows()?;
    Ok(String::from_utf8_lossy(&page.bytes).trim_end_matches('\n').to_owned())
}

/// Output under way.
struct Page<'a> {
    host: &'a Host,
    style: Style,
    printer: Option<Box<dyn Printer + 'a>>,
    /// What reading the rows needs.
    view: View<'a>,
    rows: u64,
    bytes: Vec<u8>,
    /// Everything is wanted in one piece.
    kept: bool,
}

impl<'a> Page<'a> {
    fn new(host: &'a Host, style: Style) -> Self {
        let view = host.view();
        Self { host, style, printer: None, view, rows: 0, bytes: Vec::new(), kept: false }
    }

    fn value(&mut self, value: &Dynamic) -> Fallible<()> {
        if let Some(query) = value.read_lock::<Flows>() {
            return self.query(&query);
        }
        if let Some(rows) = value.read_lock::<Rows>() {
            return self.rows(&rows);
        }
        if let Some(query) = value.read_lock::<Expectations>() {
            return self.rows(&query.rows()?);
        }
        if let Some(row) = value.read_lock::<FlowHandle>() {
            return self.flow(&row);
        }
        // What waits for ever has no text.
        if let Some(events) = value.read_lock::<Events>().filter(|_| !self.kept) {
            return self.events(events.clone());
        }
        let row = value.is::<EventHandle>() || value.is::<ExpectHandle>();
        if row
            && !self.is_for_people()
            && let Some(rows) = as_rows(std::slice::from_ref(value))
        {
            return self.rows(&rows);
        }
        if let Some(items) = value.read_lock::<rhai::Array>()
            && let Some(rows) = as_rows(&items)
        {
            return self.rows(&rows);
        }
        match self.style.format {
            Format::Json | Format::Ndjson if !is_text(value) => {
                let json = render::json(&from_dynamic(value));
                self.bytes.extend_from_slice(json.to_string().as_bytes());
            }
            _ => self.bytes.extend_from_slice(text_of(value).as_bytes()),
        }
        self.bytes.push(b'\n');
        Ok(())
    }

    fn query(&mut self, query: &Flows) -> Fallible<()> {
        self.view = self.host.view_of(&**query.source());
        self.start(Columns::Flows);
        let engine = self.host.engine()?;
        each(&engine, query, &mut |flow| {
            self.item(Item::Flow(flow))?;
            let go_on = !self.host.stopped();
            Ok(if go_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })
    }

    /// Events, each as it comes, until they are as many or it is as late as was said, or an end is
    /// asked for.
    fn events(&mut self, events: Events) -> Fallible<()> {
        // Nobody could tell that more come, if they were only counted.
        self.style.limit = None;
        self.start(Columns::Events);
        let mut followed = events.into_iter().map(|event| match event?.try_cast::<EventHandle>() {
            Some(event) => {
                self.item(Item::Event(&event.event))?;
                self.flush()
            }
            None => Ok(()),
        });
        let ended = followed.find(Result::is_err).unwrap_or(Ok(()));
        // However it ends, a document is whole.
        self.end_rows()?;
        self.flush()?;
        ended
    }

    fn rows(&mut self, rows: &Rows) -> Fallible<()> {
        if let Some(selection) = rows.selection() {
            selection.each(&mut |values| {
                if self.printer.is_none() {
                    self.start(fitted(selection.columns(), &values));
                }
                self.item(Item::Record(&values))?;
                let go_on = !self.host.stopped();
                Ok(if go_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
            })?;
            if self.printer.is_none() {
                self.start(Columns::Chosen(selection.columns().to_vec()));
            }
            return Ok(());
        }
        let columns = rows.columns().list(false);
        for row in rows.items()?.iter() {
            let values = match rows.columns() {
                Columns::Chosen(_) => {
                    let cells = columns.iter().map(|column| cell(row, &column.name));
                    Some(cells.collect::<Fallible<Vec<_>>>()?)
                }
                _ => None,
            };
            if self.printer.is_none() {
                if let Some(row) = row.read_lock::<FlowHandle>() {
                    self.view = self.host.view_of(&*row.source);
                }
                self.start(match &values {
                    Some(values) => fitted(&columns, values),
                    None => rows.columns().clone(),
                });
            }
            if let Some(values) = values {
                self.item(Item::Record(&values))?;
            } else if let Some(row) = row.read_lock::<FlowHandle>() {
                self.item(Item::Flow(&row.flow))?;
            } else if let Some(row) = row.read_lock::<ExpectHandle>() {
                self.item(Item::Expectation(&row.expectation))?;
            } else if let Some(row) = row.read_lock::<EventHandle>() {
                self.item(Item::Event(&row.event))?;
            }
        }
        if self.printer.is_none() {
            self.start(rows.columns().clone());
        }
        Ok(())
    }

    /// One flow for people is a list of its fields; for programs it is a row.
    fn flow(&mut self, row: &FlowHandle) -> Fallible<()> {
        let view = self.host.view_of(&*row.source);
        if !self.is_for_people() {
            self.view = view;
            self.start(Columns::Flows);
            return self.item(Item::Flow(&row.flow));
        }
        for field in Field::all() {
            let value = field.get(&row.flow, view);
            if !value.is_absent() {
                let line = format!("{:>16}  {}\n", field.name(), render::text(&value));
                self.bytes.extend_from_slice(line.as_bytes());
            }
        }
        Ok(())
    }

    fn is_for_people(&self) -> bool {
        matches!(self.style.format, Format::Table | Format::Wide)
    }

    fn start(&mut self, columns: Columns) {
        let screen = self.host.screen.get();
        self.printer = Some(self.style.format.printer(columns, self.view, screen));
    }

    fn item(&mut self, item: Item<'_>) -> Fallible<()> {
        self.rows += 1;
        if let Some(limit) = self.style.limit
            && self.rows > limit
        {
            // Counting the rest may take a while: what there is to see is shown first.
            if self.printer.is_some() {
                self.end_rows()?;
                self.flush()?;
            }
            return Ok(());
        }
        if let Some(printer) = &mut self.printer {
            printer.item(&mut self.bytes, item).map_err(|error| unwritable(&error))?;
        }
        if self.bytes.len() >= CHUNK_BYTES && !self.kept {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Fallible<()> {
        self.host.write(&self.bytes)?;
        self.bytes.clear();
        Ok(())
    }

    fn end_rows(&mut self) -> Fallible<()> {
        match self.printer.take() {
            Some(mut printer) => {
                printer.finish(&mut self.bytes).map_err(|error| unwritable(&error))
            }
            None => Ok(()),
        }
    }

    fn finish(mut self) -> Fallible<()> {
        self.end_rows()?;
        if let Some(more) = self.style.limit.and_then(|limit| self.rows.checked_sub(limit))
            && more > 0
        {
            let (more, all) = (thousands(more), thousands(self.rows));
            let line = format!("… {more} more ({all} in all)\n");
            self.bytes.extend_from_slice(line.as_bytes());
        }
        self.host.write(&self.bytes)
    }
}

/// Columns whose values a script made are written as the first of them is.
fn fitted(columns: &[Column], first: &[Value]) -> Columns {
    let fit = |(column, value): (&Column, &Value)| match column.unit {
        Unit::Text => Column::new(column.name.clone(), unit_of(value)),
        _ => column.clone(),
    };
    Columns::Chosen(columns.iter().zip(first).map(fit).collect())
}

fn unwritable(error: &std::io::Error) -> Box<rhai::EvalAltResult> {
    Fault::new(format!("cannot write the output: {error}")).thrown()
}

/// `99980` as `99,980`.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn is_text(value: &Dynamic) -> bool {
    value.is_string() || value.is::<Outcome>()
}

/// An array of flows, expectations, events or maps is shown as rows.
fn as_rows(items: &[Dynamic]) -> Option<Rows> {
    items.first()?;
    let all = |is: fn(&Dynamic) -> bool| items.iter().all(is);
    let columns = if all(Dynamic::is::<FlowHandle>) {
        Columns::Flows
    } else if all(Dynamic::is::<ExpectHandle>) {
        Columns::Expectations
    } else if all(Dynamic::is::<EventHandle>) {
        Columns::Events
    } else if all(Dynamic::is_map) {
        Columns::Chosen(columns_of(items))
    } else {
        return None;
    };
    Some(Rows::kept(columns, items.to_vec()))
}

/// The columns that maps have between them: those of the first, then what others add.
fn columns_of(maps: &[Dynamic]) -> Vec<Column> {
    let (mut columns, mut known) = (Vec::new(), HashSet::new());
    for map in maps {
        let Some(map) = map.read_lock::<Map>() else { continue };
        for (name, value) in map.iter() {
            if !known.contains(name.as_str()) {
                known.insert(name.to_string());
                columns.push(Column::new(name.to_string(), unit_of(&from_dynamic(value))));
            }
        }
    }
    columns
}

/// A value as JSON on one line: rows are an array of objects, also inside of arrays and maps.
///
/// # Errors
///
/// A query in it cannot be read.
pub(super) fn json_text(value: &Dynamic) -> Fallible<String> {
    if let Some(items) = value.read_lock::<rhai::Array>() {
        let items: Vec<_> = items.iter().map(json_text).collect::<Fallible<_>>()?;
        return Ok(format!("[{}]", items.join(",")));
    }
    if let Some(pairs) = value.read_lock::<Map>() {
        let pair = |(name, value): (&rhai::Identifier, &Dynamic)| -> Fallible<String> {
            Ok(format!("{}:{}", render::json(&Value::text(name.to_string())), json_text(value)?))
        };
        let pairs: Vec<_> = pairs.iter().map(pair).collect::<Fallible<_>>()?;
        return Ok(format!("{{{}}}", pairs.join(",")));
    }
    if let Some(outcome) = value.read_lock::<Outcome>() {
        return json_text(&super::api::outcome_map(&mut outcome.clone()).into());
    }
    if is_text(value) {
        return Ok(render::json(&from_dynamic(value)).to_string());
    }
    let host = Host::current()?;
    let mut page = Page::new(&host, Style { format: Format::Ndjson, limit: None });
    page.kept = true;
    page.value(value)?;
    page.end_rows()?;
    let lines = String::from_utf8_lossy(&page.bytes);
    let lines: Vec<&str> = lines.lines().collect();
    let is_table = value.is::<Flows>() || value.is::<Rows>() || value.is::<Expectations>();
    Ok(if is_table { format!("[{}]", lines.join(",")) } else { lines.concat() })
}
