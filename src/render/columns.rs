//! Columns: their names and units, the usual ones of each kind of row, and how a row's value is
//! found by a column's name.

use std::borrow::Cow;

use super::Item;
use crate::flow::{Event, ExpectField, Field, Subject, Unit, Value, View};

/// A named column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its header; for flows and expectations the name of a field.
    pub name: String,
    /// What its values are: right-aligned if they are numbers.
    pub unit: Unit,
}

impl Column {
    /// A column with this name and unit.
    pub fn new(name: impl Into<String>, unit: Unit) -> Self {
        Self { name: name.into(), unit }
    }
}

/// What the rows are, which decides the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Columns {
    /// Flows, with the columns or members that suit the format.
    Flows,
    /// Expectations, likewise.
    Expectations,
    /// Events, likewise; tables do not hold them back.
    Events,
    /// Exactly these, for records or for anything else.
    Chosen(Vec<Column>),
}

impl From<Vec<Column>> for Columns {
    fn from(columns: Vec<Column>) -> Self {
        Self::Chosen(columns)
    }
}

impl Columns {
    /// The columns, most important first; `wide` for every one there is.
    #[must_use]
    pub fn list(&self, wide: bool) -> Vec<Column> {
        match self {
            Self::Flows => flow_columns(wide),
            Self::Expectations => expect_columns(wide),
            Self::Events => event_columns(wide),
            Self::Chosen(columns) => columns.clone(),
        }
    }
}

/// A column that only flows of several namespaces need: where none has it, it is not shown.
pub(super) const NETNS: &str = "netns";

/// The usual columns of flows, most important first; `wide` for every field.
#[must_use]
pub fn flow_columns(wide: bool) -> Vec<Column> {
    const USUAL: [&str; 11] = [
        NETNS, "proto", "src", "sport", "dst", "dport", "state", "timeout", "bytes", "packets",
        "mark",
    ];
    let column = |field: Field| Column::new(field.name(), field.unit());
    if wide {
        Field::all().map(column).collect()
    } else {
        USUAL.iter().filter_map(|name| Field::named(name)).map(column).collect()
    }
}

/// The usual columns of expectations; `wide` for every field.
#[must_use]
pub fn expect_columns(wide: bool) -> Vec<Column> {
    const USUAL: [&str; 8] =
        ["proto", "src", "sport", "dst", "dport", "helper", "timeout", "master"];
    let column = |field: ExpectField| Column::new(field.name(), field.unit());
    if wide {
        ExpectField::all().map(column).collect()
    } else {
        USUAL.iter().filter_map(|name| ExpectField::named(name)).map(column).collect()
    }
}

/// The usual columns of events: what happened, then those of flows; `wide` for every field.
#[must_use]
pub fn event_columns(wide: bool) -> Vec<Column> {
    let own = EVENT_FIELDS.iter().take(if wide { EVENT_FIELDS.len() } else { 2 });
    let own = own.map(|(_, name, unit)| Column::new(*name, *unit));
    own.chain(flow_columns(wide)).collect()
}

/// What an event has besides its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventField {
    Time,
    Kind,
    PortId,
    Synthetic,
}

pub(super) const EVENT_FIELDS: [(EventField, &str, Unit); 4] = [
    (EventField::Time, "time", Unit::Time),
    (EventField::Kind, "event", Unit::Text),
    (EventField::PortId, "portid", Unit::Number),
    (EventField::Synthetic, "synthetic", Unit::Bool),
];

impl EventField {
    fn named(name: &str) -> Option<Self> {
        EVENT_FIELDS.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    pub(super) fn get(self, event: &Event) -> Value {
        match self {
            Self::Time => Value::Time(event.time_ns),
            Self::Kind => Value::text(event.kind.name()),
            Self::PortId => Value::Count(event.port_id.into()),
            Self::Synthetic => Value::Bool(event.synthetic),
        }
    }
}

/// Finds a column's value in any kind of row; the names are looked up once, not for every row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader {
    index: usize,
    flow: Option<Field>,
    expect: Option<ExpectField>,
    event: Option<EventField>,
}

impl Reader {
    pub(super) fn of(columns: &[Column]) -> Vec<Self> {
        let reader = |(index, column): (usize, &Column)| Self {
            index,
            flow: Field::named(&column.name),
            expect: ExpectField::named(&column.name),
            event: EventField::named(&column.name),
        };
        columns.iter().enumerate().map(reader).collect()
    }

    /// The value; absent if such a row has no such column.
    pub(super) fn value<'v>(&self, item: Item<'v>, view: View<'_>) -> Cow<'v, Value> {
        let owned = |value: Option<Value>| Cow::Owned(value.unwrap_or(Value::Absent));
        match item {
            Item::Record(values) => {
                values.get(self.index).map_or(Cow::Owned(Value::Absent), Cow::Borrowed)
            }
            Item::Flow(flow) => owned(self.flow.map(|field| field.get(flow, view))),
            Item::Expectation(expect) => owned(self.expect.map(|field| field.get(expect))),
            Item::Event(event) => match (self.event, &event.subject) {
                (Some(field), _) => owned(Some(field.get(event))),
                (None, Subject::Flow(flow)) => self.value(Item::Flow(flow), at(event, view)),
                (None, Subject::Expectation(expect)) => self.value(Item::Expectation(expect), view),
            },
        }
    }
}

/// The view at the time of `event`.
pub(super) fn at<'a>(event: &Event, view: View<'a>) -> View<'a> {
    View { now_ns: event.time_ns, ..view }
}

#[cfg(test)]
mod tests {
    use super::{event_columns, expect_columns, flow_columns};

    #[test]
    fn every_usual_column_is_a_field() {
        assert_eq!(flow_columns(false).len(), 11);
        assert_eq!(expect_columns(false).len(), 8);
        assert_eq!(event_columns(false).len(), 13);
    }
}
