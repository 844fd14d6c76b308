//! Tables for people: columns under a header, numbers to the right.
//!
//! The first rows (up to [`BLOCK`]) are kept until the widths are known; from then on rows go out a
//! block at a time, events at once. On a terminal a row is one line: columns give way from the
//! right, as they stand in order of importance, and a cell that is still too wide ends in `…`. Off
//! a terminal nothing is shortened and columns grow with what comes.
//!
//! `tabled`'s own `Table` must hold every row; here its grid, which takes widths as given, lays out
//! block after block. Which columns stay and how wide is decided in `layout`.

mod layout;

use std::collections::HashMap;
use std::io::{self, Write};

use tabled::grid::IterGrid;
use tabled::grid::config::{AlignmentHorizontal, Entity, Indent, Position, Sides, SpannedConfig};
use tabled::grid::dimension::Dimension;
use tabled::grid::records::IterRecords;
use tabled::grid::util::string::get_string_width;

use self::layout::{Layout, Wish, cut};
use super::columns::{Column, Columns, NETNS, Reader};
use super::line::Line;
use super::palette::{self, Style};
use super::value::write_cell;
use super::{Item, Printer, Screen};
use crate::flow::{Unit, View};

/// Rows that are kept back at most.
const BLOCK: usize = 200;
/// Blanks between columns.
const GAP: usize = 2;

pub(super) struct Table<'a> {
    view: View<'a>,
    screen: Screen,
    /// True if columns that few rows need may be left out: neither chosen nor all wanted.
    hides: bool,
    /// The columns, and once the layout is known, only those that stay.
    columns: Vec<(Column, Reader)>,
    layout: Option<Layout>,
    config: SpannedConfig,
    rows: Vec<Vec<String>>,
    cell: Line,
    text: String,
}

impl<'a> Table<'a> {
    pub(super) fn new(columns: &Columns, wide: bool, view: View<'a>, screen: Screen) -> Self {
        let hides = !wide && !matches!(columns, Columns::Chosen(_));
        let columns = columns.list(wide);
        let readers = Reader::of(&columns);
        Self {
            view,
            screen,
            hides,
            columns: columns.into_iter().zip(readers).collect(),
            layout: None,
            config: SpannedConfig::new(),
            rows: Vec::new(),
            cell: Line::default(),
            text: String::new(),
        }
    }

    /// Prints the rows that were kept back, the first time under the header.
    fn block(&mut self, out: &mut dyn Write, live: bool) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let first = self.layout.is_none();
        if first {
            self.begin(live);
        }
        let Some(layout) = &mut self.layout else { return Ok(()) };
        let styles = self.screen.color.then(|| styles(&self.columns, &self.rows, first));
        layout.grow(&natural(&self.rows, self.columns.len()));
        for row in &mut self.rows {
            for (cell, width) in row.iter_mut().zip(&layout.widths) {
                cut(cell, *width);
            }
        }
        let records = IterRecords::new(&self.rows, self.columns.len(), Some(self.rows.len()));
        self.text.clear();
        IterGrid::new(records, &self.config, &*layout, styles.unwrap_or_default())
            .build(&mut self.text)
            .map_err(io::Error::other)?;
        self.rows.clear();
        for (index, line) in self.text.lines().enumerate() {
            let more = if first && index == 0 && layout.dropped { " …" } else { "" };
            writeln!(out, "{}{more}", line.trim_end_matches(' '))?;
        }
        Ok(())
    }

    /// Decides on the layout, and puts the header before the rows.
    fn begin(&mut self, live: bool) {
        if self.hides {
            self.hide(NETNS);
        }
        // One event says nothing of the columns that the next one will need.
        let empty = |index| {
            !live && self.rows.iter().all(|row| row.get(index).is_some_and(|cell| cell == "-"))
        };
        let empty: Vec<bool> = (0..self.columns.len()).map(empty).collect();
        self.rows.insert(0, self.columns.iter().map(|(column, _)| header(column)).collect());
        let widths = natural(&self.rows, self.columns.len());
        let wishes =
            self.columns.iter().zip(widths).zip(empty).map(|(((column, _), width), empty)| {
                let natural = if live { width.max(usual_width(column.unit)) } else { width };
                let shrinks = matches!(column.unit, Unit::Text | Unit::List);
                Wish { natural, least: if shrinks { natural.min(8) } else { natural }, empty }
            });
        let (kept, layout) = Layout::fit(&wishes.collect::<Vec<_>>(), self.screen.width);
        keep(&mut self.columns, &kept);
        self.rows.iter_mut().for_each(|row| keep(row, &kept));
        self.layout = Some(layout);
        self.configure();
    }

    /// Leaves the column `name` out if no row has a value in it.
    fn hide(&mut self, name: &str) {
        let rows = &self.rows;
        let stays = |(index, (column, _)): (usize, &(Column, Reader))| {
            let some = |row: &Vec<String>| row.get(index).is_some_and(|cell| cell != "-");
            column.name != name || rows.iter().any(some)
        };
        let stays: Vec<bool> = self.columns.iter().enumerate().map(stays).collect();
        keep(&mut self.columns, &stays);
        self.rows.iter_mut().for_each(|row| keep(row, &stays));
    }

    /// Tells the grid which columns are numbers, and to leave a gap after all but the last.
    fn configure(&mut self) {
        let none = Indent::default();
        let gap = Sides::new(none, Indent::spaced(GAP), none, none);
        for (index, (column, _)) in self.columns.iter().enumerate() {
            if matches!(column.unit, Unit::Number | Unit::Bytes | Unit::Duration) {
                let column = Entity::Column(index);
                self.config.set_alignment_horizontal(column, AlignmentHorizontal::Right);
            }
            if index + 1 < self.columns.len() {
                self.config.set_padding(Entity::Column(index), gap);
            }
        }
    }
}

impl Printer for Table<'_> {
    fn item(&mut self, out: &mut dyn Write, item: Item<'_>) -> io::Result<()> {
        let cell = &mut self.cell;
        let cells = self.columns.iter().map(|(column, reader)| {
            cell.truncate(0);
            write_cell(cell, &reader.value(item, self.view), column.unit);
            cell.as_str().to_owned()
        });
        self.rows.push(cells.collect());
        let live = matches!(item, Item::Event(_));
        if live || self.rows.len() >= BLOCK { self.block(out, live) } else { Ok(()) }
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.block(out, false)
    }
}

/// Each row is one line: whatever would break it was made harmless before.
impl Dimension for Layout {
    fn get_width(&self, column: usize) -> usize {
        let gap = if column + 1 < self.widths.len() { GAP } else { 0 };
        self.widths.get(column).map_or(0, |width| width + gap)
    }

    fn get_height(&self, _: usize) -> usize {
        1
    }
}

fn header(column: &Column) -> String {
    let mut line = Line::default();
    line.tame(&column.name);
    line.as_str().to_owned()
}

/// The width of the widest cell of each column.
fn natural(rows: &[Vec<String>], columns: usize) -> Vec<usize> {
    let mut widths = vec![0; columns];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(get_string_width(cell));
        }
    }
    widths
}

/// Room for what is still to come, where rows cannot be waited for.
fn usual_width(unit: Unit) -> usize {
    match unit {
        Unit::Number | Unit::Bool => 5,
        Unit::Duration => 6,
        Unit::Bytes => 8,
        Unit::Text | Unit::List => 11,
        Unit::Addr => 15,
        Unit::Time => 20,
    }
}

fn styles(
    columns: &[(Column, Reader)],
    rows: &[Vec<String>],
    header: bool,
) -> HashMap<Position, Style> {
    let mut styles = HashMap::new();
    for (row, cells) in rows.iter().enumerate() {
        for (index, ((column, _), cell)) in columns.iter().zip(cells).enumerate() {
            let style = match row {
                0 if header => Some(palette::HEADER),
                _ => palette::of(&column.name, cell),
            };
            styles.extend(style.map(|style| (Position::new(row, index), style)));
        }
    }
    styles
}

/// Leaves those whose flag is set.
fn keep<T>(items: &mut Vec<T>, kept: &[bool]) {
    let mut kept = kept.iter();
    items.retain(|_| kept.next().copied().unwrap_or(false));
}

#[cfg(test)]
mod tests;
