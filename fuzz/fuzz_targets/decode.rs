//! Any bytes: no decoder panics, and a flow or an expectation that was read can be written and read
//! again as the same.
//!
//! `cargo +nightly fuzz run decode`; the recordings in `tests/fixtures` make a good first corpus.

#![no_main]

use flowsh::wire::{
    decode_answer, decode_cpu_stats, decode_event, decode_expect_cpu_stats, decode_expectation,
    decode_flow, decode_global_stats, encode_expectation, encode_flow, messages,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    decode_payload(bytes);
    for message in messages(bytes).flatten() {
        decode_payload(message.payload);
        let _ = decode_answer(&message);
        let _ = decode_event(&message, 0);
    }
});

fn decode_payload(payload: &[u8]) {
    if let Ok(flow) = decode_flow(payload) {
        assert_eq!(decode_flow(&encode_flow(&flow)).as_ref(), Ok(&flow));
    }
    if let Ok(expectation) = decode_expectation(payload) {
        let written = encode_expectation(&expectation);
        assert_eq!(decode_expectation(&written).as_ref(), Ok(&expectation));
    }
    let _ = decode_cpu_stats(payload);
    let _ = decode_expect_cpu_stats(payload);
    let _ = decode_global_stats(payload);
}
