//! The live table of one namespace: questions answered by one request each. Dumps, batches of
//! changes and events have files of their own.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::batch::Batch;
use super::dump::{Dump, compares_replies};
use super::plan::{Part, plan};
use super::reason::{Verb, hint};
use super::receiver::collect;
use super::socket::{DATAGRAM_BYTES, Socket};
use super::source::{Flows, Source};
use super::{KernelError, NetNs, sysctl};
use crate::flow::{
    CpuStats, ExpectCpuStats, ExpectKey, Expectation, Family, Filter, Flow, FlowKey, GlobalStats,
};
use crate::wire::{
    Answer, DumpScope, Message, NLMSG_ERROR, Requests, TupleFilter, decode_answer,
    decode_cpu_stats, decode_expect_cpu_stats, decode_expectation, decode_global_stats, messages,
};

/// Whether changes reach the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Safety {
    /// They do.
    #[default]
    Live,
    /// They are counted as if they had (`--dry-run`).
    DryRun,
    /// They are refused (`--read-only`).
    ReadOnly,
}

/// The conntrack of one namespace, with the rules of the house for changing it.
#[derive(Debug)]
pub struct Live {
    netns: NetNs,
    /// What its flows are tagged with.
    tag: Option<Arc<str>>,
    safety: Safety,
    interrupt: Arc<AtomicBool>,
    asking: RefCell<Option<Socket>>,
    seq: AtomicU32,
    /// Flows that were made again, and so have another id than they had.
    again: RefCell<HashSet<FlowKey>>,
}

/// Flows of which it is remembered that they were made again.
const AGAIN: usize = 100_000;

impl Live {
    /// The table of `netns`. Nothing is opened yet; `interrupt` ends long reads when it is set.
    #[must_use]
    pub fn new(netns: NetNs, safety: Safety, interrupt: Arc<AtomicBool>) -> Self {
        let (asking, seq) = (RefCell::new(None), AtomicU32::new(1));
        let again = RefCell::default();
        Self { netns, tag: None, safety, interrupt, asking, seq, again }
    }

    /// Remembers that flows were made again under the names, without ids, that they had; the first
    /// 100,000 of them.
    pub fn remember_again(&self, keys: impl IntoIterator<Item = FlowKey>) {
        let mut again = self.again.borrow_mut();
        let room = AGAIN.saturating_sub(again.len());
        again.extend(keys.into_iter().take(room));
    }

    /// True if the flow of this name, which has no id, was made again.
    #[must_use]
    pub fn is_again(&self, key: &FlowKey) -> bool {
        self.again.borrow().contains(key)
    }

    /// The same rules in another namespace, whose flows are tagged with its name.
    #[must_use]
    pub fn elsewhere(&self, netns: NetNs) -> Self {
        let tag = (netns != NetNs::Current).then(|| netns.to_string().into());
        Self { tag, ..Self::new(netns, self.safety, Arc::clone(&self.interrupt)) }
    }

    /// The name that its flows are tagged with; none in the namespace of the run.
    #[must_use]
    pub fn tag(&self) -> Option<&Arc<str>> {
        self.tag.as_ref()
    }

    /// Another of the same kind, with sockets of its own.
    pub(super) fn again(&self) -> Self {
        let (netns, interrupt) = (self.netns.clone(), Arc::clone(&self.interrupt));
        Self { tag: self.tag.clone(), ..Self::new(netns, self.safety, interrupt) }
    }

    /// Puts the tag on a flow of this table.
    pub(super) fn put_tag(&self, flow: &mut Flow) {
        if let Some(tag) = &self.tag {
            flow.rare_mut().netns = Some(Arc::clone(tag));
        }
    }

    /// The namespace.
    #[must_use]
    pub fn netns(&self) -> &NetNs {
        &self.netns
    }

    /// Whether changes reach the kernel.
    #[must_use]
    pub fn safety(&self) -> Safety {
        self.safety
    }

    /// True if changes are only counted.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.safety == Safety::DryRun
    }

    /// An error once someone asked for an end.
    pub(super) fn interrupted(&self) -> Result<(), KernelError> {
        if self.interrupt.load(Ordering::Relaxed) { Err(KernelError::Interrupted) } else { Ok(()) }
    }

    /// Lets a change pass or refuses it; `Ok(false)` means "count it, do not send it".
    ///
    /// # Errors
    ///
    /// Changes are forbidden; `what` completes "will not …".
    pub fn may(&self, what: &str) -> Result<bool, KernelError> {
        match self.safety {
            Safety::Live => Ok(true),
            Safety::DryRun => Ok(false),
            Safety::ReadOnly => Err(KernelError::ReadOnly(what.to_owned())),
        }
    }

    /// A sequence number for the next request.
    pub(super) fn next_seq(&self) -> u32 {
        self.seq.fetch_add(1, Ordering::Relaxed)
    }

    /// Requests for changes, sent together.
    ///
    /// # Errors
    ///
    /// Changes are forbidden, or the socket cannot be opened; `what` completes "will not …".
    pub fn batch(&self, what: &str) -> Result<Batch<'_>, KernelError> {
        let send = self.may(what)?;
        Ok(Batch::new(self, what, send.then(|| Socket::open(&self.netns)).transpose()?))
    }

    /// The expectation that `key` names; `None` if there is none.
    ///
    /// # Errors
    ///
    /// No permission, or the kernel cannot read the key.
    pub fn get_expectation(&self, key: &ExpectKey) -> Result<Option<Expectation>, KernelError> {
        let what = format!("look up the expectation of {}", key.tuple);
        let found = self.look_up(what, |requests, seq| requests.get_expectation(seq, key))?;
        Ok(found.map(|payload| decode_expectation(&payload)).transpose()?)
    }

    /// What is asked for by its name; `None` if there is no such thing.
    pub(super) fn look_up(
        &self,
        what: String,
        write: impl FnOnce(&mut Requests, u32),
    ) -> Result<Option<Vec<u8>>, KernelError> {
        // An ENOENT of the namespace must not pass for one of what is in it.
        self.connect()?;
        match self.ask(Verb::Read, what, write) {
            Ok(payload) => Ok(Some(payload)),
            Err(error) if error.errno() == Some(libc::ENOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes every flow of one family, or of both, in one request.
    ///
    /// # Errors
    ///
    /// No permission, or changes are forbidden.
    ///
    /// Source: `ctnetlink_flush_conntrack()`; the family is honoured since Linux 5.3.
    pub fn flush(&self, family: Option<Family>) -> Result<(), KernelError> {
        let what = "flush the conntrack table".to_owned();
        self.change(Verb::Delete, what, |requests, seq| requests.flush_flows(seq, family))
    }

    /// Deletes every expectation.
    ///
    /// # Errors
    ///
    /// No permission, or changes are forbidden.
    pub fn flush_expectations(&self) -> Result<(), KernelError> {
        let what = "flush the expectation table".to_owned();
        self.change(Verb::Expect, what, Requests::flush_expectations)
    }

    /// How many flows there are, and how many there may be.
    ///
    /// # Errors
    ///
    /// No permission.
    pub fn global_stats(&self) -> Result<GlobalStats, KernelError> {
        let what = "count the flows".to_owned();
        let payload = self.ask(Verb::Read, what, Requests::global_stats)?;
        Ok(decode_global_stats(&payload)?)
    }

    /// Counters of every CPU.
    ///
    /// # Errors
    ///
    /// No permission.
    pub fn cpu_stats(&self) -> Result<Vec<CpuStats>, KernelError> {
        collect(self, "read the statistics", Requests::cpu_stats, decode_cpu_stats)
    }

    /// Expectation counters of every CPU.
    ///
    /// # Errors
    ///
    /// No permission.
    pub fn expect_cpu_stats(&self) -> Result<Vec<ExpectCpuStats>, KernelError> {
        let what = "read the expectation statistics";
        collect(self, what, Requests::expect_cpu_stats, decode_expect_cpu_stats)
    }

    /// Writes the sysctl `nf_conntrack_NAME`.
    ///
    /// # Errors
    ///
    /// There is no such sysctl, the value is refused, or changes are forbidden.
    pub fn set_sysctl(&self, name: &str, value: i64) -> Result<(), KernelError> {
        if self.may(&format!("set nf_conntrack_{name}"))? {
            sysctl::write(&self.netns, name, value)?;
        }
        Ok(())
    }

    /// One request that changes something, acknowledged.
    fn change(
        &self,
        verb: Verb,
        what: String,
        write: impl FnOnce(&mut Requests, u32),
    ) -> Result<(), KernelError> {
        if self.may(&what)? {
            self.ask(verb, what, write)?;
        }
        Ok(())
    }

    /// Enters the namespace and opens the socket for questions, if that was not done yet.
    ///
    /// # Errors
    ///
    /// The namespace does not exist or may not be entered, or there is no netfilter netlink.
    pub fn connect(&self) -> Result<(), KernelError> {
        let socket = self.socket()?;
        *self.asking.borrow_mut() = Some(socket);
        Ok(())
    }

    /// The socket for questions, taken out of its place; a new one if there was none.
    fn socket(&self) -> Result<Socket, KernelError> {
        let kept = self.asking.borrow_mut().take();
        kept.map_or_else(|| Socket::open(&self.netns), Ok)
    }

    /// One request, one answer: the payload, or nothing for an acknowledgement.
    fn ask(
        &self,
        verb: Verb,
        what: String,
        write: impl FnOnce(&mut Requests, u32),
    ) -> Result<Vec<u8>, KernelError> {
        let seq = self.next_seq();
        let mut requests = Requests::new();
        write(&mut requests, seq);
        let socket = self.socket()?;
        let mut slot = self.asking.borrow_mut();
        let refused = |source: std::io::Error| KernelError::Refused {
            what: what.clone(),
            hint: source.raw_os_error().and_then(|errno| hint(verb, errno)),
            source,
        };
        socket.send(requests.as_bytes()).map_err(refused)?;
        let mut buffer = vec![0; DATAGRAM_BYTES];
        loop {
            let datagram = socket.receive(&mut buffer).map_err(refused)?;
            for message in messages(datagram) {
                let message = message?;
                if message.seq != seq {
                    continue; // The rest of an answer that nobody waited for.
                }
                let answer = answered(&message)?;
                // Only a socket whose answer was read to its end is used again.
                *slot = Some(socket);
                return match answer {
                    None => Ok(message.payload.to_vec()),
                    Some(answer) if answer.errno == 0 => Ok(Vec::new()),
                    Some(answer) => Err(refusal(verb, what, &answer)),
                };
            }
        }
    }
}

/// The error or acknowledgement in `message`, if it is one.
pub(super) fn answered(message: &Message<'_>) -> Result<Option<Answer>, KernelError> {
    let answers = message.kind == NLMSG_ERROR;
    Ok(answers.then(|| decode_answer(message)).transpose()?)
}

/// The error for an answer with an errno, with what the kernel added to it.
pub(super) fn refusal(verb: Verb, what: String, answer: &Answer) -> KernelError {
    let what = match &answer.message {
        Some(message) => format!("{what}: {message}"),
        None => what,
    };
    let source = std::io::Error::from_raw_os_error(answer.errno);
    KernelError::Refused { what, source, hint: hint(verb, answer.errno) }
}

impl Source for Live {
    fn flows(&self, scope: &DumpScope, filter: &Filter) -> Result<Box<dyn Flows>, KernelError> {
        if scope.zero && !self.may("set counters to zero")? {
            let what = "reading counters and setting them to zero cannot be tried without doing it";
            return Err(KernelError::Unsupported(what.to_owned()));
        }
        Ok(Box::new(Dump::new(self, self.plan(scope, filter))?))
    }

    fn expectations(&self, family: Option<Family>) -> Result<Vec<Expectation>, KernelError> {
        let write = |requests: &mut Requests, seq| requests.dump_expectations(seq, family);
        collect(self, "list the expectations", write, decode_expectation)
    }

    fn live(&self) -> Result<&Live, KernelError> {
        Ok(self)
    }

    fn entries(&self) -> Result<Option<u64>, KernelError> {
        Ok(Some(self.global_stats()?.entries.into()))
    }
}

impl Live {
    /// The dumps that show the flows in `scope` that `filter` takes.
    #[must_use]
    pub fn plan(&self, scope: &DumpScope, filter: &Filter) -> Vec<Part> {
        let parts = plan(scope, filter, true);
        let replies = |part: &Part| part.scope.filter.reply != TupleFilter::default();
        if parts.iter().any(replies) && !compares_replies(self) {
            return plan(scope, filter, false);
        }
        parts
    }

    /// What ends long reads.
    pub(super) fn interrupt(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.interrupt)
    }
}
