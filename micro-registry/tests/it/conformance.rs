//! The laws of `Registry`, over the registries of this crate.

use micro_registry::Memory;
use micro_registry::conformance::Promises;

micro_registry::conformance_tests!(memory, Promises::all(), async { Memory::new() });

micro_registry::conformance_tests!(memory_shared, Promises::all(), async {
    let memory = Memory::new();
    (memory.clone(), memory)
});
