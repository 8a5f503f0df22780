#![allow(unused)]

use std::io;

#[derive(Debug)]
struct NoError;

#[derive(Debug, micro::Error)]
#[error(code = internal)]
enum UserError {
    Two(#[source] io::Error, #[source] io::Error),
    Local {
        #[source]
        #[error(local)]
        cause: io::Error,
    },
}

#[derive(Debug, micro::Error)]
#[error(code = internal)]
struct Caused(#[source] NoError);

fn main() {}
