//! Enums: without data they are enums of protobuf, with data and numbers messages with one `oneof`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Data, DataEnum, DeriveInput, Expr, ExprLit, ExprUnary, Fields, Lit, UnOp};

use super::located;
use super::number::{Member, Number, Range, all_or_none};
use super::numbered::Protobuf;
use crate::errors::Errors;

/// Takes the numbers off the variants. `None` for what is none of protobuf, and where the numbers are wrong.
pub(super) fn expand(item: &mut DeriveInput, private: &TokenStream, errors: &mut Errors) -> Option<Protobuf> {
    let Data::Enum(data) = &mut item.data else { return None };
    let mut parsed = Vec::new();
    for variant in &mut data.variants {
        parsed.push(Member::take("variant", &variant.ident, &mut variant.attrs, errors));
        for field in &mut variant.fields {
            if let Ok(Some(number)) = Number::take(&mut field.attrs, errors) {
                errors.at(
                    number,
                    format!("the variant has the number: write `#[field(N)]` before `{}`", variant.ident),
                );
            }
        }
    }
    let Data::Enum(data) = &item.data else { return None };
    if data.variants.is_empty() {
        return None;
    }
    let without_data = data.variants.iter().all(|variant| variant.fields.is_empty());
    let range = if without_data { Range::Enumeration } else { Range::Field };
    let numbers = all_or_none(&parsed, &range, errors);
    if without_data {
        let numbers = match numbers {
            Some(numbers) => {
                let numbers: Vec<i64> = numbers.into_iter().map(|number| number.value).collect();
                if !numbers.contains(&0) {
                    errors.at(
                        &item.ident,
                        format!("no variant of `{}` has the number 0, which is what a field that was not sent means: give it to one", item.ident),
                    );
                    return None;
                }
                numbers
            }
            None if errors.is_empty() => discriminants(data)?,
            None => return None,
        };
        return Some(Protobuf { tokens: enumeration(item, data, &numbers, private), is_message: false });
    }
    if parsed.iter().any(Member::is_numbered) {
        check_oneof(item, data, errors);
    }
    let numbers = numbers.filter(|_| errors.is_empty())?;
    Some(Protobuf { tokens: oneof(item, data, &numbers, private), is_message: true })
}

/// Tells of what no `oneof` can hold.
fn check_oneof(item: &DeriveInput, data: &DataEnum, errors: &mut Errors) {
    for variant in &data.variants {
        if !matches!(&variant.fields, Fields::Unit)
            && (variant.fields.len() != 1 || matches!(&variant.fields, Fields::Named(_)))
        {
            errors.at(
                &variant.fields,
                format!("a variant with a number holds one value: write `{0}({0})`, and a `struct {0}` with `#[message]`", variant.ident),
            );
        }
    }
    if item.generics.params.iter().next().is_some() {
        errors.at(
            &item.generics,
            "an enum with numbers cannot be generic: write the types, or a generic struct around it",
        );
    }
}

/// The numbers that Rust gives the variants, where they can be told, fit and have the zero that a field needs.
fn discriminants(data: &DataEnum) -> Option<Vec<i64>> {
    let mut next = 0_i64;
    let mut numbers = Vec::new();
    for variant in &data.variants {
        if let Some((_, expression)) = &variant.discriminant {
            next = literal(expression)?;
        }
        numbers.push(next);
        next = next.checked_add(1)?;
    }
    let fit = numbers.iter().all(|number| i32::try_from(*number).is_ok());
    (fit && numbers.contains(&0)).then_some(numbers)
}

fn literal(expression: &Expr) -> Option<i64> {
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Int(digits), .. }) => digits.base10_parse().ok(),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => literal(expr)?.checked_neg(),
        _ => None,
    }
}

fn enumeration(item: &DeriveInput, data: &DataEnum, numbers: &[i64], private: &TokenStream) -> TokenStream {
    let name = &item.ident;
    let variants: Vec<_> = data
        .variants
        .iter()
        .map(|variant| {
            let name = &variant.ident;
            match variant.fields {
                Fields::Unit => quote!(Self::#name),
                Fields::Named(_) => quote!(Self::#name {}),
                Fields::Unnamed(_) => quote!(Self::#name()),
            }
        })
        .collect();
    let numbers: Vec<_> = numbers.iter().filter_map(|number| i32::try_from(*number).ok()).collect();
    let zero = variants.iter().zip(&numbers).find(|(_, number)| **number == 0).map(|(variant, _)| variant);
    quote! {
        #[automatically_derived]
        impl #private::Absent for #name {
            fn absent() -> Self {
                #zero
            }
        }

        #private::when_protobuf! {
            #[automatically_derived]
            impl #private::proto::Enumeration for #name {
                fn number(&self) -> i32 {
                    match self {
                        #(#variants => #numbers,)*
                    }
                }

                fn of_number(number: i32) -> ::core::option::Option<Self> {
                    match number {
                        #(#numbers => ::core::option::Option::Some(#variants),)*
                        _ => ::core::option::Option::None,
                    }
                }
            }

            #private::enumeration! { #name }
        }
    }
}

fn oneof(item: &DeriveInput, data: &DataEnum, numbers: &[&Number], private: &TokenStream) -> TokenStream {
    let name = &item.ident;
    let text = name.to_string();
    let (impl_generics, type_generics, bounds) = item.generics.split_for_impl();
    let mut encode = Vec::new();
    let mut len = Vec::new();
    let mut merge = Vec::new();
    for (variant, number) in data.variants.iter().zip(numbers) {
        let (tag, encoding, ident) = (number.tag(), number.encoding(private), &variant.ident);
        let variant_text = ident.to_string();
        // A variant without data is an empty message.
        let unit = syn::parse_quote!(());
        let (pattern, value, ty, made) = match variant.fields.iter().next() {
            None => (quote!(Self::#ident), quote!(&()), &unit, quote!(|()| Self::#ident)),
            Some(field) => (quote!(Self::#ident(value)), quote!(value), &field.ty, quote!(Self::#ident)),
        };
        let item = located(&quote!(<#ty as #private::proto::Item<#encoding>>), ty.span());
        encode.push(quote!(#pattern => #item::encode(#value, #tag, buf)));
        len.push(quote!(#pattern => #item::encoded_len(#value, #tag)));
        let take = match variant.fields.is_empty() {
            true => quote!(::core::option::Option::Some(Self::#ident) => ::core::option::Option::Some(())),
            false => {
                quote!(::core::option::Option::Some(Self::#ident(value)) => ::core::option::Option::Some(value))
            }
        };
        merge.push(quote! {
            #tag => {
                // The same variant again is merged with what is there, as any message is; another one replaces it.
                let mut value: ::core::option::Option<#ty> = match into.take() {
                    #take,
                    _ => ::core::option::Option::None,
                };
                #item::merge(&mut value, wire, buf, ctx).map_err(|mut error| {
                    error.push(#text, #variant_text);
                    error
                })?;
                *into = value.map(#made);
                ::core::result::Result::Ok(())
            }
        });
    }
    quote! {
        #private::when_protobuf! {
            #[automatically_derived]
            impl #impl_generics #private::proto::Numbered for #name #type_generics #bounds {
                fn encode_raw(&self, buf: &mut impl #private::proto::BufMut) {
                    match self { #(#encode,)* }
                }

                fn encoded_len(&self) -> usize {
                    match self { #(#len,)* }
                }

                fn merge_field(
                    into: &mut ::core::option::Option<Self>,
                    tag: u32,
                    wire: #private::proto::WireType,
                    buf: &mut impl #private::proto::Buf,
                    ctx: #private::proto::DecodeContext,
                ) -> ::core::result::Result<(), #private::proto::DecodeError> {
                    match tag {
                        #(#merge)*
                        _ => #private::proto::skip_field(wire, tag, buf, ctx),
                    }
                }

                fn absent() -> ::core::option::Option<Self> {
                    ::core::option::Option::None
                }
            }

            #private::numbered! { [#impl_generics] #name #type_generics [#bounds] }
        }
    }
}
