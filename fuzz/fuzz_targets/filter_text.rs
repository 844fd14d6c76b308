//! Any text is a filter or an error, and a filter's own text reads back as one that reads the same.

#![no_main]

use flowsh::flow::LabelMap;
use flowsh::table::text::{parse_field_test, parse_filter};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let labels = LabelMap::parse("7 voip\n9 guest");
    match parse_filter(text, &labels) {
        Ok(filter) => {
            let shown = filter.to_string();
            let again = parse_filter(&shown, &LabelMap::default()).map(|filter| filter.to_string());
            assert_eq!(again.as_ref(), Ok(&shown), "{text}");
        }
        Err(error) => {
            assert!(!error.to_string().contains('\n'));
            assert_eq!(error.caret().lines().count(), 2);
            assert!(text.get(error.span()).is_some());
        }
    }
    if let Some((field, value)) = text.split_once(' ') {
        let _ = parse_field_test(field, value, &labels).map_err(|error| error.caret());
    }
});
