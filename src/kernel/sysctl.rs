//! The `nf_conntrack_*` sysctls of a namespace.

use std::{fs, io};

use super::{KernelError, NetNs};

/// Where they are; the kernel shows those of the caller's namespace.
const DIRECTORY: &str = "/proc/sys/net/netfilter";
const PREFIX: &str = "nf_conntrack_";

/// Whether `name` can be a sysctl: it becomes part of a path.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The names there are in `netns`, without `nf_conntrack_`, sorted.
///
/// # Errors
///
/// The directory cannot be read: nf_conntrack is not loaded.
pub fn names(netns: &NetNs) -> Result<Vec<String>, KernelError> {
    let list = || {
        let mut names = Vec::new();
        for entry in fs::read_dir(DIRECTORY)? {
            let file = entry?.file_name();
            names.extend(
                file.to_str().and_then(|name| name.strip_prefix(PREFIX)).map(str::to_owned),
            );
        }
        Ok(names)
    };
    let mut names = netns.run(list)?.map_err(|source| missing("list the sysctls", source))?;
    names.sort_unstable();
    Ok(names)
}

/// The number in `nf_conntrack_NAME`.
///
/// # Errors
///
/// There is no such sysctl, or it holds no single number.
pub fn read(netns: &NetNs, name: &str) -> Result<i64, KernelError> {
    let what = format!("read {PREFIX}{name}");
    if !is_name(name) {
        return Err(missing(&what, io::Error::from(io::ErrorKind::NotFound)));
    }
    let path = format!("{DIRECTORY}/{PREFIX}{name}");
    let text = netns.run(|| fs::read_to_string(path))?.map_err(|source| missing(&what, source))?;
    text.trim().parse().map_err(|_| {
        KernelError::Unsupported(format!("{PREFIX}{name} holds `{}`, not a number", text.trim()))
    })
}

/// Writes `value` to `nf_conntrack_NAME`.
///
/// # Errors
///
/// There is no such sysctl, it cannot be written here (`max` and `buckets` belong to the first
/// namespace), or the kernel refuses the value.
pub(super) fn write(netns: &NetNs, name: &str, value: i64) -> Result<(), KernelError> {
    let what = format!("set {PREFIX}{name} to {value}");
    if !is_name(name) {
        return Err(missing(&what, io::Error::from(io::ErrorKind::NotFound)));
    }
    let path = format!("{DIRECTORY}/{PREFIX}{name}");
    // Opened for writing, never made: a missing sysctl is an error.
    let write = || {
        use std::io::Write;
        fs::OpenOptions::new().write(true).open(path)?.write_all(value.to_string().as_bytes())
    };
    netns.run(write)?.map_err(|source| KernelError::Refused {
        what,
        hint: match source.raw_os_error() {
            Some(libc::EACCES | libc::EPERM | libc::EROFS) => {
                Some("this needs root; max, buckets and expect_max only the first network namespace can set")
            }
            Some(libc::EINVAL) => Some("the value is outside of what this sysctl takes"),
            Some(libc::ENOENT) => Some("`settings.names` lists those that this kernel has"),
            _ => None,
        },
        source,
    })
}

fn missing(what: &str, source: io::Error) -> KernelError {
    let hint = (source.kind() == io::ErrorKind::NotFound)
        .then_some("`settings.names` lists those that this kernel has");
    KernelError::Refused { what: what.to_owned(), source, hint }
}
