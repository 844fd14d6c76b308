//! `-L` and `-G`: flows, shown.

use crate::flow::Never;
use crate::kernel::{KernelError, Pace, errno, now_ns};
use crate::render::Item;

use super::command::{Command, Table};
use super::line::Line;
use super::message::{Fault, say};
use super::options::Opt;
use super::output::Entries;
use super::{Machine, filter, names, new};

/// Shows the flows of a table.
pub(super) fn list(machine: &Machine, line: &Line) -> Result<u8, Fault> {
    may_zero(line)?;
    let labels = names(line);
    let mut entries = Entries::new(line, &labels);
    let failed = |error: KernelError| Fault::kernel(&error, Command::List, Table::Conntrack);
    let query = machine.query(line, filter::filter(line)?);
    let mut cursor = query.cursor().map_err(failed)?.at(Pace::Ahead);
    loop {
        match cursor.next::<KernelError>(&mut |never: &Never, _| match *never {}) {
            Ok(Some(flow)) => entries.print(Item::Flow(flow))?,
            Ok(None) => break,
            Err(error) => {
                entries.flush()?;
                return Err(failed(error));
            }
        }
    }
    let count = entries.finish()?;
    say(&format!("{count} flow entries have been shown."));
    Ok(0)
}

/// All counters are set to zero, whatever is shown of them: so nothing may be left out.
pub(super) fn may_zero(line: &Line) -> Result<(), Fault> {
    if line.zeroes() && line.given.any(&NARROWING) {
        return Err(Fault::usage("Can't use -z with filtering parameters"));
    }
    Ok(())
}

/// What leaves out flows.
const NARROWING: [Opt; 18] = [
    Opt::Src,
    Opt::Dst,
    Opt::ReplySrc,
    Opt::ReplyDst,
    Opt::Proto,
    Opt::Status,
    Opt::MaskSrc,
    Opt::MaskDst,
    Opt::Mark,
    Opt::Id,
    Opt::SrcNat,
    Opt::DstNat,
    Opt::AnyNat,
    Opt::Secmark,
    Opt::Zone,
    Opt::Label,
    Opt::OrigZone,
    Opt::ReplyZone,
];

/// Shows one flow.
pub(super) fn get(machine: &Machine, line: &Line) -> Result<u8, Fault> {
    let labels = names(line);
    let found = machine.live.find(&new::key(line)?);
    let found = found.map_err(|error| Fault::kernel(&error, Command::Get, Table::Conntrack))?;
    let Some(flow) = found else {
        return Err(Fault::refused(errno::ENOENT, Command::Get, Table::Conntrack));
    };
    let mut entries = Entries::new(line, &labels);
    if filter::filter(line)?.takes(&flow, now_ns()) {
        entries.print(Item::Flow(&flow))?;
    }
    let count = entries.finish()?;
    say(&format!("{count} flow entries have been shown."));
    Ok(u8::from(count == 0))
}
