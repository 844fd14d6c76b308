//! UDP between real sockets (DNS, syslog, streams) and pings, which the kernel itself answers.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;

use super::hosts::{
    RESOLVER, WAN, app, at, content, lan, lan6, server, silent, silent6, site6, visitor, vpn,
};
use super::life::Scene;
use super::packets::Wire;
use super::socket::udp;

/// Seconds after which a UDP or ICMP flow without an answer is about to expire.
const UNREPLIED_S: u64 = 25;
/// Where IPv6 hosts ask for names.
const RESOLVER6: IpAddr = site6(0x53);

/// In the order in which they are played.
pub(super) const SCENES: &[Scene] = &[
    Scene { name: "DNS", again_s: Some(31), play: names },
    Scene { name: "UDP without an answer", again_s: Some(UNREPLIED_S), play: unanswered },
    Scene { name: "pings", again_s: Some(UNREPLIED_S), play: pings },
];

/// A query for `flowsh.example`, type A.
const QUERY: &[u8] = b"\x2a\x17\x01\x00\x00\x01\0\0\0\0\0\0\x06flowsh\x07example\0\0\x01\0\x01";
/// Its answer: one address.
const ANSWER: &[u8] = b"\x2a\x17\x81\x80\x00\x01\0\x01\0\0\0\0\x06flowsh\x07example\0\0\x01\0\x01\
    \xc0\x0c\0\x01\0\x01\0\0\x0e\x10\0\x04\x5d\xb8\xd8\x22";

/// Sends a datagram each way, `times` times.
fn talk(
    client: &UdpSocket,
    host: &UdpSocket,
    to: SocketAddr,
    (up, down): (&[u8], &[u8]),
    times: usize,
) -> io::Result<()> {
    let mut read = [0; 2048];
    for _ in 0..times {
        client.send_to(up, to)?;
        // The answer goes to whom the other end saw, which address translation may have changed.
        let (_, from) = host.recv_from(&mut read)?;
        host.send_to(down, from)?;
        client.recv_from(&mut read)?;
    }
    Ok(())
}

/// Names asked and answered.
fn names(_: &Wire, _: &mut Vec<OwnedFd>) -> io::Result<()> {
    let clients = (10..=21).map(lan).chain((11..=13).map(app)).chain((2..=3).map(vpn));
    let resolver = udp(at(RESOLVER, 53), 0)?;
    for (client, times) in clients.zip([1, 2, 1, 3, 1, 1, 5, 1, 2].into_iter().cycle()) {
        talk(&udp(at(client, 0), 0)?, &resolver, at(RESOLVER, 53), (QUERY, ANSWER), times)?;
    }
    let resolver = udp(at(RESOLVER6, 53), 0)?;
    for host in 0x10..=0x14 {
        talk(&udp(at(lan6(host), 0), 0)?, &resolver, at(RESOLVER6, 53), (QUERY, ANSWER), 1)?;
    }
    Ok(())
}

/// The `count`th name asked for in the background.
pub(super) fn query(count: u16) -> io::Result<()> {
    let [_, host] = count.to_be_bytes();
    let resolver = udp(at(RESOLVER, 53), 0)?;
    let client = udp(at(lan(100 + host % 64), 0), 0)?;
    talk(&client, &resolver, at(RESOLVER, 53), (QUERY, ANSWER), 1)
}

/// Time servers and resolvers that are not there, and log messages, which nobody answers.
fn unanswered(_: &Wire, held: &mut Vec<OwnedFd>) -> io::Result<()> {
    let log = at(server(14), 514);
    // Without a socket at the other end the kernel would answer that nobody is there.
    held.push(udp(log, 0)?.into());
    for (from, to, data) in [
        (at(lan(40), 123), at(silent(123), 123), [0x23; 48].as_slice()),
        (at(lan(41), 123), at(silent(123), 123), &[0x23; 48]),
        (at(lan(42), 123), at(silent(123), 123), &[0x23; 48]),
        (at(lan(43), 53_210), at(silent(53), 53), QUERY),
        (at(vpn(4), 53_211), at(silent(53), 53), QUERY),
        (at(app(11), 51_400), log, b"<134>app-11: 200 GET /"),
        (at(app(12), 51_400), log, b"<131>app-12: 502 POST /cart"),
        (at(app(13), 51_400), log, b"<134>app-13: 200 GET /health"),
        (at(lan6(0x40), 123), at(silent6(0x123), 123), &[0x23; 48]),
    ] {
        udp(from, 0)?.send_to(data, to)?;
    }
    Ok(())
}

/// Pings, with and without an answer.
fn pings(wire: &Wire, _: &mut Vec<OwnedFd>) -> io::Result<()> {
    for (from, to, id) in [
        (lan(10), RESOLVER, 0x1a01),
        (lan(11), RESOLVER, 0x1a02),
        (app(11), server(40), 0x1b01),
        (server(9), server(1), 0x1b02),
        (lan(31), silent(80), 0x1c01),
        (lan(32), silent(81), 0x1c02),
        (vpn(5), silent(82), 0x1c03),
        (lan6(0x10), RESOLVER6, 0x1d01),
        (lan6(0x11), site6(0x80), 0x1d02),
        (lan6(0x31), silent6(0x80), 0x1e01),
    ] {
        wire.ping(from, to, id, 56)?;
    }
    Ok(())
}

/// Two sockets with a few datagrams for each other at every beat. A flow that goes both ways for
/// more than two seconds becomes assured.
pub(super) struct Stream {
    client: UdpSocket,
    host: UdpSocket,
    to: SocketAddr,
    bytes: usize,
    times: usize,
}

impl Stream {
    /// Sends them.
    pub(super) fn go_on(&mut self) -> io::Result<()> {
        let data = [b'.'; 1200];
        let data = data.get(..self.bytes).unwrap_or_default();
        talk(&self.client, &self.host, self.to, (data, data), self.times)
    }
}

/// Opens the streams and sends the first of each: a tunnel, two calls, QUIC connections.
pub(super) fn streams() -> io::Result<Vec<Stream>> {
    [
        (at(visitor(51), 51_820), at(WAN.into(), 51_820), 148, 4),
        (at(lan(30), 16_386), at(content(60), 16_384), 172, 20),
        (at(lan(33), 16_388), at(content(61), 16_384), 172, 20),
        (at(lan(26), 50_443), at(content(20), 443), 1200, 6),
        (at(lan6(0x26), 50_443), at(site6(0x81), 443), 1200, 3),
    ]
    .into_iter()
    .map(|(from, to, bytes, times)| {
        let mut stream = Stream { client: udp(from, 0)?, host: udp(to, 0)?, to, bytes, times };
        stream.go_on().map(|()| stream)
    })
    .collect()
}
