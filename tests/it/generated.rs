//! What is made from the program and kept beside it: reference, man page, completions. `UPDATE=1`
//! makes them anew.

use std::fs;
use std::path::Path;

use crate::lab::flowsh;

/// Fails unless the file at `path` is what `flowsh` prints for these words.
#[track_caller]
fn check(path: &str, words: &[&str]) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let printed = flowsh(words).ok();
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &printed).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    let differs = kept.lines().zip(printed.lines()).find(|(kept, printed)| kept != printed);
    let (old, new) = differs.unwrap_or(("the end", "more, or less"));
    assert!(
        kept == printed,
        "{path} says\n  {old}\nbut the program\n  {new}\nUPDATE=1 cargo test rewrites it"
    );
}

#[test]
fn the_reference_is_what_the_bindings_say() {
    check("docs/reference.md", &["doc"]);
}

#[test]
fn the_man_page_is_what_the_command_line_says() {
    check("docs/flowsh.1", &["man"]);
}

#[test]
fn the_completions_are_what_the_command_line_says() {
    for shell in ["bash", "zsh", "fish"] {
        check(&format!("docs/completions/flowsh.{shell}"), &["completions", shell]);
    }
}
