//! One walk of the kernel over its table: the socket that it was asked for on, and how it was started.
//!
//! The kernel makes the first datagram of a dump while the request is being sent, and nfnetlink holds
//! the mutex of conntrack meanwhile. A dump that finds few flows has seen the whole table before that
//! datagram is full: a quarter of a second for a million flows, in which nobody can start another
//! dump or change a flow. If the buffer of the socket is full, though, the kernel puts the walk off
//! until something was received, which needs no mutex (`__netlink_dump_start()`, `netlink_dump()` and
//! `netlink_recvmsg()`, Linux 6.18). Where it does not, it is asked once more, as usual.

use std::io;

use super::socket::Socket;

/// More than the least receive buffer of a socket (`SOCK_MIN_RCVBUF`).
const FILLING: [u8; 4096] = [0; 4096];

/// A dump that the kernel was asked for.
pub(super) struct Walk {
    socket: Socket,
    /// The request, until it is known that the kernel keeps it.
    put_off: Option<Vec<u8>>,
}

impl Walk {
    /// Sends `request`; the kernel makes the first datagram before this returns.
    pub(super) fn start(socket: Socket, request: &[u8]) -> io::Result<Self> {
        socket.send(request)?;
        Ok(Self { socket, put_off: None })
    }

    /// Sends `request`; the kernel makes the first datagram when it is received.
    pub(super) fn put_off(socket: Socket, request: &[u8]) -> io::Result<Self> {
        let usual = socket.receive_buffer()?;
        // That there was no room for the answer to the request is as it should be.
        socket.set_no_enobufs()?;
        socket.set_receive_buffer(0)?;
        let filled = socket.send_to_itself(&FILLING);
        let sent = filled.is_ok().then(|| socket.send(request)).transpose();
        socket.set_receive_buffer(i32::try_from(usual / 2).unwrap_or(i32::MAX))?;
        match sent? {
            Some(()) => Ok(Self { socket, put_off: Some(request.to_vec()) }),
            None => Self::start(socket, request),
        }
    }

    /// Receives a datagram into `buffer`, and tells how long it is.
    ///
    /// # Errors
    ///
    /// As of [`Socket::receive`].
    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(request) = self.put_off.take() {
            self.socket.receive(buffer)?;
            // Receiving what filled the buffer made the first datagram, or there is no dump.
            if let Some(first) = self.socket.receive_ready(buffer)? {
                return Ok(first.len());
            }
            self.socket.send(&request)?;
        }
        Ok(self.socket.receive(buffer)?.len())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::flow::{Family, L4, NewFlow, Proto, Tuple};
    use crate::kernel::sandbox::within::within;
    use crate::kernel::{Live, NetNs, Safety};
    use crate::wire::consts::IPCTNL_MSG_CT_NEW;
    use crate::wire::{
        DumpScope, KernelFilter, NLMSG_DONE, NLMSG_ERROR, Requests, TupleFilter, messages,
    };

    /// The request for `scope`.
    fn request(scope: &DumpScope) -> Vec<u8> {
        let mut requests = Requests::new();
        requests.dump_flows(7, scope);
        requests.as_bytes().to_vec()
    }

    fn start(put_off: bool, scope: &DumpScope) -> Walk {
        let socket = Socket::open(&NetNs::Current).unwrap();
        let how = if put_off { Walk::put_off } else { Walk::start };
        how(socket, &request(scope)).unwrap()
    }

    /// The kinds of the messages of the first datagram.
    fn first(mut walk: Walk) -> Vec<u16> {
        let mut buffer = vec![0; 32768];
        let length = walk.receive(&mut buffer).unwrap();
        messages(&buffer[..length]).map(|message| message.unwrap().kind).collect()
    }

    /// Makes a flow of ICMP.
    fn ping() {
        let live = Live::new(NetNs::Current, Safety::Live, Arc::default());
        let [src, dst] = ["10.0.0.1", "10.0.0.2"].map(|addr| addr.parse().unwrap());
        let l4 = L4::Icmp { kind: 8, code: 0, id: 1 };
        let orig = Tuple { src, dst, proto: Proto::ICMP, l4, zone: None };
        let mut batch = live.batch("make a flow").unwrap();
        batch.create(&NewFlow::new(orig, orig.inverted().unwrap(), 600)).unwrap();
        assert_eq!(batch.finish().unwrap().done, 1);
    }

    #[test]
    fn a_walk_that_is_put_off_begins_when_it_is_received() {
        if !within(module_path!(), "a_walk_that_is_put_off_begins_when_it_is_received") {
            return;
        }
        let scope = DumpScope { family: Some(Family::Ipv4), ..DumpScope::default() };
        let [early, late] = [false, true].map(|put_off| start(put_off, &scope));
        ping();
        assert_eq!(first(early), [NLMSG_DONE]);
        assert_eq!(first(late)[0], IPCTNL_MSG_CT_NEW);
    }

    #[test]
    fn what_the_kernel_refuses_it_refuses_as_ever() {
        if !within(module_path!(), "what_the_kernel_refuses_it_refuses_as_ever") {
            return;
        }
        // A tuple is compared for one family only.
        let orig = TupleFilter { proto: Some(Proto::TCP), ..TupleFilter::default() };
        let filter = KernelFilter { orig, ..KernelFilter::default() };
        let scope = DumpScope { filter, ..DumpScope::default() };
        for put_off in [false, true] {
            assert_eq!(first(start(put_off, &scope)), [NLMSG_ERROR], "put off: {put_off}");
        }
    }
}
