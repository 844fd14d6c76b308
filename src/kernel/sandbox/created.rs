//! Flows that no packet made: written into the table, as a restored backup would be.
//!
//! They show what the demonstration's traffic cannot: a timeout that cannot be changed, and flows
//! without counters. Creating flows for users is not done here.

use std::net::{IpAddr, SocketAddr};

use netlink_sys::protocols::NETLINK_NETFILTER;

use super::hosts::{at, branch, branch6, silent, silent6};
use super::netlink::{NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, Talk, message};
use crate::kernel::KernelError;
use crate::wire::attr::AttrWriter;

/// `NFNL_SUBSYS_CTNETLINK` and `IPCTNL_MSG_CT_NEW`.
const CT_NEW: u16 = 1 << 8;
const CTA_TUPLE_ORIG: u16 = 1;
const CTA_TUPLE_REPLY: u16 = 2;
const CTA_STATUS: u16 = 3;
const CTA_PROTOINFO: u16 = 4;
const CTA_TIMEOUT: u16 = 7;
const CTA_MARK: u16 = 8;
const IPS_SEEN_REPLY: u32 = 1 << 1;
const IPS_ASSURED: u32 = 1 << 2;
const IPS_CONFIRMED: u32 = 1 << 3;
const IPS_FIXED_TIMEOUT: u32 = 1 << 10;
const TCP: u8 = 6;
const UDP: u8 = 17;
const TCP_CONNTRACK_ESTABLISHED: u8 = 3;
/// `IP_CT_TCP_FLAG_BE_LIBERAL`: the kernel has not seen this flow's window, so it must not judge it.
const BE_LIBERAL: u8 = 0x08;

/// A flow to write.
struct Entry {
    l4proto: u8,
    from: SocketAddr,
    to: SocketAddr,
    status: u32,
    timeout_s: u32,
    mark: u32,
}

/// Writes the flows; gives a sentence for each that the kernel does not take.
pub(super) fn create() -> Result<Vec<String>, KernelError> {
    let replied = IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED;
    let entry = |l4proto, from, to, timeout_s| Entry {
        l4proto,
        from,
        to,
        status: replied,
        timeout_s,
        mark: 0x200,
    };
    let ssh = entry(TCP, at(branch(200), 50_022), at(silent(22), 22), 431_999);
    let entries = [
        ("a restored TCP flow", entry(TCP, at(branch(201), 50_443), at(silent(22), 443), 7_200)),
        ("a restored UDP flow", entry(UDP, at(branch(202), 4500), at(silent(45), 4500), 86_400)),
        ("a restored IPv6 flow", entry(TCP, at(branch6(2), 50_179), at(silent6(2), 179), 86_400)),
        ("a flow with a fixed timeout", Entry { status: replied | IPS_FIXED_TIMEOUT, ..ssh }),
    ];
    let mut talk = Talk::open(NETLINK_NETFILTER, "ctnetlink")?;
    let mut missing = Vec::new();
    for (what, entry) in entries {
        let mut out = AttrWriter::default();
        let flags = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
        message(&mut out, CT_NEW, flags, |out| entry.write(out));
        if let Err(error) = talk.ask(out.as_bytes()) {
            missing.push(format!("cannot create {what}: {error}"));
        }
    }
    Ok(missing)
}

impl Entry {
    fn write(&self, out: &mut AttrWriter) {
        // `struct nfgenmsg`: AF_INET or AF_INET6, version, nothing.
        out.raw(&[if self.from.is_ipv4() { 2 } else { 10 }, 0, 0, 0]);
        out.nest(CTA_TUPLE_ORIG, |out| tuple(out, self.l4proto, self.from, self.to));
        out.nest(CTA_TUPLE_REPLY, |out| tuple(out, self.l4proto, self.to, self.from));
        out.be_u32(CTA_STATUS, self.status);
        out.be_u32(CTA_TIMEOUT, self.timeout_s);
        out.be_u32(CTA_MARK, self.mark);
        if self.l4proto == TCP {
            // CTA_PROTOINFO_TCP { STATE, FLAGS_ORIGINAL, FLAGS_REPLY }, the flags with a mask.
            out.nest(CTA_PROTOINFO, |out| {
                out.nest(1, |out| {
                    out.u8(1, TCP_CONNTRACK_ESTABLISHED);
                    out.bytes(4, &[BE_LIBERAL; 2]);
                    out.bytes(5, &[BE_LIBERAL; 2]);
                });
            });
        }
    }
}

fn tuple(out: &mut AttrWriter, l4proto: u8, from: SocketAddr, to: SocketAddr) {
    // CTA_TUPLE_IP { V4_SRC 1, V4_DST 2, V6_SRC 3, V6_DST 4 }
    out.nest(1, |out| {
        for (address, v4, v6) in [(from.ip(), 1, 3), (to.ip(), 2, 4)] {
            match address {
                IpAddr::V4(address) => out.bytes(v4, &address.octets()),
                IpAddr::V6(address) => out.bytes(v6, &address.octets()),
            }
        }
    });
    // CTA_TUPLE_PROTO { NUM 1, SRC_PORT 2, DST_PORT 3 }
    out.nest(2, |out| {
        out.u8(1, l4proto);
        out.be_u16(2, from.port());
        out.be_u16(3, to.port());
    });
}
