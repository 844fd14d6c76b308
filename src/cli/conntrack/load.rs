//! `-R`: many command lines from a file. They are all read before any is run; makings of flows are
//! sent together, and only one line at a time is kept.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::env;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, Write};

use crate::kernel::{Batch, Fate, KernelError};

use super::command::{Command, Table};
use super::line::{self, Line};
use super::message::{Fault, say};
use super::{Machine, change, new};

/// The longest line: conntrack would cut it to pieces, and run those.
const LINE_BYTES: usize = 10_240;
const LINE_LIMIT: u64 = 10_240;

/// The file that a command line loads: `-R` is one only as the first word, written out.
pub(super) fn file(words: &[String]) -> Option<&str> {
    let loads = words.get(1).is_some_and(|word| word == "-R" || word == "--load-file");
    words.get(2).filter(|_| loads).map(String::as_str)
}

/// Runs the lines of a file, `-` being standard input.
pub(super) fn run(machine: &Machine, path: &str) -> Result<u8, Fault> {
    let mut script = Script::open(path)?;
    while script.next()?.is_some() {}
    script.rewind()?;
    let mut makings = Makings::new(machine)?;
    while let Some((number, line)) = script.next()? {
        let Some((command, table)) = line.command else { continue };
        if matches!(command, Command::Create | Command::Add) {
            let made = new::flow(&line)
                .map_err(Refused::from)
                .and_then(|flow| makings.push(command, &flow, number));
            script.blame(made)?;
            continue;
        }
        script.blame(makings.settle())?;
        let done = match command {
            Command::Update => change::update(machine, &line).map(|done| done.failed()),
            Command::Delete => change::delete(machine, &line).map(|done| done.failed()),
            _ => change::flush(machine, &line, table).map(|_| false),
        };
        if script.blame(done.map_err(|fault| Refused { number, fault }))? {
            return Ok(1);
        }
    }
    script.blame(makings.settle())?;
    Ok(0)
}

/// Hands each line of a file to `each`, in order, and runs none.
pub(super) fn lines(
    path: &str,
    each: &mut dyn FnMut(&Line) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut script = Script::open(path)?;
    while let Some((number, line)) = script.next()? {
        script.blame(each(&line).map_err(|fault| Refused { number, fault }))?;
    }
    Ok(())
}

/// A line that was refused when it came to it.
struct Refused {
    number: u64,
    fault: Fault,
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self { number: 0, fault }
    }
}

/// Flows on their way to be made.
struct Makings<'a> {
    batch: Batch<'a>,
    /// The lines whose answers are awaited.
    waiting: VecDeque<(u64, Command)>,
}

impl<'a> Makings<'a> {
    fn new(machine: &'a Machine) -> Result<Self, Fault> {
        let batch = machine.live.batch("create flows");
        let batch = batch.map_err(|error| fault(&error, Command::Create))?.telling();
        Ok(Self { batch, waiting: VecDeque::new() })
    }

    fn push(
        &mut self,
        command: Command,
        flow: &crate::flow::NewFlow,
        number: u64,
    ) -> Result<(), Refused> {
        self.waiting.push_back((number, command));
        let pushed = match command {
            Command::Add => self.batch.create_or_change(flow),
            _ => self.batch.create(flow),
        };
        pushed.map_err(|error| Refused { number, fault: fault(&error, command) })?;
        self.answers()
    }

    /// Sends what is left and waits for its answers.
    fn settle(&mut self) -> Result<(), Refused> {
        let (number, command) = self.waiting.front().copied().unwrap_or((0, Command::Create));
        let sent = self.batch.flush();
        sent.map_err(|error| Refused { number, fault: fault(&error, command) })?;
        self.answers()
    }

    /// The first refusal among the answers that have come.
    fn answers(&mut self) -> Result<(), Refused> {
        for fate in self.batch.take_fates() {
            let Some((number, command)) = self.waiting.pop_front() else { continue };
            if let Fate::Failed(errno) = fate {
                let fault = Fault::refused(errno, command, Table::Conntrack);
                return Err(Refused { number, fault });
            }
        }
        Ok(())
    }
}

fn fault(error: &KernelError, command: Command) -> Fault {
    Fault::kernel(error, command, Table::Conntrack)
}

/// The lines of a file, to be read twice.
struct Script {
    name: String,
    lines: BufReader<File>,
    number: u64,
    text: Vec<u8>,
}

impl Script {
    fn open(path: &str) -> Result<Self, Fault> {
        let unreadable = || Fault::usage(format!("Failed to open file {path} for reading"));
        let (name, file) = match path {
            "-" => ("standard input", kept(&mut io::stdin().lock())?),
            path => {
                let mut file = File::open(path).map_err(|_| unreadable())?;
                // A pipe can be read only once.
                let whole = file.metadata().is_ok_and(|metadata| metadata.is_file());
                (path, if whole { file } else { kept(&mut file)? })
            }
        };
        Ok(Self {
            name: name.to_owned(),
            lines: BufReader::with_capacity(64 << 10, file),
            number: 0,
            text: Vec::new(),
        })
    }

    /// Begins again.
    fn rewind(&mut self) -> Result<(), Fault> {
        self.number = 0;
        Ok(self.lines.rewind()?)
    }

    /// The next line that is none of comment and blank, with its number.
    fn next(&mut self) -> Result<Option<(u64, Line)>, Fault> {
        loop {
            self.text.clear();
            self.number += 1;
            let mut part = self.lines.by_ref().take(LINE_LIMIT);
            let read = part.read_until(b'\n', &mut self.text)?;
            if read == 0 {
                return Ok(None);
            }
            let text = String::from_utf8_lossy(&self.text);
            let words = text.trim_start();
            if words.is_empty() || words.starts_with('#') {
                continue;
            }
            let cut = self.text.last() != Some(&b'\n') && self.text.len() == LINE_BYTES;
            let line = if cut {
                Err(Fault::usage("Parameter too long!"))
            } else {
                split(words).and_then(|words| allowed(&words))
            };
            let number = self.number;
            let line = self.blame(line.map_err(|fault| Refused { number, fault }))?;
            return Ok(Some((number, line)));
        }
    }

    /// Says which line is to blame for a fault.
    fn blame<T>(&self, result: Result<T, Refused>) -> Result<T, Fault> {
        result.map_err(|Refused { number, fault }| {
            say(&fault.text);
            let number = if number == 0 { self.number } else { number };
            Fault { text: format!("this was line {number} of {}", self.name), ..fault }
        })
    }
}

/// Reads a line, if it is one that may stand in a file.
fn allowed(words: &[Cow<'_, str>]) -> Result<Line, Fault> {
    let line = line::read(words.iter().map(AsRef::as_ref).collect())?;
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
/// `\` takes the next character as it is.
fn split(text: &str) -> Result<Vec<Cow<'_, str>>, Fault> {
    /// conntrack's own limits, which keep a line in bounds here as well.
    const WORDS: usize = 253;
    const WORD_BYTES: usize = 1023;
    let mut words = vec![Cow::Borrowed("conntrack")];
    if text.contains('"') {
        words.extend(quoted(text).into_iter().map(Cow::Owned));
    } else {
        let blank = [' ', '\t', '\n'];
        words.extend(text.split(blank).filter(|word| !word.is_empty()).map(Cow::Borrowed));
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
fn quoted(text: &str) -> Vec<String> {
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

/// Everything that can be read, in a file without a name: on a disk, not in memory.
fn kept(from: &mut dyn Read) -> Result<File, Fault> {
    let path = env::temp_dir().join(format!("flowsh-{}", std::process::id()));
    let cannot = |error: io::Error| {
        Fault::other(format!("cannot keep the lines in {}: {error}", path.display()))
    };
    let options = fs::OpenOptions::new().read(true).write(true).create_new(true).open(&path);
    let mut file = options.map_err(cannot)?;
    fs::remove_file(&path).map_err(cannot)?;
    io::copy(from, &mut file).map_err(cannot)?;
    file.flush().and_then(|()| file.rewind()).map_err(cannot)?;
    Ok(file)
}
