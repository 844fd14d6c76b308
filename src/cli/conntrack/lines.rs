//! The lines of a file that `-R` loads: read as often as one likes, in bounded memory, and each known
//! by its number. What is done with them is in `load.rs`.

use std::borrow::Cow;
use std::env;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::panic::resume_unwind;
use std::thread;

use memchr::memchr;

use super::command::{Command, Table};
use super::getopt::Split;
use super::line::{self, Line};
use super::message::{Fault, say, warn};
use crate::kernel::{processors, scratch};
use crate::script::SIGPIPE_STATUS;

/// The longest line, be it a comment: conntrack would cut it to pieces, and run those.
const LINE_BYTES: usize = 10_240;
const LINE_LIMIT: u64 = 10_240;
/// What is read at once.
const CHUNK_BYTES: usize = 64 << 10;
/// What is worth a thread.
const PART_BYTES: u64 = 1 << 20;

/// A line that is refused, and why.
pub(super) struct Refused {
    /// From 1 on.
    pub(super) number: u64,
    /// What is said of it.
    pub(super) fault: Fault,
}

/// A file of lines.
pub(super) struct Script {
    name: String,
    file: File,
    length: u64,
}

impl Script {
    /// The file at `path`, `-` being standard input. Every line of it was read, and none is run; what
    /// can be read only once was copied meanwhile.
    ///
    /// # Errors
    ///
    /// It cannot be read, or a line says nothing that can be done: the first of them is told of.
    pub(super) fn checked(path: &str) -> Result<Self, Fault> {
        if path == "-" {
            return Self::copied("standard input", io::stdin().lock());
        }
        let unreadable = || Fault::usage(format!("Failed to open file {path} for reading"));
        let file = File::open(path).map_err(|_| unreadable())?;
        let about = file.metadata().map_err(|error| unread(&error))?;
        if about.is_dir() {
            return Err(unreadable());
        }
        if !about.is_file() {
            return Self::copied(path, file);
        }
        let script = Self { name: path.to_owned(), file, length: about.len() };
        script.check()?;
        Ok(script)
    }

    /// The lines of `from`, kept on the disk as far as they were read.
    fn copied(name: &str, from: impl Read) -> Result<Self, Fault> {
        let file = scratch().map_err(|error| unread(&unkept(&error)))?;
        blame(name, Lines::new(Copied { from, copy: &file }, warn).check())?;
        let length = file.metadata().map_err(|error| unread(&error))?.len();
        Ok(Self { name: name.to_owned(), file, length })
    }

    /// Reads every line and runs none, on as many processors as there are.
    fn check(&self) -> Result<(), Fault> {
        let mut parts = self.parts()?.into_iter();
        thread::scope(|scope| {
            let check = |part| self.part(part, warn).check();
            let first = parts.next();
            let others: Vec<_> = parts.map(|part| scope.spawn(move || check(part))).collect();
            let first = first.map(check);
            let others = others
                .into_iter()
                .map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic)));
            let mut before = 0;
            for checked in first.into_iter().chain(others) {
                before +=
                    self.blame(checked.map_err(|refused| Refused {
                        number: before + refused.number,
                        ..refused
                    }))?;
            }
            Ok(())
        })
    }

    /// Whole lines, about as much for each processor.
    fn parts(&self) -> Result<Vec<Range<u64>>, Fault> {
        let count = u64::try_from(processors()).unwrap_or(1).min(self.length / PART_BYTES).max(1);
        let mut parts = Vec::new();
        let mut start = 0;
        for number in 1..=count {
            let end = self.line_after(self.length / count * number)?;
            let end = if number == count { self.length } else { end };
            parts.push(start..end);
            start = end;
        }
        Ok(parts)
    }

    /// Where the first line that begins after `at` does. In a line that is too long it is anywhere:
    /// nobody comes to read on behind it.
    fn line_after(&self, at: u64) -> Result<u64, Fault> {
        let mut text = vec![0; LINE_BYTES];
        let read = self.file.read_at(&mut text, at).map_err(|error| unread(&error))?;
        let end = text.iter().take(read).position(|byte| *byte == b'\n');
        Ok(at + u64::try_from(end.map_or(0, |end| end + 1)).unwrap_or(0))
    }

    /// All lines; `tell` is told what they say without effect.
    pub(super) fn lines(&self, tell: fn(&str)) -> Lines<impl Read> {
        self.part(0..self.length, tell)
    }

    fn part(&self, range: Range<u64>, tell: fn(&str)) -> Lines<Part<'_>> {
        Lines::new(Part { file: &self.file, range }, tell)
    }

    /// Says what a line is refused for, and which it is.
    pub(super) fn blame<T>(&self, result: Result<T, Refused>) -> Result<T, Fault> {
        blame(&self.name, result)
    }
}

fn blame<T>(name: &str, result: Result<T, Refused>) -> Result<T, Fault> {
    result.map_err(|Refused { number, fault }| {
        // No line is to blame for a reader that has gone.
        if fault.status == SIGPIPE_STATUS {
            return fault;
        }
        if !fault.text.is_empty() {
            say(&fault.text);
        }
        Fault { text: format!("this was line {number} of {name}"), ..fault }
    })
}

/// A part of a file; others may read others.
struct Part<'a> {
    file: &'a File,
    range: Range<u64>,
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.range.end - self.range.start).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        let read =
            self.file.read_at(buffer.get_mut(..most).unwrap_or_default(), self.range.start)?;
        self.range.start += u64::try_from(read).unwrap_or_default();
        Ok(read)
    }
}

/// What is read once, and copied to be read again.
struct Copied<'a, R> {
    from: R,
    copy: &'a File,
}

impl<R: Read> Read for Copied<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        let written = self.copy.write_all(buffer.get(..read).unwrap_or_default());
        written.map(|()| read).map_err(|error| unkept(&error))
    }
}

/// Lines being read, one at a time.
pub(super) struct Lines<R> {
    from: BufReader<R>,
    number: u64,
    line: Vec<u8>,
    /// Told what a line says without effect.
    tell: fn(&str),
}

impl<R: Read> Lines<R> {
    fn new(from: R, tell: fn(&str)) -> Self {
        let from = BufReader::with_capacity(CHUNK_BYTES, from);
        Self { from, number: 0, line: Vec::new(), tell }
    }

    /// The next line that is none of comment and blank, with its number.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Box<Line>)>, Refused> {
        loop {
            self.line.clear();
            self.number += 1;
            let number = self.number;
            let refused = |fault| Refused { number, fault };
            let mut part = self.from.by_ref().take(LINE_LIMIT);
            let read = part.read_until(b'\n', &mut self.line);
            if read.map_err(|error| refused(unread(&error)))? == 0 {
                return Ok(None);
            }
            if self.line.len() == LINE_BYTES && self.line.last() != Some(&b'\n') {
                return Err(refused(Fault::usage("Parameter too long!")));
            }
            let text = match str::from_utf8(&self.line) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => String::from_utf8_lossy(&self.line),
            };
            // A file that was edited elsewhere may have CR LF at the ends of its lines.
            let words = text.trim_start_matches([' ', '\t']).trim_end_matches(['\r', '\n']);
            if words.is_empty() || words.starts_with('#') {
                continue;
            }
            let mut quoted = Vec::new();
            let tell = self.tell;
            let line = split(words, &mut quoted).and_then(|mut words| allowed(&mut words, tell));
            return line.map(|line| Some((number, line))).map_err(refused);
        }
    }

    /// Reads them all, and says how many there were.
    fn check(mut self) -> Result<u64, Refused> {
        while self.next()?.is_some() {}
        Ok(self.number - 1)
    }
}

/// Reads a line, if it is one that may stand in a file.
fn allowed(words: &mut [&str], tell: fn(&str)) -> Result<Box<Line>, Fault> {
    let line = line::read(words, tell)?;
    let name = match line.command {
        Some((
            Command::Create | Command::Add | Command::Update | Command::Delete | Command::Flush,
            Table::Conntrack,
        )) => return Ok(line),
        None => "unknown".to_owned(),
        Some((command, Table::Expect)) => format!("{} expect", command.flag()),
        Some((command, _)) => command.flag(),
    };
    Err(Fault::usage(format!("Cannot use command `{name}' with --load-file")))
}

/// The words of a line, after a word for the program: blanks part them but for those in `"`, where
/// `\` takes the next character as it is; words that had to be put together go to `quoted`.
fn split<'a>(text: &'a str, quoted: &'a mut Vec<String>) -> Result<Split<'a>, Fault> {
    /// conntrack's own limits, which keep a line in bounds here as well.
    const WORDS: usize = 254;
    const WORD_BYTES: usize = 1023;
    let mut words = Split::new();
    words.push("conntrack");
    if memchr(b'"', text.as_bytes()).is_some() {
        *quoted = unquoted(text);
        words.extend(quoted.iter().map(String::as_str));
    } else {
        let blank = |byte: u8| byte <= b' ' && matches!(byte, b' ' | b'\t' | b'\n');
        let mut rest = Some(text);
        while let Some(text) = rest {
            let end = text.bytes().position(blank).unwrap_or(text.len());
            if end > 0 {
                words.push(text.get(..end).unwrap_or_default());
            }
            rest = text.get(end + 1..);
        }
    }
    if words.iter().any(|word| word.len() > WORD_BYTES) {
        return Err(Fault::usage("Parameter too long!"));
    }
    if words.len() > WORDS {
        return Err(Fault::usage("too many arguments"));
    }
    Ok(words)
}

/// The words of a line that has quotes in it.
fn unquoted(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut within = false;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                within = !within;
                word.get_or_insert_default();
            }
            '\\' if within => word.get_or_insert_default().extend(letters.next()),
            ' ' | '\t' | '\n' if !within => words.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

fn unkept(error: &io::Error) -> io::Error {
    let place = env::temp_dir();
    io::Error::new(error.kind(), format!("cannot keep the lines in {}: {error}", place.display()))
}

fn unread(error: &io::Error) -> Fault {
    Fault::other(format!("cannot read: {error}"))
}
