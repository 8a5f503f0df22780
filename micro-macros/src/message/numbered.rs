//! Structs whose fields have numbers: messages of protobuf.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Fields, Generics, Type, parse_quote};

use super::number::{Member, Number, Range, all_or_none};
use super::{located, tolerant};
use crate::errors::Errors;

/// What a type needs for protobuf.
pub(super) struct Protobuf {
    pub(super) tokens: TokenStream,
    /// Whether it can travel by itself, and not only within a message.
    pub(super) is_message: bool,
}

/// A field with its number.
struct Numbered {
    name: Ident,
    ty: Type,
    tag: u32,
    encoding: TokenStream,
}

/// Takes the numbers off the fields. `None` without numbers, and where they are wrong.
pub(super) fn of_struct(
    item: &mut DeriveInput,
    private: &TokenStream,
    errors: &mut Errors,
) -> Option<Protobuf> {
    let type_name = item.ident.clone();
    let Data::Struct(data) = &mut item.data else { return None };
    let is_named = matches!(data.fields, Fields::Named(_));
    let mut parsed = Vec::new();
    for field in &mut data.fields {
        if let Some(name) = &field.ident {
            parsed.push(Member::take("field", name, &mut field.attrs, errors));
        } else if let Ok(Some(number)) = Number::take(&mut field.attrs, errors) {
            errors.at(
                number,
                format!("a field with a number has a name: write `struct {type_name} {{ value: .. }}`"),
            );
        }
    }
    if !is_named {
        return None;
    }
    let numbers = all_or_none(&parsed, &Range::Field, errors)?;
    let mut fields = Vec::new();
    for (field, number) in data.fields.iter_mut().zip(numbers) {
        let tag = number.tag();
        fields.push(Numbered {
            name: field.ident.clone()?,
            ty: field.ty.clone(),
            tag,
            encoding: number.encoding(private),
        });
        // For tools that read the schema.
        field.attrs.push(parse_quote!(#[schemars(extend("x-protobuf-number" = #tag))]));
    }
    fields.sort_by_key(|field| field.tag);
    Some(Protobuf { tokens: emit(item, &fields, private), is_message: true })
}

fn emit(item: &DeriveInput, fields: &[Numbered], private: &TokenStream) -> TokenStream {
    let name = &item.ident;
    let text = name.to_string();
    let generic = tolerant::generic_types(item);
    let bounded = |bounds: &dyn Fn(&Type) -> TokenStream, sync: bool| -> Generics {
        let mut generics = item.generics.clone();
        if !generics.params.is_empty() {
            let clause = generics.make_where_clause();
            for ty in &generic {
                let bounds = bounds(ty);
                clause.predicates.push(parse_quote!(#ty: #bounds));
            }
            if sync {
                clause.predicates.push(parse_quote!(Self: ::core::marker::Send + ::core::marker::Sync));
            }
        }
        generics
    };
    let encoding =
        |ty: &Type| fields.iter().find(|field| field.ty == *ty).map(|field| field.encoding.clone());
    let absent = bounded(&|_| quote!(#private::Absent), false);
    let numbered = bounded(
        &|ty| {
            let encoding = encoding(ty);
            quote!(#private::proto::Field<#encoding>)
        },
        true,
    );

    let names: Vec<_> = fields.iter().map(|field| &field.name).collect();
    let (absent_impl, type_generics, absent_where) = absent.split_for_impl();
    let (numbered_impl, _, numbered_where) = numbered.split_for_impl();
    let paths: Vec<_> = fields
        .iter()
        .map(|Numbered { ty, encoding, .. }| {
            located(&quote!(<#ty as #private::proto::Field<#encoding>>), ty.span())
        })
        .collect();
    let absents = fields
        .iter()
        .map(|Numbered { ty, .. }| located(&quote!(<#ty as #private::Absent>::absent()), ty.span()));
    let tags: Vec<_> = fields.iter().map(|field| field.tag).collect();
    let texts = names.iter().map(|name| name.to_string().trim_start_matches("r#").to_owned());
    // Without fields some are not used.
    let (buf, message) = (format_ident!("buf"), format_ident!("message"));
    quote! {
        #[automatically_derived]
        impl #absent_impl #private::Absent for #name #type_generics #absent_where {
            fn absent() -> Self {
                Self { #(#names: #absents),* }
            }
        }

        #private::when_protobuf! {
            #[automatically_derived]
            impl #numbered_impl #private::proto::Numbered for #name #type_generics #numbered_where {
                #[allow(unused_variables)]
                fn encode_raw(&self, #buf: &mut impl #private::proto::BufMut) {
                    #(#paths::encode(&self.#names, #tags, #buf);)*
                }

                fn encoded_len(&self) -> usize {
                    0 #(+ #paths::encoded_len(&self.#names, #tags))*
                }

                fn merge_field(
                    into: &mut ::core::option::Option<Self>,
                    tag: u32,
                    wire: #private::proto::WireType,
                    #buf: &mut impl #private::proto::Buf,
                    ctx: #private::proto::DecodeContext,
                ) -> ::core::result::Result<(), #private::proto::DecodeError> {
                    #[allow(unused_variables)]
                    let #message = into.get_or_insert_with(#private::absent);
                    match tag {
                        #(#tags => #paths::merge(&mut #message.#names, wire, #buf, ctx).map_err(|mut error| {
                            error.push(#text, #texts);
                            error
                        }),)*
                        _ => #private::proto::skip_field(wire, tag, #buf, ctx),
                    }
                }

                fn absent() -> ::core::option::Option<Self> {
                    ::core::option::Option::Some(#private::absent())
                }
            }

            #private::numbered! { [#numbered_impl] #name #type_generics [#numbered_where] }
            #private::numbered_field! { [#numbered_impl] #name #type_generics [#numbered_where] }
        }
    }
}
