//! The locks that the files of the library are compiled with here.

pub(crate) use loom::sync::{Mutex, MutexGuard};
