//! What conntrack 1.4.9 answers in other words than 1.4.7, most of it about labels: `newest.txt`.

use std::fs;

use crate::lab::{Run, conntrack, in_namespace, run};

use super::{TABLE, dialect, fill, original};

/// What a program says, in the words of the table.
fn said(Run { status, stderr, .. }: &Run) -> String {
    let lines = stderr.lines().filter(|line| !line.starts_with("Try `"));
    let lines: Vec<_> = lines.map(|line| line.trim_start_matches("conntrack: ")).collect();
    format!("{status} {}", lines.join("; "))
}

#[test]
fn what_is_new_in_the_original_is_answered_alike() {
    in_namespace(|| {
        run("mount", &["-t", "tmpfs", "none", "/etc"]).ok();
        fs::write("/etc/map", "1 one\n2 two\n").unwrap();
        let newest = conntrack("-V").ok().contains("v1.4.9");
        for row in include_str!("newest.txt").lines().filter(|row| !row.starts_with('#')) {
            let (line, text) = row
                .replace("MAP", "/etc/map")
                .split_once(" => ")
                .map_or_else(|| panic!("{row}"), |(line, text)| (line.to_owned(), text.to_owned()));
            let (status, line) = line.split_once(' ').unwrap();
            let wanted = format!("{status} {text}");
            fill(TABLE);
            assert_eq!(said(&dialect(line)), wanted, "{line}");
            if newest {
                fill(TABLE);
                assert_eq!(said(&original(line)), wanted, "conntrack {line}");
            }
        }
    });
}
