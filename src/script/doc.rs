//! The documentation of everything that scripts can see, as it stands on the bindings.

use std::collections::BTreeMap;

use rhai::Engine;
use serde_json::Value;

/// One function, property or type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// The type it belongs to; absent for a function that stands alone.
    pub owner: Option<String>,
    /// True for a property, such as `f.src`.
    pub property: bool,
    /// Its parameters after the owner, as `name: type`.
    pub params: Vec<String>,
    /// What it gives back; absent for nothing.
    pub gives: Option<String>,
    /// Its documentation, Markdown; empty on all overloads but one.
    pub doc: String,
}

/// All entries, sorted by owner and name.
#[derive(Debug, Clone, Default)]
pub struct Docs {
    entries: Vec<Entry>,
    /// What a type is, by its name.
    types: BTreeMap<String, String>,
}

impl Docs {
    /// What is registered with `engine`; Rhai's own functions are left out.
    #[must_use]
    pub fn of(engine: &Engine) -> Self {
        let json = engine.gen_fn_metadata_to_json(false).unwrap_or_default();
        let json: Value = serde_json::from_str(&json).unwrap_or_default();
        let functions = json.get("functions").and_then(Value::as_array);
        let mut docs: Self = functions.into_iter().flatten().filter_map(Entry::read).collect();
        let types = json.get("customTypes").and_then(Value::as_array).into_iter().flatten();
        docs.types = types
            .filter_map(|json| Some((text(json, "displayName")?, comments(json))))
            .filter(|(_, doc)| !doc.is_empty())
            .collect();
        docs
    }

    /// What the type `name` is, Markdown; absent for Rhai's own.
    #[must_use]
    pub fn about_type(&self, name: &str) -> Option<&str> {
        self.types.get(name).map(String::as_str)
    }

    /// All entries.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The names of all functions and properties.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// True if something has this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// The entries called `name`, or those of the type `name`.
    #[must_use]
    pub fn about(&self, name: &str) -> Vec<&Entry> {
        let called: Vec<_> = self.entries.iter().filter(|entry| entry.name == name).collect();
        if !called.is_empty() {
            return called;
        }
        self.entries.iter().filter(|entry| entry.owner.as_deref() == Some(name)).collect()
    }

    /// The names of the types that own something.
    #[must_use]
    pub fn types(&self) -> Vec<&str> {
        let mut types: Vec<_> = self.entries.iter().filter_map(|e| e.owner.as_deref()).collect();
        types.dedup();
        types
    }
}

impl FromIterator<Entry> for Docs {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut entries: Vec<Entry> = entries.into_iter().collect();
        // Down to the words: Rhai lists overloads in any order, and a reference must not.
        let rank = |entry: &Entry| (entry.params.len(), entry.params.concat(), entry.doc.clone());
        entries.sort_by_cached_key(|e| (e.owner.clone(), e.name.clone(), rank(e)));
        entries.dedup();
        Self { entries, types: BTreeMap::new() }
    }
}

impl Entry {
    fn read(json: &Value) -> Option<Self> {
        let full = text(json, "name")?;
        let (property, name) = match full.strip_prefix("get$") {
            Some(name) => (true, name.to_owned()),
            None => (false, full),
        };
        // Operators and indexers explain themselves in the type's own text.
        let word = name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
        if !word || name.starts_with("index$") || name == "to_debug" {
            return None;
        }
        let params = json.get("params").and_then(Value::as_array);
        let mut params: Vec<(String, String)> = params
            .into_iter()
            .flatten()
            .filter_map(|param| {
                Some((text(param, "name").unwrap_or_default(), text(param, "type")?))
            })
            .filter(|(_, kind)| !kind.starts_with("NativeCallContext"))
            .collect();
        let owned = params.first().is_some_and(|(_, kind)| kind.starts_with("&mut"));
        let owner = owned.then(|| type_name(&params.remove(0).1));
        let params =
            params.iter().map(|(name, kind)| format!("{name}: {}", param_type(name, kind)));
        let gives = text(json, "returnType").map(|kind| type_name(&kind));
        Some(Self {
            name,
            owner,
            property,
            params: params.collect(),
            gives: gives.filter(|kind| kind != "()"),
            doc: comments(json),
        })
    }

    /// The entry in one line: `flows.top(n: int, field: string) -> Rows`.
    #[must_use]
    pub fn signature(&self) -> String {
        let owner = self.owner.as_deref().map(|owner| format!("{owner}.")).unwrap_or_default();
        let params =
            if self.property { String::new() } else { format!("({})", self.params.join(", ")) };
        let gives = self.gives.as_deref().map(|kind| format!(" -> {kind}")).unwrap_or_default();
        format!("{owner}{}{params}{gives}", self.name)
    }

    /// The first sentence of its documentation.
    #[must_use]
    pub fn summary(&self) -> &str {
        let paragraph = self.doc.split("\n\n").next().unwrap_or_default();
        paragraph.split_inclusive(". ").next().unwrap_or_default().trim()
    }

    /// The code of its example, if it has one.
    #[must_use]
    pub fn example(&self) -> Option<&str> {
        let (_, rest) = self.doc.split_once("```rhai\n")?;
        rest.split_once("\n```").map(|(code, _)| code)
    }
}

fn text(json: &Value, key: &str) -> Option<String> {
    json.get(key)?.as_str().map(str::to_owned)
}

/// The doc comments of something, without their slashes.
fn comments(json: &Value) -> String {
    let doc = json.get("docComments").and_then(Value::as_array);
    let doc: Vec<&str> = doc.into_iter().flatten().filter_map(Value::as_str).collect();
    let doc = doc.join("\n");
    let doc: Vec<&str> = doc
        .lines()
        .map(|line| line.trim_start().trim_start_matches("///"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    doc.join("\n").trim().to_owned()
}

/// The type of a parameter; one that takes several kinds of value is known by its name.
fn param_type(name: &str, kind: &str) -> String {
    match (name, type_name(kind).as_str()) {
        ("filter", "any") => "string|map|Fn|Filter",
        ("key", "any") => "string|Fn",
        ("kinds", "any") => "string|array",
        ("time" | "period" | "length" | "pause" | "within", "any") => "Duration|int|string",
        (_, kind) => return kind.to_owned(),
    }
    .to_owned()
}

/// A Rust type as scripts know it.
pub(super) fn type_name(kind: &str) -> String {
    let kind = kind.trim_start_matches("&mut ").trim();
    let kind = kind.strip_prefix("Fallible<").and_then(|k| k.strip_suffix('>')).unwrap_or(kind);
    let kind = kind.rsplit("::").next().unwrap_or(kind);
    match kind {
        "Flows" => "Query",
        "FlowHandle" => "Flow",
        "FilterHandle" => "Filter",
        "ExpectHandle" => "Expectation",
        "EventHandle" => "Event",
        "SnapshotHandle" => "Snapshot",
        "DiffHandle" => "Diff",
        "WindowHandle" => "Window",
        "NatHandle" => "Nat",
        "Side" => "Direction",
        "Rc<Owner>" => "Process",
        "Span" => "Duration",
        "IpAddr" => "Ip",
        "Network" => "Net",
        "INT" | "i64" => "int",
        "f64" | "FLOAT" => "float",
        "&str" | "String" | "ImmutableString" => "string",
        "Array" => "array",
        "Map" => "map",
        "FnPtr" => "Fn",
        "Dynamic" => "any",
        range if range.starts_with("Range") => "range",
        other => other,
    }
    .to_owned()
}
