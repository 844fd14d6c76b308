//! The names of the formats, as `-o` takes them.

use std::fmt;
use std::str::FromStr;

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Columns for people; fits the terminal.
    Table,
    /// Every column for people, nothing shortened.
    Wide,
    /// One array, an object per line.
    Json,
    /// An object per line.
    Ndjson,
    /// Comma-separated values under a header.
    Csv,
    /// The document of `conntrack -o xml`.
    Xml,
    /// The lines of conntrack(8).
    Conntrack(ConntrackStyle),
}

/// The words of conntrack's own `-o`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word that is given or not")]
pub struct ConntrackStyle {
    /// The layer 3 protocol first.
    pub extended: bool,
    /// `id=` last.
    pub id: bool,
    /// `[start=…]` and `[stop=…]`.
    pub ktimestamp: bool,
    /// The time of an event, or of printing, first.
    pub timestamp: bool,
    /// Names of labels.
    pub labels: bool,
    /// Lines that `conntrack -R` reads.
    pub save: bool,
    /// A document; wins over `save`.
    pub xml: bool,
}

const NAMES: [(&str, Format); 7] = [
    ("table", Format::Table),
    ("wide", Format::Wide),
    ("json", Format::Json),
    ("ndjson", Format::Ndjson),
    ("csv", Format::Csv),
    ("xml", Format::Xml),
    ("conntrack", Format::Conntrack(ConntrackStyle::PLAIN)),
];

impl Format {
    /// Every name, for help and completion.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }
}

impl ConntrackStyle {
    /// None of the words.
    pub const PLAIN: Self = Self {
        extended: false,
        id: false,
        ktimestamp: false,
        timestamp: false,
        labels: false,
        save: false,
        xml: false,
    };

    /// Every word, for help and completion.
    pub const WORDS: [&str; 7] =
        ["xml", "extended", "timestamp", "id", "ktimestamp", "labels", "save"];

    fn word(&mut self, word: &str) -> Option<&mut bool> {
        match word {
            "xml" => Some(&mut self.xml),
            "extended" => Some(&mut self.extended),
            "timestamp" => Some(&mut self.timestamp),
            "id" => Some(&mut self.id),
            "ktimestamp" => Some(&mut self.ktimestamp),
            "labels" => Some(&mut self.labels),
            "save" => Some(&mut self.save),
            _ => None,
        }
    }
}

/// Reads a name; `conntrack` may have words of its own after a comma: `conntrack,extended,id`.
impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, words) = text.split_once(',').map_or((text, None), |(a, b)| (a, Some(b)));
        let (_, format) = NAMES.iter().find(|(known, _)| *known == name).ok_or_else(|| {
            let known: Vec<_> = Self::names().collect();
            format!("`{name}` is not a format (known: {})", known.join(", "))
        })?;
        let Some(words) = words else { return Ok(*format) };
        let Self::Conntrack(mut style) = *format else {
            return Err(format!("only `conntrack` takes more words, not `{name}`"));
        };
        for word in words.split(',') {
            *style.word(word).ok_or_else(|| {
                let known = ConntrackStyle::WORDS.join(", ");
                format!("`{word}` is not an output word of conntrack (known: {known})")
            })? = true;
        }
        Ok(Self::Conntrack(style))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Table => "table",
            Self::Wide => "wide",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Xml => "xml",
            Self::Conntrack(_) => "conntrack",
        })?;
        let Self::Conntrack(mut style) = *self else { return Ok(()) };
        for word in ConntrackStyle::WORDS {
            if style.word(word).is_some_and(|on| *on) {
                write!(f, ",{word}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[track_caller]
    fn check(text: &str, shown: &str) {
        let read = text.parse::<Format>();
        assert_eq!(read.map_or_else(|error| error, |format| format.to_string()), shown);
    }

    #[test]
    fn every_name_reads_back() {
        for name in Format::names() {
            check(name, name);
        }
        check("conntrack,id,extended", "conntrack,extended,id");
        check("conntrack,save", "conntrack,save");
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_right_ones() {
        check(
            "yaml",
            "`yaml` is not a format (known: table, wide, json, ndjson, csv, xml, conntrack)",
        );
        check("json,id", "only `conntrack` takes more words, not `json`");
        check(
            "conntrack,ids",
            "`ids` is not an output word of conntrack (known: xml, extended, timestamp, id, \
             ktimestamp, labels, save)",
        );
        check("", "`` is not a format (known: table, wide, json, ndjson, csv, xml, conntrack)");
    }
}
