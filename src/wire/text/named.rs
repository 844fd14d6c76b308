//! The fields that flowsh itself prints for programs, in JSON and in CSV: both name them as scripts do,
//! so one table of names reads both.

use super::Entry;
use super::draft::{Draft, ExpectDraft, Side, number, parsed};
use super::error::EntryError;
use super::line::Frame;
use super::time;
use crate::flow::{
    EventKind, ExpectFlags, LabelMap, Proto, Rare, SeqAdj, Status, Subject, Synproxy, TcpFlags,
};

/// Which part of an entry a field belongs to: what its name says before the last point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The entry itself.
    Own,
    Orig,
    Reply,
    Mask,
    Master,
    ProtoInfo,
    Nat,
    SeqAdj,
    SeqAdjOrig,
    SeqAdjReply,
    Synproxy,
    /// None that is known; its fields are passed over.
    Other,
}

impl Part {
    /// The part of this name within this one.
    pub(super) fn within(self, name: &str) -> Self {
        match (self, name) {
            (Self::Own, "orig") => Self::Orig,
            (Self::Own, "reply") => Self::Reply,
            (Self::Own, "mask") => Self::Mask,
            (Self::Own, "master") => Self::Master,
            (Self::Own, "protoinfo") => Self::ProtoInfo,
            (Self::Own, "nat") | (Self::Nat, "tuple") => Self::Nat,
            (Self::Own, "seqadj") => Self::SeqAdj,
            (Self::SeqAdj, "orig") => Self::SeqAdjOrig,
            (Self::SeqAdj, "reply") => Self::SeqAdjReply,
            (Self::Own, "synproxy") => Self::Synproxy,
            _ => Self::Other,
        }
    }

    /// The part that a path leads to, and the last name of the path.
    pub(super) fn split(path: &str) -> (Self, &str) {
        match path.rsplit_once('.') {
            Some((parts, name)) => (parts.split('.').fold(Self::Own, Self::within), name),
            None => (Self::Own, path),
        }
    }

    /// The path to it, for messages.
    fn path(self) -> Option<&'static str> {
        match self {
            Self::Own | Self::Other => None,
            Self::Orig => Some("orig"),
            Self::Reply => Some("reply"),
            Self::Mask => Some("mask"),
            Self::Master => Some("master"),
            Self::ProtoInfo => Some("protoinfo"),
            Self::Nat => Some("nat"),
            Self::SeqAdj => Some("seqadj"),
            Self::SeqAdjOrig => Some("seqadj.orig"),
            Self::SeqAdjReply => Some("seqadj.reply"),
            Self::Synproxy => Some("synproxy"),
        }
    }
}

/// An entry whose fields come by name.
pub(super) struct Fields<'a> {
    labels: &'a LabelMap,
    draft: Draft,
    frame: Frame,
    /// The words of the status that have a field of their own and stood in it.
    words: Words,
    is_expectation: bool,
}

/// Fields that say of a bit of the status whether it is set, as `assured`: where one of them is
/// missing it is not known, unless `status` stands without any.
#[derive(Debug, Clone, Copy, Default)]
struct Words {
    /// The bits that have a field.
    named: Status,
    /// Those that it tells of.
    told: Status,
    /// True if there was a whole `status`, too.
    listed: bool,
}

impl Words {
    const ASSURED: Status = Status::ASSURED;
    const UNREPLIED: Status = Status::SEEN_REPLY;
    const RELATED: Status = Status::EXPECTED;
    const OFFLOAD: Status = Status(Status::OFFLOAD.0 | Status::HW_OFFLOAD.0);
    /// All that have a field.
    const ALL: Status =
        Status(Self::ASSURED.0 | Self::UNREPLIED.0 | Self::RELATED.0 | Self::OFFLOAD.0);

    /// The bits that are known; none if all are.
    fn told(self) -> Option<Status> {
        let whole = self.listed && [Status(0), Self::ALL].contains(&self.named);
        (!whole).then_some(self.told)
    }
}

impl<'a> Fields<'a> {
    pub(super) fn new(labels: &'a LabelMap) -> Self {
        let (draft, frame) = (Draft::default(), Frame::default());
        Self { labels, draft, frame, words: Words::default(), is_expectation: false }
    }

    /// Begins again but for what is said of an event.
    pub(super) fn forget_subject(&mut self) {
        let Self { labels, frame, .. } = std::mem::replace(self, Self::new(self.labels));
        *self = Self { frame, ..Self::new(labels) };
    }

    /// A field that says whether these bits are set.
    fn word(&mut self, name: &str, text: &str, bits: Status) -> Result<(), EntryError> {
        let says: bool = parsed(name, "true or false", text)?;
        self.words.named = self.words.named | bits;
        // Who is offloaded has one of two bits, and it is not known which.
        let (set, told) = match bits {
            Words::UNREPLIED => (!says, bits),
            Words::OFFLOAD => (false, if says { Status(0) } else { bits }),
            _ => (says, bits),
        };
        self.draft.add_status(if set { bits } else { Status(0) });
        self.words.told = self.words.told | told;
        Ok(())
    }

    /// `state=ESTABLISHED wscale_orig=7`, or with another level `orig=offset_before=1 …`.
    pub(super) fn pairs(&mut self, part: Part, text: &str) -> Result<(), EntryError> {
        let mut inner = part;
        for word in text.split(' ') {
            let Some((name, value)) = word.split_once('=') else { continue };
            match value.split_once('=') {
                Some((first, value)) => {
                    inner = part.within(name);
                    self.set(inner, first, value)?;
                }
                None => self.set(inner, name, value)?,
            }
        }
        Ok(())
    }

    /// Sets a field; one that is derived from others, or not known, is passed over.
    pub(super) fn set(&mut self, part: Part, name: &str, text: &str) -> Result<(), EntryError> {
        let set = match part {
            Part::Own => return self.own(name, text),
            Part::Other | Part::SeqAdj => return Ok(()),
            Part::ProtoInfo => protoinfo(&mut self.draft, name, text),
            Part::Nat => nat(&mut self.draft.expect, name, text),
            Part::SeqAdjOrig => adjustment(&mut self.draft.rare().seqadj_orig, name, text),
            Part::SeqAdjReply => adjustment(&mut self.draft.rare().seqadj_reply, name, text),
            Part::Synproxy => proxy(self.draft.rare(), name, text),
            Part::Orig | Part::Reply | Part::Mask | Part::Master => self.side(part, name, text),
        };
        set.map_err(|error| match part.path() {
            Some(path) => error.within(path),
            None => error,
        })
    }

    fn side(&mut self, part: Part, name: &str, text: &str) -> Result<(), EntryError> {
        let Self { draft, is_expectation, .. } = self;
        match (part, name) {
            (Part::Orig, "proto") => draft.proto = Some(protocol(name, text)?),
            (Part::Master, "proto") => draft.master_proto = Some(protocol(name, text)?),
            (Part::Mask, "proto") => {
                protocol(name, text)?;
                *is_expectation = true;
            }
            (Part::Orig, _) => _ = draft.orig.set(name, text)?,
            (Part::Master, _) => _ = draft.master.set(name, text)?,
            _ => _ = draft.reply.set(name, text)?,
        }
        Ok(())
    }

    fn own(&mut self, name: &str, text: &str) -> Result<(), EntryError> {
        let Self { labels, draft, frame, .. } = self;
        match name {
            "proto" => draft.proto = Some(protocol(name, text)?),
            "src" | "dst" | "sport" | "dport" | "icmp_type" | "icmp_code" | "icmp_id" => {
                _ = draft.orig.set(name, text)?;
            }
            "state" => draft.state(name, text)?,
            "status" => {
                draft.add_status(status(name, text)?);
                self.words.listed = true;
            }
            // A status of no bits is empty, but it is there.
            "assured" => self.word(name, text, Words::ASSURED)?,
            "unreplied" => self.word(name, text, Words::UNREPLIED)?,
            "related" => self.word(name, text, Words::RELATED)?,
            "offload" => self.word(name, text, Words::OFFLOAD)?,
            // The sums of both directions, and what follows from the tuples.
            "packets" | "bytes" | "snat" | "dnat" | "family" => (),
            "event" => {
                let kind = EventKind::named(text);
                let unknown = || EntryError::value(name, "new, update or destroy", text);
                frame.kind = Some(kind.ok_or_else(unknown)?);
            }
            "time" => frame.time_ns = Some(moment(name, text)?),
            "portid" => _ = frame.tail(name, text)?,
            "start" => draft.start_ns = Some(moment(name, text)?),
            "stop" => draft.stop_ns = Some(moment(name, text)?),
            "age" => {
                let age_ns = time::seconds(text);
                draft.age_ns =
                    Some(age_ns.ok_or_else(|| EntryError::value(name, "seconds", text))?);
            }
            "flags" => draft.expect.flags = Some(flags(name, text)?),
            "function" => draft.expect.function = Some(text.to_owned()),
            name if draft.set(name, text, labels)? => (),
            // Of chosen columns an object has the whole paths.
            path if path.contains('.') => {
                let (part, name) = Part::split(path);
                self.set(part, name, text)?;
            }
            _ => (),
        }
        Ok(())
    }

    pub(super) fn entry(self) -> Result<Entry, EntryError> {
        let Self { mut draft, frame, words, is_expectation, .. } = self;
        draft.told = words.told();
        if is_expectation {
            return Ok(frame.entry(Subject::Expectation(draft.expectation()?), None));
        }
        let age_ns = draft.age_ns;
        Ok(frame.entry(Subject::Flow(draft.flow()?), age_ns))
    }
}

fn protocol(name: &str, text: &str) -> Result<Proto, EntryError> {
    parsed(name, "a protocol", text)
}

fn moment(name: &str, text: &str) -> Result<u64, EntryError> {
    time::rfc3339(text).ok_or_else(|| EntryError::value(name, "a time", text))
}

/// Names of status bits; `bit17` where there is no name.
fn status(name: &str, text: &str) -> Result<Status, EntryError> {
    let words = text.split(',').filter(|word| !word.is_empty());
    words.into_iter().try_fold(Status::default(), |status, word| {
        let unnamed =
            || word.strip_prefix("bit")?.parse().ok().and_then(|bit| 1u32.checked_shl(bit));
        let bit = Status::named(word).or_else(|| unnamed().map(Status));
        Ok(status | bit.ok_or_else(|| EntryError::value(name, "names of status bits", word))?)
    })
}

fn flags(name: &str, text: &str) -> Result<ExpectFlags, EntryError> {
    let words = text.split(',').filter(|word| !word.is_empty());
    words.into_iter().try_fold(ExpectFlags::default(), |flags, word| {
        let bit = ExpectFlags::named(word);
        let bit = bit.ok_or_else(|| EntryError::value(name, "names of flags", word))?;
        Ok(ExpectFlags(flags.0 | bit.0))
    })
}

fn protoinfo(draft: &mut Draft, name: &str, text: &str) -> Result<(), EntryError> {
    let Draft { tcp, sctp, dccp, .. } = draft;
    let flags = || Ok::<_, EntryError>(TcpFlags { flags: number(name, text)?, mask: 0 });
    match name {
        "state" => draft.state(name, text)?,
        "wscale_orig" => tcp.wscale_orig = Some(number(name, text)?),
        "wscale_reply" => tcp.wscale_reply = Some(number(name, text)?),
        "flags_orig" => tcp.flags_orig = Some(flags()?),
        "flags_reply" => tcp.flags_reply = Some(flags()?),
        "vtag_orig" => sctp.vtag_orig = Some(number(name, text)?),
        "vtag_reply" => sctp.vtag_reply = Some(number(name, text)?),
        "role" => dccp.role = Some(number(name, text)?),
        "handshake_seq" => dccp.handshake_seq = Some(number(name, text)?),
        _ => (),
    }
    Ok(())
}

fn nat(draft: &mut ExpectDraft, name: &str, text: &str) -> Result<(), EntryError> {
    if name == "direction" {
        draft.nat_direction = Some(u32::from(text != "orig"));
    }
    let side: &mut Side = draft.nat.get_or_insert_default();
    side.set(name, text).map(drop)
}

fn adjustment(adjustment: &mut Option<SeqAdj>, name: &str, text: &str) -> Result<(), EntryError> {
    let adjustment = adjustment.get_or_insert_default();
    let offset = || parsed(name, "a number", text);
    match name {
        "correction_pos" => adjustment.correction_pos = number(name, text)?,
        "offset_before" => adjustment.offset_before = offset()?,
        "offset_after" => adjustment.offset_after = offset()?,
        _ => (),
    }
    Ok(())
}

fn proxy(rare: &mut Rare, name: &str, text: &str) -> Result<(), EntryError> {
    let Synproxy { isn, its, tsoff } = rare.synproxy.get_or_insert_default();
    match name {
        "isn" => *isn = number(name, text)?,
        "its" => *its = number(name, text)?,
        "tsoff" => *tsoff = number(name, text)?,
        _ => (),
    }
    Ok(())
}
