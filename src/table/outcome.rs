//! What became of a change, as a sentence.

use std::fmt;
use std::time::Duration;

use super::Undo;
use crate::kernel::Applied;

/// What became of a change.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// `deleted`, `updated`, `created` or `put back`.
    pub verb: &'static str,
    /// Flows that the query found.
    pub matched: u64,
    /// Flows that were left alone because they are protected.
    pub protected: u64,
    /// What the kernel did with the rest.
    pub applied: Applied,
    /// How many of the failed updates changed something before the kernel refused the rest.
    pub partly: u64,
    /// What one should know about it: sentences, a hint behind a line break.
    pub note: Option<String>,
    /// True under `--dry-run`: nothing was sent.
    pub dry_run: bool,
    /// True if someone was asked and did not agree: nothing was sent.
    pub declined: bool,
    /// What takes it back; absent if nothing can.
    pub undo: Option<Undo>,
    /// How long it took.
    pub took: Duration,
}

impl Outcome {
    /// An outcome in which nothing was done yet.
    #[must_use]
    pub fn new(verb: &'static str) -> Self {
        Self {
            verb,
            matched: 0,
            protected: 0,
            applied: Applied::default(),
            partly: 0,
            note: None,
            dry_run: false,
            declined: false,
            undo: None,
            took: Duration::ZERO,
        }
    }
}

/// Why changes failed, of one key of [`Applied::reasons`].
#[must_use]
pub fn reason((errno, said): &(i32, String)) -> String {
    let error = std::io::Error::from_raw_os_error(*errno);
    match (errno, said.as_str()) {
        (0, said) => said.to_owned(),
        (_, "") => error.to_string(),
        (_, said) => format!("{error}: {said}"),
    }
}

/// `deleted 812, gone 3, failed 0, protected 0  (0.02 s)`, and a line for each kind of failure.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Applied { done, gone, failed, reasons } = &self.applied;
        let (verb, protected, took) = (self.verb, self.protected, self.took.as_secs_f64());
        if self.declined {
            let asked = self.matched - protected;
            return write!(f, "{verb} 0 of {asked}: the answer was no  ({took:.2} s)");
        }
        let would = if self.dry_run { "would have " } else { "" };
        write!(
            f,
            "{would}{verb} {done}, gone {gone}, failed {failed}, protected {protected}  ({took:.2} s)"
        )?;
        for (key, refused) in reasons {
            let (count, example) = (refused.count, &refused.example);
            write!(f, "\n  {count} failed: {}; the first was {example}", reason(key))?;
            if let Some(hint) = refused.hint {
                write!(f, "\n  hint: {hint}")?;
            }
        }
        if self.partly > 0 {
            let partly = self.partly;
            write!(
                f,
                "
  {partly} of the failed changed in part, which undo() takes back"
            )?;
        }
        if let Some(note) = &self.note {
            note.lines().try_for_each(|line| write!(f, "\n  {line}"))?;
        }
        Ok(())
    }
}
