//! What goes on: scenes that are played, played again when their flows expire, and streams that
//! never end.
//!
//! The scenes themselves are in `tcp`, `udp`, `ftp` and `frozen`.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::packets::Wire;
use super::{frozen, ftp, tcp, udp};
use crate::kernel::KernelError;

/// Between two beats of the background traffic.
const BEAT: Duration = Duration::from_millis(400);
/// Every so many beats somebody opens and ends a TCP connection. Its flow stays for two minutes in
/// `TIME_WAIT`, so this bounds how many such flows there are: 120 s / (8 × 0.4 s).
const BEATS_PER_CONNECTION: u16 = 8;

/// A piece of traffic.
pub(super) struct Scene {
    /// What an error calls it.
    pub(super) name: &'static str,
    /// When its flows are gone, or about to be, and it is played again.
    pub(super) again_s: Option<u64>,
    /// Plays it. The sockets that it adds are what holds the flows in their states; what came before
    /// a failure stays.
    pub(super) play: fn(&Wire, &mut Vec<OwnedFd>) -> io::Result<()>,
}

/// A [`Scene`] on the stage.
struct Playing {
    scene: &'static Scene,
    due: Option<Instant>,
    held: Vec<OwnedFd>,
}

impl Playing {
    fn play(&mut self, wire: &Wire) -> io::Result<()> {
        // Let go of the old sockets first: their ports may be wanted again.
        self.held.clear();
        self.due = self.scene.again_s.map(|again_s| Instant::now() + Duration::from_secs(again_s));
        (self.scene.play)(wire, &mut self.held)
    }
}

/// The thread that keeps the traffic going; dropping it ends both.
#[derive(Debug)]
pub(super) struct Life {
    /// Nothing is ever sent: the thread goes when this does.
    alive: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Life {
    /// Plays every scene once, noting in `missing` what does not work, and leaves a thread going.
    pub(super) fn start(missing: &mut Vec<String>) -> Result<Self, KernelError> {
        let wire = Wire::open().map_err(|error| KernelError::refused("open raw sockets", error))?;
        let scenes = [tcp::SCENES, udp::SCENES, ftp::SCENES, frozen::SCENES].into_iter().flatten();
        let mut note = |name: &str, result: io::Result<()>| {
            if let Err(error) = result {
                missing.push(format!("cannot play {name}: {error}"));
            }
        };
        let mut stage = Stage { wire, playing: Vec::new(), calls: Vec::new(), talks: Vec::new() };
        for scene in scenes {
            let mut playing = Playing { scene, due: None, held: Vec::new() };
            note(scene.name, playing.play(&stage.wire));
            stage.playing.push(playing);
        }
        note("endless downloads", tcp::streams().map(|calls| stage.calls = calls));
        note("endless UDP streams", udp::streams().map(|talks| stage.talks = talks));
        let (alive, ended) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("demo".into())
            .spawn(move || stage.run(&ended))
            .map_err(|error| KernelError::refused("start a thread", error))?;
        Ok(Self { alive: Some(alive), thread: Some(thread) })
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.alive = None;
        if let Some(thread) = self.thread.take() {
            // An error is the thread's panic, which has already been told.
            let _ = thread.join();
        }
    }
}

/// Everything that the background thread owns.
struct Stage {
    wire: Wire,
    playing: Vec<Playing>,
    calls: Vec<tcp::Stream>,
    talks: Vec<udp::Stream>,
}

impl Stage {
    fn run(mut self, ended: &Receiver<()>) {
        let mut count = 0_u16;
        while ended.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
            count = count.wrapping_add(1);
            self.beat(count);
        }
    }

    /// One beat. A scene that fails is left for its next turn: what the kernel cannot do at all was
    /// told when it was first played.
    fn beat(&mut self, count: u16) {
        let now = Instant::now();
        for playing in &mut self.playing {
            if playing.due.is_some_and(|due| due <= now) {
                let _ = playing.play(&self.wire);
            }
        }
        // A stream whose ends lost each other stays silent from then on.
        self.calls.retain_mut(|stream| stream.go_on().is_ok());
        self.talks.retain_mut(|stream| stream.go_on().is_ok());
        let _ = udp::query(count);
        if count % BEATS_PER_CONNECTION == BEATS_PER_CONNECTION - 1 {
            let _ = tcp::visit(count);
        }
    }
}
