//! Every way to have a change made, in one list. What should come of it is the model's affair.

use std::fmt;
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use flowsh::flow::{Changed, Filter, Flow, LabelMap, Never, Question, Test};
use flowsh::kernel::{Fate, KernelError, Live, Safety, Source, now_ns};
use flowsh::render::Screen;
use flowsh::script::{Options, Program};
use flowsh::table::{self, Change, ChangeError, Guard, Outcome, Query, Unfinished, parse_filter};

use super::change::Deed;
use super::dice::Dice;
use super::source::{Reading, Switch};
use super::tree::Tree;
use super::write::LABELS;
use crate::replay::Paper;

/// A way to change flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    /// The library, given a tree of comparisons.
    Tree,
    /// The library, given a text.
    Text,
    /// The library, some comparisons being questions that it must ask.
    Asking,
    /// The library, given a tree, and a rule that says what to do with each flow.
    Rule,
    /// The library, deciding and telling flow by flow, as the words of conntrack(8) do.
    Each,
    /// A script: a text.
    ScriptText,
    /// A script: one closure.
    ScriptClosure,
    /// A script: texts, maps and closures joined as values.
    ScriptValue,
    /// A script: a loop that changes one flow at a time.
    ScriptLoop,
    /// A process: `flowsh conntrack`.
    Conntrack,
}

/// All ways, each as often as it is to be tried beside the others.
pub(super) const ENGINES: [(Engine, usize); 10] = [
    (Engine::Tree, 30),
    (Engine::Text, 30),
    (Engine::Asking, 20),
    (Engine::Rule, 10),
    (Engine::Each, 10),
    (Engine::ScriptText, 15),
    (Engine::ScriptClosure, 20),
    (Engine::ScriptValue, 20),
    (Engine::ScriptLoop, 5),
    (Engine::Conntrack, 1),
];

/// A comparison that the library must ask about, or that turns out to be one that it can make.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) test: Test,
    pub(super) fixed: bool,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("script")
    }
}

impl Question for Asked {
    fn remembers(&self) -> bool {
        false
    }

    fn now(&self) -> Filter<Self> {
        if self.fixed { Filter::Test(self.test.clone()) } else { Filter::Ask(self.clone()) }
    }

    fn is_fixed(&self) -> bool {
        self.fixed
    }
}

/// What is to be done.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) tree: Tree,
    /// The tree as options of conntrack(8).
    pub(super) flags: String,
    pub(super) deed: Deed,
    /// No more than this, as `max` is written.
    pub(super) max: Option<String>,
    pub(super) safety: Safety,
    pub(super) reading: Reading,
    /// Flows that are to be left alone; only the library is told.
    pub(super) shield: Option<Tree>,
    /// More flows than this are asked about, and the answer; likewise.
    pub(super) asked: Option<(u64, bool)>,
}

/// What an engine said.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    Done(Tally),
    /// So many were changed; no more is told.
    Changed(u64),
    TooMany {
        found: u64,
        max: u64,
    },
    /// The question was answered with no.
    Declined,
    ReadOnly,
    Refused(String),
}

/// The numbers of an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    pub(super) matched: u64,
    pub(super) done: u64,
    pub(super) gone: u64,
    pub(super) failed: u64,
    pub(super) protected: u64,
    pub(super) dry_run: bool,
}

impl Engine {
    /// Any of them.
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let tickets = ENGINES.iter().flat_map(|(engine, count)| [*engine].repeat(*count));
        dice.one(&tickets.collect::<Vec<_>>())
    }

    /// True if it is the library, whose guard can be chosen.
    pub(super) fn is_guarded(self) -> bool {
        matches!(self, Self::Tree | Self::Text | Self::Asking | Self::Rule)
    }

    /// True if it can do this.
    pub(super) fn can(self, job: &Job) -> bool {
        match self {
            // The command line that it serves has a state only with its protocol.
            Self::Each => job.max.is_none() && !job.deed.is_strange_to(17),
            Self::ScriptLoop => job.max.is_none(),
            Self::ScriptClosure => job.tree.closure().is_some(),
            Self::Conntrack => {
                let marks = match &job.deed {
                    Deed::Delete => true,
                    Deed::Update(wish) => wish.is_mark(),
                };
                !job.flags.is_empty() && marks && job.max.is_none() && job.safety == Safety::Live
            }
            _ => true,
        }
    }

    /// Does it, and notes in `words` how it was put.
    pub(super) fn run(
        self,
        ground: &mut Ground,
        dice: &mut Dice,
        job: &Job,
        words: &mut String,
    ) -> Said {
        ground.source.safety.set(job.safety);
        ground.source.reading.replace(job.reading.clone());
        match self {
            Self::Tree | Self::Rule => {
                let filter = job.tree.native(dice);
                *words = filter.to_string();
                ground.change::<Never>(self, job, filter, &mut |never, _| match *never {})
            }
            Self::Text => {
                *words = job.tree.text(dice);
                let filter = parse_filter(words, &ground.labels);
                let filter = filter.unwrap_or_else(|error| panic!("{error}\n{}", error.caret()));
                ground.change::<Never>(self, job, filter, &mut |never, _| match *never {})
            }
            Self::Asking => {
                let filter = job.tree.asking(dice);
                *words = filter.to_string();
                ground.change::<Asked>(self, job, filter, &mut |asked, flow| {
                    Ok(asked.test.takes(flow, now_ns()))
                })
            }
            Self::Each => {
                let filter = job.tree.native(dice);
                *words = filter.to_string();
                ground.each(job, filter)
            }
            Self::ScriptText => ground.script(job, &format!("{:?}", job.tree.text(dice)), words),
            Self::ScriptClosure => {
                let closure = job.tree.closure().unwrap();
                ground.script(job, &format!("|f| {closure}"), words)
            }
            Self::ScriptValue => ground.script(job, &job.tree.value(dice), words),
            Self::ScriptLoop => ground.script_loop(job, &job.tree.value(dice), words),
            Self::Conntrack => conntrack(job, words),
        }
    }
}

/// Who watches over a change of the library: what the job wants left alone, and how it answers.
struct Watch {
    shield: Option<Filter>,
    asked: Option<(u64, bool)>,
    /// What was written down before it was done.
    noted: u64,
}

impl Guard<ChangeError> for Watch {
    fn protects(&mut self, flow: &Flow) -> bool {
        self.shield.as_ref().is_some_and(|shield| shield.takes(flow, now_ns()))
    }

    fn asks_above(&self) -> Option<u64> {
        self.asked.map(|(above, _)| above)
    }

    fn agrees(&mut self, _: &str, found: u64, _: &[Flow]) -> Result<bool, ChangeError> {
        let (above, agrees) = self.asked.unwrap();
        assert!(found > above, "asked about {found} flows, which is no more than {above}");
        Ok(agrees)
    }

    fn record(&mut self, changes: &[Changed]) -> Result<(), ChangeError> {
        self.noted += u64::try_from(changes.len()).unwrap();
        Ok(())
    }

    fn strike(&mut self, changes: &[Changed]) -> Result<(), ChangeError> {
        self.noted -= u64::try_from(changes.len()).unwrap();
        Ok(())
    }
}

/// What the engines work on: the table of this namespace, and a program over it.
pub(super) struct Ground {
    source: Rc<Switch>,
    labels: LabelMap,
    program: Program,
    evaluated: u32,
}

/// A program remembers all closures that it saw; after so many scripts it is made anew.
const SCRIPTS: u32 = 200;

impl Ground {
    pub(super) fn new() -> Self {
        let source = Rc::new(Switch::new());
        let labels = LabelMap::parse(LABELS);
        Self { program: program(&source, &labels), source, labels, evaluated: 0 }
    }

    /// The table, without any rule of the house.
    pub(super) fn live(&self) -> &Live {
        self.source.free()
    }

    fn query<A: Question>(&self, filter: Filter<A>) -> Query<A> {
        let source: Rc<dyn Source> = self.source.clone();
        Query::new(source).filtered(filter)
    }

    fn change<A: Question>(
        &self,
        engine: Engine,
        job: &Job,
        filter: Filter<A>,
        ask: &mut dyn FnMut(&A, &Flow) -> Result<bool, ChangeError>,
    ) -> Said {
        let patch = match &job.deed {
            Deed::Delete => None,
            Deed::Update(wish) => Some(wish.patch()),
        };
        let rule = |_: &Flow| Ok(patch.clone().map_or(table::Deed::Delete, table::Deed::Update));
        let change = match &patch {
            _ if engine == Engine::Rule => {
                Change::Rule { verb: "changed", remembers: job.max.is_some(), rule: &rule }
            }
            None => Change::Delete,
            Some(patch) => Change::Update(patch),
        };
        let limit = job.max.as_ref().map(|max| max.parse().unwrap());
        let shield = job.shield.as_ref().map(|shield| shield.native(&mut Dice::new(0)));
        let mut watch = Watch { shield, asked: job.asked, noted: 0 };
        match table::change(&self.query(filter), change, limit, &mut watch, ask) {
            Ok(outcome) if outcome.declined => Said::Declined,
            Ok(outcome) => {
                // What was not done was struck out again, but for what was done of it.
                let done = outcome.applied.done + outcome.partly;
                assert_eq!(watch.noted, done, "noted of {outcome}");
                Said::Done(Tally::from(outcome))
            }
            Err(Unfinished { error: ChangeError::TooMany { found, max, .. }, .. }) => {
                Said::TooMany { found, max }
            }
            Err(Unfinished { error: ChangeError::Kernel(KernelError::ReadOnly(_)), .. }) => {
                Said::ReadOnly
            }
            Err(Unfinished { error, .. }) => Said::Refused(error.to_string()),
        }
    }

    fn each(&self, job: &Job, filter: Filter) -> Said {
        let dry_run = job.safety == Safety::DryRun;
        let (mut tally, mut matched) = (Tally { dry_run, ..Tally::default() }, 0);
        let result = table::change_each::<KernelError>(
            &self.query(filter),
            "change flows",
            &mut |_| {
                matched += 1;
                match &job.deed {
                    Deed::Delete => table::Deed::Delete,
                    Deed::Update(wish) => table::Deed::Update(wish.patch()),
                }
            },
            &mut |_, fate| {
                match fate {
                    Fate::Done(_) => tally.done += 1,
                    Fate::Gone => tally.gone += 1,
                    Fate::Failed(_) => tally.failed += 1,
                }
                Ok(())
            },
        );
        match result {
            Ok(()) => Said::Done(Tally { matched, ..tally }),
            Err(KernelError::ReadOnly(_)) => Said::ReadOnly,
            Err(error) => Said::Refused(error.to_string()),
        }
    }

    fn script(&mut self, job: &Job, filter: &str, words: &mut String) -> Said {
        let max = job.max.as_ref().map(|max| format!("#{{ max: {max:?} }}"));
        let verb = match &job.deed {
            Deed::Delete => format!("delete({})", max.unwrap_or_default()),
            Deed::Update(wish) => {
                let max = max.map(|max| format!(", {max}")).unwrap_or_default();
                format!("update({}{max})", wish.map())
            }
        };
        *words = format!("flows.where({filter}).{verb}");
        self.eval(words, |value| value.cast::<Outcome>().into())
    }

    fn script_loop(&mut self, job: &Job, filter: &str, words: &mut String) -> Said {
        let verb = match &job.deed {
            Deed::Delete => "delete()".to_owned(),
            Deed::Update(wish) => format!("update({})", wish.map()),
        };
        *words = format!(
            "let sums = [0, 0, 0, 0, 0];
             for f in flows.where({filter}).array() {{
                 let o = f.{verb};
                 for (n, i) in [o.matched, o.done, o.gone, o.failed, o.protected] {{ sums[i] += n }}
             }}
             sums"
        );
        let dry_run = job.safety == Safety::DryRun;
        self.eval(words, |value| {
            let sums = value.into_typed_array::<i64>().unwrap();
            let [matched, done, gone, failed, protected] = <[u64; 5]>::try_from(
                sums.iter().map(|sum| sum.cast_unsigned()).collect::<Vec<_>>(),
            )
            .unwrap();
            Tally { matched, done, gone, failed, protected, dry_run }
        })
    }

    fn eval(&mut self, code: &str, tally: impl FnOnce(rhai::Dynamic) -> Tally) -> Said {
        self.evaluated += 1;
        if self.evaluated.is_multiple_of(SCRIPTS) {
            self.program = program(&self.source, &self.labels);
        }
        let text = match self.program.eval("round", code) {
            Ok(value) => return Said::Done(tally(value)),
            Err(report) => report.text,
        };
        let number = |before: &str| {
            let rest = text.split_once(before)?.1;
            rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
        };
        let found = number("would have deleted ").or(number("would have updated "));
        match (found, number("more than max ")) {
            (Some(found), Some(max)) => Said::TooMany { found, max },
            _ if text.contains("--read-only is set") => Said::ReadOnly,
            _ => Said::Refused(text),
        }
    }
}

fn program(source: &Rc<Switch>, labels: &LabelMap) -> Program {
    let stop = Arc::new(AtomicBool::new(false));
    let (options, screen) = (Options::default(), Screen::default());
    let output = Box::new(Paper::default());
    let source: Rc<dyn Source> = source.clone();
    flowsh::run::program(source, labels.clone(), stop, options, screen, output)
}

fn conntrack(job: &Job, words: &mut String) -> Said {
    let verb = match &job.deed {
        Deed::Delete => "-D".to_owned(),
        Deed::Update(wish) => {
            let (value, mask) = wish.mark.unwrap();
            format!("-U -m {value}/{mask}")
        }
    };
    *words = format!("conntrack {verb} {}", job.flags);
    let run = Command::new(env!("CARGO_BIN_EXE_flowsh"))
        .args(words.split(' ').filter(|word| !word.is_empty()))
        .output()
        .unwrap();
    let told = String::from_utf8(run.stderr).unwrap();
    let count = told.split_once("): ").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
    count.map_or(Said::Refused(told.clone()), Said::Changed)
}

impl From<Outcome> for Tally {
    fn from(outcome: Outcome) -> Self {
        let Outcome { matched, protected, applied, dry_run, .. } = outcome;
        let (done, gone, failed) = (applied.done, applied.gone, applied.failed);
        Self { matched, done, gone, failed, protected, dry_run }
    }
}
