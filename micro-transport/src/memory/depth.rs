//! How deep handlers lie in each other that run where their callers are.

use std::cell::Cell;

/// How many of them may, which is what a call costs least with. Each takes a part of its thread's stack, with whatever
/// lies between two calls: what runs deeper has a task of its own.
const MOST: usize = 16;

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// A handler that runs on this thread right now, until this is dropped.
pub(super) struct Inside(());

impl Inside {
    pub(super) fn enter() -> Self {
        DEPTH.set(DEPTH.get() + 1);
        Self(())
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// Whether a call that is made here should not run here.
pub(super) fn is_deep() -> bool {
    DEPTH.get() >= MOST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_runs_on_this_thread() {
        let inside: Vec<_> = (0..MOST).map(|_| Inside::enter()).collect();
        assert!(is_deep());
        assert!(!std::thread::spawn(is_deep).join().unwrap());
        drop(inside);
        assert!(!is_deep());
        // A handler that panics is not inside any more either.
        let panicked = std::panic::catch_unwind(|| {
            let _inside = Inside::enter();
            panic!("on purpose");
        });
        assert!(panicked.is_err());
        assert_eq!(DEPTH.get(), 0);
    }
}
