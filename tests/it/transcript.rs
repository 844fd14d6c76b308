//! Transcripts in texts: `console` blocks whose commands are run again, in the demonstration, and
//! whose output must have the same shape. `UPDATE=1` writes what they say now.

use std::fs;
use std::path::Path;

use crate::lab::{run, skipped};

/// Words that follow a number and change with it.
const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];

/// Runs the `console` blocks of the file at `path`, whose lines begin with `prefix`.
///
/// A block's functions, such as `demo() { … }`, are known to its later commands.
///
/// # Panics
///
/// The output has another shape than the file says, or there is no block.
#[track_caller]
pub(crate) fn check(path: &str, prefix: &str) {
    if skipped(path) {
        return;
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = fs::read_to_string(&file).unwrap();
    let rewritten = rewrite(&text, prefix);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, rewritten).unwrap();
    } else if shape(&text) != shape(&rewritten) {
        let differs = |(old, new): &(&str, &str)| shape(old) != shape(new);
        let (old, new) =
            text.lines().zip(rewritten.lines()).find(differs).unwrap_or(("the end", "more lines"));
        panic!("{path} says\n  {old}\nbut now it is\n  {new}\nUPDATE=1 cargo test rewrites it");
    }
}

/// `text` with the output of every command as it is now.
fn rewrite(text: &str, prefix: &str) -> String {
    let opening = format!("{prefix}```console");
    let (mut out, mut inside, mut functions, mut commands) = (Vec::new(), false, String::new(), 0);
    for line in text.lines() {
        let own = line.strip_prefix(prefix).unwrap_or_default();
        if line == opening {
            (inside, functions) = (true, String::new());
        } else if inside && own == "```" {
            inside = false;
        } else if inside {
            let Some(command) = own.strip_prefix("$ ") else { continue };
            out.push(line.to_owned());
            if command.contains("() {") {
                functions.push_str(command);
                functions.push('\n');
                continue;
            }
            commands += 1;
            let said = said(&format!("{functions}{command}"));
            out.extend(said.lines().map(|line| format!("{prefix}{line}").trim_end().to_owned()));
            continue;
        }
        out.push(line.to_owned());
    }
    assert!(commands > 0, "there is no transcript");
    out.join("\n") + "\n"
}

/// What `command` writes to both streams, in order, and its status if that is not 0.
fn said(command: &str) -> String {
    let bin = Path::new(env!("CARGO_BIN_EXE_flowsh")).parent().unwrap().display();
    let script = format!(
        "exec 2>&1\nPATH={bin}:$PATH\ncd '{}'\n{command}\ns=$?; [ $s = 0 ] || echo \"[status $s]\"",
        env!("CARGO_MANIFEST_DIR")
    );
    run("bash", &["-c", &script]).ok()
}

/// `text` without what changes from run to run: numbers, and how wide columns are.
fn shape(text: &str) -> String {
    let word = |word: &str| match word {
        _ if UNITS.contains(&word) => None,
        _ if word.contains(|letter: char| letter.is_ascii_digit()) => Some("#".to_owned()),
        _ => Some(word.to_owned()),
    };
    let line = |line: &str| line.split_whitespace().filter_map(word).collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_shape_of_a_table_is_its_words() {
    let shape = shape("src   bytes\n10.0.0.1    2.8 KB  TIME_WAIT\n\n- 4 of 177 flows");
    assert_eq!(shape, "src bytes\n# # TIME_WAIT\n\n- # of # flows");
}

#[test]
fn the_transcript_of_the_readme_is_what_happens() {
    check("README.md", "");
}
