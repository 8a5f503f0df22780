//! What `micro` does on a bad day.

fn main() {}
