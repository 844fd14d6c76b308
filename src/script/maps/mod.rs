//! Maps that say what to make, change or look up, read strictly: every entry is known and fits.
//! Here: the entries that several have; what they make is in `flow.rs` and `expect.rs`.

mod expect;
mod flow;
mod state;

use std::net::IpAddr;

use rhai::{Array, Dynamic, ImmutableString, Map};

use super::fault::{Fallible, Fault};
use super::ops::address;
use super::value::{describe, text_of};
use crate::flow::{HelperName, L4, Proto, Tuple};

pub(crate) use expect::{expect_key, expect_timeout, new_expectation};
pub(crate) use flow::{flow_key, flow_name, new_flow, patch};

/// Entries that describe one direction.
const TUPLE: [&str; 9] =
    ["proto", "src", "dst", "sport", "dport", "icmp_type", "icmp_code", "icmp_id", "zone"];
/// An entry, if it is there and not `()`.
fn entry<'a>(map: &'a Map, name: &str) -> Option<&'a Dynamic> {
    map.get(name).filter(|value| !value.is_unit())
}

/// A number that fits `T`.
fn number<T: TryFrom<i64>>(map: &Map, name: &str, range: &str) -> Fallible<Option<T>> {
    let Some(value) = entry(map, name) else { return Ok(None) };
    let fits = value.as_int().ok().and_then(|number| T::try_from(number).ok());
    match fits {
        Some(number) => Ok(Some(number)),
        None => {
            let message = format!("`{name}` needs {range}, found {}", describe(value));
            Fault::new(message).throw()
        }
    }
}

fn port(map: &Map, name: &str) -> Fallible<Option<u16>> {
    number(map, name, "a number from 0 to 65535")
}

fn byte(map: &Map, name: &str) -> Fallible<Option<u8>> {
    number(map, name, "a number from 0 to 255")
}

fn text(map: &Map, name: &str) -> Fallible<Option<ImmutableString>> {
    let Some(value) = entry(map, name) else { return Ok(None) };
    match value.read_lock::<ImmutableString>() {
        Some(text) => Ok(Some(text.clone())),
        None => {
            let message = format!("`{name}` needs text, found {}", describe(value));
            Fault::new(message).throw()
        }
    }
}

fn wrong(name: &str, error: impl std::fmt::Display) -> Box<rhai::EvalAltResult> {
    Fault::new(format!("`{name}`: {error}")).thrown()
}

fn missing<T>(value: Option<T>, name: &str) -> Fallible<T> {
    value.ok_or_else(|| Fault::new(format!("`{name}` is missing")).thrown())
}

/// The protocol of a map, by name or number.
fn proto(map: &Map) -> Fallible<Proto> {
    let value = missing(entry(map, "proto"), "proto")?;
    text_of(value).parse().map_err(|error| wrong("proto", error))
}

/// A direction from its entries; `zone` is its own zone.
fn tuple(map: &Map, proto: Proto) -> Fallible<Tuple> {
    let addr = |name| address(&format!("`{name}`"), missing(entry(map, name), name)?);
    let (src, dst): (IpAddr, IpAddr) = (addr("src")?, addr("dst")?);
    if src.is_ipv4() != dst.is_ipv4() {
        return Fault::new("`src` and `dst` are of different families").throw();
    }
    let l4 = if proto.is_icmp() {
        let kind = missing(byte(map, "icmp_type")?, "icmp_type")?;
        let (code, id) = (byte(map, "icmp_code")?.unwrap_or(0), port(map, "icmp_id")?.unwrap_or(0));
        L4::Icmp { kind, code, id }
    } else {
        match (port(map, "sport")?, port(map, "dport")?) {
            (None, None) if proto.has_ports() => {
                return Fault::new(format!("{proto} needs `sport` and `dport`")).throw();
            }
            (None, None) => L4::None,
            (src, dst) => L4::Ports { src: missing(src, "sport")?, dst: missing(dst, "dport")? },
        }
    };
    Ok(Tuple { src, dst, proto, l4, zone: None })
}

/// One word or a list of words.
fn words(name: &str, value: &Dynamic) -> Fallible<Vec<String>> {
    if let Some(items) = value.read_lock::<Array>() {
        return Ok(items.iter().map(text_of).collect());
    }
    match value.type_name() {
        "string" | "i64" => {
            Ok(value.to_string().split(',').map(|word| word.trim().to_owned()).collect())
        }
        _ => {
            let message = format!("`{name}` needs a name or a list, found {}", describe(value));
            Fault::new(message).throw()
        }
    }
}

fn helper(map: &Map) -> Fallible<Option<HelperName>> {
    let Some(name) = text(map, "helper")? else { return Ok(None) };
    let helper = HelperName::new(name.as_bytes());
    helper
        .map(Some)
        .ok_or_else(|| wrong("helper", format!("`{name}` is no name of 1 to 15 letters")))
}

fn master(map: &Map) -> Fallible<Option<Tuple>> {
    let Some(value) = entry(map, "master") else { return Ok(None) };
    match value.read_lock::<Map>() {
        Some(map) => Ok(Some(tuple(&map, proto(&map)?)?)),
        None => Err(wrong("master", format!("needs a map, found {}", describe(value)))),
    }
}
