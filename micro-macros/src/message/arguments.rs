//! `#[message(crate = "path")]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

use crate::errors::Errors;
use crate::options::Options;

/// The module that the emitted code names everything by: `::micro::private`, or that of the crate in the arguments.
pub(super) fn private(arguments: TokenStream, errors: &mut Errors) -> TokenStream {
    let mut options = Options::parse("#[message]", arguments, errors);
    let krate = options.text("crate", errors).and_then(|path| errors.take(path.parse::<Path>()));
    options.end(&["crate = \"..\""], errors);
    krate.map_or_else(|| quote!(::micro::private), |krate| quote!(#krate::private))
}
