//! What is generated does not depend on what names mean where it stands.
#![allow(unused, non_camel_case_types)]

mod micro_names {
    pub struct Result;
    pub struct Vec;
    pub struct Handler;
    pub struct Endpoint;
    pub struct Send;
    pub struct Future;
    pub struct str;
    pub struct Option;
    pub struct String;
    pub struct Error;
    pub trait Into {}
}

mod greeter {
    use super::micro_names::*;

    struct Greeter;

    #[micro::handler]
    impl Greeter {
        async fn hello(&self, name: ::std::string::String) -> micro::Result<::std::string::String> {
            Ok(name)
        }
    }

    #[micro::handler(service = "contract")]
    trait Contract {
        async fn hello(&self, name: ::std::string::String) -> micro::Result<::std::string::String>;
    }

    #[derive(Debug, micro::Error)]
    #[error(code = internal)]
    enum Failed {
        Some(::core::option::Option<::std::string::String>),
        None { #[source] error: ::core::option::Option<::std::io::Error> },
        Ok { error: u8, f: u8, detail: u8 },
    }
}

fn main() {}
