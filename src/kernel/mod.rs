//! The door: the only room with a socket or `/proc`.

mod error;
pub mod sandbox;

pub use error::KernelError;
