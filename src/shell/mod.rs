//! The parlour: an interactive shell. The only room that names `rustyline`.
//!
//! Two threads, and only plain data between them. The editor's thread waits for keys; the thread
//! that called [`run()`] owns the program, evaluates lines, and handles events and timers while the
//! user types.

mod command;
mod complete;
mod editor;
mod helper;
mod history;
mod screen;
mod session;
mod suspend;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread;

use crossbeam_channel::bounded;

use crate::kernel::{NetNs, Safety, sysctl};
use crate::run::{self, Console, Status};
use crate::script::{Host, Output, Program};
use editor::Editor;
use screen::Screen;
use session::Session;

/// Runs the shell until its user leaves; `sandbox` says that it is in one.
pub fn run(sandbox: bool, program: impl FnOnce(Box<dyn Output>) -> Program) -> Status {
    let screen = Screen::default();
    let program = program(Box::new(screen.clone()));
    let host = program.host();
    let ended = Arc::new(AtomicUsize::new(0));
    if let Err(error) = run::watch_end(&host.stop, &ended) {
        host.message(&format!("error: cannot watch for signals: {error}"));
        return Status::Usage;
    }
    host.note(&banner(host, sandbox));

    let (lines, asked) = bounded(1);
    let (answers, answered) = bounded(1);
    let (docs, color) = (program.docs(), host.screen.get().color);
    let mut session = Session::new(program, screen.clone(), ended);
    let interrupt = session.interrupt();
    // The editor reads scripts with an engine of its own, which must stay on one thread.
    thread::spawn(move || match Editor::new(screen, docs, color) {
        Ok(editor) => editor.read(&lines, &answered, &interrupt),
        Err(error) => Console.message(&format!("error: cannot edit lines: {error}")),
    });
    session.run(&asked, answers)
}

/// What the shell works on, in one line.
fn banner(host: &Host, sandbox: bool) -> String {
    let mut parts = vec![concat!("flowsh ", env!("CARGO_PKG_VERSION")).to_owned()];
    if let Ok(live) = host.source.live() {
        parts.push(match live.netns() {
            NetNs::Current if sandbox => "sandbox: a private namespace".to_owned(),
            NetNs::Current => "this network namespace".to_owned(),
            other => format!("network namespace {other}"),
        });
        match live.safety() {
            Safety::Live => (),
            Safety::DryRun => parts.push("dry run: nothing is changed".to_owned()),
            Safety::ReadOnly => parts.push("read-only".to_owned()),
        }
        // Not every user may read it, and not every kernel has it.
        if let Ok(count) = sysctl::read(live.netns(), "count") {
            parts.push(if count == 1 { "1 flow".to_owned() } else { format!("{count} flows") });
        }
    }
    parts.push(":help".to_owned());
    parts.join(" · ")
}
