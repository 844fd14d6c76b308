//! JSON: an object per row, in one array or one per line.
//!
//! A whole flow has every field that is present, by its name, those of a direction within `orig` or
//! `reply`. An event is `{"event":…,"time":…,"flow":{…}}`. Where columns were chosen, and for
//! records, the members are the columns, and an absent one is null.

use std::io::{self, Write};

use super::columns::{Columns, EVENT_FIELDS, Reader, at};
use super::line::Line;
use super::value::{json_string, write_json};
use super::{Item, Printer};
use crate::flow::{Event, ExpectField, Expectation, Field, Flow, Subject, Value, View};

pub(super) struct Json<'a> {
    view: View<'a>,
    flow: FlowLayout,
    /// Quoted names and readers of the columns, if they were chosen.
    chosen: Option<Vec<(String, Reader)>>,
    /// Whether the rows are members of an array, and how many there were.
    array: Option<u64>,
    line: Line,
}

impl<'a> Json<'a> {
    pub(super) fn array(columns: &Columns, view: View<'a>) -> Self {
        Self { array: Some(0), ..Self::lines(columns, view) }
    }

    pub(super) fn lines(columns: &Columns, view: View<'a>) -> Self {
        let chosen = match columns {
            Columns::Chosen(columns) => {
                let names = columns.iter().map(|column| quoted(&column.name));
                Some(names.zip(Reader::of(columns)).collect())
            }
            _ => None,
        };
        Self { view, flow: FlowLayout::new(), chosen, array: None, line: Line::default() }
    }

    fn write(&mut self, item: Item<'_>) {
        let Self { view, flow: layout, line, .. } = self;
        match (&self.chosen, item) {
            (Some(columns), item) => {
                object(line, |object| {
                    for (name, reader) in columns {
                        object.member(name, &reader.value(item, *view));
                    }
                });
            }
            (None, Item::Flow(flow)) => layout.write(line, flow, *view),
            (None, Item::Expectation(expect)) => expectation(line, expect),
            (None, Item::Event(event)) => write_event(line, event, layout, *view),
            // Records without columns of their own have no names.
            (None, Item::Record(values)) => write_json(line, &Value::List(values.to_vec())),
        }
    }
}

impl Printer for Json<'_> {
    fn item(&mut self, out: &mut dyn Write, item: Item<'_>) -> io::Result<()> {
        if let Some(rows) = &mut self.array {
            out.write_all(if *rows == 0 { b"[\n" } else { b",\n" })?;
            *rows += 1;
            self.write(item);
            return self.line.send_open(out);
        }
        self.write(item);
        self.line.send(out)
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        match self.array {
            None => Ok(()),
            Some(0) => out.write_all(b"[]\n"),
            Some(_) => out.write_all(b"\n]\n"),
        }
    }
}

/// The members of a whole flow, grouped once: a direction's fields stand apart in the table of
/// fields, and together in the object.
pub(super) struct FlowLayout {
    own: Vec<(Field, String)>,
    orig: Vec<(Field, String)>,
    reply: Vec<(Field, String)>,
}

impl FlowLayout {
    pub(super) fn new() -> Self {
        let mut layout = Self { own: Vec::new(), orig: Vec::new(), reply: Vec::new() };
        for field in Field::all() {
            let (group, name) = match field.name().split_once('.') {
                None => (&mut layout.own, field.name()),
                Some(("orig", name)) => (&mut layout.orig, name),
                Some((_, name)) => (&mut layout.reply, name),
            };
            group.push((field, quoted(name)));
        }
        layout
    }

    pub(super) fn write(&self, line: &mut Line, flow: &Flow, view: View<'_>) {
        object(line, |object| {
            object.present(&self.own, flow, view);
            for (name, fields) in [("\"orig\"", &self.orig), ("\"reply\"", &self.reply)] {
                object.nested(name, |inner| inner.present(fields, flow, view));
            }
        });
    }
}

fn expectation(line: &mut Line, expect: &Expectation) {
    object(line, |object| {
        for field in ExpectField::all() {
            let value = field.get(expect);
            if !value.is_absent() {
                object.member(&quoted(field.name()), &value);
            }
        }
    });
}

fn write_event(line: &mut Line, event: &Event, layout: &FlowLayout, view: View<'_>) {
    object(line, |object| {
        for (field, name, _) in EVENT_FIELDS {
            object.member(&quoted(name), &field.get(event));
        }
        match &event.subject {
            Subject::Flow(flow) => {
                object.name("\"flow\"");
                layout.write(object.line, flow, at(event, view));
            }
            Subject::Expectation(expect) => {
                object.name("\"expectation\"");
                expectation(object.line, expect);
            }
        }
    });
}

/// An object being written.
pub(super) struct Object<'l> {
    pub(super) line: &'l mut Line,
    members: u32,
}

pub(super) fn object(line: &mut Line, fill: impl FnOnce(&mut Object<'_>)) {
    line.text("{");
    let mut object = Object { line, members: 0 };
    fill(&mut object);
    object.line.text("}");
}

impl Object<'_> {
    /// Begins a member; its value must follow.
    pub(super) fn name(&mut self, quoted: &str) {
        self.line.text(if self.members == 0 { "" } else { "," });
        self.line.text(quoted);
        self.line.text(":");
        self.members += 1;
    }

    pub(super) fn member(&mut self, quoted: &str, value: &Value) {
        self.name(quoted);
        write_json(self.line, value);
    }

    fn present(&mut self, fields: &[(Field, String)], flow: &Flow, view: View<'_>) {
        for (field, name) in fields {
            let value = field.get(flow, view);
            if !value.is_absent() {
                self.member(name, &value);
            }
        }
    }

    /// A member that is an object, unless it has nothing in it.
    fn nested(&mut self, quoted: &str, fill: impl FnOnce(&mut Object<'_>)) {
        let (before, members) = (self.line.len(), self.members);
        self.name(quoted);
        self.line.text("{");
        let mut inner = Object { line: self.line, members: 0 };
        fill(&mut inner);
        if inner.members == 0 {
            self.line.truncate(before);
            self.members = members;
        } else {
            self.line.text("}");
        }
    }
}

fn quoted(name: &str) -> String {
    let mut line = Line::default();
    json_string(&mut line, name);
    line.as_str().to_owned()
}

#[cfg(test)]
mod tests;
