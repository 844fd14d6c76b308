//! Dumps being received, one flow at a time: the parts of a plan one after the other, or at once.
//!
//! To walk over the table takes the kernel a while however few flows it finds, and two walks at once
//! take hardly longer than one. So who reads to the end has the parts received at once, by threads of
//! their own. Dropping a dump ends it, which makes `first` and `take` cheap.

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
    parts: VecDeque<Part>,
    /// Parts that are being received.
    asked: VecDeque<Asked>,
    /// Which of them sent the datagram that is being read.
    present: usize,
    pace: Pace,
    /// Parts that are received at once, at most.
    at_once: usize,
    /// What the dumps before these took, and what the kernel sent in all.
    figures: Figures,
    now_ns: u64,
    /// The flow that was given last, or what is left of one that was refused.
    flow: Option<Flow>,
}

/// A part that was asked for.
struct Asked {
    part: Part,
    receiver: Receiver,
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
            parts: parts.into(),
            asked: VecDeque::new(),
            present: 0,
            pace: Pace::default(),
            at_once: 1,
            figures: Figures::default(),
            now_ns: now_ns(),
            flow: None,
        })
    }

    /// Asks for as many of the parts that are left as may be received at once.
    fn ask(&mut self) -> Result<(), KernelError> {
        while self.asked.len() < self.at_once
            && let Some(part) = self.parts.pop_front()
        {
            let mut receiver = ask(&self.live, self.opened.take(), &part.scope)?;
            if self.at_once > 1 {
                let ahead = if self.pace == Pace::Ahead { WAITING } else { 0 };
                if receiver.go_apart(ahead).is_err() {
                    // No thread can be started: with those there are, or one after the other.
                    self.at_once = self.asked.len().max(1);
                    self.parts.push_front(part);
                    continue;
                }
            } else if self.pace == Pace::Ahead {
                receiver.read_ahead();
            }
            let screen = Screen::new(&part.filter, self.now_ns).tagged(self.live.tag().cloned());
            self.asked.push_back(Asked { part, receiver, screen, fresh: true });
        }
        Ok(())
    }

    /// Waits for the next datagram: of the first part, or of whichever has one.
    fn fill(&mut self) -> Result<(), KernelError> {
        if self.pace == Pace::Together && self.asked.len() > 1 {
            let waits = Instant::now();
            if let Some(asked) = self.asked.get_mut(self.present) {
                asked.receiver.release();
            }
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
        match self.asked.get(self.present).map(|asked| (asked.fresh, &asked.part)) {
            Some((true, Part { scope, filter })) if unknown && *scope != scope.unfiltered() => {
                let part = Part { scope: scope.unfiltered(), filter: filter.clone() };
                self.parts.push_front(part);
                self.finish();
                self.ask()
            }
            _ => Err(error),
        }
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
        if pace != Pace::InStep && self.parts.len() > 1 {
            self.at_once = processors();
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
