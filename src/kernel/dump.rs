//! A dump being received: one reused buffer, one flow at a time. Dropping it ends it: the kernel
//! abandons a dump whose socket is closed, which makes `first` and `take` cheap.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::live::{Live, answered, refusal};
use super::reason::{Verb, hint};
use super::socket::{DATAGRAM_BYTES, Socket};
use super::source::Flows;
use super::{KernelError, now_ns};
use crate::flow::{Filter, Flow};
use crate::wire::{
    DecodeError, DumpScope, Message, NLMSG_DONE, Requests, decode_answer, decode_flow, messages,
};

/// The messages of one dump, as they arrive.
struct Receiver {
    socket: Socket,
    what: &'static str,
    interrupt: Arc<AtomicBool>,
    seq: u32,
    buffer: Vec<u8>,
    /// The part of `buffer` that holds the present datagram and is not yet read.
    unread: std::ops::Range<usize>,
    done: bool,
}

impl Receiver {
    fn start(
        live: &Live,
        what: &'static str,
        write: impl FnOnce(&mut Requests, u32),
    ) -> Result<Self, KernelError> {
        let (socket, seq) = (Socket::open(live.netns())?, live.next_seq());
        let mut requests = Requests::new();
        write(&mut requests, seq);
        socket.send(requests.as_bytes()).map_err(|source| KernelError::refused(what, source))?;
        Ok(Self {
            socket,
            what,
            interrupt: live.interrupt(),
            seq,
            buffer: vec![0; DATAGRAM_BYTES],
            unread: 0..0,
            done: false,
        })
    }

    /// The next message's payload; `None` at the end.
    #[inline]
    fn next(&mut self) -> Result<Option<&[u8]>, KernelError> {
        loop {
            if self.done {
                return Ok(None);
            }
            let unread = self.buffer.get(self.unread.clone()).unwrap_or_default();
            let Some(message) = messages(unread).next().transpose()? else {
                self.fill()?;
                continue;
            };
            let payload = self.unread.start + Message::HEADER_BYTES;
            let payload = payload..payload + message.payload.len();
            self.unread.start = payload.end.next_multiple_of(4).min(self.unread.end);
            if message.seq != self.seq {
                continue;
            }
            if message.kind == NLMSG_DONE {
                self.done = true;
                let answer = decode_answer(&message)?;
                if answer.errno != 0 {
                    return Err(refusal(Verb::Read, self.what.to_owned(), &answer));
                }
                return Ok(None);
            }
            if let Some(answer) = answered(&message)? {
                self.done = true;
                if answer.errno != 0 {
                    return Err(refusal(Verb::Read, self.what.to_owned(), &answer));
                }
                continue;
            }
            return Ok(self.buffer.get(payload));
        }
    }

    fn fill(&mut self) -> Result<(), KernelError> {
        if self.interrupt.load(Ordering::Relaxed) {
            return Err(KernelError::Interrupted);
        }
        let received = self.socket.receive(&mut self.buffer);
        self.unread = 0..received.map(<[u8]>::len).map_err(|source| KernelError::Refused {
            what: self.what.to_owned(),
            hint: source.raw_os_error().and_then(|errno| hint(Verb::Read, errno)),
            source,
        })?;
        Ok(())
    }
}

/// Flows of a dump that a filter takes; a dump may be asked in several parts.
pub(super) struct Dump {
    live: Live,
    receiver: Receiver,
    scope: DumpScope,
    /// Parts that are yet to be asked for.
    parts: Vec<DumpScope>,
    /// True until the first flow: the kernel may still refuse what it was asked to leave out.
    fresh: bool,
    filter: Filter,
    now_ns: u64,
    current: Option<Flow>,
}

impl Dump {
    /// Asks for the flows in `scope`.
    pub(super) fn start(
        live: &Live,
        scope: &DumpScope,
        filter: &Filter,
    ) -> Result<Self, KernelError> {
        let mut parts = scope.per_family();
        parts.reverse();
        let first = parts.pop().unwrap_or(*scope);
        Ok(Self {
            live: live.elsewhere(live.netns().clone()),
            receiver: ask(live, &first)?,
            scope: *scope,
            parts,
            fresh: true,
            filter: filter.clone(),
            now_ns: now_ns(),
            current: None,
        })
    }

    /// After an error: asks again without a filter, if this kernel knows no such filter.
    fn again(&mut self, error: KernelError) -> Result<(), KernelError> {
        let unknown = matches!(error.errno(), Some(libc::EINVAL | libc::EOPNOTSUPP));
        let plain = self.scope.unfiltered();
        if !(unknown && self.fresh) || self.scope == plain {
            return Err(error);
        }
        self.parts.clear();
        self.scope = plain;
        self.receiver = ask(&self.live, &plain)?;
        Ok(())
    }
}

fn ask(live: &Live, scope: &DumpScope) -> Result<Receiver, KernelError> {
    Receiver::start(live, "list the flows", |requests, seq| requests.dump_flows(seq, scope))
}

impl Flows for Dump {
    fn next(&mut self) -> Result<Option<&Flow>, KernelError> {
        loop {
            let payload = match self.receiver.next() {
                Ok(payload) => payload,
                Err(error) => {
                    self.again(error)?;
                    continue;
                }
            };
            if let Some(payload) = payload {
                let flow = decode_flow(payload)?;
                self.fresh = false;
                if self.filter.takes(&flow, self.now_ns) {
                    return Ok(Some(self.current.insert(flow)));
                }
            } else {
                let Some(part) = self.parts.pop() else { return Ok(None) };
                self.receiver = ask(&self.live, &part)?;
            }
        }
    }

    fn current(&self) -> Option<&Flow> {
        self.current.as_ref()
    }
}

/// Everything that a short dump answers.
pub(super) fn collect<T>(
    live: &Live,
    what: &'static str,
    write: impl FnOnce(&mut Requests, u32),
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
) -> Result<Vec<T>, KernelError> {
    let mut receiver = Receiver::start(live, what, write)?;
    let mut items = Vec::new();
    while let Some(payload) = receiver.next()? {
        items.push(decode(payload)?);
    }
    Ok(items)
}
