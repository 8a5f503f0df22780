//! How often a call allocates, client and server together. A binary of its own, as the allocator is the process's.
#![allow(unsafe_code, reason = "an allocator that counts is one")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use micro::registry::Memory;
use micro::transport::Placement;
use micro::{PROTOBUF, Result, Route, Service, Settings, handler, message};

thread_local! {
    static MADE: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, with what each thread asks of it counted.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: everything is passed on to the system's allocator; the counter allocates nothing and has no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        MADE.with(|made| made.set(made.get() + 1));
        // SAFETY: the caller's promises are those that are asked for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        MADE.with(|made| made.set(made.get() + 1));
        // SAFETY: as above.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(old, layout) }
    }
}

#[message]
struct Text {
    #[field(1)]
    text: String,
}

struct Greeter;

#[handler]
impl Greeter {
    async fn hello(&self, request: Text) -> Result<Text> {
        Ok(Text { text: format!("Hello {}", request.text) })
    }
}

const CALLS: u64 = 1_000;
/// The box of the handler's future, and five texts: the request's where it is made, read and put into the answer, which
/// `format!` makes larger once, and the answer's where it is read.
const MOST: u64 = 6;

#[test]
fn a_call_allocates_what_its_messages_do_and_one_box() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let registry = Arc::new(Memory::new());
        let service = Service::new("greeter").settings(Settings::empty()).registry(registry.clone());
        let service = service.address("127.0.0.1:0").handle_signals(false);
        let service = service.limits(|limits| limits.placement = Placement::InPlace);
        let running = service.handle(Greeter).start().await?;
        running.registered().await;
        let client = Service::new("caller").settings(Settings::empty()).registry(registry).build()?.client();
        let client = client.with_format(PROTOBUF).with_timeout(Duration::from_secs(20));
        let client = client.with_metadata("x-tenant", "acme")?.with_metadata("x-region", "north")?;
        let route = Route::new("greeter", "Greeter.Hello");
        let mut made = 0;
        // The first ones make what all of them use.
        for round in 0..3 {
            let before = MADE.with(Cell::get);
            for _ in 0..CALLS {
                let answer: Text = client.call(&route, Text { text: "somebody".to_owned() }).await?;
                assert_eq!(answer.text, "Hello somebody");
            }
            made = MADE.with(Cell::get) - before;
            println!("round {round}: {made} allocations in {CALLS} calls");
        }
        assert!(made <= MOST * CALLS + CALLS / 20, "{made} allocations in {CALLS} calls");
        Ok(())
    })
}
