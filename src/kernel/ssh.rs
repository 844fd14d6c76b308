//! The SSH session that this process was started from, as far as environments tell.

use std::fs;
use std::net::{IpAddr, SocketAddr};

/// What sshd puts into the environment: client address and port, server address and port.
const VARIABLE: &str = "SSH_CONNECTION";
/// More ancestors than anyone has: a limit, should the chain of parents change under way.
const ANCESTORS: usize = 64;

/// A session of SSH, as its server sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshSession {
    /// Where the operator sits.
    pub client: SocketAddr,
    /// Where sshd listens.
    pub server: SocketAddr,
    /// Whose environment named it, if not that of flowsh: `bash (pid 812)`.
    pub found_in: Option<String>,
}

/// The session that the environment names: that of this process, else that of the nearest ancestor
/// which has one. sudo and su drop it, and only root may look at the environment of others.
#[must_use]
pub fn ssh_session() -> Option<SshSession> {
    if let Ok(value) = std::env::var(VARIABLE) {
        return parse(&value, None);
    }
    let mut pid = parent("self")?;
    for _ in 0..ANCESTORS {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        if let Some(value) = named(&environment) {
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            return parse(&value, Some(format!("{} (pid {pid})", name.trim_end())));
        }
        pid = parent(&pid)?;
    }
    None
}

/// The parent of a process; absent for the first of all.
fn parent(pid: &str) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // `812 (a name) S 1 …`, where the name may hold anything.
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').nth(1).filter(|pid| *pid != "0").map(str::to_owned)
}

/// The variable in an environment: `NAME=value` and a NUL each.
fn named(environment: &[u8]) -> Option<String> {
    environment.split(|byte| *byte == 0).find_map(|entry| {
        let value = std::str::from_utf8(entry).ok()?.strip_prefix(VARIABLE)?.strip_prefix('=')?;
        Some(value.to_owned())
    })
}

/// Reads `203.0.113.9 52144 192.0.2.5 22`; an address may name its interface, as `fe80::1%eth0`.
fn parse(value: &str, found_in: Option<String>) -> Option<SshSession> {
    let mut words = value.split_whitespace();
    let mut socket = || {
        let addr: IpAddr = words.next()?.split('%').next()?.parse().ok()?;
        Some(SocketAddr::new(addr.to_canonical(), words.next()?.parse().ok()?))
    };
    Some(SshSession { client: socket()?, server: socket()?, found_in })
}

#[cfg(test)]
mod tests {
    use super::{named, parse};

    #[track_caller]
    fn check(value: &str, told: Option<&str>) {
        let session = parse(value, None).map(|s| format!("{} -> {}", s.client, s.server));
        assert_eq!(session.as_deref(), told);
    }

    #[test]
    fn a_session_is_read_as_sshd_writes_it() {
        check("203.0.113.9 52144 192.0.2.5 22", Some("203.0.113.9:52144 -> 192.0.2.5:22"));
        check("fe80::1%eth0 40000 fe80::2%eth0 22", Some("[fe80::1]:40000 -> [fe80::2]:22"));
        check("::ffff:192.0.2.1 5 ::ffff:192.0.2.2 22", Some("192.0.2.1:5 -> 192.0.2.2:22"));
    }

    #[test]
    fn what_is_no_session_protects_nothing() {
        for value in ["", "192.0.2.1", "192.0.2.1 5 192.0.2.2", "a b c d", "1.2.3.4 99999 ::1 22"] {
            check(value, None);
        }
    }

    #[test]
    fn a_variable_is_found_by_its_whole_name() {
        assert_eq!(named(b"A=1\0SSH_CONNECTION=x y\0").as_deref(), Some("x y"));
        assert_eq!(named(b"XSSH_CONNECTION=x\0SSH_CONNECTIONS=y\0"), None);
        assert_eq!(named(b""), None);
    }
}
