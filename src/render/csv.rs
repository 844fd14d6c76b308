//! Comma-separated values (RFC 4180, lines end with a line feed) under a header, which is there even
//! if no row is. Every row has every column; absent is empty, a span its seconds.

use std::io::{self, Write};

use csv::{Terminator, Writer, WriterBuilder};

use super::columns::{Columns, Reader};
use super::line::Line;
use super::value::{Spans, write_text};
use super::{Item, Printer};
use crate::flow::View;

pub(super) struct Csv<'a> {
    view: View<'a>,
    readers: Vec<Reader>,
    /// The names, until they are printed.
    header: Option<Vec<String>>,
    cell: Line,
    row: Line,
}

impl<'a> Csv<'a> {
    pub(super) fn new(columns: &Columns, view: View<'a>) -> Self {
        let columns = columns.list(true);
        let readers = Reader::of(&columns);
        let header = Some(columns.into_iter().map(|column| column.name).collect());
        Self { view, readers, header, cell: Line::default(), row: Line::default() }
    }

    fn header(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let Some(names) = self.header.take() else { return Ok(()) };
        if names.is_empty() {
            return Ok(());
        }
        let mut row = encoder(&mut self.row);
        row.write_record(&names)?;
        row.flush()?;
        drop(row);
        self.row.send_open(out)
    }
}

impl Printer for Csv<'_> {
    fn item(&mut self, out: &mut dyn Write, item: Item<'_>) -> io::Result<()> {
        self.header(out)?;
        let mut row = encoder(&mut self.row);
        for reader in &self.readers {
            self.cell.truncate(0);
            write_text(&mut self.cell, &reader.value(item, self.view), Spans::Seconds);
            row.write_field(self.cell.as_str())?;
        }
        row.write_record(None::<&[u8]>)?;
        row.flush()?;
        drop(row);
        self.row.send_open(out)
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.header(out)
    }
}

/// An encoder of one row: `out` changes between rows, so none outlives its row.
fn encoder(row: &mut Line) -> Writer<&mut Line> {
    let terminator = Terminator::Any(b'\n');
    WriterBuilder::new().terminator(terminator).buffer_capacity(1024).from_writer(row)
}

#[cfg(test)]
mod tests;
