//! The safety proof: random tables, random filters and random changes, through every engine. What
//! the kernel has afterwards is compared with a model that shares no code with flowsh: its own
//! reader of the table, its own meaning of filters, its own idea of what the kernel does.
//!
//! `FLOWSH_ROUNDS` is how many rounds are played, `FLOWSH_SEED` which, `FLOWSH_DUMPS` in how many of
//! a hundred the flows are listed by a dump. A failure names the table on which it happened;
//! `FLOWSH_TABLE` with the same seed plays that one alone.
//!
//! - what is asked: `leaf` is one comparison, `tree` a whole filter, `write` its forms
//! - what is done: `change` to a flow, `engine` by whom, `source` read how, `round` to the table
//! - what is there: `record` of `raw` bytes, in a `table` drawn by `dice`
//! - while others change the table too: `storm`

mod alike;
mod change;
mod dice;
mod engine;
mod leaf;
mod raw;
mod record;
mod round;
mod source;
mod storm;
mod table;
mod tree;
mod write;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

use crate::lab::{in_namespace_telling, with_helpers, with_labels};
use engine::Ground;
use raw::Wire;
use round::Count;

/// Rounds unless `FLOWSH_ROUNDS` says otherwise.
const ROUNDS: u64 = 2000;
/// The seed unless `FLOWSH_SEED` says otherwise.
const SEED: u64 = 0x666c_6f77;
/// Changes of a hundred that dump the table; the others look its flows up, which is much faster.
const DUMPS: u64 = 6;
/// A second opinion on the table is asked for after so many tables.
const OPINION: u64 = 25;

/// A number that the environment gives.
fn given(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// What the namespace needs so that flows can have everything.
fn furnish() {
    with_labels(write::LABELS);
    with_helpers();
    for (name, value) in [("events", "1"), ("udp_timeout", "900"), ("udp_timeout_stream", "4000")] {
        std::fs::write(format!("/proc/sys/net/netfilter/nf_conntrack_{name}"), value).unwrap();
    }
}

#[test]
fn exactly_the_described_flows_change_whatever_the_engine() {
    let told = in_namespace_telling(|| {
        furnish();
        let (seed, wanted) = (given("FLOWSH_SEED").unwrap_or(SEED), given("FLOWSH_ROUNDS"));
        let (wanted, only) = (wanted.unwrap_or(ROUNDS), given("FLOWSH_TABLE"));
        let (mut ground, mut wire) = (Ground::new(), Wire::open());
        let dumps = given("FLOWSH_DUMPS").unwrap_or(DUMPS);
        let mut count = Count { dumps, ..Count::default() };
        let started = Instant::now();
        let mut table = only.unwrap_or(0);
        while count.rounds < wanted {
            let played = catch_unwind(AssertUnwindSafe(|| {
                let seed = seed.wrapping_mul(0x0001_0000_0001).wrapping_add(table);
                round::play(&mut ground, &mut wire, seed, wanted - count.rounds, &mut count);
                if table.is_multiple_of(OPINION) {
                    round::second_opinion(&mut wire);
                }
            }));
            if let Err(fault) = played {
                eprintln!("again with FLOWSH_SEED={seed} FLOWSH_TABLE={table}");
                resume_unwind(fault);
            }
            table += 1;
            if only.is_some() {
                break;
            }
        }
        let Count { rounds, seen, matched, changed, dumped, .. } = count;
        eprintln!(
            "seed {seed}: {rounds} rounds on {table} tables, {dumped} with a dump, {seen} flows \
             looked at twice, {matched} matched, {changed} changed, in {:.1} s",
            started.elapsed().as_secs_f64()
        );
    });
    eprint!("{told}");
}

#[test]
fn no_flow_outside_of_the_filter_is_touched_while_others_come_and_go() {
    let told = in_namespace_telling(|| {
        furnish();
        let rounds = given("FLOWSH_ROUNDS").unwrap_or(ROUNDS);
        let seed = given("FLOWSH_SEED").unwrap_or(SEED);
        storm::play(seed, rounds / 20, 30);
        // So many that a thread carries out what fills a batch.
        storm::play(seed, rounds / 40, 90);
    });
    eprint!("{told}");
}
