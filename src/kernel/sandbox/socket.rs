//! Sockets bound to any host of the demonstration, and connections between two of them.
//!
//! `std` cannot bind before it connects, nor to an address that is only a route: hence the system
//! calls. What is said over the sockets is in `tcp`, `udp` and `ftp`.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;

/// How long a socket waits for the other end, which is this very process: a moment is plenty.
const PATIENCE: Duration = Duration::from_millis(500);

/// A TCP connection, both ends of it.
pub(super) struct Pair {
    pub(super) client: TcpStream,
    pub(super) server: TcpStream,
}

/// What a connection is to be, before it is made.
#[derive(Clone, Copy)]
pub(super) struct Call {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    /// Where `to` is translated to.
    pub(super) listen: SocketAddr,
    /// The marks of the packets sent and of those answered, by which a rule chooses a zone.
    pub(super) marks: (u16, u16),
}

impl Call {
    /// A plain one.
    pub(super) fn new(from: SocketAddr, to: SocketAddr) -> Self {
        Self { from, to, listen: to, marks: (0, 0) }
    }

    /// Connects, and accepts at the other end.
    pub(super) fn connect(self) -> io::Result<Pair> {
        let listener = listen(self.listen, self.marks.1)?;
        let client = bound(libc::SOCK_STREAM, self.from, self.marks.0)?;
        connect(&client, self.to)?;
        let (server, _) = listener.accept()?;
        let client = TcpStream::from(client);
        for end in [&client, &server] {
            end.set_read_timeout(Some(PATIENCE))?;
            end.set_write_timeout(Some(PATIENCE))?;
        }
        Ok(Pair { client, server })
    }

    /// Sends a SYN and does not wait for an answer.
    pub(super) fn knock(self) -> io::Result<OwnedFd> {
        let client = bound(libc::SOCK_STREAM | libc::SOCK_NONBLOCK, self.from, self.marks.0)?;
        match connect(&client, self.to) {
            Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
            _ => Ok(client),
        }
    }
}

/// A listening TCP socket.
pub(super) fn listen(at: SocketAddr, mark: u16) -> io::Result<TcpListener> {
    let socket = bound(libc::SOCK_STREAM, at, mark)?;
    #[expect(unsafe_code, reason = "std listens only on sockets that it bound itself")]
    // SAFETY: the descriptor is open, `socket` owns it; the other argument is a number.
    let result = unsafe { libc::listen(socket.as_raw_fd(), 8) };
    check(result)?;
    Ok(TcpListener::from(socket))
}

/// A UDP socket.
pub(super) fn udp(at: SocketAddr, mark: u16) -> io::Result<UdpSocket> {
    let socket = UdpSocket::from(bound(libc::SOCK_DGRAM, at, mark)?);
    socket.set_read_timeout(Some(PATIENCE))?;
    Ok(socket)
}

/// A raw socket for packets that bring their own IP header.
pub(super) fn raw(family: libc::c_int) -> io::Result<OwnedFd> {
    open(family, libc::SOCK_RAW, libc::IPPROTO_RAW)
}

/// Sends `packet` through a raw socket; its header says where to.
pub(super) fn send_raw(socket: &OwnedFd, packet: &[u8], to: IpAddr, mark: u16) -> io::Result<()> {
    set(socket, libc::SOL_SOCKET, libc::SO_MARK, mark.into())?;
    // A raw IPv6 socket takes a port for a protocol: 0 is "as the socket was opened".
    let to = Name::new(SocketAddr::new(to, 0));
    #[expect(unsafe_code, reason = "std has no raw sockets")]
    // SAFETY: `packet` and `to` live through the call and are passed with their own lengths; the
    // kernel only reads them.
    let sent = unsafe {
        libc::sendto(
            socket.as_raw_fd(),
            packet.as_ptr().cast(),
            packet.len(),
            0,
            to.bytes.as_ptr().cast(),
            to.len,
        )
    };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Makes the end of a connection an abrupt one: closing sends a reset.
pub(super) fn reset_on_close(stream: &TcpStream) -> io::Result<()> {
    // `struct linger { l_onoff, l_linger }`: on, and no time at all.
    let linger = [1_i32, 0];
    #[expect(unsafe_code, reason = "std has no stable set_linger()")]
    // SAFETY: `linger` has the layout of `struct linger`, lives through the call and is passed with
    // its own size; the kernel only reads it.
    let result = unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_LINGER,
            linger.as_ptr().cast(),
            length(size_of_val(&linger)),
        )
    };
    check(result)
}

/// A socket bound to `at`, whether or not the address is an interface's.
fn bound(kind: libc::c_int, at: SocketAddr, mark: u16) -> io::Result<OwnedFd> {
    let family = if at.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let socket = open(family, kind, 0)?;
    set(&socket, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
    // Also right for IPv6: the flag is the socket's, not the protocol's.
    set(&socket, libc::SOL_IP, libc::IP_FREEBIND, 1)?;
    set(&socket, libc::SOL_SOCKET, libc::SO_MARK, mark.into())?;
    let name = Name::new(at);
    #[expect(unsafe_code, reason = "std binds only sockets that it opens itself")]
    // SAFETY: `name` lives through the call and is passed with its own length.
    let result = unsafe { libc::bind(socket.as_raw_fd(), name.bytes.as_ptr().cast(), name.len) };
    check(result)?;
    Ok(socket)
}

fn connect(socket: &OwnedFd, to: SocketAddr) -> io::Result<()> {
    let name = Name::new(to);
    #[expect(unsafe_code, reason = "std connects only sockets that it opens itself")]
    // SAFETY: `name` lives through the call and is passed with its own length.
    let result = unsafe { libc::connect(socket.as_raw_fd(), name.bytes.as_ptr().cast(), name.len) };
    check(result)
}

fn open(family: libc::c_int, kind: libc::c_int, protocol: libc::c_int) -> io::Result<OwnedFd> {
    #[expect(unsafe_code, reason = "std does not separate opening from binding")]
    // SAFETY: the call takes numbers only.
    let fd = unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, protocol) };
    check(fd)?;
    #[expect(unsafe_code, reason = "a descriptor from a system call has no owner yet")]
    // SAFETY: `fd` is a new descriptor that nothing else knows of.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn set(
    socket: &OwnedFd,
    level: libc::c_int,
    option: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    #[expect(unsafe_code, reason = "std lacks these options")]
    // SAFETY: `value` lives through the call and is passed with its own size.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            ptr::from_ref(&value).cast(),
            length(size_of_val(&value)),
        )
    };
    check(result)
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn length(size: usize) -> libc::socklen_t {
    libc::socklen_t::try_from(size).unwrap_or_default()
}

/// A `struct sockaddr_in` or `sockaddr_in6`, as bytes.
struct Name {
    bytes: Vec<u8>,
    len: libc::socklen_t,
}

impl Name {
    fn new(address: SocketAddr) -> Self {
        let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
        let family = libc::sa_family_t::try_from(family).unwrap_or_default();
        let mut bytes = family.to_ne_bytes().to_vec();
        bytes.extend(address.port().to_be_bytes());
        match address.ip() {
            IpAddr::V4(v4) => {
                bytes.extend(v4.octets());
                bytes.extend([0; 8]);
            }
            IpAddr::V6(v6) => {
                bytes.extend([0; 4]); // flow info
                bytes.extend(v6.octets());
                bytes.extend([0; 4]); // scope
            }
        }
        let len = length(bytes.len());
        Self { bytes, len }
    }
}
