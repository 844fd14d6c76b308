//! Maps that make, change or name an expectation.

use std::net::IpAddr;

use rhai::Map;

use super::{
    TUPLE, entry, flow_key, helper, master, missing, number, port, proto, tuple, words, wrong,
};
use crate::flow::{ExpectFlags, ExpectKey, L4, NewExpectation, Tuple};
use crate::script::fault::{Fallible, Fault};
use crate::script::ops::only_known;
use crate::script::value::{describe, span};

/// What names an expectation.
///
/// # Errors
///
/// As [`flow_key`].
pub(crate) fn expect_key(map: &Map) -> Fallible<ExpectKey> {
    let key = flow_key(map)?;
    Ok(ExpectKey { tuple: key.tuple, zone: key.zone, id: None })
}

/// An expectation that is to be made; without `mask` its ports and addresses count as they are,
/// except for a source port of 0, which is any.
///
/// # Errors
///
/// As [`flow_key`].
pub(crate) fn new_expectation(map: &Map) -> Fallible<NewExpectation> {
    let own = ["mask", "master", "timeout", "flags", "class", "helper"];
    only_known("create", map, &[&TUPLE[..], &own].concat())?;
    let proto = proto(map)?;
    let expected = tuple(map, proto)?;
    let mask = match entry(map, "mask") {
        Some(value) => match value.read_lock::<Map>() {
            Some(map) => tuple(&map, proto)?,
            None => return Err(wrong("mask", format!("needs a map, found {}", describe(value)))),
        },
        None => full_mask(&expected),
    };
    let timeout = span("`timeout`", missing(entry(map, "timeout"), "timeout")?)?;
    Ok(NewExpectation {
        tuple: expected,
        mask,
        master: missing(master(map)?, "master")?,
        zone: port(map, "zone")?.filter(|&zone| zone != 0),
        timeout_s: timeout.seconds_up().unwrap_or(u32::MAX),
        flags: flags(map)?,
        class: number(map, "class", "a number from 0 to 4294967295")?,
        helper: helper(map)?,
        nat: None,
        function: None,
    })
}

/// The new timeout of an expectation, in seconds.
///
/// # Errors
///
/// As [`flow_key`].
pub(crate) fn expect_timeout(map: &Map) -> Fallible<u32> {
    only_known("update", map, &["timeout"])?;
    let timeout = span("`timeout`", missing(entry(map, "timeout"), "timeout")?)?;
    timeout.seconds_up().ok_or_else(|| Fault::new("`timeout` is too long").thrown())
}

fn flags(map: &Map) -> Fallible<Option<ExpectFlags>> {
    let Some(value) = entry(map, "flags") else { return Ok(None) };
    let mut flags = ExpectFlags::default();
    for word in words("flags", value)? {
        flags.0 |= match word.as_str() {
            "permanent" => ExpectFlags::PERMANENT.0,
            "inactive" => ExpectFlags::INACTIVE.0,
            _ => return Err(wrong("flags", format!("`{word}` is neither permanent nor inactive"))),
        };
    }
    Ok(Some(flags))
}

fn full_mask(tuple: &Tuple) -> Tuple {
    let ones = |addr: IpAddr| match addr {
        IpAddr::V4(_) => IpAddr::from([0xff_u8; 4]),
        IpAddr::V6(_) => IpAddr::from([0xff_u8; 16]),
    };
    let l4 = match tuple.l4 {
        L4::Ports { src, .. } => {
            L4::Ports { src: if src == 0 { 0 } else { u16::MAX }, dst: u16::MAX }
        }
        other => other,
    };
    Tuple { src: ones(tuple.src), dst: ones(tuple.dst), l4, ..*tuple }
}
