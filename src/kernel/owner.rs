//! Whose flow it is: the local process at one of its ends. The kernel's list of sockets says which
//! socket an end is, `/proc` which process holds it; both are read once for many questions.

use std::collections::HashMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use netlink_sys::protocols::{NETLINK_ROUTE, NETLINK_SOCK_DIAG};

use super::holder::{holders, name_of};
use super::receiver::collect_over;
use super::socket::{DATAGRAM_BYTES, Socket};
use super::{KernelError, Live};
use crate::flow::{Family, Proto, Tuple};
use crate::wire::{Requests, SocketEntry, decode_socket, is_local, messages};

/// What is read is good for this long, or for as long as it took to read ten times over.
const FRESH: Duration = Duration::from_secs(1);

/// A process with a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Its process id.
    pub pid: u32,
    /// Its name, as the kernel keeps it: 15 letters at most.
    pub name: String,
    /// The user that made the socket, by name, by number if unnamed.
    pub user: String,
}

/// The sockets of one namespace and who holds them, as of some moment.
#[derive(Debug)]
pub struct Owners {
    /// Asked which addresses are this machine's.
    routes: Socket,
    local: HashMap<IpAddr, bool>,
    /// Connected sockets, by protocol and both ends.
    connected: HashMap<(Proto, SocketAddr, SocketAddr), SocketEntry>,
    /// Sockets that take packets from anywhere, by protocol and their own end.
    bound: HashMap<(Proto, SocketAddr), SocketEntry>,
    holders: HashMap<u32, u32>,
    known: HashMap<u32, Option<Rc<Owner>>>,
    users: HashMap<u32, String>,
    until: Instant,
}

impl Owners {
    /// The sockets in the namespace of `live`, and who holds them.
    ///
    /// # Errors
    ///
    /// The namespace cannot be entered, or the kernel has no `inet_diag`.
    pub fn read(live: &Live) -> Result<Self, KernelError> {
        let started = Instant::now();
        let mut owners = Self {
            routes: open(live, NETLINK_ROUTE)?,
            local: HashMap::new(),
            connected: HashMap::new(),
            bound: HashMap::new(),
            holders: HashMap::new(),
            known: HashMap::new(),
            users: users(),
            until: started,
        };
        for proto in [Proto::TCP, Proto::UDP] {
            for family in [Family::Ipv4, Family::Ipv6] {
                let socket = open(live, NETLINK_SOCK_DIAG)?;
                let ask = |requests: &mut Requests, seq| requests.dump_sockets(seq, family, proto);
                for entry in collect_over(socket, live, "list the sockets", ask, decode_socket)? {
                    owners.keep(proto, entry);
                }
            }
        }
        for (inode, pid) in holders() {
            // A parent holds what its children do, and comes first.
            owners.holders.entry(inode).or_insert(pid);
        }
        owners.until = Instant::now() + (started.elapsed() * 10).max(FRESH);
        Ok(owners)
    }

    /// True while it is as good as new.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        Instant::now() < self.until
    }

    /// The process that sends packets with these addresses; `None` if it is not on this machine, or
    /// is not known.
    ///
    /// Each direction of a flow is sent by one end, which sees its addresses as that direction has
    /// them, NAT or not.
    ///
    /// # Errors
    ///
    /// The kernel cannot be asked whether an address is one of this machine.
    pub fn sender(&mut self, tuple: &Tuple) -> Result<Option<Rc<Owner>>, KernelError> {
        let (Some(sport), Some(dport)) = (tuple.sport(), tuple.dport()) else { return Ok(None) };
        let (own, other) = (SocketAddr::new(tuple.src, sport), SocketAddr::new(tuple.dst, dport));
        if let Some(entry) = self.connected.get(&(tuple.proto, own, other)).copied() {
            return Ok(self.holder(&entry));
        }
        let any = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
        let any = if tuple.src.is_ipv4() { &any[..] } else { &any[1..] };
        let mut ends = std::iter::once(tuple.src).chain(any.iter().copied());
        let bound =
            ends.find_map(|addr| self.bound.get(&(tuple.proto, SocketAddr::new(addr, sport))));
        match bound.copied() {
            // Whoever takes packets for any address takes none for another machine's.
            Some(entry) if self.is_local(tuple.src)? => Ok(self.holder(&entry)),
            _ => Ok(None),
        }
    }

    fn keep(&mut self, proto: Proto, entry: SocketEntry) {
        // Nobody holds what waits for its last packets, or to be accepted.
        if entry.inode == 0 {
            return;
        }
        if entry.remote.port() == 0 {
            self.bound.insert((proto, entry.local), entry);
        } else {
            self.connected.insert((proto, entry.local, entry.remote), entry);
        }
    }

    fn holder(&mut self, entry: &SocketEntry) -> Option<Rc<Owner>> {
        if let Some(known) = self.known.get(&entry.inode) {
            return known.clone();
        }
        let user = self.users.get(&entry.uid).cloned();
        let owner = self.holders.get(&entry.inode).and_then(|&pid| {
            let user = user.unwrap_or_else(|| entry.uid.to_string());
            Some(Rc::new(Owner { pid, name: name_of(pid)?, user }))
        });
        self.known.insert(entry.inode, owner.clone());
        owner
    }

    fn is_local(&mut self, addr: IpAddr) -> Result<bool, KernelError> {
        if let Some(known) = self.local.get(&addr) {
            return Ok(*known);
        }
        let refused = |source| KernelError::refused(format!("find the route to {addr}"), source);
        let mut requests = Requests::new();
        requests.get_route(0, addr);
        self.routes.send(requests.as_bytes()).map_err(refused)?;
        let mut buffer = vec![0; DATAGRAM_BYTES];
        let answer = self.routes.receive(&mut buffer).map_err(refused)?;
        let answer = messages(answer).next().transpose()?;
        let local = answer.is_some_and(|answer| is_local(&answer));
        self.local.insert(addr, local);
        Ok(local)
    }
}

fn open(live: &Live, protocol: isize) -> Result<Socket, KernelError> {
    Socket::of(live.netns(), protocol)?.map_err(|source| KernelError::Refused {
        what: "open a netlink socket to list the sockets".to_owned(),
        source,
        hint: Some("the kernel needs CONFIG_INET_DIAG and CONFIG_INET_UDP_DIAG"),
    })
}

/// The names of users by number; those that `/etc/passwd` has.
fn users() -> HashMap<u32, String> {
    let text = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let user = |line: &str| {
        let mut words = line.split(':');
        let (name, _, uid) = (words.next()?, words.next()?, words.next()?);
        Some((uid.parse().ok()?, name.to_owned()))
    };
    text.lines().filter_map(user).collect()
}
