//! The network of a sandbox: the loopback interface, and on it every host of the demonstration.
//!
//! Nothing but `lo` is used, since every kernel has it. A network with a `local` route is one whose
//! every address answers. What only the default route reaches is a black hole, because the kernel
//! drops what comes back in over `lo` for an address that is not its own. IPv6 has no such route
//! (`ip6_route_info_create()` makes it one that rejects), so there a rule swallows the packets.

use std::net::{IpAddr, Ipv4Addr};

use netlink_sys::protocols::NETLINK_ROUTE;

use super::hosts::{LOCAL, WAN, WAN6};
use super::netlink::{NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, Talk, message};
use super::userns;
use crate::kernel::KernelError;
use crate::wire::attr::AttrWriter;

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const RTM_NEWLINK: u16 = 16;
const RTM_NEWADDR: u16 = 20;
const RTM_NEWROUTE: u16 = 24;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_F_NODAD: u8 = 0x02;
const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
const RT_TABLE_MAIN: u8 = 254;
const RT_TABLE_LOCAL: u8 = 255;
const RTPROT_STATIC: u8 = 4;
const RT_SCOPE_UNIVERSE: u8 = 0;
const RT_SCOPE_LINK: u8 = 253;
const RT_SCOPE_HOST: u8 = 254;
const RTN_UNICAST: u8 = 1;
const RTN_LOCAL: u8 = 2;
/// The first interface of every network namespace is `lo`.
const LO: u32 = 1;
/// `IFF_UP`, as the flags and as the mask of those to change.
const IFF_UP: u32 = 1;

/// Brings `lo` up.
pub(super) fn up() -> Result<(), KernelError> {
    let mut out = AttrWriter::default();
    message(&mut out, RTM_NEWLINK, NLM_F_ACK, |out| {
        out.raw(&[0; 4]); // family, padding, type
        out.raw(&LO.to_ne_bytes());
        out.raw(&IFF_UP.to_ne_bytes());
        out.raw(&IFF_UP.to_ne_bytes());
    });
    let mut talk = Talk::open(NETLINK_ROUTE, "rtnetlink")?;
    talk.ask(out.as_bytes()).map_err(|error| userns::refused("bring lo up", error))
}

/// Puts the demonstration's hosts behind `lo`; gives a sentence for each that could not be.
pub(super) fn populate() -> Result<Vec<String>, KernelError> {
    let mut talk = Talk::open(NETLINK_ROUTE, "rtnetlink")?;
    let mut missing = Vec::new();
    let mut ask = |what: String, fill: &dyn Fn(&mut AttrWriter)| {
        let mut out = AttrWriter::default();
        fill(&mut out);
        if let Err(error) = talk.ask(out.as_bytes()) {
            missing.push(format!("cannot add {what}: {error}"));
        }
    };
    // Without an address of its own the router could neither masquerade nor send IPv6.
    for address in [WAN.into(), WAN6.into()] {
        ask(format!("the address {address}"), &|out| add_address(out, address));
    }
    for (network, prefix) in LOCAL {
        ask(format!("the network {network}/{prefix}"), &|out| {
            add_route(out, network, prefix, RTN_LOCAL);
        });
    }
    let everything = Ipv4Addr::UNSPECIFIED.into();
    ask("the default route".into(), &|out| add_route(out, everything, 0, RTN_UNICAST));
    Ok(missing)
}

fn add_address(out: &mut AttrWriter, address: IpAddr) {
    let (family, octets) = octets(address);
    let prefix = if address.is_ipv4() { 32 } else { 128 };
    message(out, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, |out| {
        out.raw(&[family, prefix, IFA_F_NODAD, RT_SCOPE_UNIVERSE]);
        out.raw(&LO.to_ne_bytes());
        out.bytes(IFA_LOCAL, &octets);
        out.bytes(IFA_ADDRESS, &octets);
    });
}

fn add_route(out: &mut AttrWriter, network: IpAddr, prefix: u8, kind: u8) {
    let (family, octets) = octets(network);
    let (table, scope) = match kind {
        RTN_LOCAL => (RT_TABLE_LOCAL, RT_SCOPE_HOST),
        _ => (RT_TABLE_MAIN, RT_SCOPE_LINK),
    };
    message(out, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, |out| {
        out.raw(&[family, prefix, 0, 0, table, RTPROT_STATIC, scope, kind, 0, 0, 0, 0]);
        if prefix > 0 {
            out.bytes(RTA_DST, &octets);
        }
        out.bytes(RTA_OIF, &LO.to_ne_bytes());
    });
}

/// The family and the bytes of an address.
fn octets(address: IpAddr) -> (u8, Vec<u8>) {
    match address {
        IpAddr::V4(v4) => (AF_INET, v4.octets().to_vec()),
        IpAddr::V6(v6) => (AF_INET6, v6.octets().to_vec()),
    }
}
