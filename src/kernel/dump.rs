//! Dumps being received, one flow at a time: the parts of a plan one after the other, or at once.
//!
//! To walk over the table takes the kernel a while however few flows it finds, and two walks at once
//! take hardly longer than one: what the first fetches into the cache, the second finds there. So who
//! reads to the end has the parts received at once by threads of their own. Dropping a dump ends it,
//! which makes `first` and `take` cheap.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crossbeam_channel::Select;

use super::live::Live;
use super::plan::Part;
use super::receiver::{Receiver, Step};
use super::socket::Socket;
use super::source::{Figures, Flows, Pace};
use super::walk::Walk;
use super::{KernelError, now_ns, processors};
use crate::flow::{Family, Flow};
use crate::wire::{
    DumpScope, KernelFilter, Requests, Screen, TupleFilter, decode_flow, decode_taken,
};

/// Completes "cannot …".
const LIST: &str = "list the flows";

/// Datagrams of a part that are received before its turn, at most: some 9,000 flows, 2 MiB.
const WAITING: usize = 64;

/// Flows that a plan of dumps shows.
pub(super) struct Dump {
    live: Live,
    /// The socket of the first part: whoever may not open one is told so before flows are awaited.
    opened: Option<Socket>,
    /// Parts that are yet to be asked for.
    parts: std::vec::IntoIter<Part>,
    /// Parts that are being received.
    asked: VecDeque<Asked>,
    /// Which of them sent the datagram that is being read.
    present: usize,
    pace: Pace,
    /// Parts that are received at once, at most.
    abreast: usize,
    /// What the dumps before these took, and what the kernel sent in all.
    figures: Figures,
    now_ns: u64,
    /// The flow that was given last, or what is left of one that was refused.
    flow: Option<Flow>,
}

/// A part that was asked for.
struct Asked {
    receiver: Receiver,
    scope: DumpScope,
    screen: Screen,
    /// True until its first flow: the kernel may still refuse what it was asked to leave out.
    fresh: bool,
}

impl Dump {
    /// The flows of `parts`, which are asked for when the first flow is.
    pub(super) fn new(live: &Live, parts: Vec<Part>) -> Result<Self, KernelError> {
        Ok(Self {
            opened: Some(Socket::open(live.netns())?),
            live: live.again(),
            parts: parts.into_iter(),
            asked: VecDeque::new(),
            present: 0,
            pace: Pace::default(),
            abreast: 1,
            figures: Figures::default(),
            now_ns: now_ns(),
            flow: None,
        })
    }

    /// Asks for as many of the parts that are left as may be received at once.
    fn ask(&mut self) -> Result<(), KernelError> {
        while self.asked.len() < self.abreast
            && let Some(Part { scope, filter }) = self.parts.next()
        {
            let screen = Screen::new(&filter, self.now_ns).tagged(self.live.tag().cloned());
            let receiver = self.receiver(&scope)?;
            self.asked.push_back(Asked { receiver, scope, screen, fresh: true });
        }
        Ok(())
    }

    /// Asks for `scope`, to be received as the pace has it.
    fn receiver(&mut self, scope: &DumpScope) -> Result<Receiver, KernelError> {
        let mut receiver = ask(&self.live, self.opened.take(), scope)?;
        if self.abreast > 1 {
            let ahead = if self.pace == Pace::Ahead { WAITING } else { 1 };
            if receiver.go_apart(ahead).is_ok() {
                return Ok(receiver);
            }
            // No thread can be started: then one after the other.
            self.abreast = 1;
            receiver = ask(&self.live, None, scope)?;
        }
        if self.pace == Pace::Ahead {
            receiver.read_ahead();
        }
        Ok(receiver)
    }

    /// Waits for the next datagram: of the first part, or of whichever has one.
    fn fill(&mut self) -> Result<(), KernelError> {
        if self.pace == Pace::Together && self.asked.len() > 1 {
            let waits = Instant::now();
            let mut choice = Select::new();
            self.asked.iter().for_each(|asked| asked.receiver.await_in(&mut choice));
            self.present = choice.ready();
            self.figures.waited += waits.elapsed();
        }
        self.asked.get_mut(self.present).map_or(Ok(()), |asked| asked.receiver.fill())
    }

    /// The present part is over.
    fn finish(&mut self) {
        if let Some(asked) = self.asked.remove(self.present) {
            self.figures.waited += asked.receiver.waited();
        }
        self.present = 0;
    }

    /// After an error: asks for the part again without a filter, if this kernel knows no such
    /// filter. What is wanted of the answer stays the same.
    fn again(&mut self, error: KernelError) -> Result<(), KernelError> {
        let unknown = matches!(error.errno(), Some(libc::EINVAL | libc::EOPNOTSUPP));
        let refused = self.asked.get(self.present).filter(|asked| unknown && asked.fresh);
        let plain = refused.map(|asked| asked.scope.unfiltered());
        let Some(plain) = plain.filter(|plain| refused.is_some_and(|asked| asked.scope != *plain))
        else {
            return Err(error);
        };
        let receiver = self.receiver(&plain)?;
        if let Some(asked) = self.asked.get_mut(self.present) {
            (asked.receiver, asked.scope) = (receiver, plain);
        }
        Ok(())
    }
}

/// Asks for `scope`, over the socket that is `opened` if one is.
fn ask(live: &Live, opened: Option<Socket>, scope: &DumpScope) -> Result<Receiver, KernelError> {
    let socket = opened.map_or_else(|| Socket::open(live.netns()), Ok)?;
    // What leaves nothing out fills its first datagram at once.
    let narrow = scope.family.is_some() || *scope != scope.unfiltered();
    let start: fn(Socket, &[u8]) -> io::Result<Walk> =
        if narrow { Walk::put_off } else { Walk::start };
    let write = |requests: &mut Requests, seq| requests.dump_flows(seq, scope);
    Receiver::over(socket, live, LIST, start, write)
}

impl Flows for Dump {
    fn next(&mut self) -> Result<Option<&Flow>, KernelError> {
        loop {
            let Some(asked) = self.asked.get_mut(self.present) else {
                self.ask()?;
                if self.asked.is_empty() {
                    return Ok(None);
                }
                continue;
            };
            match asked.receiver.step() {
                Ok(Step::Message(payload)) => {
                    asked.fresh = false;
                    self.figures.sent += 1;
                    let payload = asked.receiver.payload(payload);
                    if decode_taken(payload, &mut self.flow, &asked.screen)? {
                        return Ok(self.flow.as_ref());
                    }
                }
                Ok(Step::Read) => {
                    if let Err(error) = self.fill() {
                        self.again(error)?;
                    }
                }
                Ok(Step::Done) => {
                    self.finish();
                    self.ask()?;
                }
                Err(error) => self.again(error)?,
            }
        }
    }

    fn current(&self) -> Option<&Flow> {
        self.flow.as_ref()
    }

    fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
        if pace != Pace::Abreast && self.parts.len() > 1 {
            self.abreast = processors();
        }
    }

    fn figures(&self) -> Figures {
        let waited = self.asked.iter().map(|asked| asked.receiver.waited());
        let Figures { sent, waited: before } = self.figures;
        Figures { sent, waited: before + waited.sum() }
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
        let mut receiver = ask(live, None, &scope)?;
        receiver.next()?.map(decode_flow).transpose().map_err(KernelError::from)
    };
    let Some(flow) = first(KernelFilter::default())? else { return Ok(false) };
    let reply = TupleFilter { proto: Some(flow.reply.proto), ..TupleFilter::default() };
    Ok(first(KernelFilter { reply, ..KernelFilter::default() })?.is_some())
}
