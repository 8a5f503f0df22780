#![allow(unused)]

#[derive(Debug, micro::Error)]
#[error(cod = not_found, domain = "")]
enum UserError {
    #[error(code = missing)]
    Missing,
    #[error(code = "not_found", reason = "")]
    Quoted,
    #[error(status = 404)]
    Status,
    Unsaid,
}

fn main() {}
