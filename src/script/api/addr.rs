//! Addresses and networks: values that print, compare and sort as such, and equal their text.

use std::net::IpAddr;

use rhai::plugin::*;
use rhai::{Array, Dynamic, INT};

use crate::flow::{Family, Network};
use crate::script::fault::{Fallible, Fault};
use crate::script::ops::{address, network};

pub(super) fn module() -> Module {
    exported_module!(addr_api)
}

#[export_module]
pub(in crate::script) mod addr_api {
    /// An IPv4 or IPv6 address.
    pub type Ip = IpAddr;

    /// A network: a CIDR block or a range of addresses.
    pub type Net = Network;

    /// An address from text.
    ///
    /// # Example
    /// ```rhai
    /// ip("192.0.2.1") in net("192.0.2.0/24")
    /// ```
    #[rhai_fn(return_raw)]
    pub fn ip(text: Dynamic) -> Fallible<IpAddr> {
        address("ip", &text)
    }

    /// A network from text: `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `10.0.0.1-10.0.0.9`, an address.
    ///
    /// # Example
    /// ```rhai
    /// net("10.0.0.0/8").contains("10.1.2.3")
    /// ```
    #[rhai_fn(name = "net", return_raw)]
    pub fn to_net(text: Dynamic) -> Fallible<Network> {
        network(&text)
    }

    /// The network of `bits` that the address lies in: `ip("10.1.2.3") / 8`.
    #[rhai_fn(name = "/", return_raw)]
    pub fn prefix(addr: IpAddr, bits: INT) -> Fallible<Network> {
        let network = u8::try_from(bits).ok().and_then(|bits| Network::new(addr, bits));
        network.ok_or_else(|| Fault::new(format!("/{bits} is no prefix of {addr}")).thrown())
    }

    /// The network of `bits` that the address lies in, for grouping: `f.src.net(24)`.
    ///
    /// # Example
    /// ```rhai
    /// flows.group(|f| if f.family == "ipv4" { f.src.net(24) } else { f.src.net(64) }).top(5)
    /// ```
    #[rhai_fn(name = "net", pure, return_raw)]
    pub fn net_of(addr: &mut IpAddr, bits: INT) -> Fallible<Network> {
        prefix(*addr, bits)
    }

    /// `ipv4` or `ipv6`.
    #[rhai_fn(get = "family", pure)]
    pub fn family(addr: &mut IpAddr) -> String {
        Family::of(addr).name().to_owned()
    }

    /// True for addresses that are not routed on the Internet: RFC 1918, unique local, link local,
    /// shared (RFC 6598) and loopback.
    #[rhai_fn(pure)]
    pub fn is_private(addr: &mut IpAddr) -> bool {
        match addr {
            IpAddr::V4(v4) => {
                let shared = (0x6440_0000..=0x647f_ffff).contains(&v4.to_bits());
                v4.is_private() || v4.is_loopback() || v4.is_link_local() || shared
            }
            IpAddr::V6(v6) => {
                v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local()
            }
        }
    }

    /// True if the addresses are the same.
    #[rhai_fn(name = "==")]
    pub fn ip_eq(a: IpAddr, b: IpAddr) -> bool {
        a == b
    }

    /// True if the addresses differ.
    #[rhai_fn(name = "!=")]
    pub fn ip_ne(a: IpAddr, b: IpAddr) -> bool {
        a != b
    }

    /// True if `text` is this address, however it is written.
    #[rhai_fn(name = "==")]
    pub fn ip_eq_text(a: IpAddr, text: &str) -> bool {
        text.parse() == Ok(a)
    }

    /// True if `text` is this address, however it is written.
    #[rhai_fn(name = "==")]
    pub fn text_eq_ip(text: &str, a: IpAddr) -> bool {
        text.parse() == Ok(a)
    }

    /// True if `text` is not this address.
    #[rhai_fn(name = "!=")]
    pub fn ip_ne_text(a: IpAddr, text: &str) -> bool {
        text.parse() != Ok(a)
    }

    /// True if `text` is not this address.
    #[rhai_fn(name = "!=")]
    pub fn text_ne_ip(text: &str, a: IpAddr) -> bool {
        text.parse() != Ok(a)
    }

    /// True if `a` comes before `b`: IPv4 before IPv6, then by number.
    #[rhai_fn(name = "<")]
    pub fn ip_lt(a: IpAddr, b: IpAddr) -> bool {
        a < b
    }

    /// True if `a` comes before `b` or is it.
    #[rhai_fn(name = "<=")]
    pub fn ip_le(a: IpAddr, b: IpAddr) -> bool {
        a <= b
    }

    /// True if `a` comes after `b`.
    #[rhai_fn(name = ">")]
    pub fn ip_gt(a: IpAddr, b: IpAddr) -> bool {
        a > b
    }

    /// True if `a` comes after `b` or is it.
    #[rhai_fn(name = ">=")]
    pub fn ip_ge(a: IpAddr, b: IpAddr) -> bool {
        a >= b
    }

    /// True if the address lies in the network: `f.src in net("10.0.0.0/8")`.
    #[rhai_fn(name = "contains", pure)]
    pub fn net_has_ip(net: &mut Network, addr: IpAddr) -> bool {
        net.contains(&addr)
    }

    /// True if the address or network in `text` lies in the network.
    #[rhai_fn(name = "contains", pure, return_raw)]
    pub fn net_has_text(net: &mut Network, text: &str) -> Fallible<bool> {
        Ok(net.covers(&network(&Dynamic::from(text.to_owned()))?))
    }

    /// True if all of `inner` lies in the network.
    #[rhai_fn(name = "contains", pure)]
    pub fn net_has_net(net: &mut Network, inner: Network) -> bool {
        net.covers(&inner)
    }

    /// True if the address lies in the network that `text` names: `f.src in "10.0.0.0/8"`.
    #[rhai_fn(name = "contains", return_raw)]
    pub fn text_has_ip(text: &str, addr: IpAddr) -> Fallible<bool> {
        Ok(network(&Dynamic::from(text.to_owned()))?.contains(&addr))
    }

    /// True if the address is one of, or lies in one of, the list:
    /// `f.src in ["10.0.0.0/8", "192.0.2.1"]`.
    #[rhai_fn(name = "contains", pure, return_raw)]
    pub fn list_has_ip(list: &mut Array, addr: IpAddr) -> Fallible<bool> {
        for item in list {
            if network(item)?.contains(&addr) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The lowest address of the network.
    #[rhai_fn(get = "first", pure)]
    pub fn first(net: &mut Network) -> IpAddr {
        net.first()
    }

    /// The highest address of the network.
    #[rhai_fn(get = "last", pure)]
    pub fn last(net: &mut Network) -> IpAddr {
        net.last()
    }

    /// The prefix length; `()` for a range that is no CIDR block.
    #[rhai_fn(get = "prefix", pure)]
    pub fn prefix_length(net: &mut Network) -> Dynamic {
        net.prefix().map_or(Dynamic::UNIT, |bits| INT::from(bits).into())
    }

    /// True if the networks are the same.
    #[rhai_fn(name = "==")]
    pub fn net_eq(a: Network, b: Network) -> bool {
        a == b
    }

    /// True if the networks differ.
    #[rhai_fn(name = "!=")]
    pub fn net_ne(a: Network, b: Network) -> bool {
        a != b
    }

    /// True if `text` is this network, however it is written.
    #[rhai_fn(name = "==")]
    pub fn net_eq_text(a: Network, text: &str) -> bool {
        text.parse() == Ok(a)
    }

    /// True if `text` is not this network.
    #[rhai_fn(name = "!=")]
    pub fn net_ne_text(a: Network, text: &str) -> bool {
        text.parse() != Ok(a)
    }

    /// True if network `a` comes before `b`.
    #[rhai_fn(name = "<")]
    pub fn net_lt(a: Network, b: Network) -> bool {
        a < b
    }

    /// True if network `a` comes after `b`.
    #[rhai_fn(name = ">")]
    pub fn net_gt(a: Network, b: Network) -> bool {
        a > b
    }

    /// The address as text.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn ip_text(addr: &mut IpAddr) -> String {
        addr.to_string()
    }

    /// The network as text: CIDR where it is one, else `first-last`.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn net_text(net: &mut Network) -> String {
        net.to_string()
    }

    /// Text and an address, side by side.
    #[rhai_fn(name = "+")]
    pub fn text_plus_ip(text: &str, addr: IpAddr) -> String {
        format!("{text}{addr}")
    }

    /// An address and text, side by side.
    #[rhai_fn(name = "+")]
    pub fn ip_plus_text(addr: IpAddr, text: &str) -> String {
        format!("{addr}{text}")
    }
}
