//! `-I`, `-A`, `-U`, `-D` and `-F`: flows, changed.

use crate::flow::{Event, EventKind, Filter, Flow, Subject};
use crate::kernel::{Fate, KernelError, errno};
use crate::render::Item;
use crate::table::{Deed, change_each};

use super::command::{Command, Table};
use super::line::Line;
use super::message::{Fault, say};
use super::options::Opt;
use super::output::Entries;
use super::{Machine, filter, names, new, patch};

/// What became of `-U` or `-D`.
#[derive(Debug)]
pub(super) struct Done {
    verb: &'static str,
    count: u64,
    /// True if some flow could not be changed.
    failed: bool,
}

impl Done {
    /// Says how many flows were changed, and whether that is success.
    pub(super) fn report(self) -> u8 {
        say(&format!("{} flow entries have been {}.", self.count, self.verb));
        u8::from(self.count == 0 || self.failed)
    }

    /// Nothing, or a fault without words if some flow could not be changed, which was told for each:
    /// none at all is no failure among other lines.
    pub(super) fn whole(self) -> Result<(), Fault> {
        if self.failed { Err(Fault::other("")) } else { Ok(()) }
    }
}

/// Says what was done before a change came to no good end.
fn ended_by(fault: Fault, count: u64, verb: &str) -> Fault {
    if count > 0 {
        say(&format!("{count} flow entries have been {verb}."));
    }
    fault
}

/// Makes a flow, or with `-A` changes the one there is into it.
pub(super) fn create(machine: &Machine, line: &Line, command: Command) -> Result<u8, Fault> {
    let failed = |error: KernelError| Fault::kernel(&error, command, Table::Conntrack);
    let flow = new::flow(line)?;
    let mut batch = machine.live.batch("create flows").map_err(failed)?.telling();
    let (pushed, verb) = match command {
        Command::Add => (batch.create_or_change(&flow), "added"),
        _ => (batch.create(&flow), "created"),
    };
    pushed.and_then(|()| batch.flush()).map_err(failed)?;
    for fate in batch.take_fates() {
        if let Fate::Failed(errno) = fate {
            return Err(Fault::refused(errno, command, Table::Conntrack));
        }
    }
    say(&format!("1 flow entries have been {verb}."));
    Ok(0)
}

/// Changes flows, and shows each as it is then.
pub(super) fn update(machine: &Machine, line: &Line) -> Result<Done, Fault> {
    // Marks of time are no part of these lines in conntrack.
    let mut shown = line.clone();
    shown.style.ktimestamp = false;
    let labels = names(line);
    let mut entries = Entries::new(&shown, &labels);
    let (mut count, mut unlabelled, mut failed) = (0, 0u64, false);
    let mut written = Ok(());
    let labelling = line.given.any(&[Opt::LabelAdd, Opt::LabelDel]);
    let changed = each(
        machine,
        line,
        filter::update_filter(line),
        &mut |flow| match patch::of(line, flow) {
            patch if patch.is_empty() => Deed::Nothing,
            patch => Deed::Update(patch),
        },
        &mut |_, fate| {
            match fate {
                Fate::Done(now) => {
                    count += 1;
                    if let Some(flow) = now.filter(|_| written.is_ok()) {
                        written = entries.print(Item::Flow(&flow));
                    }
                }
                // Without a rule that uses labels no flow can have one.
                Fate::Failed(errno::ENOSPC) if labelling => unlabelled += 1,
                Fate::Gone => {}
                Fate::Failed(errno) => {
                    failed = true;
                    say(&Fault::refused(errno, Command::Update, Table::Conntrack).text);
                }
            }
        },
    );
    let written = written.and_then(|()| entries.finish());
    let changed = changed.map_err(|error| Fault::kernel(&error, Command::Update, Table::Conntrack));
    changed.and(written).map_err(|fault| ended_by(fault, count, "updated"))?;
    if unlabelled > 0 {
        say(&format!(
            "{unlabelled} flow entries cannot have labels: no rule used labels when they began."
        ));
    }
    Ok(Done { verb: "updated", count, failed })
}

/// Deletes flows, and shows each as it was.
pub(super) fn delete(machine: &Machine, line: &Line) -> Result<Done, Fault> {
    let mut shown = line.clone();
    (shown.style.ktimestamp, shown.style.labels, shown.names) = (false, false, None);
    let labels = names(&shown);
    let mut entries = Entries::new(&shown, &labels);
    let (mut count, mut refusal, mut written) = (0, None, Ok(()));
    let deleted =
        each(machine, line, filter::filter(line)?, &mut |_| Deed::Delete, &mut |flow, fate| {
            match fate {
                Fate::Done(_) => {
                    count += 1;
                    if written.is_ok() {
                        written = if shown.style.save {
                            entries.print(Item::Event(&ended(flow)))
                        } else {
                            entries.print(Item::Flow(flow))
                        };
                    }
                }
                Fate::Gone => (),
                Fate::Failed(errno) => refusal = refusal.or(Some(errno)),
            }
        });
    let written = written.and_then(|()| entries.finish());
    let deleted = deleted.map_err(|error| Fault::kernel(&error, Command::Delete, Table::Conntrack));
    let refused = refusal
        .map_or(Ok(()), |errno| Err(Fault::refused(errno, Command::Delete, Table::Conntrack)));
    let whole = deleted.and(written).and(refused);
    whole.map_err(|fault| ended_by(fault, count, "deleted"))?;
    Ok(Done { verb: "deleted", count, failed: false })
}

/// The end of a flow: what `-o save` writes as `-D`.
fn ended(flow: &Flow) -> Event {
    Event {
        kind: EventKind::Destroy,
        subject: Subject::Flow(flow.clone()),
        time_ns: 0,
        port_id: 0,
        synthetic: true,
    }
}

/// Does what `decide` says to each flow. What cannot be written must not end it half done: `tell`
/// cannot fail.
fn each(
    machine: &Machine,
    line: &Line,
    filter: Filter,
    decide: &mut dyn FnMut(&Flow) -> Deed,
    tell: &mut dyn FnMut(&Flow, Fate),
) -> Result<(), KernelError> {
    let query = machine.query(line, filter);
    change_each(&query, "change flows", decide, &mut |flow, fate| {
        tell(flow, fate);
        Ok(())
    })
}

/// Empties a table.
pub(super) fn flush(machine: &Machine, line: &Line, table: Table) -> Result<u8, Fault> {
    let (flushed, name) = match table {
        Table::Expect => (machine.live.flush_expectations(), "expectation"),
        _ => (machine.live.flush(line.family), "connection tracking"),
    };
    flushed.map_err(|error| Fault::kernel(&error, Command::Flush, table))?;
    say(&format!("{name} table has been emptied."));
    Ok(0)
}
