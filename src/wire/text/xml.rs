//! `conntrack -o xml`: one `<flow>` element, of a list or of an event log, a flow or an expectation,
//! on one line or on many. What surrounds the elements is passed over.

use std::fmt::Display;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

use super::draft::{Draft, Side, number};
use super::error::EntryError;
use super::line::Frame;
use super::{Entry, time};
use crate::flow::{EventKind, ExpectFlags, LabelMap, Proto, Status, Subject};

/// Reads a `<flow>` element.
pub(super) fn read(text: &str, labels: &LabelMap, zone: &TimeZone) -> Result<Entry, EntryError> {
    let mut element = Element::new(labels, zone);
    let mut reader = Reader::from_str(text);
    let mut content = String::new();
    loop {
        match reader.read_event().map_err(syntax)? {
            Event::Start(start) => {
                content.clear();
                element.start(&start)?;
            }
            Event::Empty(start) => element.flag(start.name().as_ref()),
            Event::Text(text) => content.push_str(&text),
            Event::GeneralRef(name) => {
                content.push('&');
                content.push_str(&name);
                content.push(';');
            }
            Event::End(end) => {
                let value = unescape(content.trim()).map_err(syntax)?;
                element.end(end.name().as_ref(), &value)?;
                content.clear();
            }
            Event::Eof => return element.entry(),
            _ => (),
        }
    }
}

fn syntax(error: impl Display) -> EntryError {
    EntryError::Syntax { format: "XML", reason: error.to_string() }
}

/// What the elements that are open mean for the ones within.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Orig,
    Reply,
    Independent,
    Expected,
    Mask,
    Master,
}

struct Element<'a> {
    labels: &'a LabelMap,
    zone: &'a TimeZone,
    draft: Draft,
    frame: Frame,
    part: Part,
    flags: ExpectFlags,
    when: When,
    is_expectation: bool,
}

impl<'a> Element<'a> {
    fn new(labels: &'a LabelMap, zone: &'a TimeZone) -> Self {
        let draft = Draft::replied(Status::SEEN_REPLY | Status::ASSURED);
        let (frame, flags) = (Frame::default(), ExpectFlags::default());
        let (part, when, is_expectation) = (Part::Independent, When::default(), false);
        Self { labels, zone, draft, frame, part, flags, when, is_expectation }
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), EntryError> {
        let attribute = |name: &str| {
            let attribute = start.try_get_attribute(name).map_err(syntax)?;
            Ok::<_, EntryError>(attribute.map(|attribute| attribute.value))
        };
        match start.name().as_ref() {
            "flow" => {
                if let Some(kind) = attribute("type")? {
                    let known = EventKind::named(&kind);
                    let unknown = || EntryError::value("type", "new, update or destroy", &kind);
                    self.frame.kind = Some(known.ok_or_else(unknown)?);
                }
            }
            "meta" => {
                self.part = match attribute("direction")?.as_deref() {
                    Some("original") => Part::Orig,
                    Some("reply") => Part::Reply,
                    _ => Part::Independent,
                }
            }
            "layer4" => {
                if let Some(text) = attribute("protonum")? {
                    self.draft.proto = Some(Proto(number("protonum", &text)?));
                }
            }
            "expected" => {
                self.part = Part::Expected;
                self.is_expectation = true;
            }
            "mask" => self.part = Part::Mask,
            "master" => self.part = Part::Master,
            _ => (),
        }
        Ok(())
    }

    fn flag(&mut self, name: &str) {
        match name {
            "assured" => self.draft.add_status(Status::ASSURED),
            "unreplied" => self.draft.unreplied(),
            name => {
                let flag = ExpectFlags::named(name).unwrap_or_default();
                self.flags = ExpectFlags(self.flags.0 | flag.0);
            }
        }
    }

    fn end(&mut self, name: &str, text: &str) -> Result<(), EntryError> {
        let side: Option<&mut Side> = match self.part {
            Part::Orig | Part::Expected => Some(&mut self.draft.orig),
            Part::Reply | Part::Mask => Some(&mut self.draft.reply),
            Part::Master => Some(&mut self.draft.master),
            Part::Independent => None,
        };
        if let Some(side) = side
            && side.set(name, text)?
        {
            return Ok(());
        }
        match name {
            "start" => self.draft.start_ns = Some(number(name, text)?),
            "stop" => self.draft.stop_ns = Some(number(name, text)?),
            "year" => self.when.year = number::<u16>(name, text)?,
            "month" => self.when.month = number(name, text)?,
            "day" => self.when.day = number(name, text)?,
            "hour" => self.when.hour = number(name, text)?,
            "min" => self.when.minute = number(name, text)?,
            "sec" => self.when.second = number(name, text)?,
            "when" => self.frame.time_ns = self.when.ns(self.zone),
            "meta" => self.part = Part::Independent,
            _ => _ = self.draft.set(name, text, self.labels)?,
        }
        Ok(())
    }

    fn entry(mut self) -> Result<Entry, EntryError> {
        if self.is_expectation {
            self.draft.expect.flags = Some(self.flags);
            return Ok(self.frame.entry(Subject::Expectation(self.draft.expectation()?), None));
        }
        let age_ns = self.draft.age_ns;
        Ok(self.frame.entry(Subject::Flow(self.draft.flow()?), age_ns))
    }
}

/// `<when>`: a local time in pieces.
#[derive(Default)]
struct When {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
}

impl When {
    /// The time; `None` if there is no such.
    fn ns(&self, zone: &TimeZone) -> Option<u64> {
        let Self { year, month, day, hour, minute, second } = *self;
        let small = |number: u8| i8::try_from(number).ok();
        let year = i16::try_from(year).ok()?;
        let time = DateTime::new(
            year,
            small(month)?,
            small(day)?,
            small(hour)?,
            small(minute)?,
            small(second)?,
            0,
        );
        time::local(time.ok()?, zone)
    }
}
