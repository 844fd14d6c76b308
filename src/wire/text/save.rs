//! The lines of `conntrack -o save`, which `conntrack -R` reads: `-A`, `-I`, `-U` and `-D` with
//! their options, written by `conntrack`, by flowsh or by hand.
//!
//! A line may leave out the reply, as the command may: then it is the original direction inverted.
//! This reads what a line says of a flow; what the command would do with it is not here.

use std::net::{IpAddr, SocketAddr};

use super::Entry;
use super::draft::{Draft, addr, number, parsed};
use super::error::EntryError;
use super::line::{Frame, Words};
use crate::flow::{EventKind, L4, LabelMap, Proto, Status, Subject, Tuple};

/// The bits of a status that `-u` has, and has whenever they are set; those of NAT need more.
const TOLD: Status =
    Status(Status::EXPECTED.0 | Status::SEEN_REPLY.0 | Status::ASSURED.0 | Status::FIXED_TIMEOUT.0);

/// Reads a line that begins with `-`.
pub(super) fn read(text: &str, labels: &LabelMap) -> Result<Entry, EntryError> {
    let (mut words, mut frame, mut draft) = (Words(text), Frame::default(), Draft::default());
    let command = words.next().unwrap_or_default();
    frame.kind = match command {
        "-A" | "--add" | "-I" | "--create" => Some(EventKind::New),
        "-U" | "--update" => Some(EventKind::Update),
        "-D" | "--delete" => Some(EventKind::Destroy),
        _ => return Err(EntryError::unexpected("-A, -I, -U or -D", command)),
    };
    draft.told = Some(TOLD);
    let mut nat = Status::default();
    while let Some(word) = words.next() {
        if word.starts_with('[') {
            continue;
        }
        if !word.starts_with('-') {
            // `[USERSPACE] portid=1 progname=x` of an event.
            let (name, value) =
                word.split_once('=').ok_or_else(|| EntryError::unexpected("an option", word))?;
            frame.tail(name, value)?;
            continue;
        }
        let (name, value) = match word.split_once('=') {
            Some(both) => both,
            None => (word, words.next().ok_or_else(|| EntryError::unexpected("a value", word))?),
        };
        match name {
            "-n" | "--src-nat" => {
                nat = nat | Status::SRC_NAT;
                let (addr, port) = endpoint(name, value)?;
                draft.reply.dst = Some(addr);
                draft.reply.dport = port.or(draft.reply.dport);
            }
            "-g" | "--dst-nat" => {
                nat = nat | Status::DST_NAT;
                let (addr, port) = endpoint(name, value)?;
                draft.reply.src = Some(addr);
                draft.reply.sport = port.or(draft.reply.sport);
            }
            _ => option(&mut draft, name, value, labels)?,
        }
    }
    // conntrack writes -n and -g for these bits, and writes them only where it writes a status.
    draft.status = draft.status.map(|status| status | nat);
    complete(&mut draft)?;
    Ok(frame.entry(Subject::Flow(draft.flow()?), None))
}

fn option(draft: &mut Draft, name: &str, value: &str, labels: &LabelMap) -> Result<(), EntryError> {
    let Draft { orig, reply, .. } = draft;
    match name {
        "-s" | "--src" | "--orig-src" => orig.src = Some(addr(name, value)?),
        "-d" | "--dst" | "--orig-dst" => orig.dst = Some(addr(name, value)?),
        "-r" | "--reply-src" => reply.src = Some(addr(name, value)?),
        "-q" | "--reply-dst" => reply.dst = Some(addr(name, value)?),
        "-p" | "--proto" | "--protonum" => {
            draft.proto = Some(parsed(name, "a protocol", value)?);
        }
        "-t" | "--timeout" => draft.timeout_s = Some(number(name, value)?),
        "-u" | "--status" => draft.add_status(status(name, value)?),
        "-m" | "--mark" => draft.mark = Some(number(name, value)?),
        "-i" | "--id" => draft.id = Some(number(name, value)?),
        "-w" | "--zone" => draft.zone = Some(number(name, value)?).filter(|zone| *zone != 0),
        "--orig-zone" => orig.zone = Some(number(name, value)?),
        "--reply-zone" => reply.zone = Some(number(name, value)?),
        "-l" | "--label" | "--label-add" => _ = draft.set("labels", value, labels)?,
        "--helper" => _ = draft.set("helper", value, labels)?,
        "--state" => draft.state(name, value)?,
        "--sport" | "--orig-port-src" => orig.sport = Some(number(name, value)?),
        "--dport" | "--orig-port-dst" => orig.dport = Some(number(name, value)?),
        "--reply-port-src" => reply.sport = Some(number(name, value)?),
        "--reply-port-dst" => reply.dport = Some(number(name, value)?),
        "--icmp-type" | "--icmpv6-type" => orig.kind = Some(number(name, value)?),
        "--icmp-code" | "--icmpv6-code" => orig.code = Some(number(name, value)?),
        "--icmp-id" | "--icmpv6-id" => orig.icmp_id = Some(number(name, value)?),
        "--srckey" | "--orig-key-src" => _ = orig.set("srckey", value)?,
        "--dstkey" | "--orig-key-dst" => _ = orig.set("dstkey", value)?,
        "--reply-key-src" => _ = reply.set("srckey", value)?,
        "--reply-key-dst" => _ = reply.set("dstkey", value)?,
        // conntrack-tools up to 1.4.9 write the bytes of tags the wrong way round; we do not, and
        // nothing tells whose line this is.
        "--orig-vtag" => draft.sctp.vtag_orig = Some(number(name, value)?),
        "--reply-vtag" => draft.sctp.vtag_reply = Some(number(name, value)?),
        "--role" => {
            draft.dccp.role = match value {
                "client" => Some(0),
                "server" => Some(1),
                _ => return Err(EntryError::value(name, "client or server", value)),
            }
        }
        // Nothing of a flow, or nothing that flowsh keeps.
        "-c" | "--secmark" | "-f" | "--family" => (),
        _ => return Err(EntryError::unexpected("an option of conntrack -A", name)),
    }
    Ok(())
}

/// `ADDR`, `ADDR:PORT` or `[ADDR]:PORT`.
fn endpoint(name: &str, text: &str) -> Result<(IpAddr, Option<u16>), EntryError> {
    if let Ok(both) = text.parse::<SocketAddr>() {
        return Ok((both.ip(), Some(both.port())));
    }
    Ok((addr(name, text)?, None))
}

/// `SEEN_REPLY,ASSURED`; `UNSET` is none of them.
fn status(name: &str, text: &str) -> Result<Status, EntryError> {
    text.split(',').filter(|word| *word != "UNSET").try_fold(Status::default(), |status, word| {
        let bit = Status::named(word);
        Ok(status | bit.ok_or_else(|| EntryError::value(name, "names of status bits", word))?)
    })
}

/// Fills in what the line leaves out of the reply.
fn complete(draft: &mut Draft) -> Result<(), EntryError> {
    let proto = draft.proto.ok_or_else(|| EntryError::Missing("-p".to_owned()))?;
    let (Some(src), Some(dst)) = (draft.orig.src, draft.orig.dst) else {
        let name = if draft.orig.src.is_none() { "-s" } else { "-d" };
        return Err(EntryError::Missing(name.to_owned()));
    };
    if proto.is_icmp() && draft.orig.kind.is_some() {
        draft.orig.icmp_id.get_or_insert(0);
    }
    let reply = &mut draft.reply;
    reply.src.get_or_insert(dst);
    reply.dst.get_or_insert(src);
    if let (Some(sport), Some(dport)) = (draft.orig.sport, draft.orig.dport) {
        reply.sport.get_or_insert(dport);
        reply.dport.get_or_insert(sport);
    }
    if let (Some(kind), code, id) = (draft.orig.kind, draft.orig.code, draft.orig.icmp_id) {
        reply.kind = Some(answer(proto, kind, src, dst));
        (reply.code, reply.icmp_id) = (code, id);
    }
    Ok(())
}

/// The type that answers `kind`, or `kind` itself where nothing does.
fn answer(proto: Proto, kind: u8, src: IpAddr, dst: IpAddr) -> u8 {
    let asked = Tuple { src, dst, proto, l4: L4::Icmp { kind, code: 0, id: 0 }, zone: None };
    match asked.inverted().map(|answer| answer.l4) {
        Some(L4::Icmp { kind, .. }) => kind,
        _ => kind,
    }
}
