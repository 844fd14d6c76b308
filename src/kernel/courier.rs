//! Requests that are sent together, and their answers: read at once, or by a thread of its own while
//! whoever sends goes on. What the answers mean is in `batch.rs`.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use super::KernelError;
use super::live::{answered, refusal};
use super::reason::Verb;
use super::socket::{DATAGRAM_BYTES, Socket};
use crate::flow::{Flow, FlowKey};
use crate::wire::{Answer, Message, NLMSG_ERROR, Requests, decode_flow, messages};

/// One request, and what was answered.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) verb: Verb,
    pub(super) key: FlowKey,
    /// A create that finds its flow has failed; a delete or update that finds none has not.
    pub(super) absent_is_gone: bool,
    pub(super) answer: Option<Answer>,
    /// The flow that a look-up found.
    pub(super) found: Option<Box<Flow>>,
}

/// Requests for one datagram.
#[derive(Debug, Default)]
pub(super) struct Round {
    pub(super) requests: Requests,
    /// The number of the first; the others follow without gaps.
    pub(super) first_seq: u32,
    pub(super) asked: Vec<Asked>,
}

impl Round {
    /// Sends them, the last asking for an acknowledgement, and reads all answers.
    fn run(&mut self, socket: &Socket, buffer: &mut [u8]) -> Result<(), KernelError> {
        let asked = &mut self.asked;
        exchange(socket, &mut self.requests, self.first_seq, buffer, &mut |index, message| {
            let Some(asked) = asked.get_mut(index) else { return Ok(()) };
            match answered(message)? {
                None => asked.found = Some(Box::new(decode_flow(message.payload)?)),
                answer => asked.answer = answer,
            }
            Ok(())
        })
    }
}

/// A round that was run.
pub(super) type Returned = (Round, Result<(), KernelError>);

/// What takes rounds to the kernel, one at a time.
#[derive(Debug)]
pub(super) enum Courier {
    /// In the thread that sends.
    Here(Arc<Socket>, Vec<u8>),
    /// In a thread of its own.
    Apart {
        /// Rounds to be run.
        rounds: SyncSender<Round>,
        /// Those that were.
        returned: Receiver<Returned>,
        /// One is on its way.
        away: bool,
    },
}

impl Courier {
    pub(super) fn new(socket: Socket) -> Self {
        Self::Here(Arc::new(socket), vec![0; DATAGRAM_BYTES])
    }

    /// From now on in a thread of its own, which ends with this; here, if there can be none.
    pub(super) fn leave(&mut self) {
        let Self::Here(socket, _) = self else { return };
        let (rounds, taken) = mpsc::sync_channel::<Round>(1);
        let (done, returned) = mpsc::sync_channel(1);
        let (socket, mut buffer) = (Arc::clone(socket), vec![0; DATAGRAM_BYTES]);
        let run = move || {
            for mut round in taken {
                let result = round.run(&socket, &mut buffer);
                if done.send((round, result)).is_err() {
                    return;
                }
            }
        };
        if thread::Builder::new().name("flowsh-change".to_owned()).spawn(run).is_ok() {
            *self = Self::Apart { rounds, returned, away: false };
        }
    }

    /// Runs a round, or has it run: then [`Self::wait`] returns it. There must be none on its way.
    pub(super) fn send(&mut self, mut round: Round) -> Option<Returned> {
        match self {
            Self::Here(socket, buffer) => {
                let result = round.run(socket, buffer);
                Some((round, result))
            }
            Self::Apart { rounds, away, .. } => match rounds.send(round) {
                Ok(()) => {
                    *away = true;
                    None
                }
                Err(mpsc::SendError(round)) => Some((round, Err(ended()))),
            },
        }
    }

    /// Waits for the round that is on its way, if there is one.
    pub(super) fn wait(&mut self) -> Option<Returned> {
        match self {
            Self::Apart { returned, away: away @ true, .. } => {
                *away = false;
                Some(returned.recv().unwrap_or_else(|_| (Round::default(), Err(ended()))))
            }
            _ => None,
        }
    }
}

fn ended() -> KernelError {
    KernelError::refused("send the changes", io::Error::other("the sending thread ended"))
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
    let mut refused = None;
    loop {
        // Whoever may not is told so once for all requests, which are dropped: nfnetlink_rcv(),
        // Linux 6.18. The kernel answers while it is sent to, so what is not there does not come.
        let datagram = match refused.take() {
            None => socket.receive(buffer).map_err(lost)?,
            Some(answer) => {
                let ready = socket.receive_ready(buffer).map_err(lost)?;
                ready
                    .ok_or_else(|| refusal(Verb::Delete, "change the table".to_owned(), &answer))?
            }
        };
        for message in messages(datagram) {
            let message = message?;
            let Ok(index) = usize::try_from(message.seq.wrapping_sub(first_seq)) else { continue };
            take(index, &message)?;
            if index == 0 && index != last {
                refused = answered(&message)?.filter(|answer| answer.errno == libc::EPERM);
            }
            // The kernel answers in order, so the answer to the last request is the last answer.
            if index == last && message.kind == NLMSG_ERROR {
                return Ok(());
            }
        }
    }
}
