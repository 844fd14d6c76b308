//! A netfilter netlink socket: opened in a namespace, sent to, received from. What the bytes mean
//! is the wire's affair.

use std::io;
use std::os::fd::AsRawFd;

use netlink_sys::protocols::NETLINK_NETFILTER;
use netlink_sys::{Socket as NetlinkSocket, SocketAddr};

use super::{KernelError, NetNs};

/// The kernel never puts more than this in one datagram of a dump: `netlink_dump()` caps the buffer
/// it allocates at `SKB_WITH_OVERHEAD(32768)`, Linux 6.18.
pub(super) const DATAGRAM_BYTES: usize = 32 * 1024;

/// The kernel answers while the request is being sent; this is beyond any doubt.
const ANSWER_MS: u32 = 10_000;

/// The receive buffer that a batch of requests is measured for: the kernel's usual `rmem_default`.
const ANSWERS_BYTES: usize = 212_992;
/// What to ask for, of which the kernel makes twice as much (`sock_setsockopt()`).
const ANSWERS_BYTES_ASKED: i32 = 106_496;

/// Index of `sk_rmem_alloc` in the answer to `SO_MEMINFO` (`SK_MEMINFO_RMEM_ALLOC`).
const SK_MEMINFO_RMEM_ALLOC: usize = 0;
/// Index of `sk_drops` in the answer to `SO_MEMINFO` (`SK_MEMINFO_DROPS`).
const SK_MEMINFO_DROPS: usize = 8;
/// Words of that answer (`SK_MEMINFO_VARS`).
const SK_MEMINFO_VARS: usize = 9;

/// One open socket. Closed on drop.
#[derive(Debug)]
pub(super) struct Socket {
    inner: NetlinkSocket,
}

impl Socket {
    /// Opens a bound socket in `netns` that explains errors and checks requests strictly.
    ///
    /// # Errors
    ///
    /// The namespace cannot be entered, or the kernel has no netfilter netlink.
    pub(super) fn open(netns: &NetNs) -> Result<Self, KernelError> {
        Self::of(netns, NETLINK_NETFILTER)?.map_err(|source| KernelError::Refused {
            what: "open a netfilter netlink socket".to_owned(),
            source,
            hint: Some("the kernel needs CONFIG_NETFILTER_NETLINK (module nfnetlink)"),
        })
    }

    /// The same for any protocol of netlink, such as `NETLINK_ROUTE`.
    ///
    /// # Errors
    ///
    /// The namespace cannot be entered; within, that the kernel has no such protocol.
    pub(super) fn of(netns: &NetNs, protocol: isize) -> Result<io::Result<Self>, KernelError> {
        let opened = netns.run(|| {
            let mut socket = NetlinkSocket::new(protocol)?;
            socket.bind_auto()?;
            Ok(socket)
        })?;
        let Ok(inner) = opened else { return Ok(opened.map(|inner| Self { inner })) };
        // Either may be missing on an old kernel; requests are the same without.
        let _ = inner.set_ext_ack(true);
        let _ = inner.set_netlink_get_strict_chk(true);
        let socket = Self { inner };
        // An answer that does not come must be an error, never a hang.
        let _ = socket.set_receive_timeout(ANSWER_MS);
        // The answers to a batch wait here while it is being sent, and `rmem_default` may be less.
        if socket.receive_buffer().is_ok_and(|bytes| bytes < ANSWERS_BYTES) {
            let _ = socket.set_receive_buffer(ANSWERS_BYTES_ASKED);
        }
        Ok(Ok(socket))
    }

    /// Sends one datagram: a request, or a batch of them.
    pub(super) fn send(&self, bytes: &[u8]) -> io::Result<()> {
        loop {
            match self.inner.send(bytes, 0) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                Err(error) => return Err(error),
            }
        }
    }

    /// Puts a datagram into its own receive buffer; needs `CAP_NET_ADMIN`.
    pub(super) fn send_to_itself(&self, bytes: &[u8]) -> io::Result<()> {
        let mut own = SocketAddr::new(0, 0);
        self.inner.get_address(&mut own)?;
        self.inner.send_to(bytes, &own, libc::MSG_DONTWAIT).map(drop)
    }

    /// Receives one datagram into `buffer` and returns the part of it that was filled.
    ///
    /// # Errors
    ///
    /// `WouldBlock` after the time set with [`Self::set_receive_timeout`]; `InvalidData` for a
    /// datagram that does not fit, whose rest would be lost.
    pub(super) fn receive<'a>(&self, buffer: &'a mut [u8]) -> io::Result<&'a [u8]> {
        self.receive_with(0, buffer)
    }

    /// The same, but `None` if there is none yet.
    pub(super) fn receive_ready<'a>(&self, buffer: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
        match self.receive_with(libc::MSG_DONTWAIT, buffer) {
            Ok(datagram) => Ok(Some(datagram)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn receive_with<'a>(&self, flags: libc::c_int, buffer: &'a mut [u8]) -> io::Result<&'a [u8]> {
        let fd = self.inner.as_raw_fd();
        let received = loop {
            // SAFETY: the pointer and the length are those of one live, exclusive slice, and the
            // kernel writes no more than the length, whatever it returns for MSG_TRUNC.
            #[expect(unsafe_code, reason = "netlink-sys cannot tell a truncated datagram safely")]
            let result = unsafe {
                libc::recv(fd, buffer.as_mut_ptr().cast(), buffer.len(), libc::MSG_TRUNC | flags)
            };
            match usize::try_from(result) {
                Ok(received) => break received,
                Err(_) => match io::Error::last_os_error() {
                    error if error.kind() == io::ErrorKind::Interrupted => (),
                    error => return Err(error),
                },
            }
        };
        buffer.get(..received).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "a datagram is longer than 32 KiB")
        })
    }

    /// Makes [`Self::receive`] give up after `milliseconds`.
    pub(super) fn set_receive_timeout(&self, milliseconds: u32) -> io::Result<()> {
        let timeout = libc::timeval {
            tv_sec: (milliseconds / 1000).into(),
            tv_usec: (milliseconds % 1000 * 1000).into(),
        };
        self.set_option(libc::SO_RCVTIMEO, &timeout)
    }

    /// Asks for a receive buffer of `bytes`; the privileged way first, then up to `rmem_max`.
    pub(super) fn set_receive_buffer(&self, bytes: i32) -> io::Result<()> {
        self.set_option(libc::SO_RCVBUFFORCE, &bytes)
            .or_else(|_| self.set_option(libc::SO_RCVBUF, &bytes))
    }

    /// The receive buffer that there is, which the kernel makes twice as large as it is asked for.
    pub(super) fn receive_buffer(&self) -> io::Result<usize> {
        self.inner.get_rx_buf_sz()
    }

    fn set_option<T: Copy>(&self, option: libc::c_int, value: &T) -> io::Result<()> {
        let length = libc::socklen_t::try_from(size_of::<T>()).unwrap_or(libc::socklen_t::MAX);
        // SAFETY: the pointer and the length are those of one live value of a plain C type.
        #[expect(unsafe_code, reason = "netlink-sys has no such option")]
        let result = unsafe {
            libc::setsockopt(
                self.inner.as_raw_fd(),
                libc::SOL_SOCKET,
                option,
                std::ptr::from_ref(value).cast(),
                length,
            )
        };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Joins a multicast group.
    pub(super) fn join(&self, group: u32) -> io::Result<()> {
        self.inner.add_membership(group)
    }

    /// Makes a full buffer drop only what does not fit, without an error; see [`Self::backlog`].
    pub(super) fn set_no_enobufs(&self) -> io::Result<()> {
        self.inner.set_no_enobufs(true)
    }

    /// How many bytes the kernel keeps for datagrams that are to be received, and how many datagrams
    /// it dropped since the socket was opened, exactly.
    ///
    /// Source: `sk_get_meminfo()` in `net/core/sock.c`, Linux 4.12 and later.
    pub(super) fn backlog(&self) -> io::Result<(u32, u32)> {
        let mut words = [0_u32; SK_MEMINFO_VARS];
        let mut length = libc::socklen_t::try_from(size_of_val(&words)).unwrap_or_default();
        // SAFETY: pointer and length describe one live array; the kernel writes at most `length`
        // bytes and stores how many it wrote in `length`, which lives as long.
        #[expect(unsafe_code, reason = "netlink-sys has no SO_MEMINFO")]
        let result = unsafe {
            libc::getsockopt(
                self.inner.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_MEMINFO,
                words.as_mut_ptr().cast(),
                &raw mut length,
            )
        };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        let word = |index: usize| words.get(index).copied().unwrap_or_default();
        Ok((word(SK_MEMINFO_RMEM_ALLOC), word(SK_MEMINFO_DROPS)))
    }
}
