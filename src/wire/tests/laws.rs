//! What holds for any bytes, and for any flow.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::arbitrary::{expectation, flow};
use crate::wire::{
    Message, decode_answer, decode_cpu_stats, decode_event, decode_expect_cpu_stats,
    decode_expectation, decode_flow, decode_global_stats, encode_expectation, encode_flow,
    messages,
};

/// Gives every decoder the bytes: none may panic.
fn decode_all(bytes: &[u8]) {
    let _ = decode_flow(bytes);
    let _ = decode_expectation(bytes);
    let _ = decode_cpu_stats(bytes);
    let _ = decode_expect_cpu_stats(bytes);
    let _ = decode_global_stats(bytes);
    for message in messages(bytes).flatten() {
        let _ = decode_event(&message, 0);
        let _ = decode_answer(&message);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..256), kind: u16, flags: u16) {
        decode_all(&bytes);
        let message = Message { kind, flags, seq: 0, port_id: 0, payload: &bytes };
        let _ = decode_event(&message, 0);
        let _ = decode_answer(&message);
    }

    /// A flow with one wrong byte comes deeper into the decoder than noise does.
    #[test]
    fn a_flow_with_a_wrong_byte_is_read_or_refused(
        flow in flow(),
        at: Index,
        byte: u8,
        kept: Index,
    ) {
        let mut bytes = encode_flow(&flow);
        *at.get_mut(&mut bytes) = byte;
        decode_all(&bytes);
        decode_all(&bytes[..kept.index(bytes.len())]);
    }

    #[test]
    fn an_expectation_with_a_wrong_byte_is_read_or_refused(
        expectation in expectation(),
        at: Index,
        byte: u8,
    ) {
        let mut bytes = encode_expectation(&expectation);
        *at.get_mut(&mut bytes) = byte;
        decode_all(&bytes);
    }

    #[test]
    fn a_flow_that_is_written_is_read_as_it_was(flow in flow()) {
        prop_assert_eq!(decode_flow(&encode_flow(&flow)), Ok(flow));
    }

    #[test]
    fn an_expectation_that_is_written_is_read_as_it_was(expectation in expectation()) {
        prop_assert_eq!(decode_expectation(&encode_expectation(&expectation)), Ok(expectation));
    }
}
