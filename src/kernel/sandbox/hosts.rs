//! Who is who in the demonstration: one function or constant per kind of host.
//!
//! What makes their addresses answer, or swallow everything, is in `link`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The router's public address, which masquerading takes.
pub(super) const WAN: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);
/// The public address of whoever comes in over the VPN.
pub(super) const WAN_VPN: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 8);
/// The server behind the router's port 8080.
pub(super) const WEB: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 80);
/// The router's IPv6 address.
pub(super) const WAN6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 1);
/// A resolver outside.
pub(super) const RESOLVER: IpAddr = v4(1, 1, 1, 1);
/// A web site.
pub(super) const SITE: IpAddr = v4(93, 184, 216, 34);

/// Networks whose every address is this machine's.
pub(super) const LOCAL: [(IpAddr, u8); 13] = [
    // These two do not answer all the same: see `SWALLOWED`.
    (silent6(0), 64),
    (branch6(0), 64),
    (lan(0), 24),
    (server(0), 24),
    (vpn(0), 24),
    (app(0), 24),
    (tenant(0), 24),
    (visitor(0), 24),
    (content(0), 24),
    (v4(93, 184, 216, 0), 24),
    (RESOLVER, 32),
    (lan6(0), 64),
    (site6(0), 64),
];

/// Where IPv6 packets vanish: the first bytes of the addresses of [`silent6`] and [`branch6`].
pub(super) const SWALLOWED: [[u8; 8]; 2] =
    [[0x20, 0x01, 0x0d, 0xb8, 0xde, 0xad, 0, 0], [0x20, 0x01, 0x0d, 0xb8, 0, 0x30, 0, 0]];

const fn v4(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

const fn v6(subnet: u16, host: u16) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, subnet, 0, 0, 0, 0, host))
}

/// The LAN, which the router masquerades.
pub(super) const fn lan(host: u8) -> IpAddr {
    v4(192, 168, 1, host)
}

/// The LAN over IPv6.
pub(super) const fn lan6(host: u16) -> IpAddr {
    v6(1, host)
}

/// The servers of the house.
pub(super) const fn server(host: u8) -> IpAddr {
    v4(10, 0, 0, host)
}

/// Colleagues on the VPN, translated to [`WAN_VPN`].
pub(super) const fn vpn(host: u8) -> IpAddr {
    v4(10, 8, 0, host)
}

/// The application tier, whose flows are marked.
pub(super) const fn app(host: u8) -> IpAddr {
    v4(10, 10, 0, host)
}

/// Tenants: the same addresses in more than one zone.
pub(super) const fn tenant(host: u8) -> IpAddr {
    v4(10, 20, 0, host)
}

/// Tenants' hosts elsewhere, which nobody speaks for.
pub(super) const fn tenant_away(host: u8) -> IpAddr {
    v4(10, 20, 1, host)
}

/// Visitors from outside, who come in through port forwards.
pub(super) const fn visitor(host: u8) -> IpAddr {
    v4(192, 0, 2, host)
}

/// A content network outside.
pub(super) const fn content(host: u8) -> IpAddr {
    v4(142, 250, 74, host)
}

/// Servers outside, over IPv6.
pub(super) const fn site6(host: u16) -> IpAddr {
    v6(0x53, host)
}

/// A branch office that no socket speaks for: its packets are made by hand.
pub(super) const fn branch(host: u8) -> IpAddr {
    v4(10, 30, 0, host)
}

/// The same branch office over IPv6.
pub(super) const fn branch6(host: u16) -> IpAddr {
    v6(0x30, host)
}

/// Hosts outside that never answer.
pub(super) const fn silent(host: u8) -> IpAddr {
    v4(198, 51, 100, host)
}

/// Hosts outside that never answer, over IPv6.
pub(super) const fn silent6(host: u16) -> IpAddr {
    v6(0xdead, host)
}

/// `host`'s `port`.
pub(super) const fn at(host: IpAddr, port: u16) -> SocketAddr {
    SocketAddr::new(host, port)
}
