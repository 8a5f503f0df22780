#![allow(unused)]

use std::num::ParseIntError;

use micro::{Result, handler};

struct Broken;

struct Parser;

#[handler]
impl Parser {
    async fn parse(&self, text: String) -> Result<(), ParseIntError> {
        text.parse::<u8>().map(drop)
    }

    async fn fail(&self) -> Result<(), Broken> {
        Err(Broken)
    }
}

fn main() {}
