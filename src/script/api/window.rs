//! Sliding counts: how often a key was seen in the last so many seconds.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::{Duration, Instant};

use rhai::plugin::*;
use rhai::{Dynamic, INT};

use crate::flow::{Unit, Value};
use crate::render::Column;
use crate::script::cells::record;
use crate::script::fault::{Fallible, Fault};
use crate::script::rows::Rows;
use crate::script::value::{count as unsigned, from_dynamic, span};

/// Sightings that a window holds at most; beyond that the oldest go early.
const SIGHTINGS: usize = 1_000_000;

pub(super) fn module() -> Module {
    exported_module!(window_api)
}

/// Counts per key over the last `length`.
#[derive(Debug)]
pub(super) struct Sliding {
    length: Duration,
    seen: VecDeque<(Instant, Value)>,
    counts: HashMap<Value, u64>,
}

impl Sliding {
    fn forget(&mut self, now: Instant) {
        while let Some((when, _)) = self.seen.front() {
            if now.duration_since(*when) < self.length && self.seen.len() <= SIGHTINGS {
                break;
            }
            let Some((_, key)) = self.seen.pop_front() else { break };
            if let Some(count) = self.counts.get_mut(&key) {
                *count -= 1;
                if *count == 0 {
                    self.counts.remove(&key);
                }
            }
        }
    }

    fn count(&self, key: &Value) -> INT {
        let count = self.counts.get(key).copied().unwrap_or_default();
        INT::try_from(count).unwrap_or(INT::MAX)
    }
}

/// What `value` is counted as: text that is an address as the address, as comparisons have it.
fn key(value: &Dynamic) -> Value {
    match from_dynamic(value) {
        Value::Text(text) => text.parse().map_or(Value::Text(text), Value::Addr),
        value => value,
    }
}

/// A window as scripts hold it.
pub(super) type WindowHandle = Rc<RefCell<Sliding>>;

#[export_module]
mod window_api {
    /// Sliding counts per key.
    pub type Window = WindowHandle;

    /// Sliding counts over the last `length`; holds at most a million sightings.
    ///
    /// # Example
    /// ```rhai
    /// let hits = window(10.sec); hits.add("a"); hits.add("a") == 2
    /// ```
    #[rhai_fn(return_raw)]
    pub fn window(length: Dynamic) -> Fallible<WindowHandle> {
        let length = span("window", &length)?.to_std();
        if length.is_zero() {
            return Fault::new("a window needs a length").throw();
        }
        let (seen, counts) = (VecDeque::new(), HashMap::new());
        Ok(Rc::new(RefCell::new(Sliding { length, seen, counts })))
    }

    /// Counts `value` once more, and returns its count within the window.
    ///
    /// An address and its text are the same: what was added as `f.src` is there as `"10.0.0.1"`.
    ///
    /// # Example
    /// ```rhai
    /// let hits = window(10.sec); hits.add(ip("10.0.0.1")); hits.count("10.0.0.1") == 1
    /// ```
    #[rhai_fn(pure)]
    pub fn add(window: &mut WindowHandle, value: Dynamic) -> INT {
        let (now, key) = (Instant::now(), key(&value));
        let mut window = window.borrow_mut();
        window.seen.push_back((now, key.clone()));
        *window.counts.entry(key.clone()).or_default() += 1;
        window.forget(now);
        window.count(&key)
    }

    /// The count of `value` within the window, 0 if it was not seen.
    #[rhai_fn(pure)]
    pub fn count(window: &mut WindowHandle, value: Dynamic) -> INT {
        let mut window = window.borrow_mut();
        window.forget(Instant::now());
        window.count(&key(&value))
    }

    /// The `n` keys that were seen most within the window.
    #[rhai_fn(pure, return_raw)]
    pub fn top(window: &mut WindowHandle, n: INT) -> Fallible<Rows> {
        let n = usize::try_from(unsigned("top", n)?).unwrap_or(usize::MAX);
        let mut window = window.borrow_mut();
        window.forget(Instant::now());
        let mut counts: Vec<_> = window.counts.iter().collect();
        counts.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        let columns = vec![Column::new("key", Unit::Text), Column::new("count", Unit::Number)];
        let records = counts
            .into_iter()
            .take(n)
            .map(|(key, count)| record(&columns, vec![key.clone(), Value::Count(*count)]));
        let records = records.collect::<Fallible<Vec<_>>>()?;
        Ok(Rows::of_records(columns, records))
    }

    /// Forgets everything.
    #[rhai_fn(pure)]
    pub fn clear(window: &mut WindowHandle) {
        let mut window = window.borrow_mut();
        window.seen.clear();
        window.counts.clear();
    }
}
