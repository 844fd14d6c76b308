//! Cells of rows: reading one by its column's name, making a record of several.

use rhai::{Dynamic, Map};

use super::fault::{Fallible, Fault};
use super::host::Host;
use super::objects::{ExpectHandle, FlowHandle};
use super::value::{from_dynamic, to_dynamic};
use crate::flow::{ExpectField, Field, Unit, Value};
use crate::render::Column;

/// The value of column `name` in `row`.
///
/// # Errors
///
/// The row has no such column.
pub(super) fn cell(row: &Dynamic, name: &str) -> Fallible<Value> {
    if let Some(map) = row.read_lock::<Map>() {
        return Ok(map.get(name).map_or(Value::Absent, from_dynamic));
    }
    if let (Some(row), Some(field)) = (row.read_lock::<FlowHandle>(), Field::named(name)) {
        return Ok(field.get(&row.flow, Host::current()?.view_of(&*row.source)));
    }
    if let (Some(row), Some(field)) = (row.read_lock::<ExpectHandle>(), ExpectField::named(name)) {
        return Ok(field.get(&row.expectation));
    }
    Fault::new(format!("a row has no column `{name}`")).throw()
}

/// A record of `values` under `columns`.
///
/// # Errors
///
/// A count that does not fit a script's numbers.
pub(super) fn record(columns: &[Column], values: Vec<Value>) -> Fallible<Map> {
    let cells = columns.iter().zip(values);
    cells.map(|(column, value)| Ok((column.name.as_str().into(), to_dynamic(value)?))).collect()
}

/// How a column of such values is aligned and written.
#[must_use]
pub(super) fn unit_of(value: &Value) -> Unit {
    match value {
        Value::Bool(_) => Unit::Bool,
        Value::Count(_) | Value::Int(_) | Value::Float(_) => Unit::Number,
        Value::Duration(_) => Unit::Duration,
        Value::Time(_) => Unit::Time,
        Value::Addr(_) => Unit::Addr,
        Value::List(_) | Value::Map(_) => Unit::List,
        Value::Absent | Value::Text(_) | Value::Net(_) => Unit::Text,
    }
}
