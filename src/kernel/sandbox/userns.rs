//! Entering a user and network namespace of one's own, as any user.
//!
//! What is put into the new namespace is not here: interfaces are in `link`, rules in `rules`.

use std::{fs, io};

use crate::kernel::KernelError;

/// Debian's switch: 0 keeps user namespaces for root.
const CLONE_SYSCTL: &str = "/proc/sys/kernel/unprivileged_userns_clone";
/// Ubuntu's switch: 1 takes the capabilities from whoever makes a user namespace.
const APPARMOR_SYSCTL: &str = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";

const HINT_CLONE: &str =
    "allow it with `sysctl kernel.unprivileged_userns_clone=1`, or run flowsh as root.";
const HINT_APPARMOR: &str = "allow it with `sysctl kernel.apparmor_restrict_unprivileged_userns=0` \
     or with an AppArmor profile for flowsh that has `userns`, or run flowsh as root.";
const HINT_COUNT: &str = "raise the sysctls user.max_user_namespaces and user.max_net_namespaces, \
     or end other sandboxes.";
const HINT_THREADS: &str = "a user namespace can only be entered before the first thread is \
     started; run `flowsh sandbox` as a process of its own.";
const HINT_DENIED: &str = "the system or its container forbids user namespaces; run flowsh as root \
     on the host, or allow them (in a container: CAP_SYS_ADMIN, or a seccomp profile that lets \
     `unshare` through).";
const HINT_KERNEL: &str = "this kernel was built without CONFIG_USER_NS or CONFIG_NET_NS; run \
     flowsh on another one.";

/// Moves the process into a new user namespace, where it is root, and a new network namespace.
///
/// Root that may not make a user namespace gets the network namespace alone.
pub(super) fn unshare() -> Result<(), KernelError> {
    const WHAT: &str = "make a user and network namespace";
    // The kernel refuses this for the user namespace (check_unshare_flags()), but would move one
    // thread alone into a network namespace, and the others would go on in the machine's.
    if threads().map_err(|error| refused("count this process's threads", error))? != 1 {
        let source = io::Error::from_raw_os_error(libc::EINVAL);
        return Err(KernelError::Refused { what: WHAT.into(), source, hint: Some(HINT_THREADS) });
    }
    // Read first: inside of the new namespace every id is "nobody" until the maps are written.
    let (uid, gid) = ids();
    if let Err(error) = call_unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNET) {
        if uid == 0 && call_unshare(libc::CLONE_NEWNET).is_ok() {
            return Ok(());
        }
        return Err(refused(WHAT, error));
    }
    // Without this the kernel lets nobody but a privileged parent write gid_map
    // (new_idmap_permitted() in kernel/user_namespace.c, since Linux 3.19).
    write("/proc/self/setgroups", "deny")?;
    write("/proc/self/uid_map", &format!("0 {uid} 1"))?;
    write("/proc/self/gid_map", &format!("0 {gid} 1"))
}

/// The refusal of a step that user namespaces need, with what to do about it.
pub(super) fn refused(what: impl Into<String>, source: io::Error) -> KernelError {
    let hint = hint(&source);
    KernelError::Refused { what: what.into(), source, hint }
}

fn hint(error: &io::Error) -> Option<&'static str> {
    match error.raw_os_error()? {
        libc::EPERM | libc::EACCES => Some(if holds(CLONE_SYSCTL, "0") {
            HINT_CLONE
        } else if holds(APPARMOR_SYSCTL, "1") {
            HINT_APPARMOR
        } else {
            HINT_DENIED
        }),
        // EUSERS is what kernels before 4.9 said.
        libc::ENOSPC | libc::EUSERS => Some(HINT_COUNT),
        libc::EINVAL | libc::ENOSYS => Some(HINT_KERNEL),
        _ => None,
    }
}

fn holds(sysctl: &str, value: &str) -> bool {
    fs::read_to_string(sysctl).is_ok_and(|text| text.trim() == value)
}

fn threads() -> io::Result<usize> {
    fs::read_dir("/proc/self/task").map(Iterator::count)
}

fn write(path: &str, text: &str) -> Result<(), KernelError> {
    fs::write(path, text).map_err(|error| refused(format!("write `{text}` to {path}"), error))
}

fn ids() -> (libc::uid_t, libc::gid_t) {
    #[expect(unsafe_code, reason = "std does not tell the process's ids")]
    // SAFETY: both calls take nothing, touch no memory of ours and cannot fail.
    unsafe {
        (libc::geteuid(), libc::getegid())
    }
}

fn call_unshare(flags: libc::c_int) -> io::Result<()> {
    #[expect(unsafe_code, reason = "std has no unshare()")]
    // SAFETY: the call takes flags by value. The network and user namespace are no part of the
    // memory model: no pointer, descriptor or lock of this process changes its meaning.
    let result = unsafe { libc::unshare(flags) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
