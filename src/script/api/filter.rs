//! Filters as values: `filter("tcp dport 443")`, joined with `&`, `|` and `!`.

use rhai::plugin::*;
use rhai::{Dynamic, NativeCallContext};

use crate::script::fault::Fallible;
use crate::script::objects::{FilterHandle, FlowHandle};
use crate::script::ops::{asker, to_filter};

pub(super) fn module() -> Module {
    exported_module!(filter_api)
}

#[export_module]
mod filter_api {
    /// A filter: one tree of comparisons, made from text, a map or a closure.
    pub type Filter = FilterHandle;

    /// A filter as a value, from text, a map or a closure.
    ///
    /// # Example
    /// ```rhai
    /// let web = filter("tcp dport {80, 443}"); flows.where(web).count()
    /// ```
    #[rhai_fn(return_raw)]
    pub fn filter(ctx: NativeCallContext, filter: Dynamic) -> Fallible<FilterHandle> {
        to_filter(&ctx, filter).map(FilterHandle)
    }

    /// What both filters take.
    ///
    /// # Example
    /// ```rhai
    /// flows.where(filter("tcp") & filter("dport 443")).count()
    /// ```
    #[rhai_fn(name = "&")]
    pub fn and(a: FilterHandle, b: FilterHandle) -> FilterHandle {
        FilterHandle(a.0.and(b.0))
    }

    /// What either filter takes.
    ///
    /// # Example
    /// ```rhai
    /// flows.where(filter("tcp") | filter("udp")).count()
    /// ```
    #[rhai_fn(name = "|")]
    pub fn or(a: FilterHandle, b: FilterHandle) -> FilterHandle {
        FilterHandle(a.0.or(b.0))
    }

    /// The filter, narrowed to what the other takes, too.
    ///
    /// # Example
    /// ```rhai
    /// let web = filter("tcp"); web &= filter("dport 443"); flows.where(web).count()
    /// ```
    #[rhai_fn(name = "&=")]
    pub fn and_assign(a: &mut FilterHandle, b: FilterHandle) {
        a.0 = std::mem::replace(&mut a.0, crate::flow::Filter::All).and(b.0);
    }

    /// The filter, widened by what the other takes: of thousands, sooner than `|`, which copies.
    ///
    /// # Example
    /// ```rhai
    /// let bad = filter("src 10.0.0.1"); for n in 2..100 { bad |= filter(`src 10.0.0.${n}`) }
    /// flows.where(bad).count()
    /// ```
    #[rhai_fn(name = "|=")]
    pub fn or_assign(a: &mut FilterHandle, b: FilterHandle) {
        a.0 = std::mem::replace(&mut a.0, crate::flow::Filter::All).or(b.0);
    }

    /// What the filter does not take.
    ///
    /// # Example
    /// ```rhai
    /// flows.where(!filter("src in 10.0.0.0/8")).count()
    /// ```
    #[rhai_fn(name = "!")]
    pub fn not(filter: FilterHandle) -> FilterHandle {
        FilterHandle(filter.0.negate())
    }

    /// True if the filter takes this flow.
    ///
    /// # Example
    /// ```rhai
    /// let web = filter("tcp dport 443"); for f in flows { if web.takes(f) { print(f) } }
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn takes(
        ctx: NativeCallContext,
        filter: &mut FilterHandle,
        flow: FlowHandle,
    ) -> Fallible<bool> {
        let mut ask = asker(ctx.engine(), &flow.source);
        filter.0.judge(&flow.flow, flow.source.now_ns(), &mut ask)
    }

    /// The filter as text.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn filter_text(filter: &mut FilterHandle) -> String {
        filter.0.now().to_string()
    }
}
