//! `-E`: what happens to flows or expectations, until a signal.

use std::io::{self, Write};
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::flow::{Event, EventKind, Filter, LabelMap, View};
use crate::kernel::{EventStream, Heard, KernelError, NetNs, Wanted, now_ns, program_behind};
use crate::render::{Columns, Item, Printer, Screen};

use super::command::{Command, Table};
use super::line::Line;
use super::message::{Fault, plain, say, warn};
use super::output::format;
use super::{Machine, filter, names};

/// How long it takes at most until a signal is seen.
const NAP: Duration = Duration::from_millis(100);
/// The receive buffer, unless `-b` says otherwise.
const BUFFER_BYTES: i32 = 32 << 20;
/// Text that is written even while more events are waiting.
const FULL_BYTES: usize = 64 << 10;
const LOST: &str = "\
WARNING: We have hit ENOBUFS! We are losing events.
This message means that the current netlink socket buffer size is too small.
Please, check --buffer-size in conntrack(8) manpage.";

/// Shows events until SIGINT or SIGTERM.
pub(super) fn follow(machine: &Machine, line: &Line, table: Table) -> Result<u8, Fault> {
    let failed = |error: &KernelError| Fault::kernel(error, Command::Event, table);
    let kinds = line.events.clone().unwrap_or_else(|| EventKind::ALL.to_vec());
    let expect = table == Table::Expect;
    let wanted = Wanted {
        flows: if expect { Vec::new() } else { kinds.clone() },
        expectations: if expect { kinds } else { Vec::new() },
        filter: if expect { Filter::All } else { filter::filter(line)? },
        tag: None,
    };
    let bytes = line.buffer_bytes.map(|bytes| i32::try_from(bytes).unwrap_or(i32::MAX));
    let stop = &machine.stop;
    crate::run::watch(stop, true).map_err(|error| Fault::unwatched(&error))?;
    let opened = EventStream::open_sized(&NetNs::Current, wanted, bytes.unwrap_or(BUFFER_BYTES));
    let stream = opened.map_err(|error| closed(&error, expect))?;
    if line.buffer_bytes.is_some() {
        let bytes = stream.buffer_bytes().map_err(|error| failed(&error))?;
        warn(&format!("NOTICE: Netlink socket buffer size has been set to {bytes} bytes."));
    }
    let labels = names(line);
    let mut lines = Lines::new(line, &labels);
    let tell = |heard, lines: &mut Lines<'_>| match heard {
        Heard::Event(event) => lines.print(&event),
        Heard::Gap(_) => {
            lines.flush()?;
            warn(LOST);
            Ok(())
        }
        Heard::Failed(error) => {
            lines.flush()?;
            Err(failed(&error))
        }
    };
    let queue = stream.queue();
    while !stop.load(Ordering::Relaxed) {
        // What has come is written before waiting for more.
        if let Ok(heard) = queue.try_recv() {
            tell(heard, &mut lines)?;
            continue;
        }
        lines.flush()?;
        match queue.recv_timeout(NAP) {
            Ok(heard) => tell(heard, &mut lines)?,
            Err(error) if error.is_timeout() => (),
            Err(_) => break,
        }
    }
    // What came before the signal is shown, too, and what comes while that is done is not.
    let left = queue.len();
    queue.try_iter().take(left).try_for_each(|heard| tell(heard, &mut lines))?;
    let count = lines.finish()?;
    let what = if expect { "expectation" } else { "flow" };
    say(&format!("{count} {what} events have been shown."));
    Ok(0)
}

/// What conntrack says where it may not listen.
fn closed(error: &KernelError, expect: bool) -> Fault {
    if expect {
        return Fault::other("Can't open handler");
    }
    let reason = error.errno().map_or_else(|| error.to_string(), plain);
    warn(&format!("mnl_socket_bind: {reason}"));
    Fault::other("Can't open netlink socket")
}

/// The lines of events, with the program that caused them.
struct Lines<'a> {
    printer: Box<dyn Printer + 'a>,
    /// True if a line ends with who caused the event.
    blames: bool,
    /// What is not yet written.
    text: Vec<u8>,
    count: u64,
}

impl<'a> Lines<'a> {
    fn new(line: &Line, labels: &'a LabelMap) -> Self {
        let view = View { now_ns: now_ns(), labels };
        let printer = format(line).printer(Columns::Events, view, Screen::default());
        Self { printer, blames: !line.style.xml && !line.style.save, text: Vec::new(), count: 0 }
    }

    fn print(&mut self, event: &Event) -> Result<(), Fault> {
        self.printer.item(&mut self.text, Item::Event(event))?;
        self.count += 1;
        let causes =
            self.blames && self.text.ends_with(format!("portid={}\n", event.port_id).as_bytes());
        if let Some(program) = Some(event.port_id).filter(|_| causes).and_then(program_behind) {
            self.text.pop();
            writeln!(self.text, " progname={program}")?;
        }
        if self.text.len() < FULL_BYTES { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), Fault> {
        let mut out = io::stdout().lock();
        out.write_all(&self.text)?;
        self.text.clear();
        Ok(out.flush()?)
    }

    fn finish(mut self) -> Result<u64, Fault> {
        self.printer.finish(&mut self.text)?;
        self.flush()?;
        Ok(self.count)
    }
}
