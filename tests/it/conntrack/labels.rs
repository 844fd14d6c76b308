//! Labels and the files of their names, as conntrack 1.4.9 takes them: `labels.txt`.

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
fn labels_are_read_by_their_names_once_the_line_is_read() {
    in_namespace(|| {
        run("mount", &["-t", "tmpfs", "none", "/etc"]).ok();
        fs::write("/etc/map", "1 one\n2 two\n").unwrap();
        let newest = conntrack("-V").ok().contains("v1.4.9");
        for row in include_str!("labels.txt").lines().filter(|row| !row.starts_with('#')) {
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
