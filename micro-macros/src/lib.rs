//! The attribute and derive macros of `micro`. Use them through `micro`, where they are documented with examples.

mod errors;
mod message;

use proc_macro::TokenStream;

/// Makes a message of a struct or an enum.
#[proc_macro_attribute]
pub fn message(arguments: TokenStream, item: TokenStream) -> TokenStream {
    message::expand(arguments.into(), item.into()).into()
}
