//! `suite.txt`: one long story, told to both programs, and how each step must end.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::lab::{Run, conntrack, in_namespace, run};

use super::{fed, named, words};

/// Runs every step with `flowsh conntrack` or with the original, on an empty table; what ended
/// otherwise than it should.
fn told(program: &[&str]) -> String {
    conntrack("-F").ok();
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    let (mut input, mut output, mut wrong) = (String::new(), String::new(), String::new());
    for line in include_str!("suite.txt").lines() {
        let full = |line: &str| {
            let word = |word| names.get(word).copied().unwrap_or(word);
            line.split(' ').map(word).collect::<Vec<_>>().join(" ")
        };
        match line.split_once(' ').unwrap_or((line, "")) {
            ("" | "#", _) => (),
            (name, rest) if rest.starts_with("= ") => {
                names.insert(name, &rest[2..]);
            }
            ("+", rest) => {
                input += &full(rest).replace("\\s", " ").replace("\\t", "\t");
                input.push('\n');
            }
            ("|", rest) => {
                input.clone_from(&output);
                for (from, to) in rest.split(", ").map(|part| part.split_once(" -> ").unwrap()) {
                    input = input.replace(from, to);
                }
            }
            (status, rest) => {
                let rest = full(rest);
                let Run { stdout, stderr, status: found } = step(program, &rest, &input);
                if rest == "-R -" {
                    input.clear();
                }
                if found.to_string() != status {
                    writeln!(wrong, "{rest}\n  {found} and not {status}: {stderr}").unwrap();
                }
                output = stdout;
            }
        }
    }
    wrong
}

fn step(program: &[&str], line: &str, input: &str) -> Run {
    let words = words(line);
    let args = program[1..].iter().copied().chain(words.iter().map(String::as_str));
    let args: Vec<_> = args.collect();
    named(if line == "-R -" { fed(program[0], &args, input) } else { run(program[0], &args) })
}

#[test]
fn both_programs_end_every_step_alike() {
    in_namespace(|| {
        assert_eq!(told(&["conntrack"]), "");
        assert_eq!(told(&[env!("CARGO_BIN_EXE_flowsh"), "conntrack"]), "");
    });
}
