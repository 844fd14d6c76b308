//! The examples of the documentation, on the bindings and in texts, run in the demonstration.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use crate::lab::{flowsh, skipped};
use crate::replay::Script;

/// Examples that run at a time: each has a namespace, and a kernel to wait for.
const AT_A_TIME: usize = 4;

#[test]
fn every_example_of_the_reference_runs() {
    let docs = Script::over(Vec::new()).program.docs();
    let examples = docs.entries().iter();
    let examples = examples.filter_map(|entry| Some((entry.signature(), entry.example()?)));
    let examples: Vec<_> = examples.map(|(name, code)| (name, code.to_owned())).collect();
    assert!(examples.len() > 50, "the examples are not read");
    all_run(examples);
}

#[test]
fn every_example_of_the_texts_runs() {
    let mut examples = Vec::new();
    for path in ["README.md", "docs/language.md"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
        let blocks = text.split("```rhai\n").skip(1);
        examples.extend(
            blocks.map(|block| (path.to_owned(), block.split("```").next().unwrap().to_owned())),
        );
    }
    assert!(examples.len() > 6, "the examples are not read");
    all_run(examples);
}

/// Runs examples, each with the name of its place, and fails with all that fail.
#[track_caller]
fn all_run(examples: Vec<(String, String)>) {
    if skipped("examples") {
        return;
    }
    let (queue, faults) = (Mutex::new(examples.into_iter()), Mutex::new(Vec::new()));
    let next = || queue.lock().unwrap().next();
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some((place, code)) = next() {
                    let ran = flowsh(&["sandbox", "--demo", "--allow-read=/proc", "-e", &code]);
                    if ran.status != 0 || ran.stderr.contains("error:") {
                        faults.lock().unwrap().push(format!("{place}\n{code}\n{ran}"));
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "correct the example:\n{}", faults.join("\n"));
}
