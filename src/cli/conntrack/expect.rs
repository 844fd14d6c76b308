//! Expectations: `-L`, `-G`, `-I` and `-D` of them.

use crate::flow::ExpectKey;
use crate::kernel::{Fate, KernelError, errno};
use crate::render::Item;

use super::command::{Command, Table};
use super::line::Line;
use super::message::{Fault, say};
use super::output::Entries;
use super::{Machine, names, new};

/// Shows the expectations of both families, or of one.
pub(super) fn list(machine: &Machine, line: &Line) -> Result<u8, Fault> {
    let found = crate::kernel::Source::expectations(&*machine.live, line.family);
    let labels = names(line);
    let mut entries = Entries::new(line, &labels);
    for expectation in &found.map_err(|error| fault(&error, Command::List))? {
        entries.print(Item::Expectation(expectation))?;
    }
    let count = entries.finish()?;
    say(&format!("{count} expectations have been shown."));
    Ok(0)
}

/// Shows one expectation.
pub(super) fn get(machine: &Machine, line: &Line) -> Result<u8, Fault> {
    let found = machine.live.get_expectation(&new::expect_key(line)?);
    let Some(expectation) = found.map_err(|error| fault(&error, Command::Get))? else {
        return Err(Fault::refused(errno::ENOENT, Command::Get, Table::Expect));
    };
    let labels = names(line);
    let mut entries = Entries::new(line, &labels);
    entries.print(Item::Expectation(&expectation))?;
    entries.finish()?;
    Ok(0)
}

/// Makes an expectation that lives as long as it is told to: the kernel takes the time of its
/// helper when one is made, and another only afterwards.
pub(super) fn create(machine: &Machine, line: &Line) -> Result<u8, Fault> {
    let failed = |error: KernelError| fault(&error, Command::Create);
    let new = new::expectation(line)?;
    let key = ExpectKey { tuple: new.tuple, zone: None, id: None };
    let mut batch = machine.live.batch("create an expectation").map_err(failed)?.telling();
    batch.create_expectation(&new).and_then(|()| batch.flush()).map_err(failed)?;
    settled(batch.take_fates())?;
    batch.update_expectation(&key, new.timeout_s).and_then(|()| batch.flush()).map_err(failed)?;
    settled(batch.take_fates())?;
    Ok(0)
}

/// What the kernel refused of a new expectation.
fn settled(fates: impl IntoIterator<Item = Fate>) -> Result<(), Fault> {
    fates.into_iter().try_for_each(|fate| match fate {
        Fate::Done(_) => Ok(()),
        Fate::Gone => Err(Fault::refused(errno::ENOENT, Command::Create, Table::Expect)),
        Fate::Failed(errno) => Err(Fault::refused(errno, Command::Create, Table::Expect)),
    })
}

/// Deletes an expectation.
pub(super) fn delete(machine: &Machine, line: &Line) -> Result<u8, Fault> {
    let failed = |error: KernelError| fault(&error, Command::Delete);
    let mut batch = machine.live.batch("delete an expectation").map_err(failed)?;
    batch.delete_expectation(&new::expect_key(line)?).map_err(failed)?;
    let applied = batch.finish().map_err(failed)?;
    if applied.done == 0 {
        let errno = applied.reasons.keys().next().map_or(errno::ENOENT, |(errno, _)| *errno);
        return Err(Fault::refused(errno, Command::Delete, Table::Expect));
    }
    say("1 expectations have been deleted.");
    Ok(0)
}

fn fault(error: &KernelError, command: Command) -> Fault {
    Fault::kernel(error, command, Table::Expect)
}
