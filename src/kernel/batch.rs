//! Changes sent together: many requests in one datagram, every answer matched to its request.

use std::collections::BTreeMap;
use std::io;

use super::KernelError;
use super::live::{Live, answered, refusal};
use super::reason::{Verb, hint};
use super::socket::{DATAGRAM_BYTES, Socket};
use crate::flow::{ExpectKey, Flow, FlowKey, NewExpectation, NewFlow, Patch, Status};
use crate::wire::{Answer, Message, NLMSG_ERROR, Requests, decode_flow, messages};

/// Requests in one datagram. Each refusal takes 832 bytes of the receive buffer, which
/// holds 256: so no answer is lost, and the time from seeing a flow to changing it stays short.
pub const REQUESTS: usize = 150;

/// Requests in one datagram if half of them are answered with a flow: `ctnetlink_get_conntrack()`,
/// Linux 6.18, takes a page for each, and the buffer holds 47 of those.
const READING: usize = 64;

/// What became of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It was made; with the flow as it is now, if that was asked for and could still be read.
    Done(Option<Box<Flow>>),
    /// The flow was gone before it came to it.
    Gone,
    /// The kernel refused it with this errno.
    Failed(i32),
}

/// What became of the changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// Changes that the kernel made, or under `--dry-run` would have been asked to make.
    pub done: u64,
    /// Flows that were gone, or were replaced by another with the same tuple, before it came to it.
    pub gone: u64,
    /// Changes that the kernel refused.
    pub failed: u64,
    /// The refusals, by errno and what the kernel said; errno 0 is one of our own.
    pub reasons: BTreeMap<(i32, String), Refused>,
}

/// Refusals of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// How many.
    pub count: u64,
    /// The first of them, as text.
    pub example: String,
    /// What to do about it.
    pub hint: Option<&'static str>,
}

/// One request that was sent and not yet answered.
#[derive(Debug)]
struct Pending {
    verb: Verb,
    key: FlowKey,
    /// A create that finds its flow has failed; a delete or update that finds none has not.
    absent_is_gone: bool,
    answer: Option<Answer>,
    /// The flow that a look-up found.
    found: Option<Box<Flow>>,
}

/// Changes on their way. Call [`Self::finish`]: what is still unsent is lost otherwise.
#[derive(Debug)]
#[must_use = "changes that were not sent are lost; call finish"]
pub struct Batch<'a> {
    live: &'a Live,
    /// Completes "cannot …".
    what: String,
    /// None: a dry run, in which everything is counted and nothing is sent.
    socket: Option<Socket>,
    requests: Requests,
    pending: Vec<Pending>,
    /// Numbers are the batch's own, without gaps: an answer's number is its place in `pending`.
    next_seq: u32,
    first_seq: u32,
    buffer: Vec<u8>,
    applied: Applied,
    /// What became of each change, in order, if someone wants to know.
    fates: Option<Vec<Fate>>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(live: &'a Live, what: &str, socket: Option<Socket>) -> Self {
        Self {
            live,
            what: what.to_owned(),
            socket,
            requests: Requests::new(),
            pending: Vec::with_capacity(REQUESTS),
            next_seq: 1,
            first_seq: 1,
            buffer: vec![0; DATAGRAM_BYTES],
            applied: Applied::default(),
            fates: None,
        }
    }

    /// Keeps what becomes of each change until [`Self::take_fates`] asks for it.
    pub fn telling(mut self) -> Self {
        self.fates = Some(Vec::new());
        self
    }

    /// What became of the changes that were sent since this was last asked, in their order.
    pub fn take_fates(&mut self) -> Vec<Fate> {
        self.fates.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Deletes the flow with this key, if its id is still the same.
    ///
    /// # Errors
    ///
    /// The socket failed; a refused change is no error but part of [`Applied`]. Likewise below.
    pub fn delete(&mut self, key: &FlowKey) -> Result<(), KernelError> {
        self.push(Verb::Delete, *key, true, |requests, seq| requests.delete_flow(seq, key, false))
    }

    /// Changes the flow with this key, whose status was `present` when it was seen.
    ///
    /// # Errors
    ///
    /// As [`Self::delete`].
    pub fn update(
        &mut self,
        key: &FlowKey,
        patch: &Patch,
        present: Option<Status>,
    ) -> Result<(), KernelError> {
        self.push(Verb::Update, *key, true, |requests, seq| {
            requests.update_flow(seq, key, patch, present, false);
        })
    }

    /// The same, and looks the flow up at once: [`Fate::Done`] has it.
    ///
    /// # Errors
    ///
    /// As [`Self::delete`].
    pub fn update_and_read(
        &mut self,
        key: &FlowKey,
        patch: &Patch,
        present: Option<Status>,
    ) -> Result<(), KernelError> {
        self.update(key, patch, present)?;
        if self.socket.is_none() {
            return Ok(());
        }
        // The update must wait for its look-up, or its fate would be told without the flow.
        self.push(Verb::Read, *key, true, |requests, seq| requests.get_flow(seq, key, false))?;
        if self.pending.len() >= READING { self.flush() } else { Ok(()) }
    }

    /// Makes a flow; it is a failure if there is one.
    ///
    /// # Errors
    ///
    /// As [`Self::delete`].
    pub fn create(&mut self, new: &NewFlow) -> Result<(), KernelError> {
        self.push(Verb::Create, new.key(), false, |requests, seq| {
            requests.create_flow(seq, new, true, false);
        })
    }

    /// Makes a flow, or changes the one there is into it as far as the kernel lets that be done.
    ///
    /// # Errors
    ///
    /// As [`Self::delete`].
    pub fn create_or_change(&mut self, new: &NewFlow) -> Result<(), KernelError> {
        self.push(Verb::Create, new.key(), false, |requests, seq| {
            requests.create_flow(seq, new, false, false);
        })
    }

    /// Makes an expectation; it is a failure if there is one, or if its master has no helper.
    ///
    /// # Errors
    ///
    /// As [`Self::delete`].
    pub fn create_expectation(&mut self, new: &NewExpectation) -> Result<(), KernelError> {
        let key = FlowKey { tuple: new.tuple, reply: None, zone: new.zone, id: None };
        self.push(Verb::Expect, key, false, |requests, seq| {
            requests.create_expectation(seq, new, false);
        })
    }

    /// Sets how many seconds an expectation has left.
    ///
    /// # Errors
    ///
    /// As [`Self::delete`].
    pub fn update_expectation(
        &mut self,
        key: &ExpectKey,
        timeout_s: u32,
    ) -> Result<(), KernelError> {
        self.push(Verb::Expect, named(key), true, |requests, seq| {
            requests.update_expectation_timeout(seq, key, timeout_s, false);
        })
    }

    /// Deletes an expectation.
    ///
    /// # Errors
    ///
    /// As [`Self::delete`].
    pub fn delete_expectation(&mut self, key: &ExpectKey) -> Result<(), KernelError> {
        self.push(Verb::Expect, named(key), true, |requests, seq| {
            requests.delete_expectation(seq, key, false);
        })
    }

    /// Counts a flow that was found gone before it came to the kernel.
    pub fn count_gone(&mut self) {
        self.applied.gone += 1;
    }

    /// Counts a change that was not asked of the kernel, and says why.
    pub fn count_refused(&mut self, key: &FlowKey, why: &str) {
        self.applied.refuse_unasked(1, key, why);
    }

    /// Sends what is left and says what became of everything.
    ///
    /// # Errors
    ///
    /// The socket failed, so that nothing is known of the last requests.
    pub fn finish(mut self) -> Result<Applied, KernelError> {
        self.flush()?;
        Ok(self.applied)
    }

    fn push(
        &mut self,
        verb: Verb,
        key: FlowKey,
        absent_is_gone: bool,
        write: impl FnOnce(&mut Requests, u32),
    ) -> Result<(), KernelError> {
        if self.socket.is_none() {
            self.applied.done += 1;
            self.tell(Fate::Done(None));
            return Ok(());
        }
        let seq = self.next_seq;
        self.next_seq = seq.wrapping_add(1);
        if self.pending.is_empty() {
            self.first_seq = seq;
        }
        write(&mut self.requests, seq);
        self.pending.push(Pending { verb, key, absent_is_gone, answer: None, found: None });
        if self.pending.len() >= REQUESTS { self.flush() } else { Ok(()) }
    }

    /// What became of everything that was sent; what was not is forgotten.
    #[must_use]
    pub fn into_applied(self) -> Applied {
        self.applied
    }

    /// Sends what is left, the last request asking for an acknowledgement, and reads all answers.
    ///
    /// # Errors
    ///
    /// The socket failed, or an end was asked for; what was answered before that is counted.
    pub fn flush(&mut self) -> Result<(), KernelError> {
        let Some(socket) = self.socket.as_ref().filter(|_| !self.pending.is_empty()) else {
            return Ok(());
        };
        let (pending, first_seq) = (&mut self.pending, self.first_seq);
        exchange(
            socket,
            &mut self.requests,
            first_seq,
            &mut self.buffer,
            &mut |index, message| {
                let Some(pending) = pending.get_mut(index) else { return Ok(()) };
                match answered(message)? {
                    None => pending.found = Some(Box::new(decode_flow(message.payload)?)),
                    answer => pending.answer = answer,
                }
                Ok(())
            },
        )?;
        self.requests.clear();
        for pending in std::mem::take(&mut self.pending) {
            // Only on an update can EPERM be about the flow; elsewhere it is about us, every time.
            let denied = pending.verb != Verb::Update;
            match &pending.answer {
                Some(answer) if answer.errno == libc::EPERM && denied => {
                    return Err(refusal(pending.verb, self.what.clone(), answer));
                }
                _ if pending.verb == Verb::Read => self.tell_found(pending.found),
                _ => {
                    let fate = self.applied.record(&pending);
                    self.tell(fate);
                }
            }
        }
        self.live.interrupted()
    }

    fn tell(&mut self, fate: Fate) {
        if let Some(fates) = &mut self.fates {
            fates.push(fate);
        }
    }

    /// Adds what was looked up to the change before it.
    fn tell_found(&mut self, found: Option<Box<Flow>>) {
        if let Some(Fate::Done(flow)) = self.fates.as_mut().and_then(|fates| fates.last_mut()) {
            *flow = found;
        }
    }
}

/// Sends requests that are numbered from `first_seq` on, and hands every answer to `take` with the
/// place of its request. Only refusals are answered, and the last request.
pub(super) fn exchange(
    socket: &Socket,
    requests: &mut Requests,
    first_seq: u32,
    buffer: &mut [u8],
    take: &mut dyn FnMut(usize, &Message<'_>) -> Result<(), KernelError>,
) -> Result<(), KernelError> {
    let Some(last) = requests.len().checked_sub(1) else { return Ok(()) };
    requests.acknowledge_last();
    let lost = |source: io::Error| KernelError::refused("send the changes", source);
    socket.send(requests.as_bytes()).map_err(lost)?;
    loop {
        for message in messages(socket.receive(buffer).map_err(lost)?) {
            let message = message?;
            let Ok(index) = usize::try_from(message.seq.wrapping_sub(first_seq)) else { continue };
            take(index, &message)?;
            // The kernel answers in order, so the answer to the last request is the last answer.
            if index == last && message.kind == NLMSG_ERROR {
                return Ok(());
            }
        }
    }
}

/// An expectation is told of by what it expects.
fn named(key: &ExpectKey) -> FlowKey {
    FlowKey { tuple: key.tuple, reply: None, zone: key.zone, id: key.id }
}

impl Applied {
    fn record(&mut self, pending: &Pending) -> Fate {
        // Only refusals are answered: silence is success.
        let answer = pending.answer.as_ref().filter(|answer| answer.errno != 0);
        let Some(answer) = answer else {
            self.done += 1;
            return Fate::Done(None);
        };
        let lost = matches!(answer.errno, libc::ENOENT | libc::ETIME);
        if lost && pending.absent_is_gone {
            self.gone += 1;
            return Fate::Gone;
        }
        let said = answer.message.clone().unwrap_or_default();
        let hint = hint(pending.verb, answer.errno);
        self.refuse(1, (answer.errno, said), &pending.key, hint);
        Fate::Failed(answer.errno)
    }

    /// Counts changes that were not asked of the kernel, the first being that of `key`.
    pub fn refuse_unasked(&mut self, count: u64, key: &FlowKey, why: &str) {
        self.refuse(count, (0, why.to_owned()), key, None);
    }

    fn refuse(
        &mut self,
        count: u64,
        reason: (i32, String),
        key: &FlowKey,
        hint: Option<&'static str>,
    ) {
        self.failed += count;
        let first = || Refused { count: 0, example: key.to_string(), hint };
        self.reasons.entry(reason).or_insert_with(first).count += count;
    }

    /// Adds what became of other changes.
    pub fn merge(&mut self, other: Self) {
        self.done += other.done;
        self.gone += other.gone;
        self.failed += other.failed;
        for (reason, more) in other.reasons {
            self.reasons.entry(reason).and_modify(|r| r.count += more.count).or_insert(more);
        }
    }
}
