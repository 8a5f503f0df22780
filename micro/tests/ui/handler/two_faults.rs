//! Faults of the macro and of the compiler come in one run.
#![allow(unused)]

use micro::{Result, handler};

struct Question;

struct Oracle;

#[handler]
impl Oracle {
    async fn ask(&self, question: Question) -> Result<()> {
        Ok(())
    }

    async fn whisper(&self, question: &str) -> Result<()> {
        Ok(())
    }
}

fn is_handler(_: impl micro::Handler) {}

fn main() {
    is_handler(Oracle);
}
