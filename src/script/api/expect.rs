//! `expectations`: flows that helpers foresee; the same verbs as for flows.

use std::rc::Rc;
use std::time::Instant;

use rhai::plugin::*;
use rhai::{Array, Dynamic, Engine, FnPtr, FuncRegistration, INT, Map, NativeCallContext};

use crate::flow::{ExpectField, Expectation};
use crate::kernel::Applied;
use crate::render::Columns;
use crate::script::callback::Callback;
use crate::script::closure::Closure;
use crate::script::expr::{Row, Subject};
use crate::script::fault::{Fallible, Fault};
use crate::script::host::Host;
use crate::script::maps;
use crate::script::objects::{ExpectHandle, Expectations};
use crate::script::rows::Rows;
use crate::script::value::to_dynamic;
use crate::table::{Outcome, closest};

use super::flow::{kind, sentence};

pub(super) fn module() -> Module {
    let mut module = exported_module!(expect_api);
    for field in ExpectField::all() {
        FuncRegistration::new_getter(field.name())
            .with_params_info(["expectation: &mut Expectation", kind(field.name(), field.unit())])
            .with_comments([format!("/// {}.", sentence(field.doc()))])
            .with_purity(true)
            .set_into_module(&mut module, move |row: &mut ExpectHandle| {
                to_dynamic(field.get(&row.expectation))
            });
    }
    module
}

/// Makes `for x in expectations` go one by one.
pub(super) fn register_iterators(engine: &mut Engine) {
    engine.register_iterator_result::<Expectations, Dynamic>();
}

impl IntoIterator for Expectations {
    type Item = Fallible<Dynamic>;
    type IntoIter = Box<dyn Iterator<Item = Fallible<Dynamic>>>;

    fn into_iter(self) -> Self::IntoIter {
        match self.rows() {
            Ok(rows) => Box::new(rows.into_iter()),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    }
}

impl Expectations {
    /// The expectations that all tests take.
    ///
    /// # Errors
    ///
    /// The table cannot be read, or a closure throws.
    pub fn rows(&self) -> Fallible<Rows> {
        let engine = Host::current()?.engine()?;
        let tests: Vec<Closure> = self.tests.iter().map(Closure::now).collect();
        let mut items = Vec::new();
        'next: for expectation in self.source.expectations(None)? {
            let (expectation, source) = (Rc::new(expectation), Rc::clone(&self.source));
            let handle = ExpectHandle { expectation: Rc::clone(&expectation), source };
            let row = Dynamic::from(handle);
            for test in &tests {
                let seen = Row::Expectation(&expectation);
                if !test.ask(&engine, seen, || row.clone())? {
                    continue 'next;
                }
            }
            items.push(row);
        }
        Ok(Rows::kept(Columns::Expectations, items))
    }

    /// Deletes the expectations in `rows`.
    fn delete_all(&self, rows: &Rows) -> Fallible<Outcome> {
        let started = Instant::now();
        let mut batch = self.source.live()?.batch("delete expectations")?;
        let mut matched = 0;
        for row in rows.items()?.iter().filter_map(Dynamic::read_lock::<ExpectHandle>) {
            matched += 1;
            batch.delete_expectation(&row.expectation.key())?;
        }
        let applied = batch.finish()?;
        self.outcome("deleted", matched, applied, started)
    }

    fn outcome(
        &self,
        verb: &'static str,
        matched: u64,
        applied: Applied,
        started: Instant,
    ) -> Fallible<Outcome> {
        super::change::outcome(verb, matched, applied, &self.source, started)
    }
}

#[export_module]
mod expect_api {
    /// The expectation table, or some of it; both families.
    pub type Expectations = crate::script::objects::Expectations;

    /// One expectation, as it was when it was read.
    pub type Expectation = ExpectHandle;

    /// The expectations for which the closure answers true.
    ///
    /// # Example
    /// ```rhai
    /// expectations.where(|x| x.helper == "sip").count()
    /// ```
    #[rhai_fn(name = "where", pure)]
    pub fn narrowed(ctx: NativeCallContext, query: &mut Expectations, test: FnPtr) -> Expectations {
        let mut query = query.clone();
        query.tests.push(Closure::new(&ctx, test, Subject::Expectation));
        query
    }

    /// How many there are.
    ///
    /// # Example
    /// ```rhai
    /// expectations.count()
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn count(query: &mut Expectations) -> Fallible<INT> {
        Ok(INT::try_from(query.rows()?.items()?.len()).unwrap_or(INT::MAX))
    }

    /// The first, or `()` if there is none.
    #[rhai_fn(pure, return_raw)]
    pub fn first(query: &mut Expectations) -> Fallible<Dynamic> {
        Ok(query.rows()?.items()?.first().cloned().unwrap_or(Dynamic::UNIT))
    }

    /// True if there is one.
    #[rhai_fn(pure, return_raw)]
    pub fn exists(query: &mut Expectations) -> Fallible<bool> {
        Ok(!query.rows()?.items()?.is_empty())
    }

    /// All in an array.
    #[rhai_fn(pure, return_raw)]
    pub fn array(query: &mut Expectations) -> Fallible<Array> {
        Ok(query.rows()?.items()?.to_vec())
    }

    /// All as rows, to be sorted, mapped and summed up.
    ///
    /// # Example
    /// ```rhai
    /// expectations.rows().sort("timeout")
    /// ```
    #[rhai_fn(name = "rows", pure, return_raw)]
    pub fn as_rows(query: &mut Expectations) -> Fallible<Rows> {
        query.rows()
    }

    /// What `f` makes of each, in an array.
    #[rhai_fn(pure, return_raw)]
    pub fn map(ctx: NativeCallContext, query: &mut Expectations, f: FnPtr) -> Fallible<Array> {
        let f = Callback::new(&ctx, f);
        let rows = query.rows()?;
        rows.items()?.iter().map(|row| f.call(ctx.engine(), [row.clone()])).collect()
    }

    /// Deletes the expectations; all of them needs `flush()`.
    ///
    /// # Example
    /// ```rhai
    /// expectations.where(|x| x.helper == "sip").delete()
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn delete(query: &mut Expectations) -> Fallible<Outcome> {
        if query.tests.is_empty() {
            return Fault::new("this would delete every expectation")
                .hint("write expectations.flush() if you mean it, or narrow with where(…)")
                .throw();
        }
        query.delete_all(&query.rows()?)
    }

    /// Deletes this expectation.
    #[rhai_fn(name = "delete", pure, return_raw)]
    pub fn delete_one(row: &mut ExpectHandle) -> Fallible<Outcome> {
        let table = Expectations { source: Rc::clone(&row.source), tests: Vec::new() };
        table.delete_all(&Rows::kept(Columns::Expectations, vec![Dynamic::from(row.clone())]))
    }

    /// Changes this expectation: its `timeout` is all that the kernel lets one change.
    ///
    /// # Example
    /// ```rhai
    /// for x in expectations { x.update(#{ timeout: 5.min }) }
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn update(row: &mut ExpectHandle, what: Map) -> Fallible<Outcome> {
        let started = Instant::now();
        let timeout_s = maps::expect_timeout(&what)?;
        let mut batch = row.source.live()?.batch("update expectations")?;
        batch.update_expectation(&row.expectation.key(), timeout_s)?;
        let applied = batch.finish()?;
        super::super::change::outcome("updated", 1, applied, &row.source, started)
    }

    /// Deletes every expectation, in one request.
    ///
    /// # Example
    /// ```rhai
    /// expectations.flush()
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn flush(query: &mut Expectations) -> Fallible<Outcome> {
        let started = Instant::now();
        let all = Expectations { source: Rc::clone(&query.source), tests: Vec::new() };
        let done = u64::try_from(all.rows()?.items()?.len()).unwrap_or(u64::MAX);
        query.source.live()?.flush_expectations()?;
        query.outcome("deleted", done, Applied { done, ..Applied::default() }, started)
    }

    /// Makes an expectation: `proto src dst sport dport` of what is expected, `master` (a map of
    /// the original direction of a flow with a helper), `timeout`, and if needed `mask`, `helper`,
    /// `class`, `flags`, `zone`. A source port of 0 is any. The kernel takes the helper's timeout.
    ///
    /// # Example
    /// ```rhai
    /// let ftp = #{ proto: "tcp", src: "10.0.0.1", dst: "10.0.0.2", sport: 1024, dport: 21 };
    /// flows.create(ftp + #{ state: "ESTABLISHED", timeout: 60.sec, helper: "ftp" });
    /// expectations.create(#{ proto: "tcp", src: "10.0.0.2", dst: "10.0.0.1", sport: 0,
    ///                        dport: 5000, master: ftp, timeout: 30.sec, helper: "ftp" })
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn create(query: &mut Expectations, what: Map) -> Fallible<Outcome> {
        let started = Instant::now();
        let new = maps::new_expectation(&what)?;
        let mut batch = query.source.live()?.batch("create expectations")?;
        batch.create_expectation(&new)?;
        let applied = batch.finish()?;
        query.outcome("created", 1, applied, started)
    }

    /// The expectation of exactly this flow, or `()`.
    #[rhai_fn(pure, return_raw)]
    pub fn get(query: &mut Expectations, key: Map) -> Fallible<Dynamic> {
        let found = query.source.live()?.get_expectation(&maps::expect_key(&key)?)?;
        Ok(found.map_or(Dynamic::UNIT, |expectation| handle(query, expectation)))
    }

    /// A field by its name.
    #[rhai_fn(index_get, pure, return_raw)]
    pub fn by_name(row: &mut ExpectHandle, name: &str) -> Fallible<Dynamic> {
        match ExpectField::named(name) {
            Some(field) => to_dynamic(field.get(&row.expectation)),
            None => {
                let fault = Fault::new(format!("an expectation has no field `{name}`"));
                match closest(name, ExpectField::all().map(ExpectField::name)) {
                    Some(near) => fault.hint(format!("did you mean `{near}`?")).throw(),
                    None => fault.throw(),
                }
            }
        }
    }

    /// The expectation on one line.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn expectation_text(row: &mut ExpectHandle) -> String {
        row.expectation.to_string()
    }

    /// The query as text.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn query_text(query: &mut Expectations) -> String {
        match query.tests.len() {
            0 => "expectations".to_owned(),
            _ => "expectations.where(…)".to_owned(),
        }
    }
}

fn handle(query: &Expectations, expectation: Expectation) -> Dynamic {
    let (expectation, source) = (Rc::new(expectation), Rc::clone(&query.source));
    Dynamic::from(ExpectHandle { expectation, source })
}
