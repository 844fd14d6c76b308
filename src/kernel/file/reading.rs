//! A recording being read: entry after entry, in one buffer that does not grow with the file, with
//! the line of each.

use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use super::{CHUNK_BYTES, Tape, Unreadable};
use crate::kernel::KernelError;
use crate::wire::text::{Entry, EntryError, Parser};

/// An entry is no longer than this; anything that is, is none.
pub(super) const ENTRY_BYTES: usize = 1 << 20;

/// Entries being read, one after the other, in one reused buffer.
#[derive(Debug)]
pub struct Reading {
    pub(super) tape: Rc<Tape>,
    parser: Parser,
    pub(super) buffer: Vec<u8>,
    /// The part of `buffer` that is filled and not yet read.
    unread: Range<usize>,
    /// Where the file goes on after it.
    offset: u64,
    is_all: bool,
    /// The line on which `unread` begins.
    line: u64,
    skipped: u64,
    first_skipped: Option<String>,
}

/// The next entry, or why it or the file cannot be read.
impl Iterator for Reading {
    type Item = Result<Entry, KernelError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.entry().transpose()
    }
}

impl Reading {
    pub(super) fn new(tape: &Rc<Tape>) -> Self {
        Self {
            parser: Parser::new(tape.labels.clone()),
            tape: Rc::clone(tape),
            buffer: Vec::new(),
            unread: 0..0,
            offset: 0,
            is_all: false,
            line: 1,
            skipped: 0,
            first_skipped: None,
        }
    }

    /// The next entry; `None` at the end.
    pub(super) fn entry(&mut self) -> Result<Option<Entry>, KernelError> {
        loop {
            let unread = self.buffer.get(self.unread.clone()).unwrap_or_default();
            let Some(at) = self.parser.find(unread, self.is_all) else {
                if unread.trim_ascii().is_empty() {
                    self.line += lines(unread);
                    self.unread.start = self.unread.end;
                }
                if self.is_all {
                    self.end()?;
                    return Ok(None);
                }
                if self.unread.len() < ENTRY_BYTES {
                    self.fill()?;
                } else {
                    self.too_long()?;
                }
                continue;
            };
            let (before, entry) = (unread.get(..at.start), unread.get(at.clone()));
            let (before, entry) = (before.unwrap_or_default(), entry.unwrap_or_default());
            let line = self.line + lines(before);
            let result = self.parser.read(entry);
            self.line = line + lines(entry);
            self.unread.start += at.end;
            match result {
                Ok(Some(entry)) => return Ok(Some(entry.with_start(self.tape.made_ns))),
                Ok(None) => (),
                Err(error) => self.unreadable(line, error)?,
            }
        }
    }

    /// Reads more behind what is unread.
    fn fill(&mut self) -> Result<(), KernelError> {
        if self.tape.interrupt.load(Ordering::Relaxed) {
            return Err(KernelError::Interrupted);
        }
        self.buffer.copy_within(self.unread.clone(), 0);
        let kept = self.unread.len();
        self.buffer.resize(kept + CHUNK_BYTES, 0);
        let free = self.buffer.get_mut(kept..).unwrap_or_default();
        let read = self.tape.file.read_at(free, self.offset);
        let read = read
            .map_err(|source| KernelError::refused(format!("read {}", self.tape.name), source))?;
        self.unread = 0..kept + read;
        self.offset += u64::try_from(read).unwrap_or_default();
        self.is_all = read == 0;
        Ok(())
    }

    /// Passes over the line on which something begins that does not end.
    fn too_long(&mut self) -> Result<(), KernelError> {
        let unread = self.buffer.get(self.unread.clone()).unwrap_or_default();
        let end = unread.iter().position(|byte| *byte == b'\n');
        self.unread.start += end.map_or(unread.len(), |at| at + 1);
        let line = self.line;
        self.line += u64::from(end.is_some());
        self.unreadable(line, EntryError::Long(ENTRY_BYTES))
    }

    fn unreadable(&mut self, line: u64, source: EntryError) -> Result<(), KernelError> {
        let file = self.tape.name.clone();
        match self.tape.unreadable {
            Unreadable::Stop => Err(KernelError::Unreadable { file, line, source }),
            Unreadable::Skip(_) => {
                self.skipped += 1;
                self.first_skipped.get_or_insert_with(|| format!("line {line}: {source}"));
                Ok(())
            }
        }
    }

    /// At the end of the first whole reading: tells what was passed over.
    fn end(&mut self) -> Result<(), KernelError> {
        if let Err(error) = self.parser.end() {
            self.unreadable(self.line, error)?;
        }
        let first_time = self.tape.skipped.replace(Some(self.skipped)).is_none();
        if let (true, Unreadable::Skip(tell), Some(first)) =
            (first_time, &self.tape.unreadable, &self.first_skipped)
        {
            let (name, skipped) = (&self.tape.name, self.skipped);
            let entries = if skipped == 1 { "entry" } else { "entries" };
            tell(&format!("{skipped} {entries} of {name} cannot be read; the first is {first}"));
        }
        Ok(())
    }
}

fn lines(text: &[u8]) -> u64 {
    text.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}
