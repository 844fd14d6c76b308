//! The names of addresses, as the system's resolver knows them. Each is asked for in a thread of its
//! own, because the resolver may take its time, and no answer is waited for longer than wanted.

use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::CStr;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::KernelError;

/// How long an answer is waited for unless something else is wished.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long an answer is good; the resolver does not tell.
const FRESH: Duration = Duration::from_mins(5);
/// Answers that are kept at most; beyond that all are forgotten.
const KEPT: usize = 65_536;
/// Questions that may be open at a time: a resolver that is down must not fill the machine.
const OPEN: usize = 32;
/// How long until it is looked again whether the run is to end.
const NAP: Duration = Duration::from_millis(50);

/// What is known of one address.
#[derive(Debug)]
enum Known {
    /// Asked; nobody waits for the answer after this.
    Asked(Instant),
    /// Answered, then.
    Told(Option<Arc<str>>, Instant),
}

#[derive(Debug, Default)]
struct Shared {
    asked: Mutex<Asked>,
    told: Condvar,
}

#[derive(Debug, Default)]
struct Asked {
    known: HashMap<IpAddr, Known>,
    /// Questions that were not answered yet.
    open: usize,
}

/// Names that were asked for.
#[derive(Debug)]
pub struct Names {
    shared: Arc<Shared>,
    patience: Cell<Duration>,
}

impl Default for Names {
    fn default() -> Self {
        Self { shared: Arc::default(), patience: Cell::new(PATIENCE) }
    }
}

impl Names {
    /// Waits this long for an answer from now on.
    pub fn set_patience(&self, patience: Duration) {
        self.patience.set(patience);
    }

    /// The name of `addr`; `None` if it has none, or none came in time. A name that comes late is
    /// there for the next question.
    ///
    /// # Errors
    ///
    /// `stop` was set before an answer came.
    pub fn of(&self, addr: IpAddr, stop: &AtomicBool) -> Result<Option<Arc<str>>, KernelError> {
        let mut asked = self.shared.lock();
        let coming = match asked.known.get(&addr) {
            Some(Known::Told(name, when)) if when.elapsed() < FRESH => return Ok(name.clone()),
            Some(Known::Asked(_)) => true,
            Some(Known::Told(..)) | None => false,
        };
        if !coming && !self.ask(&mut asked, addr) {
            return Ok(None);
        }
        loop {
            let until = match asked.known.get(&addr) {
                Some(Known::Told(name, _)) => return Ok(name.clone()),
                Some(Known::Asked(until)) => *until,
                None => return Ok(None),
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            if stop.load(Ordering::Relaxed) {
                return Err(KernelError::Interrupted);
            }
            let waited = self.shared.told.wait_timeout(asked, left.min(NAP));
            asked = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Asks for the name; false if it cannot be asked for now.
    fn ask(&self, asked: &mut Asked, addr: IpAddr) -> bool {
        if asked.open >= OPEN {
            return false;
        }
        if asked.known.len() >= KEPT {
            asked.known.retain(|_, known| matches!(known, Known::Asked(_)));
        }
        let shared = Arc::clone(&self.shared);
        let job = move || {
            let name = resolve(addr).map(Into::into);
            let mut asked = shared.lock();
            asked.known.insert(addr, Known::Told(name, Instant::now()));
            asked.open -= 1;
            shared.told.notify_all();
        };
        if thread::Builder::new().name("names".to_owned()).spawn(job).is_err() {
            return false;
        }
        asked.known.insert(addr, Known::Asked(Instant::now() + self.patience.get()));
        asked.open += 1;
        true
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name that the system's resolver has for `addr`: `/etc/hosts`, DNS, whatever `nsswitch.conf`
/// says.
fn resolve(addr: IpAddr) -> Option<String> {
    let mut host = [0_u8; 1025]; // NI_MAXHOST
    let length = libc::socklen_t::try_from(host.len()).ok()?;
    let family = |family| libc::sa_family_t::try_from(family).unwrap_or_default();
    let mut ask = |socket: *const libc::sockaddr, size: usize| {
        let size = libc::socklen_t::try_from(size).unwrap_or_default();
        let name = host.as_mut_ptr().cast();
        let none = std::ptr::null_mut();
        // SAFETY: `socket` points at a live address of `size` bytes, `name` at a live buffer of
        // `length`; no service is asked for, so its buffer may be null.
        #[expect(unsafe_code, reason = "std resolves names, not addresses")]
        unsafe {
            libc::getnameinfo(socket, size, name, length, none, 0, libc::NI_NAMEREQD)
        }
    };
    let found = match addr {
        IpAddr::V4(v4) => {
            let socket = libc::sockaddr_in {
                sin_family: family(libc::AF_INET),
                sin_port: 0,
                sin_addr: libc::in_addr { s_addr: v4.to_bits().to_be() },
                sin_zero: [0; 8],
            };
            ask(std::ptr::from_ref(&socket).cast(), size_of_val(&socket))
        }
        IpAddr::V6(v6) => {
            let socket = libc::sockaddr_in6 {
                sin6_family: family(libc::AF_INET6),
                sin6_port: 0,
                sin6_flowinfo: 0,
                sin6_addr: libc::in6_addr { s6_addr: v6.octets() },
                sin6_scope_id: 0,
            };
            ask(std::ptr::from_ref(&socket).cast(), size_of_val(&socket))
        }
    };
    let name = (found == 0).then(|| CStr::from_bytes_until_nul(&host).ok())??;
    name.to_str().ok().map(str::to_owned)
}
