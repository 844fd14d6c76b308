//! The printer: rows → text, one format per file. Nothing is kept but what a format needs to go on:
//! a million rows take the memory of a few hundred.
//!
//! - [`Format::printer`] makes a [`Printer`]; it takes [`Item`]s and writes to any `Write`
//! - people read `table` and `wide`; programs read `json`, `ndjson`, `csv` and `xml`;
//!   `conntrack` is what conntrack(8) prints, to the byte
//! - [`text`] and [`json`] are single values
//!
//! Times are RFC 3339 in UTC everywhere, so that the same flow prints alike on every machine and
//! text sorts like time; only the `conntrack` formats use local time, because conntrack(8) does.
//!
//! Messages about what was printed are not here: they belong to those who know why it is printed.

mod clock;
mod columns;
mod conntrack;
mod csv;
mod format;
mod journal;
mod json;
mod line;
mod palette;
mod save;
mod table;
mod value;
mod xml;

#[cfg(test)]
mod read_back;
#[cfg(test)]
mod samples;

use std::io::{self, Write};

pub use columns::{Column, Columns, event_columns, expect_columns, flow_columns};
pub use format::{ConntrackStyle, Format};
pub use journal::journal;
pub use value::{json, size_text, text};

use crate::flow::{Event, Expectation, Flow, Value, View};

/// One row.
#[derive(Debug, Clone, Copy)]
pub enum Item<'a> {
    /// A flow.
    Flow(&'a Flow),
    /// An expectation.
    Expectation(&'a Expectation),
    /// An event.
    Event(&'a Event),
    /// Values in the order of the columns; missing ones at the end are absent.
    Record(&'a [Value]),
}

/// Where the text is going to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Screen {
    /// Columns of the terminal; `None` if it is none: then nothing is shortened to fit.
    pub width: Option<usize>,
    /// True if SGR colours are wanted.
    pub color: bool,
}

/// Prints rows in one format.
///
/// A row is one `write_all`, so `out` had better be buffered; printers do not flush.
pub trait Printer {
    /// Prints `item`, or keeps it for a moment if the format must see a few rows first.
    ///
    /// # Errors
    ///
    /// What writing to `out` gives.
    fn item(&mut self, out: &mut dyn Write, item: Item<'_>) -> io::Result<()>;

    /// Prints what is left: rows kept back, the end of the document. Nothing may follow.
    ///
    /// # Errors
    ///
    /// What writing to `out` gives.
    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()>;
}

impl Format {
    /// A printer of rows with these columns.
    ///
    /// `view` holds for every row but events, whose `age` is counted up to their own time.
    #[must_use]
    pub fn printer<'a>(
        self,
        columns: impl Into<Columns>,
        view: View<'a>,
        screen: Screen,
    ) -> Box<dyn Printer + 'a> {
        let columns = columns.into();
        match self {
            Self::Table => Box::new(table::Table::new(&columns, false, view, screen)),
            Self::Wide => {
                let screen = Screen { width: None, ..screen };
                Box::new(table::Table::new(&columns, true, view, screen))
            }
            Self::Json => Box::new(json::Json::array(&columns, view)),
            Self::Ndjson => Box::new(json::Json::lines(&columns, view)),
            Self::Csv => Box::new(csv::Csv::new(&columns, view)),
            Self::Xml => Box::new(xml::Xml::new(&columns, ConntrackStyle::default(), view)),
            Self::Conntrack(style) if style.xml => Box::new(xml::Xml::new(&columns, style, view)),
            Self::Conntrack(style) if style.save => {
                Box::new(save::Save::new(&columns, style, view))
            }
            Self::Conntrack(style) => Box::new(conntrack::Conntrack::new(&columns, style, view)),
        }
    }
}
