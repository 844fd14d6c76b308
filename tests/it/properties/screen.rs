//! A flow that is refused while it is decoded is one that its filter does not take, and the others
//! come out whole.

use flowsh::flow::{Filter, Flow, LabelMap};
use flowsh::kernel::now_ns;
use flowsh::table::parse_filter;
use flowsh::wire::{Message, Screen, decode_flow, decode_taken, encode_flow, messages};
use proptest::prelude::*;

use super::config;
use super::flows::flows;
use super::forms::forms;

/// What a 6.18 kernel sent for a mixed table.
const MIXED: &[u8] = include_bytes!("../../fixtures/mixed_ct_dump.bin");

fn filter(text: &str) -> Filter {
    parse_filter(text, &LabelMap::default()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The entries of the mixed dump.
fn entries() -> impl Iterator<Item = Message<'static>> {
    messages(MIXED).map(Result::unwrap).filter(|message| message.kind == 0x100)
}

/// Decodes `payload` under `filter`, and holds it to what is decoded first and judged then.
#[track_caller]
fn check(payload: &[u8], filter: &Filter, text: &str) -> Result<(), TestCaseError> {
    let (now_ns, whole) = (now_ns(), decode_flow(payload).unwrap());
    // What was decoded before must leave no trace.
    let mut flow = decode_flow(entries().last().unwrap().payload).ok();
    let taken = decode_taken(payload, &mut flow, &Screen::new(filter, now_ns)).unwrap();
    prop_assert_eq!(taken, filter.takes(&whole, now_ns), "{} of {}", text, whole);
    prop_assert!(!taken || flow == Some(whole));
    Ok(())
}

fn among(flows: &[Flow], text: &str) -> Result<(), TestCaseError> {
    let filter = filter(text);
    flows.iter().try_for_each(|flow| check(&encode_flow(flow), &filter, text))
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn a_flow_is_refused_while_it_is_decoded_exactly_if_its_filter_does(
        flows in flows(),
        forms in forms(),
    ) {
        among(&flows, &forms.text)?;
        for message in entries() {
            check(message.payload, &filter(&forms.text), &forms.text)?;
        }
    }
}

#[test]
fn a_refused_flow_is_not_read_to_its_end() {
    let mut cut = encode_flow(&decode_flow(entries().next().unwrap().payload).unwrap());
    // The last attribute says that it is longer than the message.
    let last = cut.len() - 6;
    cut.truncate(last);
    assert!(decode_flow(&cut).is_err());
    let refused = |text: &str| decode_taken(&cut, &mut None, &Screen::new(&filter(text), 0));
    assert_eq!(refused("proto 99"), Ok(false));
    assert_eq!(refused("reply.dport 1 or proto 99"), Ok(false));
    assert_eq!(refused("mark 0x12345678"), Ok(false));
    assert!(refused("all").is_err());
}
