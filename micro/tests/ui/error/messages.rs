#![allow(unused)]

#[derive(Debug, micro::Error)]
#[error(code = internal)]
enum UserError {
    #[error(message = "no user {name}")]
    Missing { id: u64 },
    #[error(message = "{} and {}")]
    Few(u64),
    #[error(message = "{0}")]
    None,
    #[error(message = "{id")]
    Open { id: u64 },
    #[error(message = "id}")]
    Closed { id: u64 },
}

fn main() {}
