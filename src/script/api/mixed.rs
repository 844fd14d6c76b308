//! Comparisons of values with what stands for them: an address or a network with its text, a duration
//! with seconds, on whichever side. The equalities of addresses are in `addr`, a duration on the left
//! in `time`.

use std::cmp::Ordering;
use std::net::IpAddr;

use rhai::INT;
use rhai::plugin::*;

use crate::flow::Network;
use crate::script::fault::{Fallible, Fault};
use crate::script::value::{SECOND, Span};

pub(super) fn module() -> Module {
    exported_module!(mixed_api)
}

fn compare(a: IpAddr, text: &str) -> Fallible<Ordering> {
    let b: IpAddr = text
        .parse()
        .map_err(|_| Fault::new(format!("\"{text}\" is not an IP address")).thrown())?;
    Ok(a.cmp(&b))
}

#[export_module]
mod mixed_api {
    /// True if `a` comes before the address in `text`.
    #[rhai_fn(name = "<", return_raw)]
    pub fn ip_lt_text(a: IpAddr, text: &str) -> Fallible<bool> {
        Ok(compare(a, text)?.is_lt())
    }

    /// True if `a` comes before, or is, the address in `text`.
    #[rhai_fn(name = "<=", return_raw)]
    pub fn ip_le_text(a: IpAddr, text: &str) -> Fallible<bool> {
        Ok(compare(a, text)?.is_le())
    }

    /// True if `a` comes after the address in `text`.
    #[rhai_fn(name = ">", return_raw)]
    pub fn ip_gt_text(a: IpAddr, text: &str) -> Fallible<bool> {
        Ok(compare(a, text)?.is_gt())
    }

    /// True if `a` comes after, or is, the address in `text`.
    #[rhai_fn(name = ">=", return_raw)]
    pub fn ip_ge_text(a: IpAddr, text: &str) -> Fallible<bool> {
        Ok(compare(a, text)?.is_ge())
    }

    /// True if the address in `text` comes before `a`.
    #[rhai_fn(name = "<", return_raw)]
    pub fn text_lt_ip(text: &str, a: IpAddr) -> Fallible<bool> {
        Ok(compare(a, text)?.is_gt())
    }

    /// True if the address in `text` comes before, or is, `a`.
    #[rhai_fn(name = "<=", return_raw)]
    pub fn text_le_ip(text: &str, a: IpAddr) -> Fallible<bool> {
        Ok(compare(a, text)?.is_ge())
    }

    /// True if the address in `text` comes after `a`.
    #[rhai_fn(name = ">", return_raw)]
    pub fn text_gt_ip(text: &str, a: IpAddr) -> Fallible<bool> {
        Ok(compare(a, text)?.is_lt())
    }

    /// True if the address in `text` comes after, or is, `a`.
    #[rhai_fn(name = ">=", return_raw)]
    pub fn text_ge_ip(text: &str, a: IpAddr) -> Fallible<bool> {
        Ok(compare(a, text)?.is_le())
    }

    /// True if `text` is this network, however it is written.
    #[rhai_fn(name = "==")]
    pub fn text_eq_net(text: &str, a: Network) -> bool {
        text.parse() == Ok(a)
    }

    /// True if `text` is not this network.
    #[rhai_fn(name = "!=")]
    pub fn text_ne_net(text: &str, a: Network) -> bool {
        text.parse() != Ok(a)
    }

    /// True if the duration is this many seconds.
    #[rhai_fn(name = "==")]
    pub fn s_eq_span(seconds: INT, a: Span) -> bool {
        seconds.saturating_mul(SECOND) == a.0
    }

    /// True if the duration is not this many seconds.
    #[rhai_fn(name = "!=")]
    pub fn s_ne_span(seconds: INT, a: Span) -> bool {
        seconds.saturating_mul(SECOND) != a.0
    }

    /// True if the duration is more than this many seconds.
    #[rhai_fn(name = "<")]
    pub fn s_lt_span(seconds: INT, a: Span) -> bool {
        seconds.saturating_mul(SECOND) < a.0
    }

    /// True if the duration is at least this many seconds.
    #[rhai_fn(name = "<=")]
    pub fn s_le_span(seconds: INT, a: Span) -> bool {
        seconds.saturating_mul(SECOND) <= a.0
    }

    /// True if the duration is less than this many seconds.
    #[rhai_fn(name = ">")]
    pub fn s_gt_span(seconds: INT, a: Span) -> bool {
        seconds.saturating_mul(SECOND) > a.0
    }

    /// True if the duration is at most this many seconds.
    #[rhai_fn(name = ">=")]
    pub fn s_ge_span(seconds: INT, a: Span) -> bool {
        seconds.saturating_mul(SECOND) >= a.0
    }
}
