//! Laws that hold for any bytes.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::Parser;
use crate::flow::LabelMap;

/// What entries are made of, so that some of it is nearly one.
const PIECES: [&str; 50] = [
    "tcp      6 ",
    "udp 17 ",
    "icmp 1 ",
    "ipv4     2 ",
    "29 ",
    "ESTABLISHED ",
    "src=10.0.0.1 ",
    "dst=10.0.0.2 ",
    "src=fd00::1 ",
    "sport=1 ",
    "dport=2 ",
    "type=8 code=0 id=1 ",
    "[UNREPLIED] ",
    "[ASSURED] ",
    "[NEW] ",
    "[1795202853.353416]\t",
    "[start=Fri Nov 20 19:27:33 2026] ",
    "[",
    "]",
    "mark=",
    "labels=voip,",
    "use=99999999999999999999 ",
    "\n",
    "\r\n",
    "\\\n",
    " ",
    "{",
    "}",
    "\"src\":\"10.0.0.1\",",
    "\"reply\":",
    "\"",
    "\\",
    ",",
    "-A ",
    "-D -s 10.0.0.1 ",
    "-p gre ",
    "-u SEEN_REPLY",
    "--orig-vtag",
    "<flow>",
    "</flow>",
    "<meta direction=\"reply\">",
    "</meta>",
    "<src>10.0.0.1</src>",
    "&lt;",
    "family,proto,src,dst,protoinfo\n",
    "299 proto=6 ",
    "mask-src=10.0.0.1 ",
    "é",
    "Jul 24 10:00:00 host conntrack[1]: ",
    "]#011",
];

/// Reads all of `text`: every entry is found behind the last, and none is empty.
fn walk(text: &[u8]) {
    let mut parser = Parser::new(LabelMap::parse("1 voip"));
    let mut rest = text;
    while let Some(at) = parser.find(rest, true) {
        assert!(!at.is_empty());
        if let Err(error) = parser.read(&rest[at.clone()]) {
            assert!(!error.to_string().contains(char::is_control));
        }
        rest = &rest[at.end..];
    }
    assert!(rest.trim_ascii().is_empty());
}

proptest! {
    #[test]
    fn any_bytes_are_entries_or_errors(bytes in any::<Vec<u8>>()) {
        walk(&bytes);
    }

    #[test]
    fn any_pieces_of_entries_are_entries_or_errors(pieces in vec(select(PIECES.to_vec()), 0..40)) {
        walk(pieces.concat().as_bytes());
    }

    /// More text does not move the end of an entry that was found.
    #[test]
    fn an_entry_ends_where_it_ended(
        pieces in vec(select(PIECES.to_vec()), 0..40),
        cut in any::<prop::sample::Index>(),
    ) {
        let text = pieces.concat();
        let parser = Parser::new(LabelMap::default());
        let part = &text.as_bytes()[..cut.index(text.len() + 1)];
        if let Some(found) = parser.find(part, false) {
            prop_assert_eq!(parser.find(text.as_bytes(), true), Some(found));
        }
    }
}
