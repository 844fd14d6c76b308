//! stub for now. soon.
pub(super) fn play(_: u64) {}
