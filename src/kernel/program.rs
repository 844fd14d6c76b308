//! Which program is behind a netlink port: an event names only the port of who caused it.

use std::fs;

use super::holder::{holders, name_of};

/// The protocol of ctnetlink's sockets, as `/proc/net/netlink` numbers it.
const NETLINK_NETFILTER: &str = "12";

/// The name of the program whose netfilter socket has this port; absent once it is closed, or if
/// its process may not be looked into.
#[must_use]
pub fn program_behind(port_id: u32) -> Option<String> {
    let sockets = fs::read_to_string("/proc/net/netlink").ok()?;
    // sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
    let wanted: u32 = sockets.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let _address = words.next()?;
        let ours = words.next()? == NETLINK_NETFILTER && words.next()?.parse() == Ok(port_id);
        if ours { words.next_back()?.parse().ok() } else { None }
    })?;
    let (_, pid) = holders().find(|(inode, _)| *inode == wanted)?;
    name_of(pid)
}
