//! Maps that make, change or name a flow.

use std::net::{IpAddr, SocketAddr};

use rhai::{Dynamic, Map};

use super::{TUPLE, entry, helper, master, missing, port, proto, state, tuple, words, wrong};
use crate::flow::{
    Flow, FlowKey, LabelPatch, Labels, Masked, NatTarget, NewFlow, Patch, Proto, Status, Tuple,
};
use crate::kernel::{KernelError, Source};
use crate::script::fault::{Fallible, Fault};
use crate::script::host::Host;
use crate::script::ops::only_known;
use crate::script::value::{describe, span, text_of};

/// What names a flow: the entries of its original direction.
///
/// # Errors
///
/// An entry is missing, not known, or does not fit.
pub(crate) fn flow_key(map: &Map) -> Fallible<FlowKey> {
    only_known("get", map, &[&TUPLE[..], &["orig_zone"]].concat())?;
    let (tuple, zone) = zones(map, tuple(map, proto(map)?)?)?;
    Ok(FlowKey { tuple, reply_zone: None, zone, id: None })
}

/// The one flow that a map names by its original direction, by its `reply`, or by both.
pub(crate) struct FlowName {
    /// What the source is asked for.
    key: FlowKey,
    /// The directions that the map has.
    directions: [Option<Tuple>; 2],
}

impl FlowName {
    /// The flow of `source` that has the directions that were named, and has them the same way round.
    ///
    /// # Errors
    ///
    /// The source cannot be read.
    pub(crate) fn look_up(&self, source: &dyn Source) -> Result<Option<Flow>, KernelError> {
        let found = match self.directions {
            [Some(_), _] => source.get(&self.key),
            [None, _] => source.find(&self.key),
        };
        let named = |flow: &Flow| {
            let named = self.directions.iter().zip([&flow.orig, &flow.reply]);
            named.into_iter().all(|(tuple, told)| tuple.is_none_or(|tuple| tuple.names(told)))
        };
        Ok(found?.filter(named))
    }
}

/// What a map names a flow by.
///
/// # Errors
///
/// As [`flow_key`].
pub(crate) fn flow_name(map: &Map) -> Fallible<FlowName> {
    let Some(reply) = entry(map, "reply") else {
        let key = flow_key(map)?;
        return Ok(FlowName { key, directions: [Some(key.tuple), None] });
    };
    let known = entry(map, "proto").map(|_| proto(map)).transpose()?;
    let reply = answer(reply, known)?;
    let mut rest = map.clone();
    rest.remove("reply");
    if rest.keys().all(|name| matches!(name.as_str(), "zone" | "proto")) {
        let zone = port(map, "zone")?.filter(|&zone| zone != 0);
        let key = FlowKey { tuple: reply, reply_zone: None, zone, id: None };
        return Ok(FlowName { key, directions: [None, Some(reply)] });
    }
    let key = flow_key(&rest)?;
    Ok(FlowName { key, directions: [Some(key.tuple), Some(reply)] })
}

/// The direction that the map `reply` has, which need not repeat the protocol if that is known.
fn answer(value: &Dynamic, known: Option<Proto>) -> Fallible<Tuple> {
    let Some(map) = value.read_lock::<Map>() else {
        let message = format!("`reply` needs a map, found {}", describe(value));
        return Fault::new(message).throw();
    };
    only_known("reply", &map, &TUPLE)?;
    tuple(&map, known.map_or_else(|| proto(&map), Ok)?)
}

/// A flow that is to be made.
///
/// # Errors
///
/// As [`flow_key`].
pub(crate) fn new_flow(map: &Map) -> Fallible<NewFlow> {
    let own = [
        "orig_zone",
        "reply_zone",
        "reply",
        "timeout",
        "mark",
        "labels",
        "helper",
        "status",
        "snat",
        "dnat",
        "master",
    ];
    only_known("create", map, &[&TUPLE[..], &state::ENTRIES, &own].concat())?;
    let proto = proto(map)?;
    let (orig, zone) = zones(map, tuple(map, proto)?)?;
    let mut reply = match entry(map, "reply") {
        None => orig.inverted().ok_or_else(|| {
            Fault::new(format!("nothing answers {orig}, so `reply` must say what does")).thrown()
        })?,
        Some(value) => answer(value, Some(proto))?,
    };
    reply.zone = port(map, "reply_zone")?;
    if [zone, orig.zone, reply.zone].into_iter().flatten().count() > 1 {
        let message = "a flow has only one of `zone`, `orig_zone` and `reply_zone`";
        return Fault::new(message).throw();
    }
    let timeout = span("`timeout`", missing(entry(map, "timeout"), "timeout")?)?;
    let timeout_s =
        timeout.seconds_up().ok_or_else(|| Fault::new("`timeout` is too long").thrown())?;
    let family_of = |target: NatTarget| {
        if target.addr.is_ipv4() == orig.src.is_ipv4() {
            Ok(target)
        } else {
            Fault::new(format!("NAT to {} is of another family than the flow", target.addr)).throw()
        }
    };
    Ok(NewFlow {
        zone,
        status: status(map)?,
        proto_info: state::made(map, proto)?,
        mark: mark(map)?.map(|masked| masked.value),
        labels: entry(map, "labels").map(|list| labels("labels", list)).transpose()?,
        helper: helper(map)?,
        snat: nat(map, "snat")?.map(family_of).transpose()?,
        dnat: nat(map, "dnat")?.map(family_of).transpose()?,
        master: master(map)?,
        ..NewFlow::new(orig, reply, timeout_s)
    })
}

/// What to change of flows.
///
/// # Errors
///
/// As [`flow_key`]; a map that changes nothing is an error too.
pub(crate) fn patch(map: &Map) -> Fallible<Patch> {
    let own = ["mark", "timeout", "status", "helper", "labels", "add_labels", "remove_labels"];
    only_known("update", map, &[&state::ENTRIES[..], &own].concat())?;
    let timeout = entry(map, "timeout").map(|value| span("`timeout`", value)).transpose()?;
    let timeout_s = timeout
        .map(|span| span.seconds_up().ok_or_else(|| Fault::new("`timeout` is too long").thrown()))
        .transpose()?;
    let patch = Patch {
        timeout_s,
        mark: mark(map)?,
        status: status(map)?,
        state: state::changed(map)?,
        labels: label_patch(map)?,
        helper: helper(map)?,
        ..Patch::default()
    };
    if patch.is_empty() {
        return Fault::new("update needs something to change")
            .hint("for example #{ mark: 5 }, #{ timeout: 5.min } or #{ add_labels: [\"voip\"] }")
            .throw();
    }
    Ok(patch)
}

fn mark(map: &Map) -> Fallible<Option<Masked>> {
    let Some(value) = entry(map, "mark") else { return Ok(None) };
    text_of(value).parse().map(Some).map_err(|error| wrong("mark", error))
}

fn status(map: &Map) -> Fallible<Option<Status>> {
    let Some(value) = entry(map, "status") else { return Ok(None) };
    let mut status = Status::default();
    for name in words("status", value)? {
        let bit = Status::named(&name);
        let bit = bit.filter(|bit| {
            let writable = Status::SEEN_REPLY | Status::ASSURED | Status::FIXED_TIMEOUT;
            (writable | Status::HELPER).has(*bit)
        });
        status = status
            | bit.ok_or_else(|| {
                wrong(
                    "status",
                    format!(
                        "`{name}` cannot be set: only seen_reply, assured, \
                    fixed_timeout and helper can"
                    ),
                )
            })?;
    }
    Ok(Some(status))
}

fn labels(name: &str, value: &Dynamic) -> Fallible<Labels> {
    let host = Host::current()?;
    let mut labels = Labels::default();
    for word in words(name, value)? {
        let bit = host.labels.bit(&word).and_then(Labels::bit).ok_or_else(|| {
            let hint = "names are read from /etc/xtables/connlabel.conf; numbers go from 0 to 127";
            Fault::new(format!("`{name}`: there is no label `{word}`")).hint(hint).thrown()
        })?;
        labels = labels.union(bit);
    }
    Ok(labels)
}

fn label_patch(map: &Map) -> Fallible<Option<LabelPatch>> {
    if let Some(list) = entry(map, "labels") {
        for other in ["add_labels", "remove_labels"] {
            if entry(map, other).is_some() {
                return Err(wrong(other, "`labels` says all of them"));
            }
        }
        let set = labels("labels", list)?;
        return Ok(Some(LabelPatch { set, mask: Labels([u32::MAX; 4]) }));
    }
    let set = entry(map, "add_labels").map(|list| labels("add_labels", list)).transpose()?;
    let clear =
        entry(map, "remove_labels").map(|list| labels("remove_labels", list)).transpose()?;
    if set.is_none() && clear.is_none() {
        return Ok(None);
    }
    let (set, clear) = (set.unwrap_or_default(), clear.unwrap_or_default());
    Ok(Some(LabelPatch { set, mask: set.union(clear) }))
}

/// `"192.0.2.1"` or `"192.0.2.1:80"`, `"[::1]:80"`.
fn nat(map: &Map, name: &str) -> Fallible<Option<NatTarget>> {
    let Some(value) = entry(map, name) else { return Ok(None) };
    let text = text_of(value);
    let target = match (text.parse::<IpAddr>(), text.parse::<SocketAddr>()) {
        (Ok(addr), _) => NatTarget { addr, port: None },
        (_, Ok(socket)) => NatTarget { addr: socket.ip(), port: Some(socket.port()) },
        _ => return Err(wrong(name, format!("`{text}` is neither an address nor address:port"))),
    };
    Ok(Some(target))
}

/// Zones: `zone` for both directions, `orig_zone` for the original alone.
fn zones(map: &Map, mut tuple: Tuple) -> Fallible<(Tuple, Option<u16>)> {
    tuple.zone = port(map, "orig_zone")?;
    let zone = port(map, "zone")?.filter(|&zone| zone != 0);
    Ok((tuple, zone))
}
