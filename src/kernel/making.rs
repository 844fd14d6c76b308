//! Flows made in their order, many in one datagram, up to the first that the kernel refuses. Changes
//! whose refusal does not end the rest are in `batch.rs`.
//!
//! The kernel goes on behind a request that it refuses: `netlink_rcv_skb()`, Linux 6.18. So every
//! flow is asked for as a new one. What is new behind a refusal is deleted again; what there was
//! before is told by `EEXIST`, untouched, and changed by a request of its own when its turn has come.

use super::KernelError;
use super::batch::REQUESTS;
use super::courier::exchange;
use super::live::{Live, answered};
use super::socket::{DATAGRAM_BYTES, Socket};
use crate::flow::NewFlow;
use crate::wire::{Requests, messages};

/// Flows that are to be made by one datagram, encoded: by any thread that has the time.
#[derive(Debug, Default)]
pub struct Makings {
    flows: Vec<Making>,
    requests: Requests,
}

#[derive(Debug)]
struct Making {
    flow: NewFlow,
    or_change: bool,
}

/// What the kernel refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Which of the flows, from 0 on; those before it were made, those behind it were not.
    pub index: usize,
    /// Why.
    pub errno: i32,
}

impl Makings {
    /// Adds a flow; with `or_change`, one that there is already is changed into it as far as the
    /// kernel lets that be done.
    pub fn push(&mut self, flow: NewFlow, or_change: bool) {
        // One piece of memory, not one after the other.
        if self.flows.is_empty() {
            self.flows.reserve_exact(REQUESTS);
        }
        self.requests.create_flow(number(self.flows.len()), &flow, true, false);
        self.flows.push(Making { flow, or_change });
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }

    /// True if another would be better in another datagram.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.flows.len() >= REQUESTS
    }
}

/// Makes flows in one namespace.
#[derive(Debug)]
pub struct Maker<'a> {
    live: &'a Live,
    /// None: a dry run, in which nothing is sent.
    socket: Option<Socket>,
    buffer: Vec<u8>,
    /// How many datagrams are yet to be sent flow by flow, because most flows are there already.
    alone: u32,
}

/// For how many datagrams it is believed that most flows are there already.
const ALONE: u32 = 16;

impl Live {
    /// What makes flows in their order.
    ///
    /// # Errors
    ///
    /// Changes are forbidden, or the socket cannot be opened.
    pub fn maker(&self) -> Result<Maker<'_>, KernelError> {
        let send = self.may("create flows")?;
        let socket = send.then(|| Socket::open(self.netns())).transpose()?;
        Ok(Maker { live: self, socket, buffer: vec![0; DATAGRAM_BYTES], alone: 0 })
    }
}

impl Maker<'_> {
    /// Makes the flows, and says which was refused, if one was.
    ///
    /// # Errors
    ///
    /// The socket failed, or an end was asked for before the first was made.
    pub fn make(&mut self, makings: Makings) -> Result<Option<Refusal>, KernelError> {
        self.live.interrupted()?;
        let Makings { flows, mut requests } = makings;
        let mut errnos = Vec::new();
        if self.alone == 0 {
            errnos.resize(flows.len(), 0);
            self.send(&mut requests, &mut errnos)?;
            let there = errnos.iter().filter(|errno| **errno == libc::EEXIST).count();
            self.alone = if there > flows.len() / 2 { ALONE } else { 0 };
        } else {
            self.alone -= 1;
        }
        for (index, making) in flows.iter().enumerate() {
            let errno = match errnos.get(index) {
                Some(&errno) if errno != libc::EEXIST || !making.or_change => errno,
                _ => self.send_alone(making)?,
            };
            if errno != 0 {
                let made = flows.iter().zip(&errnos).skip(index + 1);
                self.take_back(made.filter(|(_, errno)| **errno == 0).map(|(making, _)| making))?;
                return Ok(Some(Refusal { index, errno }));
            }
        }
        Ok(None)
    }

    /// Makes one flow, or changes the one there is into it, and returns the errno.
    fn send_alone(&mut self, Making { flow, or_change }: &Making) -> Result<i32, KernelError> {
        let Some(socket) = &self.socket else { return Ok(0) };
        let mut request = Requests::new();
        request.create_flow(0, flow, !or_change, false);
        let lost = |source| KernelError::refused("send the changes", source);
        socket.send(request.as_bytes()).map_err(lost)?;
        // The kernel answers while it is sent to: netlink_unicast_kernel(), Linux 6.18. No answer
        // is success, and asking for one would take as long again.
        let Some(datagram) = socket.receive_ready(&mut self.buffer).map_err(lost)? else {
            return Ok(0);
        };
        for message in messages(datagram) {
            if let Some(answer) = answered(&message?)? {
                return Ok(answer.errno);
            }
        }
        Ok(0)
    }

    /// Deletes what was made a moment ago; what is gone is gone.
    ///
    /// The key has no id: the kernel tells it only to who asks again, and by then the flow could be
    /// another as well.
    fn take_back<'a>(&mut self, made: impl Iterator<Item = &'a Making>) -> Result<(), KernelError> {
        let (mut requests, mut errnos) = (Requests::new(), Vec::new());
        for making in made {
            let key = self.live.exact(&making.flow.key());
            requests.delete_flow(number(errnos.len()), &key, false);
            errnos.push(0);
        }
        self.send(&mut requests, &mut errnos)
    }

    /// Sends requests that are numbered from 0 on, and puts the errno of each in its place.
    fn send(&mut self, requests: &mut Requests, errnos: &mut [i32]) -> Result<(), KernelError> {
        let Some(socket) = &self.socket else { return Ok(()) };
        exchange(socket, requests, 0, &mut self.buffer, &mut |index, message| {
            if let (Some(errno), Some(answer)) = (errnos.get_mut(index), answered(message)?) {
                *errno = answer.errno;
            }
            Ok(())
        })
    }
}

/// The number of the request in this place.
fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
