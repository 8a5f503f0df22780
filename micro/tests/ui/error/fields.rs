#![allow(unused)]

#[derive(Debug)]
struct Session;

#[derive(Debug, micro::Error)]
#[error(code = internal)]
enum UserError {
    Session { session: Session },
    Sessions { all: Vec<Session> },
    Local {
        #[error(local)]
        session: Session,
    },
}

fn main() {}
