//! The attribute and derive macros of `micro`. Use them through `micro`, where they are documented with examples.

mod error;
mod errors;
mod handler;
mod message;
mod names;
mod options;
mod types;

use proc_macro::TokenStream;

/// Makes a message of a struct or an enum.
#[proc_macro_attribute]
pub fn message(arguments: TokenStream, item: TokenStream) -> TokenStream {
    message::expand(arguments.into(), item.into()).into()
}

/// Makes endpoints of the async methods of an `impl` block, or a contract of a trait.
#[proc_macro_attribute]
pub fn handler(arguments: TokenStream, item: TokenStream) -> TokenStream {
    handler::expand(arguments.into(), item.into()).into()
}

/// Makes an error type that travels: out of a handler, and into the hands of its caller.
#[proc_macro_derive(Error, attributes(error, source))]
pub fn error(item: TokenStream) -> TokenStream {
    error::expand(item.into()).into()
}
