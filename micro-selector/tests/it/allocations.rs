//! Law 5 of `Selector`: a pick allocates nothing.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use micro_core::{Address, Code, Outcome};
use micro_registry::{Endpoint, Node, Service};
use micro_selector::{Filter, Hash, Hint, LeastConn, P2c, Random, RoundRobin, Selector, Snapshot};

thread_local! {
    /// Of this thread, as other tests run beside this one. Constant, so that reading it allocates nothing.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: all is left to the system's allocator; the counter is a plain cell of the thread, without a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract, which is the same, and the pointer is from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn nodes() -> Snapshot {
    let mut service = Service::new("s", "1").with_endpoint(Endpoint::new("S.Call"));
    for number in 0..10 {
        let address = Address::new(&format!("127.0.0.1:{}", 1000 + number)).unwrap();
        service.nodes.push(Node::new(format!("s-{number}"), address).with_metadata("zone", "a"));
    }
    Snapshot::from_services(None, &[service])
}

/// Allocations of calls to nodes of which one in three refuses, while others are under way.
fn count(selector: &dyn Selector, filters: &[Filter]) -> usize {
    let nodes = nodes();
    let tried = ["s-1".into()];
    let busy = |index| index == 2;
    let hint = Hint::new("S.Call").with_filters(filters).with_tried(&tried).with_busy(&busy).with_key("key");
    let mut held = Vec::with_capacity(200);
    // What a thread does once, such as seeding its random numbers, is not of the calls.
    drop(selector.pick(&nodes, &hint).unwrap());
    let before = ALLOCATIONS.get();
    for round in 0..1000 {
        let pick = selector.pick(&nodes, &hint).unwrap();
        match (pick.index() % 3, round % 5) {
            (0, 0) => pick.done(Outcome::Failed { code: Code::Unavailable, reached: false }),
            // It is ejected.
            (0, _) => pick.done(Outcome::Failed { code: Code::DeadlineExceeded, reached: true }),
            (_, 0) => held.push(pick),
            _ => pick.done(Outcome::Ok),
        }
    }
    // All of them rest now: the last resort allocates nothing either.
    for (index, node) in (0..).zip(&nodes.nodes) {
        node.pick(index).done(Outcome::Failed { code: Code::Unavailable, reached: false });
    }
    drop(selector.pick(&nodes, &hint).unwrap());
    ALLOCATIONS.get() - before
}

#[test]
fn a_pick_allocates_nothing() {
    let filters = [
        Filter::version("1"),
        Filter::label("zone", "a"),
        Filter::endpoint("S.Call"),
        Filter::custom(|node| node.record.id != "s-4"),
    ];
    let selectors: [&dyn Selector; 5] =
        [&Random::new(), &RoundRobin::new(), &LeastConn::new(), &P2c::new(), &Hash::new()];
    for selector in selectors {
        for filters in [&[], &filters[..]] {
            assert_eq!(count(selector, filters), 0, "{} with {filters:?}", selector.name());
        }
    }
}

#[test]
fn the_counter_counts() {
    let before = ALLOCATIONS.get();
    drop(std::hint::black_box(Box::new(7)));
    assert_eq!(ALLOCATIONS.get() - before, 1);
}
