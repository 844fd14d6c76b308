//! The messages of one dump, as they arrive: one reused buffer, one message at a time. Dropping it ends
//! it: the kernel abandons a dump whose socket is closed.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::Select;

use super::KernelError;
use super::feed::Feed;
use super::live::{Live, answered, refusal};
use super::reason::{Verb, hint};
use super::socket::Socket;
use super::walk::Walk;
use crate::wire::{DecodeError, Message, NLMSG_DONE, Requests, decode_answer, messages};

/// The messages of one dump.
pub(super) struct Receiver {
    feed: Feed,
    what: &'static str,
    interrupt: Arc<AtomicBool>,
    seq: u32,
    /// Where in the present datagram to go on.
    next: usize,
    done: bool,
}

/// What comes next.
pub(super) enum Step {
    /// A message, whose payload lies here in the present datagram.
    Message(Range<usize>),
    /// The present datagram is read.
    Read,
    /// The dump is over.
    Done,
}

impl Receiver {
    /// Asks for a dump; `what` completes "cannot …".
    pub(super) fn start(
        live: &Live,
        what: &'static str,
        write: impl FnOnce(&mut Requests, u32),
    ) -> Result<Self, KernelError> {
        Self::over(Socket::open(live.netns())?, live, what, Walk::start, write)
    }

    /// The same over a socket that is there, of whatever protocol of netlink, and asked for with `ask`.
    pub(super) fn over(
        socket: Socket,
        live: &Live,
        what: &'static str,
        ask: fn(Socket, &[u8]) -> io::Result<Walk>,
        write: impl FnOnce(&mut Requests, u32),
    ) -> Result<Self, KernelError> {
        let (started, seq) = (Instant::now(), live.next_seq());
        let mut requests = Requests::new();
        write(&mut requests, seq);
        let walk = ask(socket, requests.as_bytes());
        let walk = walk.map_err(|source| KernelError::refused(what, source))?;
        Ok(Self {
            feed: Feed::new(walk, started),
            what,
            interrupt: live.interrupt(),
            seq,
            next: 0,
            done: false,
        })
    }

    /// Allows to receive what comes while what came is being used.
    pub(super) fn read_ahead(&mut self) {
        self.feed.read_ahead();
    }

    /// From now on a thread of its own receives, up to so many datagrams `ahead` of the one that is
    /// being read.
    ///
    /// # Errors
    ///
    /// No thread can be started.
    pub(super) fn go_apart(&mut self, ahead: usize) -> io::Result<()> {
        self.feed.go_apart(ahead)
    }

    /// Lets the thread that receives go on: the present datagram was read.
    pub(super) fn release(&mut self) {
        self.next = 0;
        self.feed.release();
    }

    /// Lets `choice` wait for its next datagram, too, if a thread receives it.
    pub(super) fn await_in<'a>(&'a self, choice: &mut Select<'a>) {
        self.feed.await_in(choice);
    }

    /// How long it was waited for datagrams.
    pub(super) fn waited(&self) -> Duration {
        self.feed.waited()
    }

    /// What comes next of the present datagram.
    #[inline]
    pub(super) fn step(&mut self) -> Result<Step, KernelError> {
        while !self.done {
            let unread = self.feed.present().get(self.next..).unwrap_or_default();
            let Some(message) = messages(unread).next().transpose()? else {
                return Ok(Step::Read);
            };
            let payload = self.next + Message::HEADER_BYTES;
            let payload = payload..payload + message.payload.len();
            self.next = payload.end.next_multiple_of(4);
            if message.seq != self.seq {
                continue;
            }
            let answer = match message.kind {
                NLMSG_DONE => Some(decode_answer(&message)?),
                _ => answered(&message)?,
            };
            let Some(answer) = answer else { return Ok(Step::Message(payload)) };
            self.done = true;
            if answer.errno != 0 {
                return Err(refusal(Verb::Read, self.what.to_owned(), &answer));
            }
        }
        Ok(Step::Done)
    }

    /// A payload of the present datagram.
    #[inline]
    pub(super) fn payload(&self, of: Range<usize>) -> &[u8] {
        self.feed.present().get(of).unwrap_or_default()
    }

    /// Waits for the next datagram.
    pub(super) fn fill(&mut self) -> Result<(), KernelError> {
        if self.interrupt.load(Ordering::Relaxed) {
            return Err(KernelError::Interrupted);
        }
        self.next = 0;
        self.feed.next().map_err(|source| KernelError::Refused {
            what: self.what.to_owned(),
            hint: source.raw_os_error().and_then(|errno| hint(Verb::Read, errno)),
            source,
        })
    }

    /// The next message's payload; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, KernelError> {
        loop {
            match self.step()? {
                Step::Message(payload) => return Ok(Some(self.payload(payload))),
                Step::Read => self.fill()?,
                Step::Done => return Ok(None),
            }
        }
    }

    /// What is decoded of every message.
    fn all<T>(
        mut self,
        decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, KernelError> {
        let mut items = Vec::new();
        while let Some(payload) = self.next()? {
            items.push(decode(payload)?);
        }
        Ok(items)
    }
}

/// Everything that a short dump answers.
pub(super) fn collect<T>(
    live: &Live,
    what: &'static str,
    write: impl FnOnce(&mut Requests, u32),
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
) -> Result<Vec<T>, KernelError> {
    Receiver::start(live, what, write)?.all(decode)
}

/// The same over a socket of another protocol of netlink.
pub(super) fn collect_over<T>(
    socket: Socket,
    live: &Live,
    what: &'static str,
    write: impl FnOnce(&mut Requests, u32),
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
) -> Result<Vec<T>, KernelError> {
    Receiver::over(socket, live, what, Walk::start, write)?.all(decode)
}
