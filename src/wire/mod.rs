//! The wire: bytes ⇄ flow. Pure functions over slices; no socket, no file.

pub mod attr;
mod error;

pub use error::DecodeError;
