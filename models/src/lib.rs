//! The locks of the library, run by [loom](https://docs.rs/loom) in every order that they allow.
//!
//! What is checked is the library's own code: the files are compiled here a second time, with loom's locks instead of
//! those of the standard library. They name them by `crate::sync`, which here is another one. So these are tests like all
//! others, and need no flags of the compiler.

#[cfg(test)]
mod lane;
#[cfg(test)]
mod sync;
