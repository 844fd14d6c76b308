//! The floor: a dump received and thrown away. Nothing is parsed but the end.

use flowsh::wire::{DumpScope, NLMSG_DONE, Requests};
use netlink_sys::Socket;
use netlink_sys::protocols::NETLINK_NETFILTER;

use crate::Outcome;

/// The kernel never sends more of a dump at once.
const DATAGRAM_BYTES: usize = 32 * 1024;
/// An `NLMSG_DONE` with its errno: what a dump ends with.
const DONE_BYTES: usize = 20;

/// Receives a dump of the whole table.
pub(crate) fn receive_all() -> Outcome<()> {
    let mut socket = Socket::new(NETLINK_NETFILTER)?;
    socket.bind_auto()?;
    let mut requests = Requests::new();
    requests.dump_flows(1, &DumpScope::default());
    socket.send(requests.as_bytes(), 0)?;
    let mut buffer = vec![0; DATAGRAM_BYTES];
    loop {
        let received = socket.recv(&mut buffer.as_mut_slice(), 0)?;
        if is_last(buffer.get(..received).unwrap_or_default()) {
            return Ok(());
        }
    }
}

/// True if the last message is `NLMSG_DONE`.
fn is_last(datagram: &[u8]) -> bool {
    let Some(&[l0, l1, l2, l3, k0, k1, ..]) = datagram.last_chunk::<DONE_BYTES>() else {
        return false;
    };
    u32::from_ne_bytes([l0, l1, l2, l3]) == 20 && u16::from_ne_bytes([k0, k1]) == NLMSG_DONE
}
