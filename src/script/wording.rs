//! Rhai's own errors in the words of scripts: its sentences name Rust's types, and closures by
//! names that nobody gave them.

use rhai::EvalAltResult;

use super::host::Host;
use crate::table::closest;

/// What went wrong, and what to do instead; `known` are the names of all variables.
pub(super) fn reword(
    host: &Host,
    error: &EvalAltResult,
    known: &[&str],
) -> (String, Option<String>) {
    match error {
        EvalAltResult::ErrorFunctionNotFound(signature, _) => function(host, signature),
        EvalAltResult::ErrorVariableNotFound(name, _) => {
            let scope = || "a function sees its parameters, not the variables around it".to_owned();
            let hint = suggestion(name, known.iter().copied()).unwrap_or_else(scope);
            (format!("there is no variable `{name}`"), Some(hint))
        }
        EvalAltResult::ErrorPropertyNotFound(name, _) => {
            let hint = format!("`.get(\"{name}\")` is `()` without one: `.get(\"{name}\") ?? 0`");
            (format!("the map has no entry `{name}`"), Some(hint))
        }
        EvalAltResult::ErrorDotExpr(text, _) => {
            property(host, text).unwrap_or_else(|| (lower_first(text), None))
        }
        EvalAltResult::ErrorIndexingType(text, _) => {
            let (owner, index) = text.split_once(" [").unwrap_or((text, ""));
            let (owner, index) = (script_type(owner), script_type(index.trim_end_matches(']')));
            (format!("a value of type {owner} has no [{index}]"), None)
        }
        EvalAltResult::ErrorMismatchDataType(wanted, found, _)
        | EvalAltResult::ErrorMismatchOutputType(wanted, found, _) => {
            let engine = host.engine();
            // Where a type was registered under a name, that is its name.
            let named = |kind: &str| match &engine {
                Ok(engine) => script_type(engine.map_type_name(kind)),
                Err(_) => script_type(kind),
            };
            (format!("{} is needed, found {}", named(wanted), named(found)), None)
        }
        EvalAltResult::ErrorFor(_) => ("a `for` needs something with items".to_owned(), None),
        other => {
            let text = other.to_string();
            // Rhai appends the position, which has a line of its own here.
            let text = text.rsplit_once(" (line ").map_or(text.as_str(), |(text, _)| text);
            (lower_first(text), None)
        }
    }
}

/// A function that does not exist, or not for these: `name (type, type)`.
fn function(host: &Host, signature: &str) -> (String, Option<String>) {
    let (name, types) = signature.split_once(" (").unwrap_or((signature, ""));
    let types = types.strip_suffix(')').unwrap_or(types);
    let types: Vec<_> = types.split(", ").filter(|t| !t.is_empty()).map(script_type).collect();
    if name.starts_with("anon$") {
        let given = match types.len() {
            1 => "1 argument".to_owned(),
            many => format!("{many} arguments"),
        };
        return (format!("the closure was given {given} and takes another number"), None);
    }
    let docs = host.docs();
    let hint = if docs.has(name) {
        Some(format!("`{name}` exists, but not for these: help(\"{name}\") shows how"))
    } else if types.iter().any(|name| name == "nothing") {
        Some("a value that the kernel did not send is `()`: ask `x != ()` first".to_owned())
    } else {
        suggestion(name, docs.names())
    };
    let message = if name.contains(char::is_alphanumeric) {
        format!("there is no function {name}({})", types.join(", "))
    } else {
        format!("there is no `{name}` for {}", types.join(" and "))
    };
    (message, hint)
}

/// A property that a type lacks, or that cannot be set.
fn property(host: &Host, text: &str) -> Option<(String, Option<String>)> {
    if let Some(rest) = text.strip_prefix("No writable property '") {
        let (name, rest) = rest.split_once('\'')?;
        let owner = rest.split_once("for type '")?.1.split('\'').next()?;
        let hint =
            (owner == "Flow").then(|| "f.update(#{ … }) changes the flow in the kernel".to_owned());
        return Some((format!("`{name}` of {} cannot be assigned", script_type(owner)), hint));
    }
    let (name, rest) = text.strip_prefix("Unknown property '")?.split_once('\'')?;
    let owner = script_type(rest.rsplit_once("for type '")?.1.trim_end_matches('\''));
    let docs = host.docs();
    let entries = || docs.entries().iter().filter(|e| e.owner.as_deref() == Some(owner.as_str()));
    let hint = match entries().find(|entry| entry.name == name) {
        Some(_) => Some(format!("it is a function: write `{name}()`")),
        None => suggestion(name, entries().map(|entry| entry.name.as_str())),
    };
    Some((format!("a value of type {owner} has no property `{name}`"), hint))
}

/// A type in Rhai's sentences, as scripts call it.
fn script_type(name: &str) -> String {
    match name {
        "i64" => "int",
        "f64" => "float",
        "()" => "nothing",
        "range=" => "range",
        "&str | ImmutableString | String" => "string",
        name => name,
    }
    .to_owned()
}

/// The nearest of the `known` names.
pub(super) fn suggestion<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    closest(name, known).map(|near| format!("did you mean `{near}`?"))
}

/// Rhai's sentences begin in upper case.
pub(super) fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
