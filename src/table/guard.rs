//! Who stands between a change and the kernel. What a guard knows and whom it asks is not here.

use crate::flow::{Changed, Flow};

/// Judges, asks and writes down; whatever it refuses is not sent.
pub trait Guard<E> {
    /// True if `flow` is to be left alone.
    fn protects(&mut self, flow: &Flow) -> bool;

    /// A change of more flows than this is asked about; absent if there is nobody to ask.
    fn asks_above(&self) -> Option<u64>;

    /// Asks whether to `word` (delete, update, change) `found` flows, the first being `sample`.
    ///
    /// # Errors
    ///
    /// The one who was asked wants an end of everything.
    fn agrees(&mut self, word: &str, found: u64, sample: &[Flow]) -> Result<bool, E>;

    /// Writes down changes that are about to be sent, or counted in a dry run.
    ///
    /// # Errors
    ///
    /// They cannot be written down: then they are not sent.
    fn record(&mut self, changes: &[Changed]) -> Result<(), E>;

    /// Writes down that changes which were written down before were not made.
    ///
    /// # Errors
    ///
    /// As [`Self::record`].
    fn strike(&mut self, changes: &[Changed]) -> Result<(), E>;
}
