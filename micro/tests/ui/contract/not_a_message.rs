#![allow(unused)]

use micro::{Result, handler};

struct Question;

#[handler]
trait Oracle {
    async fn ask(&self, question: Question) -> Result<String>;

    async fn fail(&self) -> Result<String, u8>;
}

fn main() {}
