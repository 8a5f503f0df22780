//! [`Case`]: one variant of an error type.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Attribute, Fields, LitStr};

use super::codes;
use super::field::{Field, Role};
use crate::errors::Errors;
use crate::names::screaming_case;
use crate::options::Options;

/// What one variant of an error type, or a struct, is.
pub(super) struct Case {
    pub(super) ident: Ident,
    /// `Type::Variant`, or `Type`.
    pub(super) path: TokenStream,
    pub(super) code: Ident,
    pub(super) reason: String,
    reason_at: TokenStream,
    pub(super) message: Option<LitStr>,
    pub(super) fields: Vec<Field>,
}

/// What is said of a whole type.
#[derive(Default)]
pub(super) struct Common {
    pub(super) code: Option<Ident>,
    pub(super) reason: Option<LitStr>,
    pub(super) message: Option<LitStr>,
}

impl Case {
    pub(super) fn parse(
        ident: &Ident,
        path: TokenStream,
        attributes: &[Attribute],
        fields: &Fields,
        common: &Common,
        errors: &mut Errors,
    ) -> Option<Self> {
        let mut options = Options::of("#[error]", "error", attributes, errors);
        let code = codes::option(&mut options, errors).or_else(|| common.code.clone());
        let reason = options.text("reason", errors).or_else(|| common.reason.clone());
        let message = options.text("message", errors).or_else(|| common.message.clone());
        options.end(&["code = ..", "reason = \"..\"", "message = \"..\""], errors);
        let fields = Field::parse_all(fields, errors);
        if code.is_none() {
            errors.at(
                ident,
                format!("say what kind of failure `{ident}` is, e.g. `#[error(code = not_found)]`, here or for the whole type"),
            );
        }
        if let Some(reason) = reason.as_ref().filter(|reason| reason.value().is_empty()) {
            errors.at(reason, "an empty reason: leave it out to have the variant's name");
        }
        Some(Self {
            ident: ident.clone(),
            path,
            code: code?,
            reason_at: reason.as_ref().map_or_else(|| quote!(#ident), |reason| quote!(#reason)),
            reason: reason.map_or_else(|| screaming_case(&ident.to_string()), |reason| reason.value()),
            message,
            fields,
        })
        .filter(|case| super::display::check(case, errors))
    }

    /// The field that is the cause.
    pub(super) fn source(&self) -> Option<&Field> {
        self.fields.iter().find(|field| field.role == Role::Source)
    }

    /// A pattern, or an expression, of this case: each field is `#with(field)`.
    pub(super) fn with(&self, with: impl Fn(&Field) -> TokenStream) -> TokenStream {
        let path = &self.path;
        let fields = self.fields.iter().map(|field| {
            let (member, value) = (&field.member, with(field));
            quote!(#member: #value)
        });
        quote!(#path { #(#fields),* })
    }
}

/// Tells of variants that callers could not tell apart.
pub(super) fn check_reasons(cases: &[Case], errors: &mut Errors) {
    for (index, case) in cases.iter().enumerate() {
        if let Some(other) = cases[..index].iter().find(|other| other.reason == case.reason) {
            errors.at(
                &case.reason_at,
                format!(
                    "`{}` and `{}` have the same reason `{}`: a caller could not tell them apart",
                    other.ident, case.ident, case.reason
                ),
            );
        }
    }
}
