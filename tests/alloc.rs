//! Reading an ordinary flow takes no memory. A binary of its own, as it counts every allocation.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use flowsh::wire::{decode_flow, messages};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, counting per thread: the test harness has threads of its own.
struct Counting;

#[expect(unsafe_code, reason = "an allocator can be written no other way")]
// SAFETY: every call goes to `System` as it came; the counter is a plain cell of this thread that
// needs neither initialization nor drop, so that counting allocates nothing itself.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn only_the_rare_parts_of_a_flow_take_memory() {
    let dump = include_bytes!("fixtures/mixed_ct_dump.bin");
    let (mut ordinary, mut rare) = (0, 0);
    for message in messages(dump).map(Result::unwrap) {
        let before = ALLOCATIONS.get();
        let Ok(flow) = decode_flow(message.payload) else { continue };
        let taken = ALLOCATIONS.get() - before;
        assert_eq!(taken, usize::from(flow.rare.is_some()), "{flow}");
        *(if taken == 0 { &mut ordinary } else { &mut rare }) += 1;
    }
    assert_eq!((ordinary, rare), (52, 3));
}
