//! Macros that make [`Item`](super::Item) and [`Field`](super::Field) of a type that says how it is written. `#[message]`
//! emits them with the type's generics, the type, and its bounds.

/// Of a [`Numbered`](super::Numbered): one value.
#[doc(hidden)]
#[macro_export]
macro_rules! __numbered {
    ([$($generics:tt)*] $type:ty [$($bounds:tt)*]) => {
        impl $($generics)* $crate::proto::Item for $type $($bounds)* {
            fn encode(&self, tag: u32, buf: &mut impl $crate::proto::BufMut) {
                $crate::proto::nested::encode(self, tag, buf);
            }

            fn encoded_len(&self, tag: u32) -> usize {
                $crate::proto::nested::encoded_len(self, tag)
            }

            fn merge(
                into: &mut ::core::option::Option<Self>,
                wire: $crate::proto::WireType,
                buf: &mut impl $crate::proto::Buf,
                ctx: $crate::proto::DecodeContext,
            ) -> ::core::result::Result<(), $crate::proto::DecodeError> {
                $crate::proto::nested::merge(into, wire, buf, ctx)
            }

            fn absent() -> ::core::option::Option<Self> {
                <Self as $crate::proto::Numbered>::absent()
            }

            fn is_absent(&self) -> bool {
                $crate::proto::Numbered::encoded_len(self) == 0
            }
        }
    };
}

/// Of a [`Numbered`](super::Numbered) that is also [`Absent`](crate::Absent): a field.
#[doc(hidden)]
#[macro_export]
macro_rules! __numbered_field {
    ([$($generics:tt)*] $type:ty [$($bounds:tt)*]) => {
        impl $($generics)* $crate::proto::Field for $type $($bounds)* {
            fn encode(&self, tag: u32, buf: &mut impl $crate::proto::BufMut) {
                $crate::proto::nested::encode(self, tag, buf);
            }

            fn encoded_len(&self, tag: u32) -> usize {
                $crate::proto::nested::encoded_len(self, tag)
            }

            fn merge(
                &mut self,
                wire: $crate::proto::WireType,
                buf: &mut impl $crate::proto::Buf,
                ctx: $crate::proto::DecodeContext,
            ) -> ::core::result::Result<(), $crate::proto::DecodeError> {
                let before = ::core::mem::replace(self, $crate::Absent::absent());
                let mut into = ::core::option::Option::Some(before);
                $crate::proto::nested::merge(&mut into, wire, buf, ctx)?;
                if let ::core::option::Option::Some(value) = into {
                    *self = value;
                }
                ::core::result::Result::Ok(())
            }
        }
    };
}

/// Of an [`Enumeration`](super::Enumeration): one value and a field.
#[doc(hidden)]
#[macro_export]
macro_rules! __enumeration {
    ($type:ty) => {
        impl $crate::proto::Item for $type {
            fn encode(&self, tag: u32, buf: &mut impl $crate::proto::BufMut) {
                $crate::proto::enumeration::encode(self, tag, buf);
            }

            fn encoded_len(&self, tag: u32) -> usize {
                $crate::proto::enumeration::encoded_len(self, tag)
            }

            fn merge(
                into: &mut ::core::option::Option<Self>,
                wire: $crate::proto::WireType,
                buf: &mut impl $crate::proto::Buf,
                ctx: $crate::proto::DecodeContext,
            ) -> ::core::result::Result<(), $crate::proto::DecodeError> {
                $crate::proto::enumeration::merge(into, wire, buf, ctx)
            }

            fn absent() -> ::core::option::Option<Self> {
                <Self as $crate::proto::Enumeration>::of_number(0)
            }

            fn is_absent(&self) -> bool {
                $crate::proto::Enumeration::number(self) == 0
            }

            fn encode_all(values: &[Self], tag: u32, buf: &mut impl $crate::proto::BufMut) {
                $crate::proto::enumeration::encode_all(values, tag, buf);
            }

            fn encoded_len_all(values: &[Self], tag: u32) -> usize {
                $crate::proto::enumeration::encoded_len_all(values, tag)
            }

            fn merge_all(
                values: &mut ::std::vec::Vec<Self>,
                wire: $crate::proto::WireType,
                buf: &mut impl $crate::proto::Buf,
                ctx: $crate::proto::DecodeContext,
            ) -> ::core::result::Result<(), $crate::proto::DecodeError> {
                $crate::proto::enumeration::merge_all(values, wire, buf, ctx)
            }
        }

        impl $crate::proto::Field for $type {
            fn encode(&self, tag: u32, buf: &mut impl $crate::proto::BufMut) {
                if !$crate::proto::Item::is_absent(self) {
                    $crate::proto::enumeration::encode(self, tag, buf);
                }
            }

            fn encoded_len(&self, tag: u32) -> usize {
                if $crate::proto::Item::is_absent(self) {
                    0
                } else {
                    $crate::proto::enumeration::encoded_len(self, tag)
                }
            }

            fn merge(
                &mut self,
                wire: $crate::proto::WireType,
                buf: &mut impl $crate::proto::Buf,
                ctx: $crate::proto::DecodeContext,
            ) -> ::core::result::Result<(), $crate::proto::DecodeError> {
                let mut into = ::core::option::Option::None;
                $crate::proto::enumeration::merge(&mut into, wire, buf, ctx)?;
                if let ::core::option::Option::Some(value) = into {
                    *self = value;
                }
                ::core::result::Result::Ok(())
            }
        }
    };
}
