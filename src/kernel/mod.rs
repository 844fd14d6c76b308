//! The door: the only room with a socket or `/proc`.
//!
//! A [`Source`] gives flows: a [`Recording`] those of a file; [`Live`] is the one that also takes
//! changes, in [`Batch`]es or as [`Makings`], and is listened to through an [`EventStream`]. Every
//! change passes [`Safety`].

mod applied;
mod batch;
mod courier;
mod dump;
pub mod errno;
mod error;
mod events;
mod feed;
mod file;
mod holder;
mod live;
mod making;
mod names;
mod namespaces;
mod naming;
mod netns;
mod owner;
mod plan;
mod procfs;
mod program;
mod reason;
mod receiver;
pub mod sandbox;
mod socket;
mod source;
mod ssh;
pub mod sysctl;
mod terminal;
mod walk;

use std::num::NonZero;
use std::sync::OnceLock;
use std::time::SystemTime;
use std::{fs, thread};

use crate::flow::LabelMap;

pub use applied::{Applied, Fate, Refused};
pub use batch::{Batch, REQUESTS};
pub use error::KernelError;
pub use events::{EventStream, Heard, Wanted};
pub use file::{Reading, Recording, Unreadable, scratch};
pub use live::{Live, Safety};
pub use making::{Maker, Makings, Refusal};
pub use names::Names;
pub use namespaces::Namespaces;
pub use netns::NetNs;
pub use owner::{Owner, Owners};
pub use plan::{Part, plan};
pub use procfs::procfs_cpu_stats;
pub use program::program_behind;
pub use reason::{Verb, hint};
pub use source::{DumpScope, Figures, FlowTable, Flows, KernelFilter, Pace, Source};
pub use ssh::{SshSession, ssh_session};
pub use terminal::{ask_terminal, can_ask, terminal_width};

/// Where iptables, nft and `conntrack` look for names of labels.
const LABEL_FILES: [&str; 2] = ["/etc/xtables/connlabel.conf", "/etc/connlabel.conf"];

/// The names of labels on this machine; none if there is no such file.
#[must_use]
pub fn load_labels() -> LabelMap {
    let text = LABEL_FILES.iter().find_map(|path| fs::read_to_string(path).ok());
    text.map(|text| LabelMap::parse(&text)).unwrap_or_default()
}

/// How many threads can run at once.
#[must_use]
pub fn processors() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get))
}

/// The present, nanoseconds since 1970.
#[must_use]
pub fn now_ns() -> u64 {
    since_1970(SystemTime::now())
}

/// Nanoseconds since 1970; 0 before.
fn since_1970(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
