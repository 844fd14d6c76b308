//! Everything that scripts can see, one file per topic. Each function carries its documentation,
//! which help, reference and completion are made from.

use rhai::{Engine, Module};

pub(super) mod addr;
mod array;
mod change;
mod columns;
mod event;
mod expect;
mod explain;
mod filter;
mod flow;
mod help;
mod kill;
mod mixed;
mod named;
mod nat;
mod netns;
mod open;
mod outcome;
mod pad;
mod process;
mod protect;
mod query;
mod range;
mod reconcile;
mod rows;
mod settings;
mod snapshot;
mod sort;
mod stats;
mod system;
mod time;
mod timer;
mod window;

pub(super) use flow::SIDE;
pub(super) use outcome::outcome_map;

/// Registers every topic with `engine`.
pub(super) fn register(engine: &mut Engine) {
    let topics: [fn() -> Module; 32] = [
        addr::module,
        array::module,
        change::module,
        columns::module,
        event::module,
        expect::module,
        explain::module,
        filter::module,
        flow::module,
        help::module,
        kill::module,
        mixed::module,
        named::module,
        nat::module,
        netns::module,
        open::module,
        outcome::module,
        pad::module,
        process::module,
        protect::module,
        query::module,
        range::module,
        reconcile::module,
        rows::module,
        settings::module,
        snapshot::module,
        sort::module,
        stats::module,
        system::module,
        time::module,
        timer::module,
        window::module,
    ];
    for topic in topics {
        engine.register_global_module(topic().into());
    }
    query::register_iterators(engine);
    expect::register_iterators(engine);
    rows::register_iterators(engine);
    event::register_iterators(engine);
    netns::register_iterators(engine);
    open::register_iterators(engine);
}
