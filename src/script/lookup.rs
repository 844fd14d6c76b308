//! What is asked of the system about a flow, beyond what the kernel's table says: the process that
//! owns it, the names of its addresses. It is asked only where a script wants it, and kept a while.

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use super::fault::Fallible;
use super::host::Host;
use super::objects::FlowHandle;
use crate::flow::{Direction, Field, Flow, Unit, Value, View};
use crate::kernel::{KernelError, Names, NetNs, Owner, Owners, Source};

/// The owner of a flow, as a column.
pub(super) const PROCESS: &str = "process";
/// What behind the name of an address stands for its own.
const NAME: &str = ".name";

/// What a column can ask besides the fields of a flow.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lookup {
    /// The process at one end of the flow, or at whichever has one: `curl/812`.
    Process(Option<Direction>),
    /// The name of the address in this field.
    Name(Field),
}

impl Lookup {
    /// The look-up called `name`: `process`, `reply.process`, `src.name`, `reply.dst.name`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            PROCESS => return Some(Self::Process(None)),
            "orig.process" => return Some(Self::Process(Some(Direction::Orig))),
            "reply.process" => return Some(Self::Process(Some(Direction::Reply))),
            _ => (),
        }
        let field = Field::named(name.strip_suffix(NAME)?)?;
        (field.unit() == Unit::Addr).then_some(Self::Name(field))
    }

    /// Its value for `row`.
    ///
    /// # Errors
    ///
    /// The kernel cannot be asked, or the run is to end.
    pub(crate) fn value(self, host: &Host, row: &FlowHandle) -> Fallible<Value> {
        match self {
            Self::Process(end) => {
                let owner = host.lookups.owner(&row.flow, &*row.source, end)?;
                Ok(Value::or_absent(owner, |owner| Value::text(text_of_owner(&owner))))
            }
            Self::Name(field) => {
                let view = View { now_ns: 0, labels: &host.labels };
                let Value::Addr(addr) = field.get(&row.flow, view) else {
                    return Ok(Value::Absent);
                };
                let name = host.lookups.names.of(addr, &host.stop)?;
                Ok(Value::or_absent(name, |name| Value::text(name.to_string())))
            }
        }
    }
}

/// A process in one word: its name and its number.
pub(super) fn text_of_owner(owner: &Owner) -> String {
    format!("{}/{}", owner.name, owner.pid)
}

/// What was looked up, kept for the next question.
#[derive(Debug, Default)]
pub struct Lookups {
    /// Names of addresses.
    pub(super) names: Names,
    /// The sockets of the namespace that was asked last.
    owners: RefCell<Option<(NetNs, Owners)>>,
}

impl Lookups {
    /// The process that sends one direction of a flow of `source`, by default the one that began it,
    /// else the one that answers. None of a recorded flow: those that ran then are gone.
    pub(super) fn owner(
        &self,
        flow: &Flow,
        source: &dyn Source,
        end: Option<Direction>,
    ) -> Result<Option<Rc<Owner>>, KernelError> {
        let Ok(live) = source.live() else { return Ok(None) };
        let mut kept = self.owners.borrow_mut();
        let known = kept.take().filter(|(netns, known)| netns == live.netns() && known.is_fresh());
        let known = match known {
            Some(known) => known,
            None => (live.netns().clone(), Owners::read(live)?),
        };
        let (_, owners) = kept.insert(known);
        match end {
            Some(Direction::Orig) => owners.sender(&flow.orig),
            Some(Direction::Reply) => owners.sender(&flow.reply),
            None => match owners.sender(&flow.orig)? {
                Some(owner) => Ok(Some(owner)),
                None => owners.sender(&flow.reply),
            },
        }
    }
}

/// The name of `addr`, or `()`.
///
/// # Errors
///
/// The run is to end.
pub(super) fn name_of(addr: IpAddr) -> Fallible<Option<Arc<str>>> {
    let host = Host::current()?;
    Ok(host.lookups.names.of(addr, &host.stop)?)
}
