//! Changes sent together: many requests in one datagram, every answer matched to its request.

use super::applied::{Applied, Fate};
use super::courier::{Asked, Courier, Returned, Round};
use super::live::{Live, refusal};
use super::reason::Verb;
use super::socket::Socket;
use super::{KernelError, processors};
use crate::flow::{ExpectKey, Flow, FlowKey, NewExpectation, NewFlow, Patch, Status};
use crate::wire::Requests;

/// Requests in one datagram. Each refusal takes 832 bytes of the receive buffer, which
/// holds 256: so no answer is lost, and the time from seeing a flow to changing it stays short.
pub const REQUESTS: usize = 150;

/// Requests in one datagram if half of them are answered with a flow: `ctnetlink_get_conntrack()`,
/// Linux 6.18, takes a page for each, and the buffer holds 47 of those.
const READING: usize = 64;

/// Changes on their way. Call [`Self::finish`]: what is still unsent is lost otherwise.
#[derive(Debug)]
#[must_use = "changes that were not sent are lost; call finish"]
pub struct Batch<'a> {
    live: &'a Live,
    /// Completes "cannot …".
    what: String,
    /// None: a dry run, in which everything is counted and nothing is sent.
    courier: Option<Courier>,
    /// A thread of its own may take full rounds.
    apart: bool,
    /// What goes next.
    round: Round,
    /// Memory for what goes after that.
    spare: Round,
    next_seq: u32,
    applied: Applied,
    /// What became of each change, in order, if someone wants to know.
    fates: Option<Vec<Fate>>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(live: &'a Live, what: &str, socket: Option<Socket>) -> Self {
        Self {
            live,
            what: what.to_owned(),
            courier: socket.map(Courier::new),
            apart: false,
            round: Round::default(),
            spare: Round::default(),
            next_seq: 1,
            applied: Applied::default(),
            fates: None,
        }
    }

    /// Keeps what becomes of each change until [`Self::take_fates`] asks for it.
    pub fn telling(mut self) -> Self {
        self.fates = Some(Vec::new());
        self
    }

    /// Has what fills a datagram sent by a thread of its own, if there is a processor for it, while
    /// the next is gathered: what became of it is told when that is full, too.
    pub fn apart(mut self) -> Self {
        self.apart = processors() > 1;
        self
    }

    /// What became of the changes of which that is known since this was last asked, in their order.
    pub fn take_fates(&mut self) -> Vec<Fate> {
        self.fates.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Deletes the flow with this key, if its id is still the same.
    ///
    /// # Errors
    ///
    /// The socket failed; a refused change is no error but part of [`Applied`]. Likewise below.
    pub fn delete(&mut self, key: &FlowKey) -> Result<(), KernelError> {
        let exact = self.live.exact(key);
        self.push(Verb::Delete, *key, true, |requests, seq| {
            requests.delete_flow(seq, &exact, false);
        })
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
        let exact = self.live.exact(key);
        self.push(Verb::Update, *key, true, |requests, seq| {
            requests.update_flow(seq, &exact, patch, present, false);
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
        if self.courier.is_none() {
            return Ok(());
        }
        // The update must wait for its look-up, or its fate would be told without the flow.
        let exact = self.live.exact(key);
        self.push(Verb::Read, *key, true, |requests, seq| requests.get_flow(seq, &exact, false))?;
        if self.round.asked.len() >= READING { self.send() } else { Ok(()) }
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
        let key = FlowKey { tuple: new.tuple, reply_zone: None, zone: new.zone, id: None };
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
        if self.courier.is_none() {
            self.applied.done += 1;
            self.tell(Fate::Done(None));
            return Ok(());
        }
        let seq = self.next_seq;
        self.next_seq = seq.wrapping_add(1);
        if self.round.asked.is_empty() {
            self.round.first_seq = seq;
        }
        write(&mut self.round.requests, seq);
        self.round.asked.push(Asked { verb, key, absent_is_gone, answer: None, found: None });
        if self.round.asked.len() >= REQUESTS { self.send() } else { Ok(()) }
    }

    /// What became of everything that was sent; what was not is forgotten.
    #[must_use]
    pub fn into_applied(self) -> Applied {
        self.applied
    }

    /// Sends what is left and waits for all answers.
    ///
    /// # Errors
    ///
    /// The socket failed, or an end was asked for; what was answered before that is counted.
    pub fn flush(&mut self) -> Result<(), KernelError> {
        self.send()?;
        self.settle()
    }

    /// Sends what is left; a thread of its own may be at it still.
    ///
    /// # Errors
    ///
    /// As [`Self::flush`].
    pub fn send(&mut self) -> Result<(), KernelError> {
        if self.round.asked.is_empty() {
            return Ok(());
        }
        self.settle()?;
        let Some(courier) = self.courier.as_mut() else { return Ok(()) };
        if self.apart && self.round.asked.len() >= READING {
            courier.leave();
        }
        let round = std::mem::replace(&mut self.round, std::mem::take(&mut self.spare));
        match courier.send(round) {
            Some(returned) => self.record(returned),
            None => Ok(()),
        }
    }

    /// Waits for the answers to what was sent.
    ///
    /// # Errors
    ///
    /// As [`Self::flush`].
    pub fn settle(&mut self) -> Result<(), KernelError> {
        match self.courier.as_mut().and_then(Courier::wait) {
            Some(returned) => self.record(returned),
            None => Ok(()),
        }
    }

    /// Counts and tells what was answered.
    fn record(&mut self, (mut round, result): Returned) -> Result<(), KernelError> {
        result?;
        for Asked { verb, key, absent_is_gone, answer, found } in round.asked.drain(..) {
            // Only on an update can EPERM be about the flow; elsewhere it is about us, every time.
            match &answer {
                Some(answer) if answer.errno == libc::EPERM && verb != Verb::Update => {
                    return Err(refusal(verb, self.what.clone(), answer));
                }
                _ if verb == Verb::Read => self.tell_found(found),
                answer => {
                    let answer = answer.as_ref();
                    let fate = self.applied.record(verb, &key, absent_is_gone, answer);
                    self.tell(fate);
                }
            }
        }
        round.requests.clear();
        self.spare = round;
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

/// An expectation is told of by what it expects.
fn named(key: &ExpectKey) -> FlowKey {
    FlowKey { tuple: key.tuple, reply_zone: None, zone: key.zone, id: key.id }
}
