//! Protocols that announce another connection: FTP, TFTP and SIP, so the kernel's helpers expect
//! one.
//!
//! The helpers are assigned in `rules`. What is left pending stays in the expect table for minutes.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;

use super::hosts::{at, lan, server, silent};
use super::life::Scene;
use super::packets::Wire;
use super::socket::{Call, Pair, listen, udp};

/// In the order in which they are played. Expectations live for 300 s (FTP) and 180 s (SIP); that of
/// TFTP goes with its unanswered request, after 30 s.
pub(super) const SCENES: &[Scene] = &[
    Scene { name: "FTP, passive", again_s: Some(290), play: passive },
    Scene { name: "FTP, active through NAT", again_s: Some(290), play: active },
    Scene { name: "TFTP", again_s: Some(25), play: tftp },
    Scene { name: "SIP", again_s: Some(170), play: sip },
];

/// One end says a line, the other hears it.
fn say(from: &mut impl Write, to: &mut impl Read, line: &str) -> io::Result<()> {
    from.write_all(line.as_bytes())?;
    // One segment is one read. Its length is not ours: a helper may rewrite addresses in it.
    to.read(&mut [0; 512]).map(|_| ())
}

/// Connects and logs in; the helper only reads on after whole lines.
fn log_in(call: Call) -> io::Result<Pair> {
    let mut pair = call.connect()?;
    say(&mut pair.server, &mut pair.client, "220 files.example ready\r\n")?;
    for (ask, answer) in [("USER anonymous", "331 Any password"), ("PASS flowsh", "230 Welcome")] {
        say(&mut pair.client, &mut pair.server, &format!("{ask}\r\n"))?;
        say(&mut pair.server, &mut pair.client, &format!("{answer}\r\n"))?;
    }
    Ok(pair)
}

/// One file fetched, over a connection that is related to the dialogue; the next one expected.
fn passive(_: &Wire, held: &mut Vec<OwnedFd>) -> io::Result<()> {
    let mut control = log_in(Call::new(at(server(9), 0), at(server(21), 21)))?;
    let mut announce = || {
        // A port that was not announced before: two flows cannot expect the same one
        // (nf_ct_expect_related() says EBUSY), and the helper would drop the announcement.
        let waiting = listen(at(server(21), 0), 0)?;
        let port = waiting.local_addr()?.port();
        let [high, low] = port.to_be_bytes();
        say(&mut control.client, &mut control.server, "PASV\r\n")?;
        let answer = format!("227 Entering Passive Mode (10,0,0,21,{high},{low}).\r\n");
        say(&mut control.server, &mut control.client, &answer)?;
        io::Result::Ok((waiting, port))
    };
    let (_, port) = announce()?;
    let mut data = Call::new(at(server(9), 0), at(server(21), port)).connect()?;
    for _ in 0..40 {
        let mut read = [0; 16 << 10];
        data.server.write_all(&read)?;
        data.client.read_exact(&mut read)?;
    }
    held.push(announce()?.0.into());
    held.extend([control.client, control.server, data.client, data.server].map(OwnedFd::from));
    Ok(())
}

/// A client behind the router names its own address and port: the helper translates both, which
/// changes the length of what was said, so the kernel adjusts the sequence numbers from then on.
fn active(_: &Wire, held: &mut Vec<OwnedFd>) -> io::Result<()> {
    let mut control = log_in(Call::new(at(lan(109), 0), at(server(21), 21)))?;
    say(&mut control.client, &mut control.server, "PORT 192,168,1,109,200,10\r\n")?;
    say(&mut control.server, &mut control.client, "200 PORT command successful\r\n")?;
    held.extend([control.client, control.server].map(OwnedFd::from));
    Ok(())
}

/// A file asked for: the answer will come from another port.
fn tftp(_: &Wire, held: &mut Vec<OwnedFd>) -> io::Result<()> {
    let to = at(server(69), 69);
    let host = udp(to, 0)?;
    let client = udp(at(server(32), 40_069), 0)?;
    client.send_to(b"\0\x01pxelinux.0\0octet\0", to)?;
    held.extend([host, client].map(OwnedFd::from));
    Ok(())
}

/// A telephone rings: its caller names the port where it will hear.
fn sip(_: &Wire, held: &mut Vec<OwnedFd>) -> io::Result<()> {
    const SESSION: &str = "v=0\r\no=anna 1 1 IN IP4 10.0.0.31\r\ns=call\r\n\
        c=IN IP4 10.0.0.31\r\nt=0 0\r\nm=audio 16390 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";
    let invite = format!(
        "INVITE sip:bert@198.51.100.60 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 10.0.0.31:5060;branch=z9hG4bK776\r\n\
         From: <sip:anna@10.0.0.31>;tag=1928\r\nTo: <sip:bert@198.51.100.60>\r\n\
         Call-ID: a84b4c76e66710@10.0.0.31\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:anna@10.0.0.31:5060>\r\nMax-Forwards: 70\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{SESSION}",
        SESSION.len()
    );
    let phone = udp(at(server(31), 5060), 0)?;
    phone.send_to(invite.as_bytes(), at(silent(60), 5060))?;
    held.push(phone.into());
    Ok(())
}
