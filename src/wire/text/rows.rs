//! CSV that flowsh printed: rows under their header (RFC 4180).

use std::borrow::Cow;

use super::Entry;
use super::error::EntryError;
use super::named::{Fields, Part};
use crate::flow::LabelMap;

/// What a column holds.
#[derive(Debug)]
pub(super) struct Column {
    part: Part,
    name: String,
}

/// The columns, if `line` is the header of a table of flows, expectations or events.
pub(super) fn header(line: &str) -> Option<Vec<Column>> {
    let names: Vec<&str> = line.split(',').map(str::trim).collect();
    let named = |wanted: &str| names.contains(&wanted);
    let column = |path: &&str| {
        let (part, name) = Part::split(path);
        Column { part, name: name.to_owned() }
    };
    (named("proto") && named("src") && named("dst")).then(|| names.iter().map(column).collect())
}

/// Reads a row of a table with these columns; an empty cell is absent.
pub(super) fn row(text: &str, columns: &[Column], labels: &LabelMap) -> Result<Entry, EntryError> {
    let (cells, mut fields) = (Cells(Some(text)), Fields::new(labels));
    let count = cells.clone().count();
    if count != columns.len() {
        let reason = format!("{count} columns under a header of {}", columns.len());
        return Err(EntryError::Syntax { format: "CSV", reason });
    }
    for (Column { part, name }, cell) in columns.iter().zip(cells) {
        match part.within(name) {
            _ if cell.is_empty() => (),
            within if within != Part::Other && cell.contains('=') => fields.pairs(within, &cell)?,
            _ => fields.set(*part, name, &cell)?,
        }
    }
    fields.entry()
}

/// The cells of a row. The `csv` crate reads streams: given a row at a time, each with a
/// place of its own in the file, it takes four times as long.
#[derive(Clone)]
struct Cells<'a>(Option<&'a str>);

impl<'a> Iterator for Cells<'a> {
    type Item = Cow<'a, str>;

    fn next(&mut self) -> Option<Cow<'a, str>> {
        let text = self.0.take()?;
        let Some(quoted) = text.strip_prefix('"') else {
            let (cell, rest) = text.split_once(',').map_or((text, None), |(a, b)| (a, Some(b)));
            self.0 = rest;
            return Some(cell.into());
        };
        let mut quotes = quoted.match_indices('"').map(|(at, _)| at).peekable();
        let mut end = quoted.len();
        while let Some(at) = quotes.next() {
            // Two in a row are one that is meant.
            if quotes.next_if_eq(&(at + 1)).is_none() {
                end = at;
                break;
            }
        }
        let (cell, rest) = quoted.split_at_checked(end)?;
        self.0 = rest.split_once(',').map(|(_, rest)| rest);
        Some(if cell.contains('"') { cell.replace("\"\"", "\"").into() } else { cell.into() })
    }
}
