//! The plan of a query as text: who does what.

use super::closure::Closure;
use super::objects::Flows;
use crate::flow::Filter;

/// What the kernel, native code and the interpreter do for `query`.
#[must_use]
pub(super) fn explain(query: &Flows) -> String {
    let sends = match query.source().lives().as_deref() {
        Ok([live]) => {
            let parts = live.plan(query.scope(), &query.native());
            let parts = parts.iter().map(|part| part.scope.to_string());
            format!("kernel:      sends {}", parts.collect::<Vec<_>>().join("; then "))
        }
        Ok(several) => {
            format!("kernel:      each of {} namespaces is asked", several.len())
        }
        Err(_) => "file:        every flow is read".to_owned(),
    };
    let Some(filter) = query.filter().map(|filter| filter.now()) else {
        return format!("{sends}\nnative:      filters, skips and takes");
    };
    let native = filter.native();
    let mut lines = vec![sends];
    if filter.is_all() {
        lines.push("native:      nothing to filter".to_owned());
        return lines.join("\n");
    }
    if !native.is_all() {
        lines.push(format!("native:      {native}"));
    }
    let mut asks = Vec::new();
    questions(&filter, &mut asks);
    for question in asks {
        let (source, position) = question.origin();
        let source = source.unwrap_or("script");
        let (line, column) = (position.line().unwrap_or(0), position.position().unwrap_or(0));
        let place = format!("the closure given at {source}:{line}:{column}");
        let mut unread = question.unread().iter();
        let Some(why) = unread.next() else {
            lines.push(format!("native:      {place}"));
            continue;
        };
        lines.push(format!("interpreter: {place}, because {why}"));
        lines.extend(unread.map(|why| format!("             and because {why}")));
    }
    lines.join("\n")
}

fn questions(filter: &Filter<Closure>, found: &mut Vec<Closure>) {
    match filter {
        Filter::All | Filter::Test(_) => (),
        Filter::Ask(question) => found.push(question.clone()),
        Filter::Not(inner) => questions(inner, found),
        Filter::And(parts) | Filter::Or(parts) => {
            for part in parts {
                questions(part, found);
            }
        }
    }
}
