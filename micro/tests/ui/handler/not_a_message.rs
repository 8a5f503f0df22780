#![allow(unused)]

use micro::{Receiver, Result, Sender, handler};

struct Question;
struct Answer;

struct Oracle;

#[handler]
impl Oracle {
    async fn ask(&self, question: Question) -> Result<Answer> {
        Ok(Answer)
    }

    async fn chat(&self, receiver: Receiver<Question>, sender: Sender<Answer>) -> Result<()> {
        Ok(())
    }
}

fn main() {}
