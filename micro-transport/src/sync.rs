//! The locks of what is checked by models: the crate `models` compiles the same files with locks that it can run in every
//! order.

pub(crate) use std::sync::{Mutex, MutexGuard};
