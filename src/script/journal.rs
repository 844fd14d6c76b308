//! The journal of a run: everything that its changes need to be undone, in a file of the operator's,
//! written before a change is sent. And such a file, read back.

use std::collections::{BTreeMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::rc::Rc;

use super::fault::{Fallible, Fault};
use crate::flow::{Changed, Subject, View};
use crate::kernel::{NetNs, Recording};
use crate::render;
use crate::table::Past;

/// A journal being written; clones are the same.
#[derive(Debug, Clone)]
pub struct Journal {
    file: Rc<File>,
    path: String,
}

/// What stands in every line of a journal, and hardly in another file.
const MARK: &str = "\"became\":";
/// How the kernel's own name of a namespace begins.
const KERNEL_NAME: &str = "net:[";
/// As much of a file as its first line may take.
const HEAD_BYTES: u64 = 64 << 10;

impl Journal {
    /// Opens the journal at `path`, to go on where it ends; a new one is for its owner alone.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or it is a file of another kind, which is left as it is.
    pub fn open(path: &str) -> Result<Self, String> {
        let cannot = |error: io::Error| format!("cannot open the journal {path}: {error}");
        let mut options = OpenOptions::new();
        options.create(true).append(true).read(true).mode(0o600);
        let mut file = options.open(path).map_err(cannot)?;
        match whole(&mut file) {
            Ok(true) => Ok(Self { file: Rc::new(file), path: path.to_owned() }),
            Ok(false) => Err(format!(
                "{path} is no journal, or its last line is cut off: `undo` reads it, but it is not \
                 gone on with; name another file"
            )),
            // A pipe is not read back.
            Err(error) if error.kind() == ErrorKind::NotSeekable => {
                Ok(Self { file: Rc::new(file), path: path.to_owned() })
            }
            Err(error) => Err(cannot(error)),
        }
    }

    /// Writes down `changes`, that they are made, or that those written down before were not; what is
    /// written is there even if this process dies. `home` is the
    /// namespace of the flows that name none; where that has no name, the kernel's is written down,
    /// so that nothing is put back in another.
    ///
    /// It is not waited for the disk: if the machine goes down, the table that could be put right
    /// goes with it.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn write(
        &self,
        changes: &[Changed],
        made: bool,
        home: &NetNs,
        view: View<'_>,
    ) -> Fallible<()> {
        let home = match home {
            NetNs::Named(name) => Some(name.clone()),
            NetNs::Current | NetNs::Pid(_) => home.kernel_name(),
        };
        let lines = render::journal(changes, made, home.as_deref(), view);
        // One piece, so that two runs can share a journal.
        (&*self.file).write_all(&lines).map_err(|error| {
            Fault::new(format!("cannot write the journal {}: {error}", self.path))
                .hint("changes that are not written down are not made")
                .thrown()
        })
    }
}

/// True if `file` is empty, or begins like a journal and ends with a whole line.
fn whole(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    file.rewind()?;
    let mut head = Vec::new();
    file.take(HEAD_BYTES).read_to_end(&mut head)?;
    let head = String::from_utf8_lossy(&head);
    Ok(last == *b"\n" && head.lines().next().is_some_and(|line| line.contains(MARK)))
}

/// What was changed in each namespace, as a journal tells it; `home` is that of the run.
///
/// # Errors
///
/// It cannot be read, is no journal, or is larger than can be put back at once.
pub(super) fn past(journal: &Recording, home: &NetNs) -> Fallible<Vec<(NetNs, Past)>> {
    let mut pasts: BTreeMap<Option<String>, Past> = BTreeMap::new();
    let name = journal.name();
    let mut unmade = HashSet::new();
    for line in lines(journal) {
        let Noted { netns, changed, made } = line?;
        if !made {
            unmade.insert((netns, changed.was.key(), changed.time_ns));
        }
    }
    for line in lines(journal) {
        let Noted { netns, changed, .. } = line?;
        let change = (netns, changed.was.key(), changed.time_ns);
        if unmade.contains(&change) {
            continue;
        }
        let past = pasts.entry(change.0).or_default();
        past.push(&changed);
        if past.is_cut() {
            let most = render::size_text(u64::try_from(Past::BYTES).unwrap_or(u64::MAX));
            return Fault::new(format!(
                "{name} is more than can be put back at once, {most} packed"
            ))
            .hint("split it between two lines, and undo the later part first")
            .throw();
        }
    }
    if pasts.is_empty() && journal.skipped()? > 0 {
        return no_journal(name);
    }
    pasts.into_iter().map(|(netns, past)| Ok((place(netns, name, home)?, past))).collect()
}

/// A line of a journal.
struct Noted {
    netns: Option<String>,
    changed: Changed,
    made: bool,
}

fn lines(journal: &Recording) -> impl Iterator<Item = Fallible<Noted>> {
    journal.entries().map(|entry| {
        let entry = entry?;
        let (Subject::Flow(was), Some(note), Some(time_ns)) =
            (entry.subject, entry.journal, entry.time_ns)
        else {
            return no_journal(journal.name());
        };
        let netns = was.netns().map(ToString::to_string).or(note.netns);
        let changed = Changed { was, became: note.became.map(|flow| *flow), time_ns };
        Ok(Noted { netns, changed, made: note.made })
    })
}

/// The namespace that the journal `name` calls `netns`.
fn place(netns: Option<String>, name: &str, home: &NetNs) -> Fallible<NetNs> {
    match netns {
        Some(known) if known.starts_with(KERNEL_NAME) => {
            if home.kernel_name().is_some_and(|home| home == known) {
                return Ok(home.clone());
            }
            Fault::new(format!("{name} was written in another network namespace, {known}"))
                .hint("undo it where it was written: `flowsh --netns NAME` or `--netns PID`")
                .throw()
        }
        Some(known) => Ok(NetNs::named(&known)?),
        None => Ok(NetNs::Current),
    }
}

fn no_journal<T>(name: &str) -> Fallible<T> {
    Fault::new(format!("{name} is no journal")).hint("`--journal FILE` makes one").throw()
}
