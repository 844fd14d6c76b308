//! The datagrams of a dump, one after the other: received when the next is asked for, or by a thread
//! of their own that is a few ahead, once that pays. What is in them is read elsewhere.
//!
//! A dump is made by the kernel inside of the call that receives it, on the processor of whoever
//! calls. To count or to group what comes takes a few hundredths of that, which a second thread would
//! spend on handing over; to print it, to sort it or to call a script takes as long again. So it is
//! measured, for as long as a short dump lasts, and a thread is started only for the slow.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Select, Sender, bounded};

use super::processors;
use super::socket::DATAGRAM_BYTES;
use super::walk::Walk;
use crate::wire::{NLMSG_DONE, NLMSG_ERROR, messages};

/// Datagrams between two looks at who is the slower; some 9,000 flows.
const TRIAL: u32 = 64;
/// Reading ahead pays if using what came takes more than this part of the time to receive it.
const WORTH: u32 = 5;
/// Datagrams that are received ahead at most: some 600 flows.
const AHEAD: usize = 4;

/// The datagrams of one dump.
pub(super) struct Feed {
    way: Way,
    present: Datagram,
    /// True if it may be read ahead.
    ahead: bool,
    started: Instant,
    waited: Duration,
    datagrams: u32,
}

enum Way {
    Here(Walk),
    Apart { full: Receiver<io::Result<Datagram>>, empty: Sender<Datagram> },
}

/// A buffer, and how much of it is filled; neither while another thread has it.
#[derive(Default)]
struct Datagram {
    buffer: Vec<u8>,
    len: usize,
}

impl Feed {
    /// What comes of `walk`, which was asked for since `started`: the kernel may have made the first
    /// datagram while the request was being sent.
    pub(super) fn new(walk: Walk, started: Instant) -> Self {
        Self {
            way: Way::Here(walk),
            present: Datagram::empty(),
            ahead: false,
            started,
            waited: started.elapsed(),
            datagrams: 0,
        }
    }

    /// Allows to receive what comes while what came is being used.
    pub(super) fn read_ahead(&mut self) {
        self.ahead = processors() > 1;
    }

    /// From now on a thread of its own receives, up to so many datagrams `ahead` of the one that is
    /// being read. That one must have been read.
    ///
    /// # Errors
    ///
    /// No thread can be started.
    pub(super) fn go_apart(&mut self, ahead: usize) -> io::Result<()> {
        let (sender, full) = bounded(ahead + 1);
        let (empty, buffers) = bounded(ahead + 1);
        if let Way::Here(walk) = std::mem::replace(&mut self.way, Way::Apart { full, empty }) {
            let name = "flowsh-dump".to_owned();
            thread::Builder::new().name(name).spawn(move || run(walk, ahead, &buffers, &sender))?;
        }
        self.ahead = false;
        self.release();
        Ok(())
    }

    /// Gives the present datagram, which was read, to the thread that receives, so that it can go on.
    pub(super) fn release(&mut self) {
        if let Way::Apart { empty, .. } = &self.way
            && !self.present.buffer.is_empty()
        {
            // A thread that received the last datagram wants no more.
            let _ = empty.send(std::mem::take(&mut self.present));
        }
    }

    /// Lets `choice` wait for its next datagram, too, if a thread receives it.
    pub(super) fn await_in<'a>(&'a self, choice: &mut Select<'a>) {
        if let Way::Apart { full, .. } = &self.way {
            choice.recv(full);
        }
    }

    /// The datagram that came last.
    #[inline]
    pub(super) fn present(&self) -> &[u8] {
        self.present.buffer.get(..self.present.len).unwrap_or_default()
    }

    /// How long it was waited for datagrams.
    pub(super) fn waited(&self) -> Duration {
        self.waited
    }

    /// Waits for the next datagram.
    ///
    /// # Errors
    ///
    /// As of [`Walk::receive`], or no thread can be started.
    pub(super) fn next(&mut self) -> io::Result<()> {
        let asked = Instant::now();
        if self.ahead && self.datagrams.is_multiple_of(TRIAL) && self.datagrams > 0 {
            self.look(asked)?;
        }
        self.release();
        match &mut self.way {
            Way::Here(walk) => self.present.receive(walk)?,
            Way::Apart { full, .. } => {
                let ended = |_| io::Error::other("the receiving thread ended");
                self.present = full.recv().map_err(ended)??;
            }
        }
        self.datagrams += 1;
        self.waited += asked.elapsed();
        Ok(())
    }

    /// Starts to read ahead if what came took long to use, beside what it took to receive.
    fn look(&mut self, now: Instant) -> io::Result<()> {
        let used = now.duration_since(self.started).saturating_sub(self.waited);
        if used < self.waited / WORTH {
            return Ok(());
        }
        self.go_apart(AHEAD)
    }
}

/// The thread: it ends with the dump, with an error, or when nobody takes what it received.
fn run(
    mut walk: Walk,
    ahead: usize,
    buffers: &Receiver<Datagram>,
    sender: &Sender<io::Result<Datagram>>,
) {
    let mut made = 0;
    loop {
        let mut datagram = match buffers.try_recv() {
            Ok(datagram) => datagram,
            Err(_) if made < ahead => {
                made += 1;
                Datagram::empty()
            }
            Err(_) => match buffers.recv() {
                Ok(datagram) => datagram,
                Err(_) => return,
            },
        };
        let received = datagram.receive(&mut walk);
        let last = received.is_err() || datagram.is_last();
        if sender.send(received.map(|()| datagram)).is_err() || last {
            return;
        }
    }
}

impl Datagram {
    fn empty() -> Self {
        Self { buffer: vec![0; DATAGRAM_BYTES], len: 0 }
    }

    fn receive(&mut self, walk: &mut Walk) -> io::Result<()> {
        self.len = 0;
        self.len = walk.receive(&mut self.buffer)?;
        Ok(())
    }

    /// True if nothing comes after it, or nothing that could be read.
    fn is_last(&self) -> bool {
        let mut messages = messages(self.buffer.get(..self.len).unwrap_or_default());
        messages.any(|message| {
            message.map_or(true, |message| [NLMSG_DONE, NLMSG_ERROR].contains(&message.kind))
        })
    }
}
