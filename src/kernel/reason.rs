//! What an errno of ctnetlink means for the verb that met it, and what to do about it.

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reading flows, expectations or counters.
    Read,
    /// Making a flow.
    Create,
    /// Changing a flow.
    Update,
    /// Deleting a flow, or all.
    Delete,
    /// Making, changing or deleting an expectation.
    Expect,
    /// Listening for events.
    Listen,
}

/// What to do when `verb` was answered with `errno`, as a sentence.
///
/// Source: the error returns of `nf_conntrack_netlink.c` and `nf_conntrack_core.c`,
/// Linux 6.18.
#[must_use]
pub fn hint(verb: Verb, errno: i32) -> Option<&'static str> {
    use Verb::{Create, Delete, Expect, Listen, Read, Update};
    Some(match (verb, errno) {
        (Read | Listen | Create | Delete | Expect, libc::EPERM) => {
            "this needs CAP_NET_ADMIN: run flowsh as root, or try it without in `flowsh sandbox --demo`"
        }
        (Update, libc::EPERM) => {
            "either CAP_NET_ADMIN is missing, or the timeout is fixed (IPS_FIXED_TIMEOUT): delete \
             such a flow instead"
        }
        (Read | Listen, libc::EINVAL | libc::EOPNOTSUPP | libc::EPROTONOSUPPORT) => {
            "the kernel may lack ctnetlink: `modprobe nf_conntrack_netlink`"
        }
        (Create, libc::EEXIST) => "there is such a flow, or its reply direction belongs to another",
        (Create, libc::EINVAL) => {
            "the directions do not fit together, or the state lacks a part (sctp needs both tags)"
        }
        (Create, libc::ENOENT) => "the master it names does not exist",
        (Create, libc::ENOMEM) => "the table is full: compare `settings.count` with `settings.max`",
        (Create | Update, libc::ENOSPC) => {
            "labels need a rule that uses them (`ct label`), and flows that began after it"
        }
        (Create, libc::EOPNOTSUPP) => "no such helper, or NAT is not loaded: `modprobe nf_nat`",
        (Update, libc::EOPNOTSUPP) => "helper, NAT and master can only be set when a flow is made",
        (Update, libc::EBUSY) => {
            "EXPECTED, CONFIRMED and DYING cannot change, and a set SEEN_REPLY or ASSURED stays"
        }
        (Update, libc::ETIME) => "the flow is dying",
        (Expect, libc::EEXIST) => "there is such an expectation",
        (Expect, libc::ENOENT) => "there is no such expectation, or no such master",
        (Expect, libc::EOPNOTSUPP) => "the master has no helper: expectations need one",
        (Expect, libc::EINVAL) => "class, flags or function are not ones its helper knows",
        _ => return None,
    })
}
