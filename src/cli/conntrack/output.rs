//! Where entries are printed: standard output, in the format that `-o` chose.

use std::io::{self, BufWriter, StdoutLock, Write};

use crate::flow::{LabelMap, View};
use crate::kernel::now_ns;
use crate::render::{Columns, Format, Item, Printer, Screen};

use super::line::Line;
use super::message::Fault;

/// Bytes that are gathered before they are written.
const BUFFER_BYTES: usize = 64 << 10;

/// The format that `line` asks for.
pub(super) fn format(line: &Line) -> Format {
    let mut style = line.style;
    // Whoever asks for a label sees labels, but in lines for -R, which have what was asked for.
    style.labels |= !style.save && line.names.as_deref().is_some_and(|names| !names.is_empty());
    Format::Conntrack(style)
}

/// The entries printed so far, and the way to print more.
pub(super) struct Entries<'a> {
    out: BufWriter<StdoutLock<'static>>,
    printer: Box<dyn Printer + 'a>,
    /// How many were printed.
    count: u64,
}

impl<'a> Entries<'a> {
    /// Entries in the format of `line`; `labels` are its names, or none.
    pub(super) fn new(line: &Line, labels: &'a LabelMap) -> Self {
        let view = View { now_ns: now_ns(), labels };
        let printer = format(line).printer(Columns::Flows, view, Screen::default());
        let out = BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock());
        Self { out, printer, count: 0 }
    }

    /// Prints one.
    pub(super) fn print(&mut self, item: Item<'_>) -> Result<(), Fault> {
        self.printer.item(&mut self.out, item)?;
        self.count += 1;
        Ok(())
    }

    /// Writes out what was printed.
    pub(super) fn flush(&mut self) -> Result<(), Fault> {
        Ok(self.out.flush()?)
    }

    /// Ends the document, and says how many there were.
    pub(super) fn finish(mut self) -> Result<u64, Fault> {
        self.printer.finish(&mut self.out)?;
        self.out.flush()?;
        Ok(self.count)
    }
}
