//! Sorting arrays: by the order that values have everywhere, or as a closure compares them. That of
//! flows is in `sort`.

use std::cmp::Ordering;

use rhai::plugin::*;
use rhai::{Array, Dynamic, FnPtr, NativeCallContext};

use crate::script::callback::Callback;
use crate::script::fault::{Fallible, Fault};
use crate::script::value::{Span, describe, from_dynamic};

pub(super) fn module() -> Module {
    exported_module!(array_api)
}

#[export_module]
mod array_api {
    /// Sorts an array: addresses as addresses, numbers as numbers, text by its letters; values that are
    /// absent come first.
    ///
    /// # Example
    /// ```rhai
    /// let sources = flows.distinct("src"); sources.sort(); sources
    /// ```
    pub fn sort(array: &mut Array) {
        array.sort_by_cached_key(from_dynamic);
    }

    /// Sorts an array as a closure compares two of its values: less than 0 if the first comes before
    /// the second, 0 if either may, more if it comes behind. A number or a duration will do.
    ///
    /// What the closure throws is thrown, and the array is as it was.
    ///
    /// # Example
    /// ```rhai
    /// let some = flows.array(); some.sort(|a, b| b.timeout - a.timeout); some.len()
    /// ```
    #[rhai_fn(name = "sort", return_raw)]
    pub fn sort_by(ctx: NativeCallContext, array: &mut Array, compare: FnPtr) -> Fallible<()> {
        let compare = Callback::taking(&ctx, compare, 2, "|a, b| …")?;
        let mut compare =
            |a: &Dynamic, b: &Dynamic| order(&compare.call(ctx.engine(), [a.clone(), b.clone()])?);
        *array = sorted(array.clone(), &mut compare)?;
        Ok(())
    }

    /// An error: an array has no fields to be sorted by. Queries and rows do: `flows.sort("src")`.
    #[rhai_fn(name = "sort", return_raw)]
    pub fn sort_by_name(array: &mut Array, name: &str) -> Fallible<()> {
        let message =
            format!("an array of {} values has no field `{name}` to be sorted by", array.len());
        Fault::new(message)
            .hint("sort what it is made from, flows.sort(\"src\"), or compare: |a, b| a.dport - b.dport")
            .throw()
    }
}

/// What a closure's answer says of two values.
fn order(answer: &Dynamic) -> Fallible<Ordering> {
    let sign = match answer.as_int() {
        Ok(number) => Some(number.cmp(&0)),
        Err(_) => match answer.as_float() {
            Ok(number) => number.partial_cmp(&0.0),
            Err(_) => answer.clone().try_cast::<Span>().map(|span| span.0.cmp(&0)),
        },
    };
    sign.ok_or_else(|| {
        let message = format!("two values are compared by a number, not {}", describe(answer));
        Fault::new(message).hint("for example |a, b| a.bytes - b.bytes").thrown()
    })
}

/// The same items, sorted. A closure may contradict itself, which the library's sort may not survive:
/// this one merges.
fn sorted(
    mut items: Array,
    compare: &mut dyn FnMut(&Dynamic, &Dynamic) -> Fallible<Ordering>,
) -> Fallible<Array> {
    if items.len() < 2 {
        return Ok(items);
    }
    let behind = sorted(items.split_off(items.len() / 2), compare)?;
    let before = sorted(items, compare)?;
    let mut all = Array::with_capacity(before.len() + behind.len());
    let (mut before, mut behind) = (before.into_iter().peekable(), behind.into_iter().peekable());
    while let (Some(a), Some(b)) = (before.peek(), behind.peek()) {
        let next = if compare(a, b)?.is_gt() { behind.next() } else { before.next() };
        all.extend(next);
    }
    all.extend(before.chain(behind));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use rhai::Dynamic;

    use super::sorted;

    #[test]
    fn whatever_the_closure_says_every_item_stays() {
        let items: Vec<Dynamic> =
            (0_i64..100).map(|number| Dynamic::from(number * 37 % 100)).collect();
        let int = |value: &Dynamic| value.as_int().unwrap();
        let mut by_number = |a: &Dynamic, b: &Dynamic| Ok(int(a).cmp(&int(b)));
        let up: Vec<_> = sorted(items.clone(), &mut by_number).unwrap().iter().map(int).collect();
        assert!(up.into_iter().eq(0..100));
        let mut contrary = |_: &Dynamic, _: &Dynamic| Ok(Ordering::Greater);
        let mut all: Vec<_> = sorted(items, &mut contrary).unwrap().iter().map(int).collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..100));
    }
}
