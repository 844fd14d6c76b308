//! The rules of the demonstration: what is tracked, marked, labelled, zoned, helped and translated.
//!
//! How they are written for the kernel is in `nft`; who the addresses belong to is in `hosts`.

use netlink_sys::protocols::NETLINK_NETFILTER;

use super::hosts::{SWALLOWED, WAN, WAN_VPN, WEB};
use super::netlink::Talk;
use super::nft::Expr::{
    Count, Dnat, Drop, From, HasMark, IsIpv4, IsIpv6, IsProto, LoadState, Masquerade, SetHelper,
    SetLabel, SetMark, SetOriginalZone, SetZone, Snat, To, To6, ToPort,
};
use super::nft::{Expr, Table};
use crate::kernel::KernelError;

const TABLE: &[u8] = b"flowsh_demo";
const TCP: u8 = 6;
const UDP: u8 = 17;
const NF_INET_LOCAL_IN: u32 = 1;
const NF_INET_LOCAL_OUT: u32 = 3;
const NF_INET_POST_ROUTING: u32 = 4;

/// Packets with this mark are of flows that are in this zone, both ways.
pub(super) const ZONE_TENANT: u16 = 2;
/// Packets with this mark open flows whose original direction alone is in this zone.
pub(super) const ZONE_ORIGINAL: u16 = 3;

/// Chains: everything in the sandbox is sent by the sandbox, so it is judged on the way out.
const CHAINS: [(&[u8], &[u8], u32, i32); 5] = [
    // Zones are chosen before tracking, which runs at -200.
    (b"zones", b"filter", NF_INET_LOCAL_OUT, -300),
    (b"marks", b"filter", NF_INET_LOCAL_OUT, -150),
    (b"forwards", b"nat", NF_INET_LOCAL_OUT, -100),
    (b"translations", b"nat", NF_INET_POST_ROUTING, 100),
    (b"black_holes", b"filter", NF_INET_LOCAL_IN, 0),
];

/// Helpers, by the name of the kernel's, which the objects share.
const HELPERS: [(&[u8], u8, u16); 3] = [(b"ftp", TCP, 21), (b"tftp", UDP, 69), (b"sip", UDP, 5060)];

/// What a rule is for (as an error says it), its chain, and its parts.
const RULES: [(&str, &[u8], &[Expr]); 14] = [
    ("track flows", b"marks", &[LoadState, Count]),
    ("put a tenant into a zone", b"zones", &[HasMark(2), SetZone(ZONE_TENANT)]),
    ("put one direction into a zone", b"zones", &[HasMark(3), SetOriginalZone(ZONE_ORIGINAL)]),
    ("mark the application tier", b"marks", &[IsIpv4, From(&[10, 10, 0]), SetMark(0x100)]),
    ("mark SSH", b"marks", &[IsProto(TCP), ToPort(22), SetMark(0x16)]),
    ("mark DNS", b"marks", &[IsProto(UDP), ToPort(53), SetMark(0x35)]),
    ("label voice", b"marks", &[IsProto(UDP), ToPort(16384), SetLabel(5)]),
    ("label IPv6 web traffic", b"marks", &[IsIpv6, IsProto(TCP), ToPort(443), SetLabel(1)]),
    (
        "forward port 8080",
        b"forwards",
        &[IsIpv4, To(&WAN.octets()), IsProto(TCP), ToPort(8080), Dnat(WEB.octets(), 80)],
    ),
    (
        "forward port 2222",
        b"forwards",
        &[IsIpv4, To(&WAN.octets()), IsProto(TCP), ToPort(2222), Dnat([10, 0, 0, 22], 22)],
    ),
    ("translate the VPN", b"translations", &[IsIpv4, From(&[10, 8, 0]), Snat(WAN_VPN.octets())]),
    ("swallow IPv6 packets", b"black_holes", &[IsIpv6, To6(&SWALLOWED[0]), Drop]),
    ("swallow IPv6 packets", b"black_holes", &[IsIpv6, To6(&SWALLOWED[1]), Drop]),
    ("masquerade the LAN", b"translations", &[IsIpv4, From(&[192, 168, 1]), Masquerade]),
];

/// Loads the rules; gives a sentence for each that this kernel does not take.
pub(super) fn load() -> Result<Vec<String>, KernelError> {
    let mut talk = Talk::open(NETLINK_NETFILTER, "nfnetlink")?;
    let mut table = Table { talk: &mut talk, name: TABLE };
    let mut missing = Vec::new();
    let mut note = |what: String, result: std::io::Result<()>| {
        let ok = result.is_ok();
        if let Err(error) = result {
            missing.push(format!("cannot {what}: {error}"));
        }
        ok
    };
    if !note("use nf_tables, so no packet is tracked".into(), table.create()) {
        return Ok(missing);
    }
    for (chain, kind, hook, priority) in CHAINS {
        let what = format!("add the chain `{}`", chain.escape_ascii());
        note(what, table.chain(chain, kind, hook, priority));
    }
    for (what, chain, rule) in RULES {
        note(what.into(), table.rule(chain, rule));
    }
    for (helper, l4proto, port) in HELPERS {
        let name = helper.escape_ascii();
        if note(format!("use the {name} helper"), table.helper(helper, l4proto)) {
            let rule = [IsIpv4, IsProto(l4proto), ToPort(port), SetHelper(helper)];
            note(format!("assign the {name} helper"), table.rule(b"marks", &rule));
        }
    }
    Ok(missing)
}
