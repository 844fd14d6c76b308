//! What can be wrong with bytes.

use super::consts::AttrName;

/// Why bytes from the kernel or a file are not what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A message's length field points outside of the datagram, or there is no room for one.
    #[error("message says {says} bytes, {left} are left")]
    Message {
        /// What its length field says, header included; 0 if it is cut off itself.
        says: usize,
        /// What is left of the datagram.
        left: usize,
    },
    /// A message is too short for the header of its kind.
    #[error("{header} needs {need} bytes, found {found}")]
    Head {
        /// The header, in the kernel's spelling.
        header: &'static str,
        /// Its size.
        need: usize,
        /// Bytes that are there.
        found: usize,
    },
    /// An attribute's length field points outside of what contains it.
    #[error("attribute {attr} says {says} bytes, {left} are left")]
    Length {
        /// The attribute.
        attr: AttrName,
        /// What its length field says, header included.
        says: usize,
        /// What is left of the container.
        left: usize,
    },
    /// A container ends inside of an attribute's header.
    #[error("{nest} ends within the header of an attribute, {left} bytes are left")]
    Header {
        /// The message or nest that contains it.
        nest: &'static str,
        /// What is left of the container.
        left: usize,
    },
    /// An attribute's value is shorter than its type needs.
    #[error("attribute {attr} needs {need} bytes, found {found}")]
    Short {
        /// The attribute.
        attr: AttrName,
        /// Bytes its type needs.
        need: usize,
        /// Bytes it has.
        found: usize,
    },
    /// An attribute that must be there is not.
    #[error("attribute {0} is missing")]
    Missing(AttrName),
    /// An attribute's value cannot mean anything.
    #[error("attribute {attr} is not {expected}")]
    Value {
        /// The attribute.
        attr: AttrName,
        /// What it should be.
        expected: &'static str,
    },
}
