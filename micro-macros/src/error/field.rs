//! [`Field`]: one field of an error, and how it travels.

use proc_macro2::Ident;
use quote::format_ident;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Fields, Index, Member, Type};

use crate::errors::Errors;
use crate::options::Options;
use crate::types::{last_segment, type_arguments};

/// One field of an error.
pub(super) struct Field {
    pub(super) member: Member,
    /// The variable that it is bound to.
    pub(super) binding: Ident,
    /// The key of the metadata that it travels as.
    pub(super) key: String,
    pub(super) ty: Type,
    pub(super) role: Role,
}

/// What happens to a field when its error travels.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It travels as text.
    Text,
    /// It travels as text, if it is there.
    Optional,
    /// Each of its items travels as text.
    Many,
    /// It stays here; whoever reads the error gets `Default`.
    Local,
    /// It is the cause, which stays here.
    Source,
}

impl Field {
    pub(super) fn parse_all(fields: &Fields, errors: &mut Errors) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for (index, field) in fields.iter().enumerate() {
            let mut options = Options::of("#[error]", "error", &field.attrs, errors);
            let local = options.flag("local", errors);
            options.end(&["local"], errors);
            let source = field.attrs.iter().find(|attribute| attribute.path().is_ident("source"));
            let role = match (source, local) {
                (Some(source), true) => {
                    errors.at(source, "a source stays here in any case: remove `#[error(local)]`");
                    Role::Source
                }
                (Some(source), false) => {
                    if all.iter().any(|other| other.role == Role::Source) {
                        errors.at(source, "an error has one source");
                    }
                    Role::Source
                }
                (None, true) => Role::Local,
                (None, false) => by_type(&field.ty),
            };
            let name =
                field.ident.as_ref().map_or_else(|| index.to_string(), |ident| ident.unraw().to_string());
            let member = match &field.ident {
                Some(ident) => Member::Named(ident.clone()),
                None => Member::Unnamed(Index { index: index as u32, span: field.ty.span() }),
            };
            let key = key(&name);
            if let Some(other) = all.iter().find(|other| other.key == key) {
                let text = format!(
                    "fields that differ in case and underscores only (`{}`) travel under one key",
                    other.key
                );
                errors.at(&field.ident, text);
            }
            // The name of a variable that nothing of the user's has.
            let binding = format_ident!("field_{name}", span = proc_macro2::Span::mixed_site());
            all.push(Self { member, binding, key, ty: field.ty.clone(), role });
        }
        all
    }

    /// The name that a message has for it: `id`, or `0`.
    pub(super) fn name(&self) -> String {
        match &self.member {
            Member::Named(ident) => ident.unraw().to_string(),
            Member::Unnamed(index) => index.index.to_string(),
        }
    }

    /// What its text is of: `T` of `Option<T>` and `Vec<T>`.
    pub(super) fn text_type(&self) -> &Type {
        match self.role {
            Role::Optional | Role::Many => last_segment(&self.ty)
                .and_then(|segment| type_arguments(segment).first().copied())
                .unwrap_or(&self.ty),
            _ => &self.ty,
        }
    }

    /// Whether it is an `Option`.
    pub(super) fn is_option(&self) -> bool {
        by_type(&self.ty) == Role::Optional
    }
}

fn by_type(ty: &Type) -> Role {
    match last_segment(ty) {
        Some(segment) if type_arguments(segment).len() == 1 && segment.ident == "Option" => Role::Optional,
        Some(segment) if type_arguments(segment).len() == 1 && segment.ident == "Vec" => Role::Many,
        _ => Role::Text,
    }
}

/// The key of a field's metadata. A key that ends in `-bin` would hold bytes.
fn key(name: &str) -> String {
    let key = name.to_lowercase().replace('_', "-");
    if key.ends_with("-bin") { key.replace('-', "_") } else { key }
}
