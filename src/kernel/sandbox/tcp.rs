//! TCP between real sockets: downloads, databases, port forwards, scans, and how connections end.
//!
//! States that the kernel's own TCP passes too quickly through are in `frozen`.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::os::fd::OwnedFd;

use super::hosts::{
    SITE, WAN, WEB, app, at, content, lan, lan6, server, silent, silent6, site6, tenant, visitor,
    vpn,
};
use super::life::Scene;
use super::packets::Wire;
use super::rules::{ZONE_ORIGINAL, ZONE_TENANT};
use super::socket::{Call, Pair, reset_on_close};

/// What is written before the other end reads: below every kernel's first window.
static CHUNK: [u8; 32 << 10] = [b'.'; 32 << 10];
const KB: usize = 1 << 10;
const MB: usize = 1 << 20;

/// In the order in which they are played.
pub(super) const SCENES: &[Scene] = &[
    Scene { name: "web downloads", again_s: None, play: downloads },
    Scene { name: "connections between servers", again_s: None, play: servers },
    Scene { name: "connections through port forwards", again_s: None, play: forwards },
    Scene { name: "connections in zones", again_s: None, play: tenants },
    Scene { name: "connections half closed", again_s: Some(61), play: half_closed },
    Scene { name: "connections finished", again_s: Some(121), play: finished },
    Scene { name: "connections reset", again_s: Some(11), play: reset },
    // The sockets give up after 127 s (tcp_syn_retries = 6).
    Scene { name: "a port scan", again_s: Some(125), play: scan },
];

/// An address with a port that the kernel chooses.
fn any(host: IpAddr) -> SocketAddr {
    at(host, 0)
}

/// Sends `up` bytes to the server and `down` bytes back.
fn exchange(pair: &mut Pair, up: usize, down: usize) -> io::Result<()> {
    push(&mut pair.client, &mut pair.server, up)?;
    push(&mut pair.server, &mut pair.client, down)
}

fn push(from: &mut impl Write, to: &mut impl Read, mut bytes: usize) -> io::Result<()> {
    let mut read = vec![0; CHUNK.len()];
    while bytes > 0 {
        let chunk = bytes.min(CHUNK.len());
        from.write_all(CHUNK.get(..chunk).unwrap_or_default())?;
        to.read_exact(read.get_mut(..chunk).unwrap_or_default())?;
        bytes -= chunk;
    }
    Ok(())
}

fn hold(held: &mut Vec<OwnedFd>, pair: Pair) {
    held.extend([pair.client.into(), pair.server.into()]);
}

/// The LAN and its IPv6 hosts reading the web.
fn downloads(_: &Wire, held: &mut Vec<OwnedFd>) -> io::Result<()> {
    let web: [(IpAddr, IpAddr, u16, usize, usize); 26] = [
        (lan(10), SITE, 443, 900, 48 * KB),
        (lan(10), content(10), 443, 2 * KB, 310 * KB),
        (lan(11), SITE, 80, 420, 12 * KB),
        (lan(12), content(10), 443, 3 * KB, 96 * KB),
        (lan(12), content(14), 443, 1100, 7 * KB),
        (lan(13), content(14), 443, 700, 1500),
        (lan(14), SITE, 443, 5 * KB, 640 * KB),
        (lan(15), content(20), 443, 40 * KB, 28 * KB),
        (lan(15), content(20), 993, 2 * KB, 150 * KB),
        (lan(16), content(22), 5222, 800, 900),
        (lan(17), SITE, 443, 300, 0),
        (lan(20), content(10), 443, 8 * KB, 2 * MB),
        (lan(21), content(30), 443, 3 * MB, 30 * KB),
        (lan(23), content(12), 443, 12 * KB, 7 * MB),
        (lan(23), content(12), 443, 6 * KB, 900 * KB),
        (lan(23), content(13), 443, 2 * KB, 220 * KB),
        (lan(24), SITE, 80, 350, 350),
        (lan(25), content(14), 8443, 1000, 5 * KB),
        (lan6(0x10), site6(0x80), 443, 900, 64 * KB),
        (lan6(0x11), site6(0x80), 443, 700, 20 * KB),
        (lan6(0x12), site6(0x80), 80, 300, 3 * KB),
        (lan6(0x14), site6(0x81), 443, 2 * KB, MB),
        (lan6(0x23), site6(0x81), 443, 4 * KB, 400 * KB),
        (lan6(0x23), site6(0x82), 993, 900, 18 * KB),
        (lan6(0x24), site6(0x22), 22, 6 * KB, 9 * KB),
        (lan6(0x25), site6(0x82), 587, 30 * KB, 800),
    ];
    for (client, server, port, up, down) in web {
        let mut pair = Call::new(any(client), at(server, port)).connect()?;
        exchange(&mut pair, up, down)?;
        hold(held, pair);
    }
    Ok(())
}

/// The house's own: databases, caches, file servers, logins.
fn servers(_: &Wire, held: &mut Vec<OwnedFd>) -> io::Result<()> {
    let mut talk = |client, to, up, down| {
        let mut pair = Call::new(any(client), to).connect()?;
        exchange(&mut pair, up, down)?;
        hold(held, pair);
        io::Result::Ok(())
    };
    for (host, size) in (11_u8..=16).zip([9, 14, 22, 3, 31, 18]) {
        talk(app(host), at(server(40), 5432), size * KB, 5 * size * KB)?;
    }
    for (host, size) in (11_u8..=14).zip([900, 1200, 640, 2100]) {
        talk(app(host), at(server(41), 6379), size, size / 2)?;
    }
    for (host, size) in (2_u8..=5).zip([4, 11, 2, 7]) {
        talk(vpn(host), at(server(22), 22), size * KB, 3 * size * KB)?;
    }
    talk(vpn(3), at(server(45), 3389), 40 * KB, MB)?;
    talk(server(11), at(server(50), 2049), 2 * MB, 90 * KB)?;
    talk(server(12), at(server(50), 2049), 15 * KB, 700 * KB)?;
    Ok(())
}

/// Visitors from outside, whom the router sends on to a server.
fn forwards(_: &Wire, held: &mut Vec<OwnedFd>) -> io::Result<()> {
    let mut come = |host, port, listen, up, down| {
        let call = Call { listen, ..Call::new(any(visitor(host)), at(WAN.into(), port)) };
        let mut pair = call.connect()?;
        exchange(&mut pair, up, down)?;
        hold(held, pair);
        io::Result::Ok(())
    };
    for (host, size) in [(17_u8, 3), (29, 40), (29, 12), (61, 1), (88, 220), (140, 9), (203, 5)] {
        come(host, 8080, at(WEB.into(), 80), 600, size * KB)?;
    }
    come(77, 2222, at(server(22), 22), 3 * KB, 5 * KB)?;
    Ok(())
}

/// Connections in a zone, and with one direction in another.
fn tenants(_: &Wire, held: &mut Vec<OwnedFd>) -> io::Result<()> {
    let both = (ZONE_TENANT, ZONE_TENANT);
    for (host, marks) in [(5_u8, both), (6, both), (7, (ZONE_ORIGINAL, 0))] {
        let call = Call::new(at(tenant(host), 41_000), at(tenant(80), 80));
        let mut pair = Call { marks, ..call }.connect()?;
        exchange(&mut pair, 500, 6 * KB)?;
        hold(held, pair);
    }
    Ok(())
}

/// The client has said all it had to say; the server never closes: `CLOSE_WAIT`.
fn half_closed(_: &Wire, held: &mut Vec<OwnedFd>) -> io::Result<()> {
    for (client, to) in [
        (app(15), at(server(42), 8080)),
        (app(16), at(server(42), 8080)),
        (lan(18), at(SITE, 443)),
        (lan6(0x18), at(site6(0x80), 443)),
    ] {
        let mut pair = Call::new(any(client), to).connect()?;
        exchange(&mut pair, 300, 900)?;
        pair.client.shutdown(Shutdown::Write)?;
        // When they are played again the kernel has forgotten this flow, and would take a FIN for
        // the middle of a new one, to be kept for days. It never takes a RST so (tcp_new()).
        reset_on_close(&pair.client)?;
        reset_on_close(&pair.server)?;
        hold(held, pair);
    }
    Ok(())
}

/// Connections over and done with: `TIME_WAIT`.
fn finished(_: &Wire, _: &mut Vec<OwnedFd>) -> io::Result<()> {
    for host in 10..=17 {
        call_once(lan(host), at(SITE, 80), 2 * KB)?;
    }
    for host in 11..=13 {
        call_once(app(host), at(server(43), 9100), 14 * KB)?;
    }
    for host in 0x10..=0x12 {
        call_once(lan6(host), at(site6(0x80), 80), KB)?;
    }
    Ok(())
}

/// A request, an answer, and both ends hang up.
fn call_once(client: IpAddr, to: SocketAddr, down: usize) -> io::Result<()> {
    let mut pair = Call::new(any(client), to).connect()?;
    exchange(&mut pair, 250, down)?;
    pair.client.shutdown(Shutdown::Write)?;
    pair.server.shutdown(Shutdown::Write)
}

/// Connections that ended with a reset: `CLOSE`.
fn reset(_: &Wire, _: &mut Vec<OwnedFd>) -> io::Result<()> {
    for (client, to) in [
        (lan(19), at(content(22), 443)),
        (app(17), at(server(40), 5432)),
        (lan6(0x19), at(site6(0x82), 443)),
    ] {
        let mut pair = Call::new(any(client), to).connect()?;
        exchange(&mut pair, 200, 400)?;
        reset_on_close(&pair.client)?;
    }
    Ok(())
}

/// One host of the LAN knocks at many doors, two more at one: `SYN_SENT`, unreplied.
fn scan(_: &Wire, held: &mut Vec<OwnedFd>) -> io::Result<()> {
    let scanned = (1..=14).map(|host| (lan(66), at(silent(host), 445)));
    let others = [
        (lan(31), at(silent(80), 443)),
        (app(12), at(silent(90), 8086)),
        (lan6(0x66), at(silent6(1), 22)),
        (lan6(0x66), at(silent6(2), 22)),
    ];
    for (from, to) in scanned.chain(others) {
        held.push(Call::new(any(from), to).knock()?);
    }
    Ok(())
}

/// A connection with a little to say at every beat.
pub(super) struct Stream {
    pair: Pair,
    up: usize,
    down: usize,
}

impl Stream {
    /// Says it.
    pub(super) fn go_on(&mut self) -> io::Result<()> {
        exchange(&mut self.pair, self.up, self.down)
    }
}

/// Opens the streams and sends the first of each.
pub(super) fn streams() -> io::Result<Vec<Stream>> {
    [
        (lan(23), at(content(12), 443), 600, 96 * KB),
        (server(40), at(server(51), 873), 48 * KB, 200),
        (vpn(4), at(server(22), 22), 90, 240),
        (app(11), at(server(40), 5432), 700, 5 * KB),
        (lan6(0x23), at(site6(0x81), 443), 300, 16 * KB),
    ]
    .into_iter()
    .map(|(client, to, up, down)| {
        let mut stream = Stream { pair: Call::new(any(client), to).connect()?, up, down };
        stream.go_on().map(|()| stream)
    })
    .collect()
}

/// Somebody of the LAN reads one page, the `count`th time.
pub(super) fn visit(count: u16) -> io::Result<()> {
    let [_, host] = count.to_be_bytes();
    call_once(lan(100 + host % 64), at(SITE, 443), 3 * KB)
}
