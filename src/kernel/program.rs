//! Which program is behind a netlink port: an event names only the port of who caused it.

use std::fs;

/// The protocol of ctnetlink's sockets, as `/proc/net/netlink` numbers it.
const NETLINK_NETFILTER: &str = "12";

/// The name of the program whose netfilter socket has this port; absent once it is closed, or if
/// its process may not be looked into.
#[must_use]
pub fn program_behind(port_id: u32) -> Option<String> {
    let sockets = fs::read_to_string("/proc/net/netlink").ok()?;
    // sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
    let inode = sockets.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let _address = words.next()?;
        let ours = words.next()? == NETLINK_NETFILTER && words.next()?.parse() == Ok(port_id);
        ours.then(|| words.next_back().map(str::to_owned))?
    })?;
    let wanted = format!("socket:[{inode}]");
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut owners = processes.filter(|process| {
        let Ok(files) = fs::read_dir(process.path().join("fd")) else { return false };
        files.flatten().any(|file| {
            fs::read_link(file.path()).is_ok_and(|target| target.as_os_str() == wanted.as_str())
        })
    });
    let name = fs::read_to_string(owners.next()?.path().join("comm")).ok()?;
    Some(name.trim_end().to_owned())
}
