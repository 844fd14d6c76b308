//! The reference of the language as Markdown, made from the documentation on the bindings. How an
//! entry is worded is not decided here.

use crate::script::{Docs, Entry};

/// What stands above the entries.
const PREFACE: &str = "\
# The language of flowsh

This is what scripts and the shell can use besides [Rhai](https://rhai.rs/book/) itself. It is made
from the program by `flowsh doc`; `help(\"name\")` shows the same at the prompt.

Every script finds the variables `flows` (a [Query](#query)), `expectations`
([Expectations](#expectations)), `settings` ([Settings](#settings)) and `args`, an array of text.
";

/// The whole reference.
pub(super) fn reference(docs: &Docs) -> String {
    let alone = docs.entries().iter().filter(|entry| entry.owner.is_none());
    let mut text = PREFACE.to_owned() + section("Functions", None, alone).as_str();
    for owner in docs.types() {
        let entries = docs.entries().iter();
        let entries = entries.filter(|entry| entry.owner.as_deref() == Some(owner));
        text += section(owner, docs.about_type(owner), entries).as_str();
    }
    text
}

/// Functions with what they do, after properties on a line each.
fn section<'a>(
    title: &str,
    about: Option<&str>,
    entries: impl Iterator<Item = &'a Entry>,
) -> String {
    // Glue that makes `in` work on what is absent has parameters that nobody reads.
    let entries = entries.filter(|entry| !entry.params.iter().any(|param| param.starts_with('_')));
    let (properties, functions): (Vec<&Entry>, Vec<&Entry>) =
        entries.filter(|entry| entry.name != "to_string").partition(|entry| entry.property);
    let mut parts = vec![format!("\n## {title}\n")];
    parts.extend(about.map(|about| format!("\n{about}\n")));
    if !properties.is_empty() {
        parts.push("\n| property | type | meaning |\n|---|---|---|\n".to_owned());
    }
    parts.extend(properties.into_iter().map(property));
    // Overloads follow one another, under one heading.
    for overloads in functions.chunk_by(|a, b| a.name == b.name) {
        parts.extend(overloads.first().map(|entry| format!("\n### {}\n", entry.name)));
        parts.extend(overloads.iter().filter(|entry| !entry.doc.is_empty()).map(|entry| {
            format!("\n`{}`\n\n{}\n", entry.signature(), entry.doc.replace("# Example\n", ""))
        }));
    }
    parts.concat()
}

/// A line of a table.
fn property(entry: &Entry) -> String {
    let gives = entry.gives.as_deref().unwrap_or_default();
    // A cell of a table has no room for an example.
    let words = entry.doc.split("# Example").next().unwrap_or_default().split_whitespace();
    let meaning = words.collect::<Vec<_>>().join(" ");
    format!("| `{}` | {gives} | {} |\n", entry.name, meaning.replace('|', "\\|"))
}
