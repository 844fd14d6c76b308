//! Packets made by hand: IP headers, checksums, and the few protocols that no socket speaks.
//!
//! They leave through raw sockets, so connection tracking sees them as it sees everybody's. Which
//! packets are sent is in `frozen`.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;

use super::socket::{raw, send_raw};

pub(super) const ICMP: u8 = 1;
const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
pub(super) const GRE: u8 = 47;
pub(super) const ESP: u8 = 50;
const ICMPV6: u8 = 58;
const SCTP: u8 = 132;
pub(super) const UDPLITE: u8 = 136;

/// TCP flags.
pub(super) const FIN: u8 = 0x01;
pub(super) const SYN: u8 = 0x02;
pub(super) const RST: u8 = 0x04;
pub(super) const PSH: u8 = 0x08;
pub(super) const ACK: u8 = 0x10;

/// The way out for packets made by hand.
pub(super) struct Wire {
    v4: OwnedFd,
    /// Absent where the kernel has no IPv6.
    v6: Option<OwnedFd>,
}

impl Wire {
    /// Opens the raw sockets.
    pub(super) fn open() -> io::Result<Self> {
        Ok(Self { v4: raw(libc::AF_INET)?, v6: raw(libc::AF_INET6).ok() })
    }

    /// Sends `payload` as `protocol`, with an IP header put in front.
    pub(super) fn send(
        &self,
        from: IpAddr,
        to: IpAddr,
        protocol: u8,
        payload: &[u8],
        mark: u16,
    ) -> io::Result<()> {
        let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
        let mut packet = Vec::with_capacity(40 + payload.len());
        let socket = match (from, to) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                packet.extend([0x45, 0]);
                packet.extend((length.saturating_add(20)).to_be_bytes());
                // Id 0 and checksum 0: the kernel fills both in; 0x4000 is "don't fragment".
                packet.extend([0, 0, 0x40, 0, 64, protocol, 0, 0]);
                packet.extend(from.octets());
                packet.extend(to.octets());
                Some(&self.v4)
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                packet.extend([0x60, 0, 0, 0]);
                packet.extend(length.to_be_bytes());
                packet.extend([protocol, 64]);
                packet.extend(from.octets());
                packet.extend(to.octets());
                self.v6.as_ref()
            }
            _ => None,
        };
        let socket = socket.ok_or_else(|| io::Error::from_raw_os_error(libc::EAFNOSUPPORT))?;
        packet.extend(payload);
        send_raw(socket, &packet, to, mark)
    }

    /// Sends a TCP segment.
    pub(super) fn tcp(
        &self,
        from: SocketAddr,
        to: SocketAddr,
        (sequence, acknowledged): (u32, u32),
        flags: u8,
        data: &[u8],
    ) -> io::Result<()> {
        // A SYN offers what every stack offers: segment size, window scale, selective acks.
        let options: &[u8] =
            if flags & SYN == 0 { &[] } else { &[2, 4, 5, 0xb4, 1, 3, 3, 7, 4, 2, 1, 1] };
        let words: u8 = if flags & SYN == 0 { 5 } else { 8 };
        let mut segment = ports(from, to);
        segment.extend(sequence.to_be_bytes());
        segment.extend(if flags & ACK == 0 { 0 } else { acknowledged }.to_be_bytes());
        segment.extend([words << 4, flags, 0xfa, 0, 0, 0, 0, 0]);
        segment.extend(options);
        segment.extend(data);
        put_checksum(&mut segment, 16, from.ip(), to.ip(), TCP);
        self.send(from.ip(), to.ip(), TCP, &segment, 0)
    }

    /// Sends a UDP datagram, or one of a protocol with the same header.
    pub(super) fn udp(
        &self,
        from: SocketAddr,
        to: SocketAddr,
        protocol: u8,
        data: &[u8],
        mark: u16,
    ) -> io::Result<()> {
        let mut datagram = ports(from, to);
        // UDP-Lite says how much its checksum covers where UDP has the length: all is both.
        datagram.extend(u16::try_from(8 + data.len()).unwrap_or(u16::MAX).to_be_bytes());
        datagram.extend([0, 0]);
        datagram.extend(data);
        put_checksum(&mut datagram, 6, from.ip(), to.ip(), protocol);
        self.send(from.ip(), to.ip(), protocol, &datagram, mark)
    }

    /// Sends an echo request; a host that answers, answers by itself.
    pub(super) fn ping(&self, from: IpAddr, to: IpAddr, id: u16, bytes: usize) -> io::Result<()> {
        let (kind, protocol) = if from.is_ipv4() { (8, ICMP) } else { (128, ICMPV6) };
        let mut echo = vec![kind, 0, 0, 0];
        echo.extend(id.to_be_bytes());
        echo.extend([0, 1]);
        echo.resize(8 + bytes, b'.');
        if from.is_ipv4() {
            let checksum = fold(sum(&echo));
            overwrite(&mut echo, 2, &checksum.to_be_bytes());
        } else {
            put_checksum(&mut echo, 2, from, to, ICMPV6);
        }
        self.send(from, to, protocol, &echo, 0)
    }

    /// Sends an SCTP packet of one chunk.
    pub(super) fn sctp(
        &self,
        from: SocketAddr,
        to: SocketAddr,
        tag: u32,
        chunk: u8,
        value: &[u8],
    ) -> io::Result<()> {
        let mut packet = ports(from, to);
        packet.extend(tag.to_be_bytes());
        packet.extend([0; 4]);
        packet.extend([chunk, 0]);
        packet.extend(u16::try_from(4 + value.len()).unwrap_or(u16::MAX).to_be_bytes());
        packet.extend(value);
        packet.resize(packet.len().next_multiple_of(4), 0);
        let checksum = crc32c(&packet);
        // RFC 9260, appendix A: the least significant byte travels first.
        overwrite(&mut packet, 8, &checksum.to_le_bytes());
        self.send(from.ip(), to.ip(), SCTP, &packet, 0)
    }
}

fn ports(from: SocketAddr, to: SocketAddr) -> Vec<u8> {
    let mut header = from.port().to_be_bytes().to_vec();
    header.extend(to.port().to_be_bytes());
    header
}

fn overwrite(packet: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(slot) = packet.get_mut(at..at + bytes.len()) {
        slot.copy_from_slice(bytes);
    }
}

/// Puts the checksum over the pseudo header and `packet` at `at`, where zeroes are.
fn put_checksum(packet: &mut [u8], at: usize, from: IpAddr, to: IpAddr, protocol: u8) {
    let octets = |address| match address {
        IpAddr::V4(v4) => sum(&v4.octets()),
        IpAddr::V6(v6) => sum(&v6.octets()),
    };
    let length = u32::try_from(packet.len()).unwrap_or(u32::MAX);
    let checksum = fold(octets(from) + octets(to) + u32::from(protocol) + length + sum(packet));
    // A UDP checksum of 0 means "none": its other spelling is all ones.
    let checksum = if checksum == 0 { u16::MAX } else { checksum };
    overwrite(packet, at, &checksum.to_be_bytes());
}

/// The sum of the 16-bit words, the last one filled with zero.
fn sum(bytes: &[u8]) -> u32 {
    let words = bytes.chunks(2).map(|pair| match *pair {
        [hi, lo] => u16::from_be_bytes([hi, lo]),
        [hi] => u16::from_be_bytes([hi, 0]),
        _ => 0,
    });
    words.map(u32::from).sum()
}

/// The internet checksum (RFC 1071) of a sum of words.
fn fold(mut sum: u32) -> u16 {
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}

/// CRC-32C (Castagnoli), bit by bit: a demonstration sends a few dozen packets.
pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 }
        })
    })
}
