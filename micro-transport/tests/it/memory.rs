//! What only the memory transport does.
