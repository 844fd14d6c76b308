//! The journal: a line of JSON for each flow that a change reached, with what it takes to undo it.
//!
//! A line is an event of the flow as it was, so that whatever reads events reads it, with a member
//! more: `became` is the flow as the change left it, or null if it was deleted. A change that was
//! written down and then not made has a second line, in which `made` is false.

use super::json::{FlowLayout, object};
use super::line::Line;
use crate::flow::{Changed, EventKind, Value, View};

/// The lines of `changes`, which are `made` or were not, in one piece; `home` names the network namespace of flows that name none,
/// as far as it is known.
#[must_use]
pub fn journal(changes: &[Changed], made: bool, home: Option<&str>, view: View<'_>) -> Vec<u8> {
    let (layout, mut line, mut text) = (FlowLayout::new(), Line::default(), Vec::new());
    for Changed { was, became, time_ns } in changes {
        let kind = if became.is_some() { EventKind::Update } else { EventKind::Destroy };
        object(&mut line, |object| {
            object.member("\"event\"", &Value::Text(kind.name().into()));
            object.member("\"time\"", &Value::Time(*time_ns));
            if let Some(netns) = home {
                object.member("\"netns\"", &Value::Text(netns.to_owned().into()));
            }
            object.name("\"flow\"");
            layout.write(object.line, was, view);
            object.name("\"became\"");
            match became {
                Some(became) => layout.write(object.line, became, view),
                None => object.line.text("null"),
            }
            if !made {
                object.member("\"made\"", &Value::Bool(false));
            }
        });
        // Memory takes whatever is written to it.
        let _ = line.send(&mut text);
    }
    text
}
