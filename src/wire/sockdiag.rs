//! Sockets and routes ⇄ bytes: who holds the end of a connection, and whether an address is ours.
//! Of `sock_diag` and rtnetlink only what that question needs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use netlink_packet_core::NLM_F_DUMP;

use super::{DecodeError, Message, NLMSG_ERROR, Requests};
use crate::flow::{Family, Proto};

/// `SOCK_DIAG_BY_FAMILY`.
const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// `RTM_GETROUTE`.
const RTM_GETROUTE: u16 = 26;
/// `RTA_DST`.
const RTA_DST: u16 = 1;
/// `RTN_LOCAL`: the address is one of this machine.
const RTN_LOCAL: u8 = 2;
/// Where `rtm_type` is in `struct rtmsg`.
const RTM_TYPE_AT: usize = 7;
/// Bytes of `struct inet_diag_sockid`.
const SOCKID: usize = 48;
/// Bytes of `struct inet_diag_msg`.
const DIAG_MSG: usize = 72;

/// One socket of the kernel's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketEntry {
    /// Its own address and port; an unspecified address is any.
    pub local: SocketAddr,
    /// The other end; port 0 if it is not connected.
    pub remote: SocketAddr,
    /// The user that made it.
    pub uid: u32,
    /// The number under which `/proc` shows it; 0 if no process holds it any more, or yet.
    pub inode: u32,
}

impl Requests {
    /// Asks for the sockets of a protocol, in every state, a dump.
    pub fn dump_sockets(&mut self, seq: u32, family: Family, proto: Proto) {
        let mut head = vec![family.number(), proto.0, 0, 0];
        head.extend(u32::MAX.to_ne_bytes());
        head.extend([0; SOCKID]);
        self.framed(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, seq, &head, |_| ());
    }

    /// Asks which way leads to `addr`; one answer, for [`is_local`].
    pub fn get_route(&mut self, seq: u32, addr: IpAddr) {
        let bits = if addr.is_ipv4() { 32 } else { 128 };
        let head = [Family::of(&addr).number(), bits, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        self.framed(RTM_GETROUTE, 0, seq, &head, |out| out.addr(RTA_DST, RTA_DST, &addr));
    }
}

/// Decodes an answer to [`Requests::dump_sockets`].
///
/// # Errors
///
/// If it is cut short.
pub fn decode_socket(payload: &[u8]) -> Result<SocketEntry, DecodeError> {
    let short =
        || DecodeError::Head { header: "inet_diag_msg", need: DIAG_MSG, found: payload.len() };
    let head: &[u8; DIAG_MSG] = payload.first_chunk().ok_or_else(short)?;
    let word = |at: usize| head.get(at..)?.first_chunk::<4>().copied().map(u32::from_ne_bytes);
    let end = |port_at: usize, addr_at: usize| {
        let port = head.get(port_at..)?.first_chunk().copied().map(u16::from_be_bytes)?;
        let octets = head.get(addr_at..)?.first_chunk::<16>()?;
        let addr = match head.first() {
            Some(&family) if family == Family::Ipv4.number() => {
                IpAddr::V4(Ipv4Addr::from(*octets.first_chunk::<4>()?))
            }
            // A socket of both families shows IPv4 within IPv6.
            _ => IpAddr::V6(Ipv6Addr::from(*octets)).to_canonical(),
        };
        Some(SocketAddr::new(addr, port))
    };
    let entry = || {
        Some(SocketEntry {
            local: end(4, 8)?,
            remote: end(6, 24)?,
            uid: word(64)?,
            inode: word(68)?,
        })
    };
    entry().ok_or_else(short)
}

/// True if the answer to [`Requests::get_route`] says that the address is one of this machine.
#[must_use]
pub fn is_local(answer: &Message<'_>) -> bool {
    answer.kind != NLMSG_ERROR && answer.payload.get(RTM_TYPE_AT) == Some(&RTN_LOCAL)
}

#[cfg(test)]
mod tests {
    use super::{DIAG_MSG, decode_socket};

    fn message(family: u8, local: &[u8], inode: u32) -> Vec<u8> {
        let mut bytes = vec![0; DIAG_MSG];
        bytes[0] = family;
        bytes[4..8].copy_from_slice(&[0x1f, 0x90, 0, 53]);
        bytes[8..8 + local.len()].copy_from_slice(local);
        bytes[68..].copy_from_slice(&inode.to_ne_bytes());
        bytes
    }

    #[test]
    fn a_socket_of_both_families_shows_plain_ipv4() {
        let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1];
        for bytes in [message(2, &[10, 0, 0, 1], 7), message(10, &mapped, 7)] {
            let socket = decode_socket(&bytes).unwrap();
            assert_eq!(socket.local, "10.0.0.1:8080".parse().unwrap());
            assert_eq!((socket.remote.port(), socket.inode), (53, 7));
        }
    }

    #[test]
    fn a_cut_socket_is_an_error() {
        let error = decode_socket(&[2; 71]).unwrap_err();
        assert_eq!(error.to_string(), "inet_diag_msg needs 72 bytes, found 71");
    }
}
