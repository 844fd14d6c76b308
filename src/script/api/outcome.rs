//! What became of a change, as scripts read it, and putting it back.

use std::rc::Rc;
use std::time::Instant;

use rhai::plugin::*;
use rhai::{Array, Dynamic, INT, Map, NativeCallContext};

use super::change::{counted, ended};
use super::open;
use crate::kernel::Source;
use crate::script::fault::{self, Fallible, Fault};
use crate::script::guard::Watch;
use crate::script::host::Host;
use crate::script::journal;
use crate::script::objects::Flows;
use crate::table::{Past, Undo, put_back, reason};

pub(super) fn module() -> Module {
    exported_module!(outcome_api)
}

/// Why an outcome cannot be undone.
fn nothing<T>(outcome: &crate::table::Outcome) -> Fallible<T> {
    let why = match outcome.verb {
        "created" => "what was created is not undone: delete it",
        "put back" => "what was put back is not undone",
        _ if outcome.applied.done > 0 && !outcome.dry_run => "expectations cannot be put back",
        _ => "nothing was changed, so nothing can be put back",
    };
    Fault::new(why).throw()
}

fn put(ctx: &NativeCallContext<'_>, undo: &Undo) -> Fallible<crate::table::Outcome> {
    if undo.is_used() {
        return Fault::new("this was put back already").throw();
    }
    let table = Flows::new(Rc::clone(undo.source()));
    ended(undo.run(&mut Watch::new(ctx.engine(), &table)?))
}

fn int(count: u64) -> INT {
    INT::try_from(count).unwrap_or(INT::MAX)
}

/// The outcome as a map, for programs.
pub(in crate::script) fn outcome_map(outcome: &mut crate::table::Outcome) -> Map {
    let counts = [
        ("matched", outcome.matched),
        ("done", outcome.applied.done),
        ("gone", outcome.applied.gone),
        ("failed", outcome.applied.failed),
        ("partly", outcome.partly),
        ("protected", outcome.protected),
    ];
    let mut map: Map =
        counts.into_iter().map(|(name, count)| (name.into(), int(count).into())).collect();
    map.insert("verb".into(), outcome.verb.into());
    map.insert("dry_run".into(), outcome.dry_run.into());
    map.insert("took".into(), outcome.took.as_secs_f64().into());
    map.insert("errors".into(), outcome_api::errors(outcome).into());
    map
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

    /// How many of the failed updates changed something before the kernel refused the rest: it takes
    /// helper, timeout, status, state, mark and labels one after the other.
    #[rhai_fn(get = "partly", pure)]
    pub fn partly(outcome: &mut Outcome) -> INT {
        int(outcome.partly)
    }

    /// Flows that were left alone because they are protected.
    #[rhai_fn(get = "protected", pure)]
    pub fn protected(outcome: &mut Outcome) -> INT {
        int(outcome.protected)
    }

    /// Refusals by kind: maps of `count`, `errno` (`()` if it was not the kernel who refused),
    /// `message` and `example`.
    #[rhai_fn(get = "errors", pure)]
    pub fn errors(outcome: &mut Outcome) -> Array {
        let reasons = outcome.applied.reasons.iter();
        let row = reasons.map(|(key, refused)| {
            let errno = Some(key.0).filter(|errno| *errno != 0);
            Dynamic::from(Map::from([
                ("count".into(), int(refused.count).into()),
                ("errno".into(), errno.map_or(Dynamic::UNIT, |errno| INT::from(errno).into())),
                ("message".into(), reason(key).into()),
                ("example".into(), refused.example.clone().into()),
            ]))
        });
        row.collect()
    }

    /// True if someone was asked and did not agree: nothing was changed.
    #[rhai_fn(get = "declined", pure)]
    pub fn declined(outcome: &mut Outcome) -> bool {
        outcome.declined
    }

    /// Puts back what a delete or an update changed: makes the flows again, or writes old values.
    ///
    /// A flow comes back with both directions, NAT, state, mark, labels, zone, helper and status,
    /// and the timeout that it would still have; counters, start and its expectations are lost, and a
    /// tcp flow has liberal window checks. What would have run out is `gone`. A flow that is there
    /// again, was changed by others since, or has status bits that cannot be cleared is `failed`, and
    /// `errors` says why. The last 64 MiB of changes can be undone, some million flows; once.
    ///
    /// # Example
    /// ```rhai
    /// let done = flows("dst 10.0.0.5").delete(); if done.done > 0 { done.undo() }
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn undo(ctx: NativeCallContext, outcome: &mut Outcome) -> Fallible<Outcome> {
        let Some(undo) = &outcome.undo else { return nothing(outcome) };
        put(&ctx, undo)
    }

    /// Puts back what the last change did that was interrupted, or ended in an error: such a change
    /// has no outcome.
    ///
    /// # Example
    /// ```rhai
    /// try { flows(|f| f.age > 5.min && f.mark == 7).delete() } catch { undo() }
    /// ```
    #[rhai_fn(name = "undo", return_raw)]
    pub fn undo_unfinished(ctx: NativeCallContext) -> Fallible<Outcome> {
        let Some(undo) = Host::current()?.unfinished.borrow().clone() else {
            return Fault::new("no change was left unfinished")
                .hint("the outcome of a finished change has undo(): `_.undo()` at the prompt")
                .throw();
        };
        put(&ctx, &undo)
    }

    /// Puts back everything that a journal tells, the last change first, each in its namespace.
    ///
    /// `--journal FILE` writes one. What has run out meanwhile is `gone`; what belongs to a namespace
    /// that cannot be entered, and what cannot be read of the file, is `failed`. Needs `--allow-read`.
    ///
    /// # Example
    /// ```rhai
    /// try { print(undo("changes.ndjson")) } catch (error) { print(error.message) }
    /// ```
    #[rhai_fn(name = "undo", return_raw)]
    pub fn undo_journal(ctx: NativeCallContext, path: &str) -> Fallible<Outcome> {
        let started = Instant::now();
        let host = Host::current()?;
        let live = host.source.live()?;
        let mut sum = Outcome { dry_run: live.is_dry_run(), ..Outcome::new("put back") };
        let mut pasts: Vec<(Rc<dyn Source>, Past)> = Vec::new();
        let journal = open::journal(path)?;
        let mut lost = Ok(());
        for (netns, past) in journal::past(&journal, live.netns())? {
            let there = live.elsewhere(netns);
            let Err(error) = there.connect() else {
                pasts.push((Rc::new(there), past));
                continue;
            };
            if let Some((changes, last)) = past.last() {
                sum.matched += changes;
                sum.applied.refuse_unasked(changes, &last, &fault::chain(&error));
            }
            lost = Err(error);
        }
        if pasts.is_empty() {
            lost?;
        }
        for (source, past) in pasts {
            let mut guard = Watch::new(ctx.engine(), &Flows::new(Rc::clone(&source)))?;
            let part = match put_back(&*source, &past, &mut guard) {
                Ok(part) => part,
                unfinished => return ended(unfinished),
            };
            sum.matched += part.matched;
            sum.protected += part.protected;
            sum.applied.merge(part.applied);
        }
        let unread = journal.skipped()?;
        if unread > 0 {
            let line = format!("a line of {path}");
            sum.matched += unread;
            sum.applied.refuse_unasked(unread, &line, "it cannot be read");
        }
        sum.took = started.elapsed();
        counted(sum)
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
