//! A netlink socket that says something and waits for the answer, one errno a message.
//!
//! Made for the few dozen messages that set a sandbox up. Dumps and events are not here.

use std::io;

use netlink_sys::{Socket, SocketAddr};

use crate::kernel::KernelError;
use crate::wire::attr::AttrWriter;

/// Bytes of `struct nlmsghdr`.
const HEADER: usize = 16;
const NLMSG_ERROR: u16 = 2;
pub(super) const NLM_F_REQUEST: u16 = 0x01;
pub(super) const NLM_F_ACK: u16 = 0x04;
pub(super) const NLM_F_EXCL: u16 = 0x200;
pub(super) const NLM_F_CREATE: u16 = 0x400;
pub(super) const NLM_F_APPEND: u16 = 0x800;

/// A connected netlink socket.
pub(super) struct Talk {
    socket: Socket,
    answer: Vec<u8>,
}

impl Talk {
    /// Opens a socket for `protocol` (`NETLINK_ROUTE`, …); `name` is what an error calls it.
    pub(super) fn open(protocol: isize, name: &str) -> Result<Self, KernelError> {
        let open = || {
            let mut socket = Socket::new(protocol)?;
            socket.bind_auto()?;
            socket.connect(&SocketAddr::new(0, 0))?;
            Ok(socket)
        };
        let socket =
            open().map_err(|error| KernelError::refused(format!("open a {name} socket"), error))?;
        Ok(Self { socket, answer: Vec::with_capacity(64 << 10) })
    }

    /// Sends `messages` at once and reads one answer for each that asked for one.
    ///
    /// The kernel works while we send, so every answer is there when `send` returns: what is not
    /// there then will never come.
    pub(super) fn ask(&mut self, messages: &[u8]) -> io::Result<()> {
        self.socket.send(messages, 0)?;
        let mut first = Ok(());
        let mut waiting = questions(messages);
        while waiting > 0 {
            self.answer.clear();
            self.socket.recv(&mut self.answer, libc::MSG_DONTWAIT)?;
            for (kind, _, body) in walk(&self.answer) {
                waiting = waiting.saturating_sub(1);
                let errno = body.first_chunk().map_or(0, |&bytes| i32::from_ne_bytes(bytes));
                if kind == NLMSG_ERROR && errno != 0 && first.is_ok() {
                    first = Err(io::Error::from_raw_os_error(-errno));
                }
            }
        }
        first
    }
}

/// Appends a netlink message whose body (family header and attributes) `fill` writes.
pub(super) fn message(
    out: &mut AttrWriter,
    kind: u16,
    flags: u16,
    fill: impl FnOnce(&mut AttrWriter),
) {
    let start = out.len();
    out.raw(&[0; 4]);
    out.raw(&kind.to_ne_bytes());
    out.raw(&(NLM_F_REQUEST | flags).to_ne_bytes());
    // Sequence and port: answers come in order on a connected socket, so neither is needed.
    out.raw(&[0; 8]);
    fill(out);
    out.patch_u32(start, u32::try_from(out.len() - start).unwrap_or(u32::MAX));
}

/// How many of `messages` asked for an answer.
fn questions(messages: &[u8]) -> usize {
    walk(messages).filter(|(_, flags, _)| flags & NLM_F_ACK != 0).count()
}

/// The messages in `bytes`: type, flags, body.
pub(super) fn walk(bytes: &[u8]) -> impl Iterator<Item = (u16, u16, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let &[l0, l1, l2, l3, k0, k1, f0, f1, ..] = rest.first_chunk::<HEADER>()?;
        let len = usize::try_from(u32::from_ne_bytes([l0, l1, l2, l3])).ok()?;
        let body = rest.get(HEADER..len)?;
        rest = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some((u16::from_ne_bytes([k0, k1]), u16::from_ne_bytes([f0, f1]), body))
    })
}
