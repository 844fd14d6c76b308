//! States that sockets pass too quickly through, and protocols without sockets, made by hand.
//!
//! Both ends are addresses that nobody has, so no real stack interferes: the packets are tracked on
//! the way out and then swallowed. Their checksums, handshakes and sequence numbers are right.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use super::hosts::{at, branch, branch6, silent, silent6, tenant_away};
use super::life::Scene;
use super::packets::{ACK, ESP, FIN, GRE, PSH, RST, SYN, UDP, UDPLITE, Wire};
use super::rules::{ZONE_ORIGINAL, ZONE_TENANT};

/// In the order in which they are played; again when the kernel's default timeout is over.
pub(super) const SCENES: &[Scene] = &[
    Scene { name: "TCP resets", again_s: Some(11), play: |wire, _| tcp(wire, &[CLOSE]) },
    Scene {
        name: "TCP last acknowledgements",
        again_s: Some(31),
        play: |wire, _| tcp(wire, &[LAST_ACK]),
    },
    Scene {
        name: "TCP handshakes and hang-ups",
        again_s: Some(61),
        play: |wire, _| tcp(wire, &[SYN_RECV, CLOSE_WAIT]),
    },
    Scene {
        name: "TCP openings and endings",
        again_s: Some(121),
        play: |wire, _| tcp(wire, &[SYN_SENT2, FIN_WAIT, TIME_WAIT]),
    },
    Scene { name: "SCTP", again_s: Some(205), play: sctp },
    Scene { name: "other protocols", again_s: Some(25), play: others },
    Scene { name: "datagrams in zones", again_s: Some(25), play: zones },
];

/// Who sends a segment.
#[derive(Clone, Copy)]
enum By {
    Client,
    Server,
}
use By::{Client, Server};

/// A state, the port by which its flows are told apart, and the segments that lead there.
struct Script {
    port: u16,
    segments: &'static [(By, u8)],
}

const SYN_SENT2: Script = Script { port: 40_002, segments: &[(Client, SYN), (Server, SYN)] };
const SYN_RECV: Script = Script { port: 40_003, segments: &[(Client, SYN), (Server, SYN | ACK)] };
const FIN_WAIT: Script = Script {
    port: 40_004,
    segments: &[(Client, SYN), (Server, SYN | ACK), (Client, ACK), (Client, FIN | ACK)],
};
const CLOSE_WAIT: Script = Script {
    port: 40_005,
    segments: &[
        (Client, SYN),
        (Server, SYN | ACK),
        (Client, ACK),
        (Client, PSH | ACK),
        (Client, FIN | ACK),
        (Server, ACK),
    ],
};
const LAST_ACK: Script = Script {
    port: 40_006,
    segments: &[
        (Client, SYN),
        (Server, SYN | ACK),
        (Client, ACK),
        (Server, PSH | ACK),
        (Client, FIN | ACK),
        (Server, ACK),
        (Server, FIN | ACK),
    ],
};
const TIME_WAIT: Script = Script {
    port: 40_007,
    segments: &[
        (Client, SYN),
        (Server, SYN | ACK),
        (Client, ACK),
        (Client, FIN | ACK),
        (Server, FIN | ACK),
        (Client, ACK),
    ],
};
const CLOSE: Script = Script {
    port: 40_008,
    segments: &[(Client, SYN), (Server, SYN | ACK), (Client, ACK), (Server, RST | ACK)],
};

/// Plays each script over IPv4 and IPv6.
fn tcp(wire: &Wire, scripts: &[Script]) -> io::Result<()> {
    for (client, server) in [(branch(10), silent(10)), (branch6(0x10), silent6(0x10))] {
        for &Script { port, segments } in scripts {
            play(wire, at(client, port), at(server, 443), segments)?;
        }
    }
    Ok(())
}

fn play(
    wire: &Wire,
    client: SocketAddr,
    server: SocketAddr,
    segments: &[(By, u8)],
) -> io::Result<()> {
    // Sequence numbers: what the client and the server will send next.
    let (mut ours, mut theirs) = (1000_u32, 900_000_u32);
    for &(by, flags) in segments {
        let data: &[u8] = if flags & PSH == 0 { b"" } else { b"one line of talk\r\n" };
        // SYN and FIN count as a byte each.
        let length = u32::try_from(data.len()).unwrap_or(0) + u32::from(flags & (SYN | FIN) != 0);
        match by {
            Client => {
                wire.tcp(client, server, (ours, theirs), flags, data)?;
                ours += length;
            }
            Server => {
                wire.tcp(server, client, (theirs, ours), flags, data)?;
                theirs += length;
            }
        }
    }
    Ok(())
}

/// SCTP associations: two established, one only asked for, one that ends.
fn sctp(wire: &Wire, _: &mut Vec<OwnedFd>) -> io::Result<()> {
    const INIT: u8 = 1;
    const INIT_ACK: u8 = 2;
    const HEARTBEAT: u8 = 4;
    const SHUTDOWN: u8 = 7;
    const COOKIE_ECHO: u8 = 10;
    const COOKIE_ACK: u8 = 11;
    const OURS: u32 = 0x1bad_b002;
    const THEIRS: u32 = 0x0dd_ba11;
    let init = |tag: u32| {
        // Tag, receive window, streams out and in, first sequence number.
        let mut value = tag.to_be_bytes().to_vec();
        value.extend([0, 0, 0xff, 0xff, 0, 10, 0, 10, 0, 0, 0, 1]);
        value
    };
    // Parameter 7 is the cookie, which the client echoes.
    let mut init_ack = init(THEIRS);
    init_ack.extend(b"\0\x07\0\x08cook");
    let (asks, agrees) = (init(OURS), init_ack);
    let steps: [(By, u32, u8, &[u8]); 6] = [
        (Client, 0, INIT, &asks),
        (Server, OURS, INIT_ACK, &agrees),
        (Client, THEIRS, COOKIE_ECHO, b"cook"),
        (Server, OURS, COOKIE_ACK, b""),
        (Client, THEIRS, HEARTBEAT, b"\0\x01\0\x08beat"),
        (Client, THEIRS, SHUTDOWN, &[0, 0, 0, 1]),
    ];
    for (host, port, last) in [(21, 36_412, 5), (22, 36_412, 5), (23, 3868, 4)] {
        let (client, server) = (at(branch(host), port), at(silent(38), port));
        for &(by, tag, chunk, value) in steps.iter().take(last) {
            let (from, to) = match by {
                Client => (client, server),
                Server => (server, client),
            };
            wire.sctp(from, to, tag, chunk, value)?;
        }
    }
    Ok(())
}

/// A GRE tunnel and one that is down, an ESP one, and UDP-Lite.
fn others(wire: &Wire, _: &mut Vec<OwnedFd>) -> io::Result<()> {
    // No flags, then the protocol inside: IPv4.
    let mut gre = vec![0, 0, 8, 0];
    gre.resize(88, 0x45);
    wire.send(branch(1), silent(47), GRE, &gre, 0)?;
    wire.send(silent(47), branch(1), GRE, &gre, 0)?;
    wire.send(branch(2), silent(48), GRE, &gre, 0)?;
    // Security parameters index, sequence number, and what looks like cipher text.
    let mut esp = vec![0xc0, 0xff, 0xee, 1, 0, 0, 0, 1];
    esp.resize(104, 0x5a);
    wire.send(branch(3), silent(50), ESP, &esp, 0)?;
    wire.send(silent(50), branch(3), ESP, &esp, 0)?;
    let (sender, receiver) = (at(branch(4), 5004), at(silent(60), 5004));
    wire.udp(sender, receiver, UDPLITE, &[0x80; 160], 0)?;
    Ok(())
}

/// The same addresses and ports without a zone, in a zone, and with one direction in another.
fn zones(wire: &Wire, _: &mut Vec<OwnedFd>) -> io::Result<()> {
    let (client, server) = (at(tenant_away(5), 5060), at(tenant_away(60), 1812));
    for mark in [0, ZONE_TENANT, ZONE_ORIGINAL] {
        wire.udp(client, server, UDP, b"access-request", mark)?;
    }
    wire.udp(server, client, UDP, b"access-accept", ZONE_TENANT)?;
    Ok(())
}
