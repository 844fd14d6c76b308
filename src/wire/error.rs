//! What can be wrong with bytes.

/// Why bytes from the kernel or a file are not what they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// An attribute's value is shorter than its type needs.
    #[error("attribute {name} needs {need} bytes, found {found}")]
    Short {
        /// The attribute, in the kernel's spelling.
        name: &'static str,
        /// Bytes its type needs.
        need: usize,
        /// Bytes it has.
        found: usize,
    },
    /// An attribute's length field points outside of what contains it.
    #[error("attribute {kind} in {parent} says {says} bytes, {left} are left")]
    Length {
        /// The message or nest that contains it.
        parent: &'static str,
        /// The attribute's number.
        kind: u16,
        /// What its length field says, header included.
        says: usize,
        /// What is left of the container.
        left: usize,
    },
    /// A container ends inside of an attribute's header.
    #[error("{parent} ends within an attribute header ({left} bytes left)")]
    Header {
        /// The message or nest that contains it.
        parent: &'static str,
        /// What is left of the container.
        left: usize,
    },
    /// An attribute that must be there is not.
    #[error("attribute {0} is missing")]
    Missing(&'static str),
    /// An attribute's value cannot mean anything.
    #[error("attribute {name} holds {found}")]
    Value {
        /// The attribute, in the kernel's spelling.
        name: &'static str,
        /// What was found.
        found: String,
    },
    /// A message is shorter than its header says, or than any message.
    #[error("message is truncated: {0}")]
    Message(String),
}
