//! What can be wrong with saved text.

/// Why text is not the entry that it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// A value that its name cannot have.
    #[error("{name} needs {expected}, found `{found}`")]
    Value {
        /// The field, as the text names it.
        name: String,
        /// What it takes.
        expected: String,
        /// The value, shortened.
        found: String,
    },
    /// Something stands where something else must.
    #[error("expected {expected}, found `{found}`")]
    Unexpected {
        /// What must stand here.
        expected: &'static str,
        /// What does, shortened.
        found: String,
    },
    /// A field without which there is no such entry.
    #[error("{0} is missing")]
    Missing(String),
    /// A label that the names of labels do not have.
    #[error("label `{0}` is not in connlabel.conf; `--labelmap FILE` names another")]
    Label(String),
    /// A source of one family and a destination of the other.
    #[error("source and destination are of different families")]
    Families,
    /// What a library says of JSON, XML or CSV.
    #[error("not {format}: {reason}")]
    Syntax {
        /// The format.
        format: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// What conntrack says where it heard less than there was.
    #[error("conntrack lost events here")]
    Lost,
    /// Bytes that are no text.
    #[error("not UTF-8 text")]
    Encoding,
    /// An array without an end.
    #[error("the `]` is missing: the recording was cut")]
    Cut,
    /// An entry without an end.
    #[error("an entry of more than {0} bytes")]
    Long(usize),
}

impl EntryError {
    pub(super) fn value(name: &str, expected: impl Into<String>, found: &str) -> Self {
        Self::Value { name: name.to_owned(), expected: expected.into(), found: short(found) }
    }

    /// The same of a field that is named within another.
    pub(super) fn within(self, path: &str) -> Self {
        match self {
            Self::Value { name, expected, found } => {
                Self::Value { name: format!("{path}.{name}"), expected, found }
            }
            other => other,
        }
    }

    pub(super) fn unexpected(expected: &'static str, found: &str) -> Self {
        Self::Unexpected { expected, found: short(found) }
    }
}

/// The beginning of `text` on one line, harmless to a terminal.
fn short(text: &str) -> String {
    const CHARS: usize = 40;
    let mut shown = String::new();
    for c in text.chars().take(CHARS) {
        if c.is_control() { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    if text.chars().nth(CHARS).is_some() {
        shown.push('…');
    }
    shown
}
