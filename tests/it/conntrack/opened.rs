//! What `conntrack` prints, in any format, is a recording: a query of it answers as it does on the
//! table itself.

use std::fs;

use crate::lab::{Run, flowsh, in_namespace};

use super::{TABLE, dialect, fill, original};

/// What every line shows.
const LINES: &str = r#"flows.select(["family", "proto", "src", "dst", "sport", "dport", "icmp_type",
    "icmp_code", "icmp_id", "reply.src", "reply.dst", "reply.sport", "reply.dport", "state",
    "unreplied", "zone", "orig.zone", "reply.zone"])"#;
/// What every document shows: nothing of icmp, and the original has other states of sctp.
const DOCUMENTS: &str = r#"flows("not proto sctp").select(["family", "proto", "src", "dst", "sport",
    "dport", "reply.src", "reply.dst", "reply.sport", "reply.dport", "state", "unreplied", "mark",
    "zone", "orig.zone", "reply.zone", "id"])"#;

/// The rows, in an order of their own.
fn rows(answer: Run) -> Vec<String> {
    let mut rows: Vec<_> = answer.ok().lines().map(str::to_owned).collect();
    rows.sort_unstable();
    rows
}

#[test]
fn a_list_in_any_format_answers_as_the_table_does() {
    in_namespace(|| {
        fill(TABLE);
        let path = std::env::temp_dir().join(format!("opened-{}", std::process::id()));
        let path = path.to_str().unwrap();
        let read = |text: String, query: &str| {
            fs::write(path, text).unwrap();
            rows(flowsh(&["--from", path, "-o", "csv", "-e", query]))
        };
        let live = |query: &str| rows(flowsh(&["-o", "csv", "-e", query]));
        let (lines, documents) = (live(LINES), live(DOCUMENTS));
        assert_eq!((lines.len(), documents.len()), (18, 17));
        for words in [
            "",
            "-o extended",
            "-o id",
            "-o ktimestamp",
            "-o timestamp",
            "-o labels",
            "-o save",
            "-o extended,id,ktimestamp,labels",
        ] {
            for program in [dialect, original] {
                assert_eq!(read(program(&format!("-L {words}")).ok(), LINES), lines, "{words}");
            }
        }
        for program in [dialect, original] {
            assert_eq!(read(program("-L -o xml").ok(), DOCUMENTS), documents);
            assert_eq!(read(program("-L -o xml,ktimestamp").ok(), DOCUMENTS), documents);
        }
        assert_eq!(read(dialect("-L -o save,extended").ok(), LINES), lines);
        assert_eq!(read(dialect("-D -o save").ok(), LINES), lines);
        fs::remove_file(path).unwrap();
    });
}
