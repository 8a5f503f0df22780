//! The names of error codes, as `#[error(code = ..)]` has them.

use proc_macro2::{Ident, Span};

use crate::errors::Errors;
use crate::names::pascal_case;
use crate::options::Options;

/// `Code::name` of every code; `micro` tests that they are the same.
const NAMES: [&str; 16] = [
    "cancelled",
    "unknown",
    "invalid_argument",
    "deadline_exceeded",
    "not_found",
    "already_exists",
    "permission_denied",
    "resource_exhausted",
    "failed_precondition",
    "aborted",
    "out_of_range",
    "unimplemented",
    "internal",
    "unavailable",
    "data_loss",
    "unauthenticated",
];

/// The variant of `Code` that `code = ..` names.
pub(super) fn option(options: &mut Options, errors: &mut Errors) -> Option<Ident> {
    let word = options.word("code", "not_found", errors)?;
    let name = word.to_string();
    if !NAMES.contains(&name.as_str()) {
        errors.at(&word, format!("there is no code `{name}`; there are: {}", NAMES.join(", ")));
    }
    // With an unknown name too, so that a missing code is not one more fault.
    Some(Ident::new(&pascal_case(&name), Span::mixed_site().located_at(word.span())))
}
