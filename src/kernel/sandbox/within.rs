//! Tests on the real kernel: each runs itself again inside of a namespace of its own.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::{SANDBOX, enter, namespace};

/// Set in the process that is inside: the namespace that it came from.
pub(super) const WITHIN: &str = "FLOWSH_TEST_WITHIN";

/// Runs the test `name` of `module` again in a sandbox; true in that second run.
pub(in crate::kernel) fn within(module: &str, name: &str) -> bool {
    let here = namespace().unwrap();
    if let Some(outside) = std::env::var_os(WITHIN) {
        // The process entered before it became this program.
        assert_ne!(here.as_os_str(), outside, "still outside");
        SANDBOX.get_or_init(|| here);
        return true;
    }
    if std::env::var_os("FLOWSH_SKIP_KERNEL").is_some_and(|value| value == "1") {
        println!("{name} is skipped: FLOWSH_SKIP_KERNEL=1");
        return false;
    }
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", &format!("{}::{name}", module.split_once("::").unwrap().1)]);
    again.env(WITHIN, here);
    let step_inside = || {
        enter().map_err(|error| {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            io::Error::other(format!("{error}: {source:?} ({:?})", error.hint()))
        })
    };
    #[expect(unsafe_code, reason = "only a process with one thread can enter, and tests have more")]
    // SAFETY: the closure runs between fork and exec, in a process that never returns to this one.
    // It allocates, which glibc and musl allow there, and takes no lock of ours.
    unsafe {
        again.pre_exec(step_inside);
    }
    let output = again.output().expect("cannot enter a sandbox");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("1 passed"), "no such test: {name}");
    false
}
