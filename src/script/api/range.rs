//! What Rhai's ranges lack beside arrays: `(0..5).map(|n| …)`, and that `()` is in none.

use std::ops::{Range, RangeInclusive};

use rhai::plugin::*;
use rhai::{Array, FnPtr, INT};

use crate::script::callback::Callback;
use crate::script::fault::Fallible;

pub(super) fn module() -> Module {
    exported_module!(range_api)
}

fn mapped(
    ctx: &NativeCallContext<'_>,
    mut numbers: impl Iterator<Item = INT>,
    f: FnPtr,
) -> Fallible<Array> {
    let f = Callback::new(ctx, f);
    let mut results = Array::new();
    numbers.try_for_each(|number| {
        results.push(f.call(ctx.engine(), [number.into()])?);
        Fallible::Ok(())
    })?;
    Ok(results)
}

#[export_module]
mod range_api {
    /// What `f` makes of each number of the range, in an array.
    ///
    /// # Example
    /// ```rhai
    /// (1..4).map(|n| n * n) == [1, 4, 9]
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn map(ctx: NativeCallContext, range: &mut Range<INT>, f: FnPtr) -> Fallible<Array> {
        mapped(&ctx, range.clone(), f)
    }

    // The same type to scripts: documented once.
    #[rhai_fn(name = "map", pure, return_raw)]
    pub fn map_inclusive(
        ctx: NativeCallContext,
        range: &mut RangeInclusive<INT>,
        f: FnPtr,
    ) -> Fallible<Array> {
        mapped(&ctx, range.clone(), f)
    }

    /// True if nothing is in the range: never. So that `f.dport in 80..90` is false, not an error,
    /// for a flow without ports.
    #[rhai_fn(name = "contains")]
    pub fn range_has_nothing(_range: Range<INT>, _nothing: ()) -> bool {
        false
    }

    /// True if nothing is in the range: never.
    #[rhai_fn(name = "contains")]
    pub fn closed_range_has_nothing(_range: RangeInclusive<INT>, _nothing: ()) -> bool {
        false
    }
}
