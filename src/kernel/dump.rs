//! A dump being received: one reused buffer, one flow at a time. Dropping it ends it: the kernel
//! abandons a dump whose socket is closed, which makes `first` and `take` cheap.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::feed::Feed;
use super::live::{Live, answered, refusal};
use super::plan::Part;
use super::reason::{Verb, hint};
use super::socket::Socket;
use super::source::{Figures, Flows};
use super::{KernelError, now_ns};
use crate::flow::{Family, Flow};
use crate::wire::{
    DecodeError, DumpScope, KernelFilter, Message, NLMSG_DONE, Requests, Screen, TupleFilter,
    decode_answer, decode_flow, decode_taken, messages,
};

/// Completes "cannot …".
const LIST: &str = "list the flows";

/// The messages of one dump, as they arrive.
struct Receiver {
    feed: Feed,
    what: &'static str,
    interrupt: Arc<AtomicBool>,
    seq: u32,
    /// Where in the present datagram to go on.
    next: usize,
    done: bool,
}

impl Receiver {
    fn start(
        live: &Live,
        what: &'static str,
        write: impl FnOnce(&mut Requests, u32),
    ) -> Result<Self, KernelError> {
        Self::over(Socket::open(live.netns())?, live, what, write)
    }

    /// The same over a socket of another protocol of netlink.
    fn over(
        socket: Socket,
        live: &Live,
        what: &'static str,
        write: impl FnOnce(&mut Requests, u32),
    ) -> Result<Self, KernelError> {
        let (started, seq) = (Instant::now(), live.next_seq());
        let mut requests = Requests::new();
        write(&mut requests, seq);
        socket.send(requests.as_bytes()).map_err(|source| KernelError::refused(what, source))?;
        Ok(Self {
            feed: Feed::new(socket, started),
            what,
            interrupt: live.interrupt(),
            seq,
            next: 0,
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
            let unread = self.feed.present().get(self.next..).unwrap_or_default();
            let Some(message) = messages(unread).next().transpose()? else {
                self.fill()?;
                continue;
            };
            let payload = self.next + Message::HEADER_BYTES;
            let payload = payload..payload + message.payload.len();
            self.next = payload.end.next_multiple_of(4);
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
            return Ok(self.feed.present().get(payload));
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

    fn fill(&mut self) -> Result<(), KernelError> {
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
}

/// Flows that a plan of dumps shows.
pub(super) struct Dump {
    live: Live,
    /// Parts that are yet to be asked for.
    parts: std::vec::IntoIter<Part>,
    /// The part that is being received; none at the end.
    receiver: Option<Receiver>,
    scope: DumpScope,
    screen: Screen,
    /// True until its first flow: the kernel may still refuse what it was asked to leave out.
    fresh: bool,
    /// True if what comes may be received while what came is being used.
    ahead: bool,
    /// What the dumps before this one took, and what the kernel sent in all.
    figures: Figures,
    now_ns: u64,
    /// The flow that was given last, or what is left of one that was refused.
    flow: Option<Flow>,
}

impl Dump {
    /// Asks for the first of `parts`.
    pub(super) fn start(live: &Live, parts: Vec<Part>) -> Result<Self, KernelError> {
        let mut dump = Self {
            live: live.again(),
            parts: parts.into_iter(),
            receiver: None,
            scope: DumpScope::default(),
            screen: Screen::default(),
            fresh: true,
            ahead: false,
            figures: Figures::default(),
            now_ns: now_ns(),
            flow: None,
        };
        dump.next_part()?;
        Ok(dump)
    }

    /// Asks for the next part; nothing is received any more if there is none.
    fn next_part(&mut self) -> Result<(), KernelError> {
        match self.parts.next() {
            Some(Part { scope, filter }) => {
                self.screen = Screen::new(&filter, self.now_ns).tagged(self.live.tag().cloned());
                self.ask(scope)
            }
            None => {
                self.figures = self.figures();
                self.receiver = None;
                Ok(())
            }
        }
    }

    fn ask(&mut self, scope: DumpScope) -> Result<(), KernelError> {
        self.figures = self.figures();
        let receiver = self.receiver.insert(ask(&self.live, &scope)?);
        if self.ahead {
            receiver.feed.read_ahead();
        }
        (self.scope, self.fresh) = (scope, true);
        Ok(())
    }

    /// After an error: asks for the part again without a filter, if this kernel knows no such
    /// filter. What is wanted of the answer stays the same.
    fn again(&mut self, error: KernelError) -> Result<(), KernelError> {
        let unknown = matches!(error.errno(), Some(libc::EINVAL | libc::EOPNOTSUPP));
        let plain = self.scope.unfiltered();
        if !(unknown && self.fresh) || self.scope == plain {
            return Err(error);
        }
        self.ask(plain)
    }
}

fn ask(live: &Live, scope: &DumpScope) -> Result<Receiver, KernelError> {
    Receiver::start(live, LIST, |requests, seq| requests.dump_flows(seq, scope))
}

impl Flows for Dump {
    fn next(&mut self) -> Result<Option<&Flow>, KernelError> {
        while let Some(receiver) = &mut self.receiver {
            match receiver.next() {
                Ok(Some(payload)) => {
                    self.fresh = false;
                    self.figures.sent += 1;
                    if decode_taken(payload, &mut self.flow, &self.screen)? {
                        return Ok(self.flow.as_ref());
                    }
                }
                Ok(None) => self.next_part()?,
                Err(error) => self.again(error)?,
            }
        }
        Ok(None)
    }

    fn current(&self) -> Option<&Flow> {
        self.flow.as_ref()
    }

    fn read_ahead(&mut self) {
        self.ahead = true;
        if let Some(receiver) = &mut self.receiver {
            receiver.feed.read_ahead();
        }
    }

    fn figures(&self) -> Figures {
        let waited = self.receiver.as_ref().map(|receiver| receiver.feed.waited());
        let Figures { sent, waited: before } = self.figures;
        Figures { sent, waited: before + waited.unwrap_or_default() }
    }
}

/// True if this kernel compares the reply direction of flows with what a dump asks for.
///
/// From 5.8 until it was mended in 5.17 and stable kernels, `ctnetlink_alloc_filter()` read the reply
/// tuple by the flags of the original one, and the dump left out every flow. So it is asked, by a
/// flow that is there, and remembered if it does.
pub(super) fn compares_replies(live: &Live) -> bool {
    static KNOWN: AtomicBool = AtomicBool::new(false);
    if KNOWN.load(Ordering::Relaxed) {
        return true;
    }
    match ask_for_reply(live) {
        Ok(compares) => {
            KNOWN.store(compares, Ordering::Relaxed);
            compares
        }
        // Whoever may not ask is told so by the question itself.
        Err(_) => true,
    }
}

/// Asks for some flow, and for flows whose reply has its protocol.
fn ask_for_reply(live: &Live) -> Result<bool, KernelError> {
    let first = |filter| {
        let scope = DumpScope { family: Some(Family::Ipv4), filter, ..DumpScope::default() };
        let mut receiver = ask(live, &scope)?;
        receiver.next()?.map(decode_flow).transpose().map_err(KernelError::from)
    };
    let Some(flow) = first(KernelFilter::default())? else { return Ok(false) };
    let reply = TupleFilter { proto: Some(flow.reply.proto), ..TupleFilter::default() };
    Ok(first(KernelFilter { reply, ..KernelFilter::default() })?.is_some())
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
    Receiver::over(socket, live, what, write)?.all(decode)
}
