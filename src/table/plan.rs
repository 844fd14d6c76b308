//! What of a filter the kernel can be asked to leave out of a dump. It is an optimisation only:
//! every flow that comes is judged again natively.
//!
//! Asked for is what every kernel has always got right, and that is the mark.

use crate::flow::{Filter, Test};
use crate::kernel::KernelFilter;

/// What the kernel may leave out, because `filter` would not take it.
#[must_use]
pub fn kernel_filter<A>(filter: &Filter<A>) -> KernelFilter {
    let parts = match filter {
        Filter::And(parts) => parts.as_slice(),
        filter => std::slice::from_ref(filter),
    };
    let mark = parts.iter().find_map(|part| match part {
        Filter::Test(Test::Mark(masked)) => Some(*masked),
        _ => None,
    });
    KernelFilter { mark, ..KernelFilter::default() }
}

#[cfg(test)]
mod tests {
    use super::kernel_filter;
    use crate::flow::LabelMap;
    use crate::table::parse_filter;

    fn mark(text: &str) -> String {
        let filter = parse_filter(text, &LabelMap::default()).unwrap();
        kernel_filter(&filter).mark.map_or_else(String::new, |mark| mark.to_string())
    }

    #[test]
    fn the_kernel_is_asked_for_a_mark_that_every_flow_must_have() {
        assert_eq!(mark("mark 5"), "0x5");
        assert_eq!(mark("tcp and mark 0x100/0xff00"), "0x100/0xff00");
    }

    #[test]
    fn a_mark_that_some_flows_need_not_have_is_no_matter_of_the_kernel() {
        assert_eq!(mark("mark 5 or tcp"), "");
        assert_eq!(mark("not mark 5"), "");
        assert_eq!(mark("not (mark 5 and tcp)"), "");
    }
}
