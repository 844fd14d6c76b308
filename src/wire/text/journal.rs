//! What a line of a journal says besides the event that it is: what the flow became.

use serde_json::{Map, Value};

use super::error::EntryError;
use super::{JournalNote, json};
use crate::flow::{LabelMap, Subject};

/// Reads it; `None` if `text`, an object, is no line of a journal.
pub(super) fn note(text: &str, labels: &LabelMap) -> Result<Option<JournalNote>, EntryError> {
    // Only lines of journals pay for a tree of members.
    if !text.contains("\"became\":") {
        return Ok(None);
    }
    let object: Map<String, Value> = serde_json::from_str(text)
        .map_err(|error| EntryError::Syntax { format: "JSON", reason: error.to_string() })?;
    let Some(became) = object.get("became") else { return Ok(None) };
    let became = match became {
        Value::Null => None,
        became => match json::flow(&became.to_string(), labels)? {
            Subject::Flow(flow) => Some(Box::new(flow)),
            Subject::Expectation(_) => return Ok(None),
        },
    };
    let netns = object.get("netns").and_then(Value::as_str).map(str::to_owned);
    let made = object.get("made").and_then(Value::as_bool).unwrap_or(true);
    Ok(Some(JournalNote { became, netns, made }))
}
