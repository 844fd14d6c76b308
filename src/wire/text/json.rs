//! JSON that flowsh printed: an object is a flow, an expectation, or an event of one. Members go to
//! their fields as they are read; no tree is built of them.

use std::borrow::Cow;
use std::fmt;

use serde_core::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::error::EntryError;
use super::named::{Fields, Part};
use super::{Entry, journal};
use crate::flow::{LabelMap, Subject};

/// Reads an object.
///
/// What is no JSON is said before what is no flow.
pub(super) fn read(text: &str, labels: &LabelMap) -> Result<Entry, EntryError> {
    let entry = event(text, labels)?;
    Ok(Entry { journal: journal::note(text, labels)?, ..entry })
}

/// Reads an object that is no line of a journal: its subject.
pub(super) fn flow(text: &str, labels: &LabelMap) -> Result<Subject, EntryError> {
    event(text, labels).map(|entry| entry.subject)
}

fn event(text: &str, labels: &LabelMap) -> Result<Entry, EntryError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let mut object = Object { fields: Fields::new(labels), wrong: None, framed: false };
    json.deserialize_map(Members { object: &mut object, part: Part::Own, is_outer: true })
        .and_then(|()| json.end())
        .map_err(|error| EntryError::Syntax { format: "JSON", reason: error.to_string() })?;
    object.wrong.map_or_else(|| object.fields.entry(), Err)
}

/// An object being read.
struct Object<'l> {
    fields: Fields<'l>,
    /// The first field that cannot be.
    wrong: Option<EntryError>,
    /// The flow or the expectation is an object of its own within that of an event.
    framed: bool,
}

impl Object<'_> {
    fn set(&mut self, part: Part, name: &str, text: &str) {
        if self.wrong.is_none() {
            self.wrong = self.fields.set(part, name, text).err();
        }
    }
}

/// The members of an object.
struct Members<'o, 'l> {
    object: &'o mut Object<'l>,
    part: Part,
    is_outer: bool,
}

impl<'de> Visitor<'de> for Members<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { object, part, is_outer } = self;
        while let Some(Name(name)) = map.next_key()? {
            // Besides its subject an event has these alone.
            let frame = matches!(&*name, "event" | "time" | "portid");
            let part = if is_outer && object.framed && !frame { Part::Other } else { part };
            map.next_value_seed(Member { object, part, is_outer, name: &name })?;
        }
        Ok(())
    }
}

/// The name of a member.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(text.into()))
            }

            fn visit_str<E>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(text.to_owned().into()))
            }
        }

        from.deserialize_str(Text)
    }
}

/// The value of a member.
struct Member<'o, 'l, 'n> {
    object: &'o mut Object<'l>,
    part: Part,
    is_outer: bool,
    name: &'n str,
}

impl<'de> DeserializeSeed<'de> for Member<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Member<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    /// `null`: absent.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.object.set(self.part, self.name, text);
        Ok(())
    }

    fn visit_bool<E: serde_core::de::Error>(self, value: bool) -> Result<(), E> {
        self.visit_str(if value { "true" } else { "false" })
    }

    fn visit_u64<E: serde_core::de::Error>(self, number: u64) -> Result<(), E> {
        self.visit_str(itoa::Buffer::new().format(number))
    }

    fn visit_i64<E: serde_core::de::Error>(self, number: i64) -> Result<(), E> {
        self.visit_str(itoa::Buffer::new().format(number))
    }

    fn visit_f64<E: serde_core::de::Error>(self, number: f64) -> Result<(), E> {
        self.visit_str(&number.to_string())
    }

    /// Words, set as they stand in other formats: between commas.
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut words = String::new();
        while let Some(item) = items.next_element::<serde_json::Value>()? {
            if let Some(word) = item.as_str() {
                words.push_str(if words.is_empty() { "" } else { "," });
                words.push_str(word);
            }
        }
        self.visit_str(&words)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let Self { object, part, is_outer, name } = self;
        let subject = is_outer && matches!(name, "flow" | "expectation") && !object.framed;
        if subject {
            object.framed = true;
            object.fields.forget_subject();
        }
        let part = if subject { Part::Own } else { part.within(name) };
        Members { object, part, is_outer: false }.visit_map(map)
    }
}
