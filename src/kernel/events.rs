//! Events: a thread that does nothing but receive, judge and queue. Whoever takes from the queue
//! decides what to do with a gap.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::reason::{Verb, hint};
use super::socket::{DATAGRAM_BYTES, Socket};
use super::{KernelError, NetNs, now_ns};
use crate::flow::{Event, EventKind, Filter, Subject};
use crate::wire::{decode_event, messages};

/// Asked of the kernel for events that flowsh has not received yet; it doubles the number, and one
/// event takes 1,280 bytes of it. Without privilege `rmem_max` is the limit.
const RECEIVE_BUFFER_BYTES: i32 = 32 << 20;
/// Events that are received and wait for a handler. When it is full the kernel's buffer fills, and
/// when that is full the kernel counts what it drops.
const QUEUE: usize = 65_536;
/// What a datagram of one event takes of the receive buffer at least.
const DATAGRAM_LEAST_BYTES: u32 = 768;
/// How long the thread outlives its listener at most.
const POLL_MS: u32 = 200;

/// What comes out of a stream.
#[derive(Debug)]
pub enum Heard {
    /// An event that some listener's filter takes.
    Event(Box<Event>),
    /// The kernel dropped this many events since the last gap: exactly, by its own count.
    Gap(u64),
    /// An event could not be read, or the stream ended.
    Failed(KernelError),
}

/// Which tables' events are wanted, and of which flows.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Kinds of flow events; none: no flow events.
    pub flows: Vec<EventKind>,
    /// Kinds of expectation events.
    pub expectations: Vec<EventKind>,
    /// What at least one listener wants of flows.
    pub filter: Filter,
    /// What flows are tagged with before they are judged: see [`Live::tag`](super::Live::tag).
    pub tag: Option<Arc<str>>,
}

/// Events of one namespace, in the kernel's order.
#[derive(Debug)]
pub struct EventStream {
    queue: Receiver<Heard>,
    socket: Arc<Socket>,
    wanted: Arc<RwLock<Wanted>>,
    stop: Arc<AtomicBool>,
}

impl EventStream {
    /// Starts to listen; events from now on are delivered.
    ///
    /// # Errors
    ///
    /// No permission, or no thread.
    pub fn open(netns: &NetNs, wanted: Wanted) -> Result<Self, KernelError> {
        Self::open_sized(netns, wanted, RECEIVE_BUFFER_BYTES)
    }

    /// The same with a receive buffer of so many bytes.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn open_sized(netns: &NetNs, wanted: Wanted, bytes: i32) -> Result<Self, KernelError> {
        let socket = Arc::new(Socket::open(netns)?);
        let what = "listen for events";
        let refused = |source: io::Error| KernelError::refused(what, source);
        // Smaller than asked is still a buffer: what does not fit will be counted.
        let _ = socket.set_receive_buffer(bytes);
        socket.set_no_enobufs().map_err(refused)?;
        socket.set_receive_timeout(POLL_MS).map_err(refused)?;
        let (sender, queue) = bounded(QUEUE);
        let stream = Self {
            queue,
            socket,
            wanted: Arc::new(RwLock::new(wanted)),
            stop: Arc::new(AtomicBool::new(false)),
        };
        stream.join_groups()?;
        let reader = Reader {
            socket: Arc::clone(&stream.socket),
            wanted: Arc::clone(&stream.wanted),
            stop: Arc::clone(&stream.stop),
            sender,
            drops: 0,
            waiting: 0,
            datagram_bytes: DATAGRAM_LEAST_BYTES,
            gap: None,
        };
        let name = "flowsh-events".to_owned();
        thread::Builder::new().name(name).spawn(|| reader.run()).map_err(refused)?;
        Ok(stream)
    }

    /// Changes what is wanted from now on.
    ///
    /// # Errors
    ///
    /// No permission for another table.
    pub fn want(&self, wanted: Wanted) -> Result<(), KernelError> {
        *self.wanted.write().unwrap_or_else(PoisonError::into_inner) = wanted;
        self.join_groups()
    }

    /// The queue, to wait on.
    #[must_use]
    pub fn queue(&self) -> &Receiver<Heard> {
        &self.queue
    }

    /// The bytes of the receive buffer: twice what was asked for, if that was allowed.
    ///
    /// # Errors
    ///
    /// The kernel did not tell.
    pub fn buffer_bytes(&self) -> Result<usize, KernelError> {
        let refused = |source| KernelError::refused("read the size of the receive buffer", source);
        self.socket.receive_buffer().map_err(refused)
    }

    /// Joins the groups that are wanted; one that was joined before is joined again for nothing.
    fn join_groups(&self) -> Result<(), KernelError> {
        let wanted = self.wanted.read().unwrap_or_else(PoisonError::into_inner).clone();
        // NFNLGRP_CONNTRACK_NEW is 1, …, NFNLGRP_CONNTRACK_EXP_DESTROY is 6.
        let group = |first: u32, kind: EventKind| match kind {
            EventKind::New => first,
            EventKind::Update => first + 1,
            EventKind::Destroy => first + 2,
        };
        let flows = wanted.flows.iter().map(|kind| group(1, *kind));
        let expectations = wanted.expectations.iter().map(|kind| group(4, *kind));
        for number in flows.chain(expectations) {
            self.socket.join(number).map_err(|source| KernelError::Refused {
                what: "listen for events".to_owned(),
                hint: source.raw_os_error().and_then(|errno| hint(Verb::Listen, errno)),
                source,
            })?;
        }
        Ok(())
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// The thread's side.
struct Reader {
    socket: Arc<Socket>,
    wanted: Arc<RwLock<Wanted>>,
    stop: Arc<AtomicBool>,
    sender: Sender<Heard>,
    drops: u32,
    /// Bytes that were waiting after the last datagram, and the most that one took of them.
    waiting: u32,
    datagram_bytes: u32,
    gap: Option<Gap>,
}

/// Events that were lost, behind others that are still to be received.
#[derive(Debug, Clone, Copy)]
struct Gap {
    lost: u64,
    /// Bytes of what came before, and how many datagrams of it were received.
    before_bytes: u32,
    received: u32,
}

impl Reader {
    fn run(mut self) {
        let mut buffer = vec![0; DATAGRAM_BYTES];
        while !self.stop.load(Ordering::Relaxed) {
            let heard = match self.socket.receive(&mut buffer) {
                Ok(datagram) => self.datagram(datagram),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.tell_gap(),
                Err(source) => {
                    let failed = KernelError::refused("receive events", source);
                    let _ = self.sender.send(Heard::Failed(failed));
                    return;
                }
            };
            // A closed queue means that nobody listens any more.
            if heard.and_then(|()| self.count_drops()).is_err() {
                return;
            }
        }
    }

    fn datagram(&self, datagram: &[u8]) -> Result<(), Closed> {
        let received_ns = now_ns();
        for message in messages(datagram) {
            let event = message.and_then(|message| decode_event(&message, received_ns));
            match event {
                Ok(Some(mut event)) => {
                    if self.wants(&mut event) {
                        self.send(Heard::Event(Box::new(event)))?;
                    }
                }
                Ok(None) => (),
                Err(error) => self.send(Heard::Failed(error.into()))?,
            }
        }
        Ok(())
    }

    /// True if someone wants the event, whose flow gets its tag first: it may be asked for.
    fn wants(&self, event: &mut Event) -> bool {
        let wanted = self.wanted.read().unwrap_or_else(PoisonError::into_inner);
        match &mut event.subject {
            Subject::Flow(flow) => {
                if let Some(tag) = &wanted.tag {
                    flow.rare_mut().netns = Some(Arc::clone(tag));
                }
                if !wanted.flows.contains(&event.kind) {
                    return false;
                }
                // As `Event::judged` has it, without a copy.
                let mark = flow.mark;
                flow.mark = mark.or(Some(0));
                let takes = wanted.filter.takes(flow, event.time_ns);
                flow.mark = mark;
                takes
            }
            Subject::Expectation(_) => wanted.expectations.contains(&event.kind),
        }
    }

    /// Looks what was lost, after a datagram. What the kernel kept until then came before it.
    fn count_drops(&mut self) -> Result<(), Closed> {
        let Ok((waiting, drops)) = self.socket.backlog() else { return Ok(()) };
        // What comes meanwhile makes it look smaller, never larger.
        self.datagram_bytes = self.datagram_bytes.max(self.waiting.saturating_sub(waiting));
        self.waiting = waiting;
        let lost = u64::from(drops.wrapping_sub(self.drops));
        self.drops = drops;
        if let Some(gap) = &mut self.gap {
            gap.lost += lost;
            gap.received += 1;
        } else if lost > 0 {
            self.gap = Some(Gap { lost, before_bytes: waiting, received: 0 });
        }
        let is_next =
            |gap: Gap| gap.received.saturating_mul(self.datagram_bytes) >= gap.before_bytes;
        if self.gap.is_some_and(is_next) { self.tell_gap() } else { Ok(()) }
    }

    fn tell_gap(&mut self) -> Result<(), Closed> {
        match self.gap.take() {
            Some(Gap { lost, .. }) => self.send(Heard::Gap(lost)),
            None => Ok(()),
        }
    }

    fn send(&self, heard: Heard) -> Result<(), Closed> {
        self.sender.send(heard).map_err(|_| Closed)
    }
}

/// Nobody takes from the queue any more.
struct Closed;
