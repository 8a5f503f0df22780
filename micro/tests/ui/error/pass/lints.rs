//! What is generated passes the strictest lints.
#![deny(warnings, missing_docs, unreachable_pub, unused, rust_2018_idioms, missing_debug_implementations)]

/// What goes wrong with users.
#[derive(Debug, micro::Error)]
#[error(code = internal)]
pub enum UserError {
    /// Is not there.
    #[error(code = not_found, message = "no user {id}")]
    Missing {
        /// Which.
        id: u64,
    },
    /// Was there.
    #[deprecated]
    Gone(String, #[source] Option<std::io::Error>),
}

/// Nothing that anybody is told of.
#[derive(Debug, micro::Error)]
#[error(code = aborted)]
struct Private;

fn main() {
    let _: micro::Error = Private.into();
}
