//! Command lines to which both programs answer alike: `read.txt` and `change.txt`.

use std::time::Instant;

use crate::lab::{Run, in_namespace, masked, same};

use super::{TABLE, dialect, fill, original, table};

/// The lines of a table, without its comments.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// What is wrong with the answer of flowsh, if anything.
fn difference(line: &str, theirs: &Run, ours: &Run) -> Option<String> {
    let alike = ours.status == theirs.status
        && ours.stderr == theirs.stderr
        && masked(&ours.stdout) == masked(&theirs.stdout);
    (!alike).then(|| format!("{line}\n--- conntrack\n{theirs}--- flowsh\n{ours}"))
}

#[test]
fn what_changes_nothing_is_answered_alike() {
    in_namespace(|| {
        // The kernel takes no options of dccp any more.
        fill(&format!(
            "{TABLE}-I -p dccp -s 10.0.0.1 -d 10.0.0.2 --sport 5 --dport 6 --state OPEN --role client -t 300\n"
        ));
        let different: Vec<_> = lines(include_str!("read.txt"))
            .filter_map(|line| difference(line, &original(line), &dialect(line)))
            .collect();
        assert!(different.is_empty(), "{}", different.join("\n"));
    });
}

#[test]
fn what_changes_the_table_changes_it_alike() {
    in_namespace(|| {
        let mut different = Vec::new();
        for line in lines(include_str!("change.txt")) {
            fill(TABLE);
            let theirs = original(line);
            let their_table = table();
            fill(TABLE);
            let ours = dialect(line);
            different.extend(difference(line, &theirs, &ours));
            if table() != their_table {
                different
                    .push(format!("{line}\n--- conntrack\n{their_table}\n--- flowsh\n{}", table()));
            }
        }
        assert!(different.is_empty(), "{}", different.join("\n"));
    });
}

#[test]
fn every_second_that_is_shown_is_the_kernels() {
    in_namespace(|| {
        fill(TABLE);
        for line in ["-L", "-L -o extended", "-L -o save -f ipv6", "-L -o xml -f ipv6"] {
            let started = Instant::now();
            let (theirs, ours) = (original(line), dialect(line));
            same(&ours.stdout, &theirs.stdout, started.elapsed());
        }
    });
}
