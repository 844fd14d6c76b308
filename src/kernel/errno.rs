//! The errnos that callers tell apart, so that they need no other home for them. What each means for
//! a request is in `reason.rs`.

pub use libc::{EAFNOSUPPORT, EEXIST, EINVAL, ENOENT, ENOMEM, ENOSPC, EPERM, ETIME};
