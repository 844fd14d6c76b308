//! How a question is put to the kernel: what of a filter it can be asked to leave out, in one dump or
//! in several. It is an optimisation only: every flow that comes is judged again natively.
//!
//! A dump that is narrowed walks the whole table, but sends little: some 0.25 µs a flow against 2 µs
//! for one that is sent. So up to [`MOST_DUMPS`] narrow ones are cheaper than a full one, and more
//! are not, nor are any that would send half of the table together.
//!
//! Several dumps, at once or one after the other, must show a flow once, though it may change in
//! between. So what tells them apart is what a flow keeps for life: family, tuples, zone. Of marks
//! and status only that is asked for which all alternatives have in common.
//!
//! Asked for is what no kernel gets wrong in the way that loses flows. One that does not know a
//! filter sends more, or refuses and is asked without. Left out are IPv6 addresses, which every
//! kernel from 5.8 to 6.18 compares the wrong way round, and ports of protocols other than tcp and
//! udp, which it does not compare.

mod wish;

#[cfg(test)]
mod tests;

use crate::flow::Filter;
use crate::wire::{DumpScope, FlowTable};
use wish::{Wish, of_opposite, of_test};

/// Dumps that are asked for one question at most.
const MOST_DUMPS: usize = 4;

/// One dump of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What the kernel is asked for.
    pub scope: DumpScope,
    /// What of its answer is wanted here: no flow is wanted of two parts.
    pub filter: Filter,
}

/// The dumps that show all flows in `scope` that `filter` takes, each once; `replies` tells whether
/// this kernel can compare the reply direction.
#[must_use]
pub fn plan(scope: &DumpScope, filter: &Filter, replies: bool) -> Vec<Part> {
    if scope.table != FlowTable::Conntrack {
        // The others are short, and cannot be narrowed.
        return vec![Part { scope: *scope, filter: filter.clone() }];
    }
    let base = Wish { family: scope.family, filter: scope.filter };
    let mut wishes = both(&[base], &wishes(filter));
    if !replies {
        wishes.iter_mut().for_each(Wish::forget_replies);
        wishes.dedup();
    }
    if !pays(&wishes) {
        wishes = vec![common(&wishes)];
    }
    let mut parts = Vec::new();
    for (index, wish) in wishes.iter().enumerate() {
        let filter = match wishes.len() {
            1 => filter.clone(),
            _ => {
                let earlier = wishes.iter().take(index).map(|wish| wish.keys().negate());
                earlier.fold(wish.keys(), Filter::and).and(filter.clone())
            }
        };
        let scopes = wish.scopes(scope).into_iter();
        parts.extend(scopes.map(|scope| Part { scope, filter: filter.clone() }));
    }
    parts
}

/// The wishes of which a flow that `filter` takes fulfils one; never none.
fn wishes(filter: &Filter) -> Vec<Wish> {
    match filter {
        Filter::All => vec![Wish::default()],
        Filter::Ask(never) => match *never {},
        Filter::Test(test) => any_of(of_test(test)),
        Filter::Not(inner) => vec![of_opposite(inner)],
        Filter::And(parts) => all_of(parts),
        Filter::Or(parts) => any_of(parts.iter().flat_map(wishes).collect()),
    }
}

/// What fulfils all of `parts`: what every flow must have, and the choice that takes fewest dumps.
fn all_of(parts: &[Filter]) -> Vec<Wish> {
    let mut choices: Vec<_> = parts.iter().map(wishes).collect();
    let demanded = choices.iter().map(|choice| common(choice)).reduce(|all, one| all.and(&one));
    let demanded = vec![demanded.unwrap_or_default()];
    choices.retain(|choice| choice.len() > 1);
    choices.sort_by_key(|choice| (!choice.iter().all(Wish::has_address), choice.len()));
    let mut chosen = demanded.clone();
    for choice in choices {
        let more = both(&chosen, &choice);
        if !is_selective(&chosen) && dumps(&more) <= MOST_DUMPS {
            chosen = more;
        }
    }
    if pays(&chosen) { chosen } else { demanded }
}

/// What fulfils one of `wishes`, with what all have in common of what may change.
fn any_of(mut wishes: Vec<Wish>) -> Vec<Wish> {
    let common = common(&wishes);
    for wish in &mut wishes {
        (wish.filter.mark, wish.filter.status) = (common.filter.mark, common.filter.status);
    }
    wishes.dedup();
    if wishes.is_empty() || wishes.len() > MOST_DUMPS || wishes.contains(&common) {
        return vec![common];
    }
    wishes
}

/// What fulfils one of each.
fn both(some: &[Wish], others: &[Wish]) -> Vec<Wish> {
    some.iter().flat_map(|wish| others.iter().map(|other| wish.and(other))).collect()
}

/// What all of `wishes` demand.
fn common(wishes: &[Wish]) -> Wish {
    wishes.iter().copied().reduce(Wish::or).unwrap_or_default()
}

/// True if to ask for each of `wishes` is cheaper than to ask for what they have in common.
fn pays(wishes: &[Wish]) -> bool {
    wishes.len() == 1 || (is_selective(wishes) && dumps(wishes) <= MOST_DUMPS)
}

/// True if each of `wishes` is fulfilled by few flows, as far as one can tell.
fn is_selective(wishes: &[Wish]) -> bool {
    wishes.iter().all(Wish::is_selective)
}

/// How many dumps they take.
fn dumps(wishes: &[Wish]) -> usize {
    wishes.iter().map(|wish| wish.scopes(&DumpScope::default()).len()).sum()
}
