//! Network namespaces: naming one, entering one for the time of a call.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{fmt, fs, thread};

use super::KernelError;

/// Where `ip netns` keeps its names.
const NAMES: &str = "/run/netns";

/// A network namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NetNs {
    /// The one flowsh runs in.
    Current,
    /// One made with `ip netns add NAME`.
    Named(String),
    /// That of a process.
    Pid(u32),
}

impl NetNs {
    /// The namespace that a word names: digits are a process, unless `ip netns` has that very name;
    /// anything else is a name.
    ///
    /// # Errors
    ///
    /// The word is empty or no file name.
    pub fn parse(word: &str) -> Result<Self, KernelError> {
        match word.parse() {
            Ok(pid) if !Path::new(NAMES).join(word).exists() => Ok(Self::Pid(pid)),
            _ => Self::named(word),
        }
    }

    /// The namespace of this name.
    ///
    /// # Errors
    ///
    /// It is empty or no file name.
    pub fn named(word: &str) -> Result<Self, KernelError> {
        if word.is_empty() || word.contains('/') || word.starts_with('.') {
            let what = format!("`{word}` is neither the name of a network namespace nor a pid");
            return Err(KernelError::Unsupported(what));
        }
        Ok(Self::Named(word.to_owned()))
    }

    /// The names that `ip netns list` shows, sorted; none if there never was one.
    ///
    /// # Errors
    ///
    /// The directory cannot be read.
    pub fn list() -> Result<Vec<Self>, KernelError> {
        let entries = match fs::read_dir(NAMES) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(KernelError::refused(format!("list {NAMES}"), error)),
        };
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort_unstable();
        Ok(names.into_iter().map(Self::Named).collect())
    }

    /// The kernel's own name of it, `net:[4026531840]`, which no other has as long as it is there.
    /// Absent if it is not.
    #[must_use]
    pub fn kernel_name(&self) -> Option<String> {
        let path = self.path().unwrap_or_else(|| "/proc/self/ns/net".into());
        Some(format!("net:[{}]", fs::metadata(path).ok()?.ino()))
    }

    /// The file that stands for it; none for the current one.
    fn path(&self) -> Option<PathBuf> {
        match self {
            Self::Current => None,
            Self::Named(name) => Some(PathBuf::from(NAMES).join(name)),
            Self::Pid(pid) => Some(PathBuf::from(format!("/proc/{pid}/ns/net"))),
        }
    }

    /// Runs `job` inside of the namespace, in a thread of its own: the caller's stays where it is.
    ///
    /// # Errors
    ///
    /// The namespace does not exist, or may not be entered.
    pub(super) fn run<T: Send>(
        &self,
        job: impl FnOnce() -> io::Result<T> + Send,
    ) -> Result<io::Result<T>, KernelError> {
        let Some(path) = self.path() else { return Ok(job()) };
        let enter = |source: io::Error| KernelError::Refused {
            what: format!("enter network namespace {self}"),
            hint: match source.raw_os_error() {
                Some(libc::ENOENT) => Some("`ip netns list` shows the names there are"),
                Some(libc::EPERM | libc::EACCES) => {
                    Some("entering another namespace needs CAP_SYS_ADMIN; run flowsh as root")
                }
                _ => None,
            },
            source,
        };
        let file = File::open(path).map_err(enter)?;
        let result = thread::scope(|scope| {
            let handle = scope.spawn(|| {
                // SAFETY: the descriptor is open for the whole call; only this short-lived thread
                // changes its namespace.
                #[expect(unsafe_code, reason = "std has no setns")]
                let entered = unsafe { libc::setns(file.as_raw_fd(), libc::CLONE_NEWNET) };
                if entered == 0 { Ok(job()) } else { Err(io::Error::last_os_error()) }
            });
            handle.join().unwrap_or_else(|_| Err(io::Error::other("the thread ended early")))
        });
        result.map_err(enter)
    }
}

impl fmt::Display for NetNs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Current => f.write_str("(current)"),
            Self::Named(name) => f.write_str(name),
            Self::Pid(pid) => write!(f, "{pid}"),
        }
    }
}
