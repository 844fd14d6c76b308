//! Layer 4 protocols: numbers with the names that `conntrack`, nft and `/etc/protocols` use.

use std::fmt;
use std::str::FromStr;

/// An IP protocol number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Proto(pub u8);

/// Names in the order of their numbers; the first eight columns of `conntrack` know only some.
const NAMES: &[(u8, &str)] = &[
    (1, "icmp"),
    (2, "igmp"),
    (4, "ipip"),
    (6, "tcp"),
    (17, "udp"),
    (33, "dccp"),
    (41, "ipv6"),
    (46, "rsvp"),
    (47, "gre"),
    (50, "esp"),
    (51, "ah"),
    (58, "icmpv6"),
    (88, "eigrp"),
    (89, "ospf"),
    (103, "pim"),
    (108, "ipcomp"),
    (112, "vrrp"),
    (115, "l2tp"),
    (132, "sctp"),
    (136, "udplite"),
];

impl Proto {
    /// `IPPROTO_ICMP`.
    pub const ICMP: Self = Self(1);
    /// `IPPROTO_TCP`.
    pub const TCP: Self = Self(6);
    /// `IPPROTO_UDP`.
    pub const UDP: Self = Self(17);
    /// `IPPROTO_DCCP`.
    pub const DCCP: Self = Self(33);
    /// `IPPROTO_GRE`; its "ports" are call keys.
    pub const GRE: Self = Self(47);
    /// `IPPROTO_ICMPV6`.
    pub const ICMPV6: Self = Self(58);
    /// `IPPROTO_SCTP`.
    pub const SCTP: Self = Self(132);
    /// `IPPROTO_UDPLITE`.
    pub const UDPLITE: Self = Self(136);

    /// The name, if the protocol has a well-known one.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(number, _)| *number == self.0).map(|(_, name)| *name)
    }

    /// Every name that [`FromStr`] takes, for completion and suggestions.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(_, name)| *name)
    }

    /// True for the protocols whose flows have ports: tcp, udp, udplite, sctp, dccp.
    #[must_use]
    pub fn has_ports(self) -> bool {
        matches!(self, Self::TCP | Self::UDP | Self::UDPLITE | Self::SCTP | Self::DCCP)
    }

    /// True for icmp and icmpv6.
    #[must_use]
    pub fn is_icmp(self) -> bool {
        matches!(self, Self::ICMP | Self::ICMPV6)
    }
}

impl fmt::Display for Proto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{}", self.0),
        }
    }
}

/// Reads a name in any case, or a number from 0 to 255.
impl FromStr for Proto {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = NAMES.iter().find(|(_, name)| name.eq_ignore_ascii_case(text));
        match (named, text.parse::<u8>()) {
            (Some((number, _)), _) => Ok(Self(*number)),
            (None, Ok(number)) => Ok(Self(number)),
            (None, Err(_)) if text.eq_ignore_ascii_case("ipv6-icmp") => Ok(Self::ICMPV6),
            (None, Err(_)) => Err(format!("`{text}` is not a protocol")),
        }
    }
}
