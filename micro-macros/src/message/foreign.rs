//! Types of prost: messages of protobuf already, and of serde where the user derives that.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput};

use super::attributes::derived;
use super::number::Number;
use super::{Speaks, message};
use crate::errors::Errors;

/// The derives of prost.
const PROST: [&str; 3] = ["Message", "Enumeration", "Oneof"];

/// Whether prost derives something of the type.
pub(super) fn is(item: &DeriveInput) -> bool {
    let derived = derived(&item.attrs);
    PROST.iter().any(|name| derived.contains(*name))
}

pub(super) fn expand(mut item: DeriveInput, private: &TokenStream, mut errors: Errors) -> TokenStream {
    let derived = derived(&item.attrs);
    if !derived.contains("Message") {
        errors.at(
            &item.ident,
            format!("`{}` is a part of a message of prost: put `#[message]` on the struct that derives `prost::Message`", item.ident),
        );
        return errors.finish(item, TokenStream::new());
    }
    if let Data::Struct(data) = &mut item.data {
        for field in &mut data.fields {
            if let Ok(Some(number)) = Number::take(&mut field.attrs, &mut errors) {
                errors.at(
                    number,
                    "prost has the number of this field, `#[prost(.., tag = \"..\")]`: take `#[field]` away",
                );
            }
        }
    }
    let by_serde = ["Serialize", "Deserialize"].map(|name| derived.contains(name));
    if by_serde[0] != by_serde[1] {
        errors.at(
            &item.ident,
            "for JSON a message is written and read: derive `serde::Serialize` and `serde::Deserialize`, or neither of them",
        );
    }
    let name = &item.ident;
    let (impl_generics, type_generics, bounds) = item.generics.split_for_impl();
    let speaks = if by_serde == [true, true] { Speaks::All } else { Speaks::Proto };
    let message = message(&item, speaks, private, derived.contains("JsonSchema"));
    // Who has it as a field describes all fields; what is in this one nobody said.
    let undescribed = speaks == Speaks::All && !derived.contains("JsonSchema");
    let described = undescribed.then(|| {
        let text = name.to_string();
        quote! {
            #[automatically_derived]
            impl #impl_generics #private::schemars::JsonSchema for #name #type_generics #bounds {
                fn schema_name() -> ::std::borrow::Cow<'static, str> {
                    ::std::borrow::Cow::Borrowed(#text)
                }

                fn json_schema(_: &mut #private::schemars::SchemaGenerator) -> #private::schemars::Schema {
                    ::core::convert::From::from(true)
                }
            }
        }
    });
    let generated = quote! {
        #message

        #described

        #[automatically_derived]
        impl #impl_generics #private::Absent for #name #type_generics #bounds {
            fn absent() -> Self {
                ::core::default::Default::default()
            }
        }

        #private::when_protobuf! {
            #[automatically_derived]
            impl #impl_generics #private::proto::Numbered for #name #type_generics #bounds {
                fn encode_raw(&self, buf: &mut impl #private::proto::BufMut) {
                    #private::prost::Message::encode_raw(self, buf);
                }

                fn encoded_len(&self) -> usize {
                    #private::prost::Message::encoded_len(self)
                }

                fn merge_field(
                    into: &mut ::core::option::Option<Self>,
                    tag: u32,
                    wire: #private::proto::WireType,
                    buf: &mut impl #private::proto::Buf,
                    ctx: #private::proto::DecodeContext,
                ) -> ::core::result::Result<(), #private::proto::DecodeError> {
                    let message = into.get_or_insert_with(#private::absent);
                    #private::prost::Message::merge_field(message, tag, wire, buf, ctx)
                }

                fn absent() -> ::core::option::Option<Self> {
                    ::core::option::Option::Some(#private::absent())
                }
            }

            #private::numbered! { [#impl_generics] #name #type_generics [#bounds] }
            #private::numbered_field! { [#impl_generics] #name #type_generics [#bounds] }
        }
    };
    errors.finish(&item, generated)
}
