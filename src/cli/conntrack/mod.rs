//! The command line of conntrack(8), over the same filters, changes and printers as everything else.
//! `docs/conntrack.md` has what differs from conntrack-tools 1.4.9, and why.
//!
//! Words become options in `getopt.rs`, options a [`line::Line`] in `line.rs`; what a line means is
//! in `filter.rs`, `new.rs` and `patch.rs`, what is done with it in the files named for it.

mod change;
mod command;
mod event;
mod expect;
mod filter;
mod getopt;
mod given;
mod help;
mod ignored;
mod labels;
mod line;
mod lines;
mod list;
mod load;
mod message;
mod new;
mod options;
mod output;
mod patch;
mod proto;
mod script;
mod stats;
mod value;

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::flow::{Filter, LabelMap, Never};
use crate::kernel::{DumpScope, FlowTable, Live, NetNs, Safety};
use crate::table::Query;

use command::{Command, Table};
use line::Line;
use message::{Fault, warn};

/// What turns a command line into the script that does the same; only as the first word.
const SCRIPT: &str = "--script";

/// Runs a command line, of which the first word is the name that it was called by, and returns its
/// exit status.
pub(super) fn main(words: Vec<String>) -> u8 {
    run(words).unwrap_or_else(|fault| {
        fault.say();
        fault.status
    })
}

/// The exit status of a command line.
fn run(mut words: Vec<String>) -> Result<u8, Fault> {
    if words.get(1).is_some_and(|word| word == SCRIPT) {
        words.remove(1);
        return script::print(&words);
    }
    if let Some(path) = load::file(&words) {
        return load::run(path);
    }
    let mut words: Vec<_> = words.iter().map(String::as_str).collect();
    let line = line::read(&mut words, warn)?;
    let Some((command, table)) = line.command else { return help::print(&line) };
    let machine = match command {
        Command::Update | Command::Delete => Machine::watched()?,
        _ => Machine::new(),
    };
    let expect = table == Table::Expect;
    match command {
        Command::List if expect => expect::list(&machine, &line),
        Command::List => list::list(&machine, &line),
        Command::Get if expect => expect::get(&machine, &line),
        Command::Get => list::get(&machine, &line),
        Command::Create if expect => expect::create(&machine, &line),
        Command::Create | Command::Add => change::create(&machine, &line, command),
        Command::Update => change::update(&machine, &line).map(change::Done::report),
        Command::Delete if expect => expect::delete(&machine, &line),
        Command::Delete => change::delete(&machine, &line).map(change::Done::report),
        Command::Flush => change::flush(&machine, &line, table),
        Command::Event => event::follow(&machine, &line, table),
        Command::Count => stats::count(&machine, table),
        Command::Stats => stats::stats(&machine, table),
        Command::Version => help::version(),
        Command::Help => help::print(&line),
    }
}

/// The tables of the namespace that this process is in.
struct Machine {
    live: Rc<Live>,
    stop: Arc<AtomicBool>,
}

impl Machine {
    fn new() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let live = Live::new(NetNs::Current, Safety::Live, Arc::clone(&stop));
        Self { live: Rc::new(live), stop }
    }

    /// The same, for whom a signal ends it once what was changed is told.
    fn watched() -> Result<Self, Fault> {
        let machine = Self::new();
        crate::run::watch(&machine.stop, true).map_err(|error| Fault::unwatched(&error))?;
        Ok(machine)
    }

    /// The flows that `filter` takes.
    fn query(&self, line: &Line, filter: Filter) -> Query<Never> {
        let scope = DumpScope {
            table: match line.command {
                Some((_, Table::Dying)) => FlowTable::Dying,
                Some((_, Table::Unconfirmed)) => FlowTable::Unconfirmed,
                _ => FlowTable::Conntrack,
            },
            family: line.family,
            zero: line.zeroes(),
            ..DumpScope::default()
        };
        let live: Rc<Live> = Rc::clone(&self.live);
        Query::new(live).with_scope(scope).filtered(filter)
    }
}

/// The names of labels that a line asked for.
fn names(line: &Line) -> Arc<LabelMap> {
    line.names.clone().unwrap_or_default()
}
