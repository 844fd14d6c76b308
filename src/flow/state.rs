//! `CTA_PROTOINFO`: what the kernel knows of a connection's state, per protocol.

use std::fmt;

use super::Proto;

/// Protocol state of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProtoInfo {
    /// `CTA_PROTOINFO_TCP`.
    Tcp(TcpInfo),
    /// `CTA_PROTOINFO_SCTP`.
    Sctp(SctpInfo),
    /// `CTA_PROTOINFO_DCCP`; kernels from 6.17 on no longer track dccp.
    Dccp(DccpInfo),
}

/// `CTA_PROTOINFO_TCP_*`; destroy events carry the state alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TcpInfo {
    /// `TCP_CONNTRACK_*` number.
    pub state: u8,
    /// Window scale of the original direction.
    pub wscale_orig: Option<u8>,
    /// Window scale of the reply direction.
    pub wscale_reply: Option<u8>,
    /// `IP_CT_TCP_FLAG_*` of the original direction.
    pub flags_orig: Option<TcpFlags>,
    /// `IP_CT_TCP_FLAG_*` of the reply direction.
    pub flags_reply: Option<TcpFlags>,
}

/// `struct nf_ct_tcp_flags`: bits, and on a change the bits that it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TcpFlags {
    /// `IP_CT_TCP_FLAG_*`.
    pub flags: u8,
    /// Which of them a change sets; 0 in what the kernel sends.
    pub mask: u8,
}

/// `CTA_PROTOINFO_SCTP_*`; a change must carry all three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SctpInfo {
    /// `SCTP_CONNTRACK_*` number.
    pub state: u8,
    /// Verification tag of the original direction.
    pub vtag_orig: Option<u32>,
    /// Verification tag of the reply direction.
    pub vtag_reply: Option<u32>,
}

/// `CTA_PROTOINFO_DCCP_*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DccpInfo {
    /// `CT_DCCP_*` number.
    pub state: u8,
    /// 0 client, 1 server.
    pub role: Option<u8>,
    /// Sequence number of the handshake.
    pub handshake_seq: Option<u64>,
}

const TCP: [&str; 10] = [
    "NONE",
    "SYN_SENT",
    "SYN_RECV",
    "ESTABLISHED",
    "FIN_WAIT",
    "CLOSE_WAIT",
    "LAST_ACK",
    "TIME_WAIT",
    "CLOSE",
    "SYN_SENT2",
];
const SCTP: [&str; 10] = [
    "NONE",
    "CLOSED",
    "COOKIE_WAIT",
    "COOKIE_ECHOED",
    "ESTABLISHED",
    "SHUTDOWN_SENT",
    "SHUTDOWN_RECD",
    "SHUTDOWN_ACK_SENT",
    "HEARTBEAT_SENT",
    "HEARTBEAT_ACKED",
];
const DCCP: [&str; 10] = [
    "NONE", "REQUEST", "RESPOND", "PARTOPEN", "OPEN", "CLOSEREQ", "CLOSING", "TIMEWAIT", "IGNORE",
    "INVALID",
];

/// The number of `name` in `names`, in any case.
fn number(names: &[&str], name: &str) -> Option<u8> {
    let found = names.iter().position(|known| known.eq_ignore_ascii_case(name))?;
    u8::try_from(found).ok()
}

impl ProtoInfo {
    /// The protocol that has such states.
    #[must_use]
    pub fn proto(&self) -> Proto {
        match self {
            Self::Tcp(_) => Proto::TCP,
            Self::Sctp(_) => Proto::SCTP,
            Self::Dccp(_) => Proto::DCCP,
        }
    }

    /// The state's number.
    #[must_use]
    #[inline]
    pub fn state(&self) -> u8 {
        match self {
            Self::Tcp(info) => info.state,
            Self::Sctp(info) => info.state,
            Self::Dccp(info) => info.state,
        }
    }

    /// The state's name, as `conntrack` prints it; absent for a number without one.
    #[must_use]
    pub fn state_name(&self) -> Option<&'static str> {
        let names = match self {
            Self::Tcp(_) => &TCP,
            Self::Sctp(_) => &SCTP,
            Self::Dccp(_) => &DCCP,
        };
        names.get(usize::from(self.state())).copied()
    }

    /// The tcp state number with this name, in any case; `LISTEN` is `SYN_SENT2`.
    #[must_use]
    pub fn tcp_state(name: &str) -> Option<u8> {
        if name.eq_ignore_ascii_case("listen") { Some(9) } else { number(&TCP, name) }
    }

    /// The sctp state number with this name, in any case.
    #[must_use]
    pub fn sctp_state(name: &str) -> Option<u8> {
        number(&SCTP, name)
    }

    /// The dccp state number with this name, in any case.
    #[must_use]
    pub fn dccp_state(name: &str) -> Option<u8> {
        number(&DCCP, name)
    }
}

/// A set of states by name: one name means that state in every protocol that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StateSet {
    tcp: u32,
    sctp: u32,
    dccp: u32,
}

impl StateSet {
    /// The states of any protocol that are called `name`, in any case; `None` if there are none.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let bit = |number: Option<u8>| number.map_or(0, |number| 1 << number);
        let set = Self {
            tcp: bit(ProtoInfo::tcp_state(name)),
            sctp: bit(ProtoInfo::sctp_state(name)),
            dccp: bit(ProtoInfo::dccp_state(name)),
        };
        (set != Self::default()).then_some(set)
    }

    /// Both sets together.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self {
            tcp: self.tcp | other.tcp,
            sctp: self.sctp | other.sctp,
            dccp: self.dccp | other.dccp,
        }
    }

    /// True if the state of `info` is in the set.
    #[must_use]
    #[inline]
    pub fn contains(&self, info: &ProtoInfo) -> bool {
        let (set, state) = match info {
            ProtoInfo::Tcp(info) => (self.tcp, info.state),
            ProtoInfo::Sctp(info) => (self.sctp, info.state),
            ProtoInfo::Dccp(info) => (self.dccp, info.state),
        };
        1u32.checked_shl(state.into()).is_some_and(|bit| set & bit != 0)
    }

    /// Names in the set, in lower case, each once.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (set, table) in [(self.tcp, &TCP), (self.sctp, &SCTP), (self.dccp, &DCCP)] {
            for (number, name) in table.iter().enumerate() {
                let name = name.to_ascii_lowercase();
                if set & (1 << number) != 0 && !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// Every state name of every protocol in lower case, for completion and suggestions.
    #[must_use]
    pub fn known() -> Vec<String> {
        Self { tcp: u32::MAX, sctp: u32::MAX, dccp: u32::MAX }.names()
    }
}

impl fmt::Display for StateSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.names();
        match names.as_slice() {
            [one] => f.write_str(one),
            many => write!(f, "{{{}}}", many.join(", ")),
        }
    }
}
