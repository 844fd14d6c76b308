//! Any bytes: entries are found one behind the other, and each is read or says in one line why not.
//!
//! `cargo +nightly fuzz run text`; `tests/fixtures/mixed_conntrack_L.txt` makes a good first corpus.

#![no_main]

use flowsh::flow::LabelMap;
use flowsh::wire::text::Parser;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut parser = Parser::new(LabelMap::parse("7 voip\n9 guest"));
    let mut rest = bytes;
    while let Some(at) = parser.find(rest, true) {
        assert!(!at.is_empty());
        if let Some(Err(error)) = rest.get(at.clone()).map(|entry| parser.read(entry)) {
            assert!(!error.to_string().contains(char::is_control));
        }
        rest = rest.get(at.end..).unwrap_or_default();
    }
    assert!(rest.trim_ascii().is_empty());
});
