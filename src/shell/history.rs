//! Where the lines that were typed are kept.

use std::env;
use std::ffi::OsString;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The file of the history, in a directory that exists; `None` if there is no home to keep it in.
pub(super) fn file() -> Option<PathBuf> {
    // A home that is not there is not made.
    let home = env::var_os("HOME").filter(|home| Path::new(home).is_dir());
    let file = path(env::var_os("XDG_STATE_HOME"), home)?;
    // What an operator typed is nobody else's business.
    DirBuilder::new().recursive(true).mode(0o700).create(file.parent()?).ok()?;
    Some(file)
}

/// As the XDG base directory specification has it: a relative path is as good as none.
fn path(state: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute = |path: Option<OsString>| path.map(PathBuf::from).filter(|p| p.is_absolute());
    let state = absolute(state).or_else(|| absolute(home).map(|home| home.join(".local/state")))?;
    Some(state.join(Path::new("flowsh/history")))
}

#[cfg(test)]
mod tests {
    use super::path;

    #[track_caller]
    fn check(state: Option<&str>, home: Option<&str>, file: Option<&str>) {
        let found = path(state.map(Into::into), home.map(Into::into));
        assert_eq!(found.as_deref().and_then(|path| path.to_str()), file);
    }

    #[test]
    fn the_history_is_kept_in_the_state_directory_or_nowhere() {
        check(Some("/s"), Some("/u"), Some("/s/flowsh/history"));
        check(None, Some("/u"), Some("/u/.local/state/flowsh/history"));
        check(Some("s"), Some("/u"), Some("/u/.local/state/flowsh/history"));
        check(Some(""), None, None);
        check(None, Some(""), None);
    }
}
