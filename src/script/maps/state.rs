//! The entries of a map that say a state: that of a flow to be made, or of flows to be changed.

use rhai::Map;

use super::{byte, entry, missing, number, text, wrong};
use crate::flow::{Proto, ProtoInfo, SctpInfo, StatePatch, TcpFlags, TcpInfo};
use crate::script::fault::Fallible;

/// The entries besides `state`: of tcp, and of sctp.
const SCALES: [&str; 2] = ["wscale_orig", "wscale_reply"];
const TAGS: [&str; 2] = ["vtag_orig", "vtag_reply"];

/// Every entry.
pub(super) const ENTRIES: [&str; 5] =
    ["state", "wscale_orig", "wscale_reply", "vtag_orig", "vtag_reply"];

/// The state of a new flow of `proto`.
pub(super) fn made(map: &Map, proto: Proto) -> Fallible<Option<ProtoInfo>> {
    let none = || format!("{proto} has no states");
    match proto {
        Proto::TCP => {
            refuse(map, &TAGS, "only flows of sctp have it")?;
            let state = missing(text(map, "state")?, "state")?;
            let info = tcp(map, &state)?;
            Ok(Some(ProtoInfo::Tcp(info.ok_or_else(|| unknown("tcp has no", &state))?)))
        }
        Proto::SCTP => {
            refuse(map, &SCALES, "only flows of tcp have it")?;
            let state = missing(text(map, "state")?, "state")?;
            let info = sctp(map, &state)?.ok_or_else(|| unknown("sctp has no", &state))?;
            missing(info.vtag_orig, "vtag_orig")?;
            missing(info.vtag_reply, "vtag_reply")?;
            Ok(Some(ProtoInfo::Sctp(info)))
        }
        _ => refuse(map, &ENTRIES, &none()).map(|()| None),
    }
}

/// The states that flows get: one name may be that of a state of several protocols, and an entry
/// that only one of them has means that one.
pub(super) fn changed(map: &Map) -> Fallible<StatePatch> {
    let Some(state) = text(map, "state")? else {
        return refuse(map, &ENTRIES, "needs `state` beside it").map(|()| StatePatch::default());
    };
    let (scale, tag) = (given(map, &SCALES), given(map, &TAGS));
    let patch = StatePatch {
        tcp: if tag.is_none() { tcp(map, &state)? } else { None },
        sctp: if scale.is_none() { sctp(map, &state)? } else { None },
        dccp: None,
    };
    if patch != StatePatch::default() {
        return Ok(patch);
    }
    Err(match (scale, tag) {
        (Some(scale), Some(_)) => {
            wrong(scale, "only flows of tcp have it, and only those of sctp have tags")
        }
        (Some(_), None) => unknown("tcp has no", &state),
        (None, Some(_)) => unknown("sctp has no", &state),
        (None, None) => unknown("neither tcp nor sctp has a", &state),
    })
}

/// The first of these entries that the map has.
fn given<'n>(map: &Map, names: &[&'n str]) -> Option<&'n str> {
    names.iter().find(|name| entry(map, name).is_some()).copied()
}

/// Refuses a map that has one of these entries.
fn refuse(map: &Map, names: &[&str], why: &str) -> Fallible<()> {
    given(map, names).map_or(Ok(()), |name| Err(wrong(name, why)))
}

fn unknown(who_has: &str, state: &str) -> Box<rhai::EvalAltResult> {
    wrong("state", format!("{who_has} state `{state}`"))
}

fn tcp(map: &Map, state: &str) -> Fallible<Option<TcpInfo>> {
    let Some(state) = ProtoInfo::tcp_state(state) else { return Ok(None) };
    // Packets of a flow that the kernel did not see begin are out of its window: without
    // BE_LIBERAL (0x08) it would call them invalid.
    let liberal = Some(TcpFlags { flags: 0x08, mask: 0x08 });
    Ok(Some(TcpInfo {
        state,
        wscale_orig: byte(map, "wscale_orig")?,
        wscale_reply: byte(map, "wscale_reply")?,
        flags_orig: liberal,
        flags_reply: liberal,
    }))
}

fn sctp(map: &Map, state: &str) -> Fallible<Option<SctpInfo>> {
    let Some(state) = ProtoInfo::sctp_state(state) else { return Ok(None) };
    let tag = |name| number(map, name, "a number from 0 to 4294967295");
    Ok(Some(SctpInfo { state, vtag_orig: tag("vtag_orig")?, vtag_reply: tag("vtag_reply")? }))
}
