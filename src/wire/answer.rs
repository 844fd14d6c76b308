//! Answers to a request: `NLMSG_ERROR` and `NLMSG_DONE`, with the extended acknowledgement that
//! tells which attribute the kernel disliked.

use netlink_packet_core::{NLM_F_ACK_TLVS, NLM_F_CAPPED};

use super::DecodeError;
use super::attr::attrs;
use super::consts::{
    NLMSGERR_ATTR, NLMSGERR_ATTR_MISS_TYPE, NLMSGERR_ATTR_MSG, NLMSGERR_ATTR_OFFS,
};
use super::message::{Message, NLMSG_ERROR, NLMSG_HDRLEN};

/// How a request or a dump ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// The errno; 0 if it was done.
    pub errno: i32,
    /// The kernel's own words, where it has some.
    pub message: Option<String>,
    /// Where in the request the attribute stands that it disliked, counted from `nlmsghdr`.
    pub offset: Option<u32>,
    /// The number of the attribute that it missed.
    pub missing: Option<u32>,
}

/// Decodes an `NLMSG_ERROR` or `NLMSG_DONE` message.
///
/// # Errors
///
/// If the message is cut short.
pub fn decode_answer(message: &Message<'_>) -> Result<Answer, DecodeError> {
    let (code, mut rest) = split_int(message.payload)?;
    if message.kind == NLMSG_ERROR {
        rest = after_request(rest, message.flags)?;
    }
    // The kernel's errno is negative; a dump may end with a positive number that means nothing.
    let mut answer = Answer { errno: code.saturating_neg().max(0), ..Answer::default() };
    if message.flags & NLM_F_ACK_TLVS != 0 {
        for attr in attrs(&NLMSGERR_ATTR, rest) {
            let attr = attr?;
            match attr.kind {
                NLMSGERR_ATTR_MSG => {
                    answer.message = Some(String::from_utf8_lossy(attr.text()).into_owned());
                }
                NLMSGERR_ATTR_OFFS => answer.offset = Some(attr.ne_u32()?),
                NLMSGERR_ATTR_MISS_TYPE => answer.missing = Some(attr.ne_u32()?),
                _ => (),
            }
        }
    }
    Ok(answer)
}

fn split_int(payload: &[u8]) -> Result<(i32, &[u8]), DecodeError> {
    match payload.split_first_chunk() {
        Some((&code, rest)) => Ok((i32::from_ne_bytes(code), rest)),
        None => Err(DecodeError::Head { header: "nlmsgerr", need: 4, found: payload.len() }),
    }
}

/// What follows the copy of the request: its header alone if the answer is capped.
fn after_request(copy: &[u8], flags: u16) -> Result<&[u8], DecodeError> {
    let says = copy.first_chunk().copied().map_or(0, u32::from_ne_bytes);
    let len = match flags & NLM_F_CAPPED {
        0 => usize::try_from(says).unwrap_or(usize::MAX).max(NLMSG_HDRLEN),
        _ => NLMSG_HDRLEN,
    };
    if copy.len() < len {
        return Err(DecodeError::Message { says: len, left: copy.len() });
    }
    Ok(copy.get(len.next_multiple_of(4)..).unwrap_or_default())
}
