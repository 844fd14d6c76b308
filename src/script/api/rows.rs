//! Rows: results that were gathered, such as `sort`, `top`, `group` and `select` give.

use rhai::plugin::*;
use rhai::{Array, Dynamic, Engine, FnPtr, INT, ImmutableString};

use crate::flow::Value;
use crate::script::callback::Callback;
use crate::script::cells::cell;
use crate::script::closure::Closure;
use crate::script::fault::{Fallible, Fault};
use crate::script::rows::Rows;
use crate::script::value::{count as unsigned, describe, to_dynamic};
use crate::table::{Distinct, Tally, closest};

pub(super) fn module() -> Module {
    exported_module!(rows_api)
}

/// Makes `for r in rows` go row by row, and `rows[0]` the first.
pub(super) fn register_iterators(engine: &mut Engine) {
    engine.register_iterator_result::<Rows, Dynamic>();
}

/// What a verb on rows works on: a column, or what a closure makes of a row.
fn row_value(key: &RowKey, ctx: &NativeCallContext<'_>, row: &Dynamic) -> Fallible<Value> {
    match key {
        RowKey::Column(name) => cell(row, name),
        RowKey::Closure(closure) => closure.value_of(ctx.engine(), row),
    }
}

enum RowKey {
    Column(String),
    Closure(Closure),
}

fn row_key(ctx: &NativeCallContext<'_>, rows: &Rows, verb: &str, key: Dynamic) -> Fallible<RowKey> {
    if let Some(name) = key.read_lock::<ImmutableString>() {
        check_column(rows, &name)?;
        return Ok(RowKey::Column(name.to_string()));
    }
    let found = describe(&key);
    match key.try_cast::<FnPtr>() {
        Some(closure) => Ok(RowKey::Closure(Closure::of_rows(ctx, closure, rows.columns()))),
        None => {
            let message = format!("{verb} needs the name of a column or a closure, not {found}");
            Fault::new(message).throw()
        }
    }
}

/// An error if the rows have no such column.
fn check_column(rows: &Rows, name: &str) -> Fallible<()> {
    let columns = rows.columns().list(true);
    if columns.iter().any(|column| column.name == name) {
        return Ok(());
    }
    let fault = Fault::new(format!("these rows have no column `{name}`"));
    match closest(name, columns.iter().map(|column| column.name.as_str())) {
        Some(near) => fault.hint(format!("did you mean `{near}`?")).throw(),
        None => {
            let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
            fault.hint(format!("they have {}", names.join(", "))).throw()
        }
    }
}

fn sorted(ctx: &NativeCallContext<'_>, rows: &Rows, key: Dynamic, verb: &str) -> Fallible<Rows> {
    let named = key
        .read_lock::<ImmutableString>()
        .and_then(|name| name.strip_prefix('-').map(|name| Dynamic::from(name.to_owned())));
    let descending = named.is_some();
    let key = row_key(ctx, rows, verb, named.unwrap_or(key))?;
    let mut keyed: Vec<(Value, Dynamic)> = rows
        .items()?
        .iter()
        .map(|row| Ok((row_value(&key, ctx, row)?, row.clone())))
        .collect::<Fallible<_>>()?;
    keyed.sort_by(|(a, _), (b, _)| match (a.is_absent(), b.is_absent()) {
        (false, false) if descending => b.cmp(a),
        (false, false) => a.cmp(b),
        // Absent comes last, whichever way.
        (a_absent, b_absent) => a_absent.cmp(&b_absent),
    });
    Ok(rows.with_items(keyed.into_iter().map(|(_, row)| row).collect()))
}

fn tally(ctx: &NativeCallContext<'_>, rows: &Rows, verb: &str, key: Dynamic) -> Fallible<Tally> {
    let key = row_key(ctx, rows, verb, key)?;
    let mut tally = Tally::default();
    for row in rows.items()?.iter() {
        let value = row_value(&key, ctx, row)?;
        if !tally.add(&value) && matches!(verb, "sum" | "avg") {
            let found = describe(&to_dynamic(value)?);
            return Fault::new(format!("{verb} needs numbers, found {found}")).throw();
        }
    }
    Ok(tally)
}

#[export_module]
mod rows_api {
    /// Rows of a result; each is a flow, an expectation, or a map of its columns.
    pub type Rows = crate::script::rows::Rows;

    /// How many rows there are.
    #[rhai_fn(name = "count", name = "len", get = "len", pure, return_raw)]
    pub fn count(rows: &mut Rows) -> Fallible<INT> {
        Ok(INT::try_from(rows.items()?.len()).unwrap_or(INT::MAX))
    }

    /// True if there are no rows.
    #[rhai_fn(pure, return_raw)]
    pub fn is_empty(rows: &mut Rows) -> Fallible<bool> {
        Ok(rows.items()?.is_empty())
    }

    /// The first `n` rows.
    ///
    /// # Example
    /// ```rhai
    /// flows.sort("-bytes").take(10)
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn take(rows: &mut Rows, n: INT) -> Fallible<Rows> {
        rows.take(unsigned("take", n)?)
    }

    /// The rows after the first `n`.
    #[rhai_fn(pure, return_raw)]
    pub fn skip(rows: &mut Rows, n: INT) -> Fallible<Rows> {
        rows.skip(unsigned("skip", n)?)
    }

    /// The first row, or `()` if there is none.
    #[rhai_fn(pure, return_raw)]
    pub fn first(rows: &mut Rows) -> Fallible<Dynamic> {
        Ok(rows.take(1)?.items()?.first().cloned().unwrap_or(Dynamic::UNIT))
    }

    /// The row at `index`, from 0; negative counts from the end.
    #[rhai_fn(index_get, pure, return_raw)]
    pub fn at(rows: &mut Rows, index: INT) -> Fallible<Dynamic> {
        let items = rows.items()?;
        let len = items.len();
        let at = match usize::try_from(index) {
            Ok(at) => Some(at),
            Err(_) => usize::try_from(index.unsigned_abs()).ok().and_then(|b| len.checked_sub(b)),
        };
        let row = at.and_then(|at| items.get(at)).cloned();
        row.ok_or_else(|| Fault::new(format!("there is no row {index} of {len}")).thrown())
    }

    /// All rows in an array.
    #[rhai_fn(pure, return_raw)]
    pub fn array(rows: &mut Rows) -> Fallible<Array> {
        Ok(rows.items()?.to_vec())
    }

    /// The rows sorted by a column: `"bytes"` ascending, `"-bytes"` descending, or by what a
    /// closure answers; absent last.
    ///
    /// # Example
    /// ```rhai
    /// flows.group("src").sort("src")
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn sort(ctx: NativeCallContext, rows: &mut Rows, key: Dynamic) -> Fallible<Rows> {
        sorted(&ctx, rows, key, "sort")
    }

    /// The first `n` rows; a result of `group` is sorted by flows.
    ///
    /// # Example
    /// ```rhai
    /// flows.group("src").top(10)
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn top(rows: &mut Rows, n: INT) -> Fallible<Rows> {
        rows.take(unsigned("top", n)?)
    }

    /// The `n` rows with the most of a column.
    ///
    /// # Example
    /// ```rhai
    /// flows.group("dst", "dport").top(10, "bytes")
    /// ```
    #[rhai_fn(name = "top", pure, return_raw)]
    pub fn top_of(ctx: NativeCallContext, rows: &mut Rows, n: INT, column: &str) -> Fallible<Rows> {
        let key = format!("-{}", column.trim_start_matches('-'));
        take(&mut sorted(&ctx, rows, key.into(), "top")?, n)
    }

    /// The rows for which the closure answers true.
    ///
    /// # Example
    /// ```rhai
    /// flows.group("src").where(|r| r.flows > 100)
    /// ```
    #[rhai_fn(name = "where", pure, return_raw)]
    pub fn narrowed(ctx: NativeCallContext, rows: &mut Rows, test: FnPtr) -> Fallible<Rows> {
        let test = Closure::of_rows(&ctx, test, rows.columns());
        let mut kept = Vec::new();
        for row in rows.items()?.iter() {
            if test.takes(ctx.engine(), row)? {
                kept.push(row.clone());
            }
        }
        Ok(rows.with_items(kept))
    }

    /// What `f` makes of each row, in an array.
    #[rhai_fn(pure, return_raw)]
    pub fn map(ctx: NativeCallContext, rows: &mut Rows, f: FnPtr) -> Fallible<Array> {
        let f = Callback::new(&ctx, f);
        rows.items()?.iter().map(|row| f.call(ctx.engine(), [row.clone()])).collect()
    }

    /// Calls `f` with each row.
    #[rhai_fn(name = "each", pure, return_raw)]
    pub fn for_each(ctx: NativeCallContext, rows: &mut Rows, f: FnPtr) -> Fallible<()> {
        let f = Callback::new(&ctx, f);
        rows.items()?.iter().try_for_each(|row| f.tell(ctx.engine(), [row.clone()]))
    }

    /// The sum of a column, or of what a closure answers.
    #[rhai_fn(pure, return_raw)]
    pub fn sum(ctx: NativeCallContext, rows: &mut Rows, key: Dynamic) -> Fallible<Dynamic> {
        to_dynamic(tally(&ctx, rows, "sum", key)?.sum())
    }

    /// The mean of a column, or of what a closure answers; `()` without values.
    #[rhai_fn(pure, return_raw)]
    pub fn avg(ctx: NativeCallContext, rows: &mut Rows, key: Dynamic) -> Fallible<Dynamic> {
        to_dynamic(tally(&ctx, rows, "avg", key)?.avg())
    }

    /// The least value of a column, or of what a closure answers; `()` without values.
    #[rhai_fn(pure, return_raw)]
    pub fn min(ctx: NativeCallContext, rows: &mut Rows, key: Dynamic) -> Fallible<Dynamic> {
        to_dynamic(tally(&ctx, rows, "min", key)?.min())
    }

    /// The greatest value of a column, or of what a closure answers; `()` without values.
    #[rhai_fn(pure, return_raw)]
    pub fn max(ctx: NativeCallContext, rows: &mut Rows, key: Dynamic) -> Fallible<Dynamic> {
        to_dynamic(tally(&ctx, rows, "max", key)?.max())
    }

    /// The different values of a column, or of what a closure answers, sorted.
    #[rhai_fn(pure, return_raw)]
    pub fn distinct(ctx: NativeCallContext, rows: &mut Rows, key: Dynamic) -> Fallible<Array> {
        let key = row_key(&ctx, rows, "distinct", key)?;
        let mut seen = Distinct::default();
        for row in rows.items()?.iter() {
            seen.add(row_value(&key, &ctx, row)?);
        }
        seen.finish().into_iter().map(to_dynamic).collect()
    }

    /// The rows as text, in the format of the run.
    #[rhai_fn(name = "to_string", name = "to_debug", pure, return_raw)]
    pub fn rows_text(rows: &mut Rows) -> Fallible<String> {
        crate::script::show::to_text(&Dynamic::from(rows.clone()))
    }
}
