//! Framing: a datagram is messages, a netfilter message is a header and attributes. What a message
//! says is read elsewhere.

use netlink_packet_core::NetlinkBuffer;

use super::DecodeError;

/// `NLMSG_NOOP`: to be skipped.
pub const NLMSG_NOOP: u16 = 1;
/// `NLMSG_ERROR`: an acknowledgement, or an errno.
pub const NLMSG_ERROR: u16 = 2;
/// `NLMSG_DONE`: the end of a dump.
pub const NLMSG_DONE: u16 = 3;
/// `NLMSG_OVERRUN`: data was lost; no kernel of today sends it.
pub const NLMSG_OVERRUN: u16 = 4;

/// Bytes of `struct nlmsghdr`.
pub(super) const NLMSG_HDRLEN: usize = 16;

/// One message, borrowed from the datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// `nlmsg_type`: a subsystem and its message, or one of the `NLMSG_` kinds.
    pub kind: u16,
    /// `NLM_F_` bits.
    pub flags: u16,
    /// The number of the request that it answers; 0 in an event.
    pub seq: u32,
    /// The asking socket's port; in an event, of the socket that caused it.
    pub port_id: u32,
    /// What follows the header.
    pub payload: &'a [u8],
}

impl Message<'_> {
    /// Bytes of the header before the payload (`struct nlmsghdr`).
    pub const HEADER_BYTES: usize = NLMSG_HDRLEN;
}

/// Walks the messages of a datagram.
#[must_use]
pub fn messages(datagram: &[u8]) -> Messages<'_> {
    Messages { rest: datagram }
}

/// Iterator made by [`messages`]. After an error it ends.
#[derive(Debug, Clone)]
pub struct Messages<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, DecodeError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let rest = std::mem::take(&mut self.rest);
        let says = rest.first_chunk().copied().map_or(0, u32::from_ne_bytes);
        let says = usize::try_from(says).unwrap_or(usize::MAX);
        // The slice proves that the fields are there: the crate's getters panic without.
        let Some(payload) = rest.get(NLMSG_HDRLEN..says) else {
            return Some(Err(DecodeError::Message { says, left: rest.len() }));
        };
        self.rest = rest.get(says.next_multiple_of(4)..).unwrap_or_default();
        let header = NetlinkBuffer::new(rest);
        Some(Ok(Message {
            kind: header.message_type(),
            flags: header.flags(),
            seq: header.sequence_number(),
            port_id: header.port_number(),
            payload,
        }))
    }
}

/// `struct nfgenmsg`: what every netfilter message begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NfGenMsg {
    /// `AF_` number; 0 is any.
    pub(super) family: u8,
    /// 0, save where a flush is to heed the family.
    pub(super) version: u8,
    /// In statistics, the CPU.
    pub(super) res_id: u16,
}

impl NfGenMsg {
    /// The header of a payload, and the attributes after it.
    #[inline]
    pub(super) fn split(payload: &[u8]) -> Result<(Self, &[u8]), DecodeError> {
        let Some((&[family, version, r0, r1], attrs)) = payload.split_first_chunk() else {
            let found = payload.len();
            return Err(DecodeError::Head { header: "nfgenmsg", need: 4, found });
        };
        Ok((Self { family, version, res_id: u16::from_be_bytes([r0, r1]) }, attrs))
    }

    /// The header of an entry of this family.
    pub(super) fn of(family: u8) -> Self {
        Self { family, version: 0, res_id: 0 }
    }

    pub(super) fn to_bytes(self) -> [u8; 4] {
        let [r0, r1] = self.res_id.to_be_bytes();
        [self.family, self.version, r0, r1]
    }
}
