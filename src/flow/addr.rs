//! Address families and networks. A network is an inclusive range, so that CIDR and `a-b` are one.

use std::cmp::Ordering;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The layer 3 protocol of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// `AF_INET`.
    Ipv4,
    /// `AF_INET6`.
    Ipv6,
}

impl Family {
    /// The family an address belongs to.
    #[must_use]
    pub fn of(addr: &IpAddr) -> Self {
        if addr.is_ipv4() { Self::Ipv4 } else { Self::Ipv6 }
    }

    /// Its `AF_` number: 2 or 10.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Ipv4 => 2,
            Self::Ipv6 => 10,
        }
    }

    /// `ipv4` or `ipv6`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
        }
    }

    /// Bits of an address.
    #[must_use]
    pub fn bits(self) -> u8 {
        match self {
            Self::Ipv4 => 32,
            Self::Ipv6 => 128,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An inclusive range of addresses of one family; a single address is a range of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network {
    first: IpAddr,
    last: IpAddr,
}

/// The bits of an address, as a number.
fn bits(addr: &IpAddr) -> u128 {
    match addr {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn from_bits(family: Family, bits: u128) -> IpAddr {
    match family {
        // The caller keeps `bits` within 32 bits; anything above cannot be an IPv4 address.
        Family::Ipv4 => Ipv4Addr::from_bits(u32::try_from(bits).unwrap_or(u32::MAX)).into(),
        Family::Ipv6 => Ipv6Addr::from_bits(bits).into(),
    }
}

impl Network {
    /// The network of `prefix` bits that contains `addr`; `None` if the family has fewer bits.
    #[must_use]
    pub fn new(addr: IpAddr, prefix: u8) -> Option<Self> {
        let family = Family::of(&addr);
        let host_bits = family.bits().checked_sub(prefix)?;
        let host_mask = 1u128.checked_shl(host_bits.into()).map_or(u128::MAX, |bit| bit - 1);
        let first = bits(&addr) & !host_mask;
        Some(Self { first: from_bits(family, first), last: from_bits(family, first | host_mask) })
    }

    /// The range from `first` to `last`; `None` if they differ in family or are the wrong way round.
    #[must_use]
    pub fn range(first: IpAddr, last: IpAddr) -> Option<Self> {
        (Family::of(&first) == Family::of(&last) && first <= last).then_some(Self { first, last })
    }

    /// Exactly one address.
    #[must_use]
    pub fn host(addr: IpAddr) -> Self {
        Self { first: addr, last: addr }
    }

    /// The lowest address.
    #[must_use]
    pub fn first(&self) -> IpAddr {
        self.first
    }

    /// The highest address.
    #[must_use]
    pub fn last(&self) -> IpAddr {
        self.last
    }

    /// The family of all its addresses.
    #[must_use]
    pub fn family(&self) -> Family {
        Family::of(&self.first)
    }

    /// True if `addr` lies within; an address of the other family never does.
    #[must_use]
    #[inline]
    pub fn contains(&self, addr: &IpAddr) -> bool {
        match (addr, &self.first, &self.last) {
            (IpAddr::V4(addr), IpAddr::V4(first), IpAddr::V4(last)) => {
                (first..=last).contains(&addr)
            }
            (IpAddr::V6(addr), IpAddr::V6(first), IpAddr::V6(last)) => {
                (first..=last).contains(&addr)
            }
            _ => false,
        }
    }

    /// True if every address of `other` lies within.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.contains(&other.first) && self.contains(&other.last)
    }

    /// The prefix length, if the range is a CIDR block.
    #[must_use]
    pub fn prefix(&self) -> Option<u8> {
        let differing = bits(&self.first) ^ bits(&self.last);
        let host_bits = 128 - differing.leading_zeros();
        let block = differing.count_ones() == host_bits && bits(&self.first) & differing == 0;
        block.then(|| self.family().bits().saturating_sub(u8::try_from(host_bits).unwrap_or(128)))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix() {
            Some(prefix) if prefix == self.family().bits() => write!(f, "{}", self.first),
            Some(prefix) => write!(f, "{}/{prefix}", self.first),
            None => write!(f, "{}-{}", self.first, self.last),
        }
    }
}

/// Reads `10.0.0.1`, `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `10.0.0.1-10.0.0.9` and the same for IPv6.
impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = |part: &str| {
            part.parse::<IpAddr>().map_err(|_| format!("`{part}` is not an IP address"))
        };
        if let Some((addr, prefix)) = text.split_once('/') {
            let addr = address(addr)?;
            let prefix = prefix_length(prefix, Family::of(&addr))
                .ok_or_else(|| format!("`/{prefix}` is not a prefix length of {addr}"))?;
            return Self::new(addr, prefix).ok_or_else(|| {
                format!("`/{prefix}` is too long for {}", Family::of(&addr).name())
            });
        }
        if let Some((first, last)) = text.split_once('-') {
            let (first, last) = (address(first.trim())?, address(last.trim())?);
            return Self::range(first, last)
                .ok_or_else(|| format!("`{text}` is not a range: it ends before it starts"));
        }
        address(text).map(Self::host)
    }
}

/// A prefix length in bits, or as a netmask of contiguous ones.
fn prefix_length(text: &str, family: Family) -> Option<u8> {
    if let Ok(prefix) = text.parse::<u8>() {
        return (prefix <= family.bits()).then_some(prefix);
    }
    let mask = text.parse::<IpAddr>().ok().filter(|mask| Family::of(mask) == family)?;
    let width = u32::from(family.bits());
    let ones = (bits(&mask) << (128 - width)).leading_ones().min(width);
    (bits(&mask).count_ones() == ones).then(|| u8::try_from(ones).unwrap_or(family.bits()))
}

/// Orders addresses as people list them: IPv4 before IPv6, then by number.
pub(super) fn compare(a: &IpAddr, b: &IpAddr) -> Ordering {
    a.cmp(b)
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[track_caller]
    fn check(text: &str, shown: &str) {
        let result = text.parse::<Network>();
        assert_eq!(result.map_or_else(|error| error, |net| net.to_string()), shown);
    }

    #[test]
    fn networks_print_as_people_write_them() {
        check("10.1.2.3", "10.1.2.3");
        check("10.1.2.3/8", "10.0.0.0/8");
        check("10.0.0.0/255.0.0.0", "10.0.0.0/8");
        check("0.0.0.0/0", "0.0.0.0/0");
        check("::/0", "::/0");
        check("10.0.0.1-10.0.0.9", "10.0.0.1-10.0.0.9");
        check("10.0.0.0-10.0.0.255", "10.0.0.0/24");
        check("2001:db8::5/32", "2001:db8::/32");
        check("fe80::1", "fe80::1");
    }

    #[test]
    fn nonsense_is_named() {
        check("10.0.0.0/33", "`/33` is not a prefix length of 10.0.0.0");
        check("10.0.0.0/255.0.255.0", "`/255.0.255.0` is not a prefix length of 10.0.0.0");
        check("10.0.0", "`10.0.0` is not an IP address");
        check("10.0.0.9-10.0.0.1", "`10.0.0.9-10.0.0.1` is not a range: it ends before it starts");
        check("", "`` is not an IP address");
    }

    #[test]
    fn an_address_of_the_other_family_is_never_inside() {
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(!all.contains(&"::1".parse().unwrap()));
        assert!(all.contains(&"255.255.255.255".parse().unwrap()));
    }
}
