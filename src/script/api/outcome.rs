//! What became of a change, as scripts read it.

use rhai::plugin::*;
use rhai::{Array, Dynamic, INT, Map};

pub(super) fn module() -> Module {
    exported_module!(outcome_api)
}

fn int(count: u64) -> INT {
    INT::try_from(count).unwrap_or(INT::MAX)
}

#[export_module]
mod outcome_api {
    /// What became of a change: prints as one sentence.
    pub type Outcome = crate::table::Outcome;

    /// Changes that were made, or under `--dry-run` would have been asked for.
    #[rhai_fn(get = "done", pure)]
    pub fn done(outcome: &mut Outcome) -> INT {
        int(outcome.applied.done)
    }

    /// Flows that the query found.
    #[rhai_fn(get = "matched", pure)]
    pub fn matched(outcome: &mut Outcome) -> INT {
        int(outcome.matched)
    }

    /// Flows that were gone before it came to them.
    #[rhai_fn(get = "gone", pure)]
    pub fn gone(outcome: &mut Outcome) -> INT {
        int(outcome.applied.gone)
    }

    /// Changes that the kernel refused; `errors` says why.
    #[rhai_fn(get = "failed", pure)]
    pub fn failed(outcome: &mut Outcome) -> INT {
        int(outcome.applied.failed)
    }

    /// Flows that were left alone because they are protected.
    #[rhai_fn(get = "protected", pure)]
    pub fn protected(outcome: &mut Outcome) -> INT {
        int(outcome.protected)
    }

    /// Refusals by kind: maps of `count`, `errno`, `message` and `example`.
    #[rhai_fn(get = "errors", pure)]
    pub fn errors(outcome: &mut Outcome) -> Array {
        let reasons = outcome.applied.reasons.iter();
        let row = reasons.map(|((errno, said), refused)| {
            let error = std::io::Error::from_raw_os_error(*errno);
            let message =
                if said.is_empty() { error.to_string() } else { format!("{error}: {said}") };
            Dynamic::from(Map::from([
                ("count".into(), int(refused.count).into()),
                ("errno".into(), INT::from(*errno).into()),
                ("message".into(), message.into()),
                ("example".into(), refused.example.clone().into()),
            ]))
        });
        row.collect()
    }

    /// What one should know about it, such as that killed flows may return; `()` if nothing.
    #[rhai_fn(get = "note", pure)]
    pub fn note(outcome: &mut Outcome) -> Dynamic {
        outcome.note.clone().map_or(Dynamic::UNIT, Dynamic::from)
    }

    /// How long it took.
    #[rhai_fn(get = "took", pure)]
    pub fn took(outcome: &mut Outcome) -> crate::script::value::Span {
        let nanos = i64::try_from(outcome.took.as_nanos()).unwrap_or(i64::MAX);
        crate::script::value::Span(nanos)
    }

    /// The outcome as a sentence.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn outcome_text(outcome: &mut Outcome) -> String {
        outcome.to_string()
    }
}
