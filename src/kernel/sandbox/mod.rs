//! A private world: a user and network namespace, rules in it, and traffic through it.
//!
//! Everything is real: the kernel's own connection tracking, sockets that talk over `lo`, and for
//! the states that no socket can be held in, packets made by hand. Nothing leaves the namespace and
//! no other program is needed. Reading the table that results is not done here.

mod created;
mod frozen;
mod ftp;
mod hosts;
mod life;
mod link;
mod netlink;
mod nft;
mod packets;
mod rules;
mod socket;
mod tcp;
#[cfg(test)]
mod tests;
mod udp;
mod userns;
#[cfg(test)]
pub(super) mod within;

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

use super::KernelError;
use life::Life;

/// The network namespace that [`enter`] made, once it has.
static SANDBOX: OnceLock<PathBuf> = OnceLock::new();

/// Moves this process into a user and network namespace of its own and brings `lo` up there.
///
/// Any user may do it; inside, the process is root over its own network and nothing else. Open
/// sockets stay outside, so this comes before the first one, and before the first thread.
///
/// # Errors
///
/// `EPERM`, `EACCES` or `ENOSPC` where the system forbids user namespaces, `EINVAL` if the process
/// has more than one thread; the hint says what to do. [`KernelError::Unsupported`] the second
/// time.
pub fn enter() -> Result<(), KernelError> {
    if SANDBOX.get().is_some() {
        return Err(KernelError::Unsupported("the sandbox is already entered".into()));
    }
    userns::unshare()?;
    link::up()?;
    // Last, so that nothing half made counts as a sandbox.
    let here = namespace().map_err(|error| userns::refused("tell the new namespace", error))?;
    SANDBOX.get_or_init(|| here);
    Ok(())
}

/// The calling thread's network namespace, by the name that the kernel gives it: `net:[…]`.
fn namespace() -> io::Result<PathBuf> {
    fs::read_link("/proc/thread-self/ns/net")
}

/// A populated sandbox. Dropping it ends its traffic; the flows then time out.
#[derive(Debug)]
pub struct Demo {
    /// What this kernel could not give, one sentence each, without a full stop.
    pub missing: Vec<String>,
    _life: Life,
}

/// Fills the sandbox with hosts, rules and traffic, and keeps a little of it going.
///
/// What one kernel lacks (a helper, say) does not stop the rest: see [`Demo::missing`].
///
/// # Errors
///
/// [`KernelError::Unsupported`] outside of a sandbox: other networks are never touched. Otherwise
/// only if not even a socket can be opened.
pub fn demo() -> Result<Demo, KernelError> {
    // Asked of the kernel, since a thread may have gone elsewhere after it entered.
    if SANDBOX.get().is_none() || SANDBOX.get() != namespace().ok().as_ref() {
        return Err(KernelError::Unsupported(
            "the demonstration runs only inside of a sandbox".into(),
        ));
    }
    let mut missing = link::populate()?;
    // The rules come first: they make the kernel load, and start, what the rest needs.
    missing.extend(rules::load()?);
    missing.extend(switch_on(&[("nf_conntrack_events", "flows may send no events")]));
    // Written before the kernel counts, so their counters and start times are absent, not 0.
    missing.extend(created::create()?);
    missing.extend(switch_on(&[
        ("nf_conntrack_acct", "flows have no counters"),
        ("nf_conntrack_timestamp", "flows have no start time"),
    ]));
    let life = Life::start(&mut missing)?;
    Ok(Demo { missing, _life: life })
}

/// Turns these `nf_conntrack` switches on; gives a sentence, with the consequence, for each that
/// does not move.
fn switch_on(switches: &'static [(&str, &str)]) -> impl Iterator<Item = String> {
    switches.iter().filter_map(|(name, consequence)| {
        let result = fs::write(format!("/proc/sys/net/netfilter/{name}"), "1");
        result.err().map(|error| format!("cannot set {name}, so {consequence}: {error}"))
    })
}
