//! What is called.

use bench_load::{answer, micros, spin};
use micro::{Context, Result, Sender, handler, message};

/// What is asked.
#[message]
#[derive(Debug)]
pub(crate) struct Question {
    /// 16 letters, or 64 KiB.
    #[field(1)]
    pub(crate) text: String,
}

/// What is answered.
#[message]
#[derive(Debug)]
pub(crate) struct Answer {
    /// Eight letters more.
    #[field(1)]
    pub(crate) text: String,
}

/// The endpoints.
pub(crate) struct Bench;

#[handler]
impl Bench {
    /// Answers at once.
    async fn echo(&self, question: Question) -> Result<Answer> {
        Ok(Answer { text: answer(&question.text) })
    }

    /// Answers after one more poll.
    async fn yields(&self, question: Question) -> Result<Answer> {
        tokio::task::yield_now().await;
        Ok(Answer { text: answer(&question.text) })
    }

    /// Computes for as many microseconds as the text says.
    async fn compute(&self, question: Question) -> Result<Answer> {
        spin(micros(&question.text));
        Ok(Answer { text: answer(&question.text) })
    }

    /// Reads four pairs of metadata.
    async fn metadata(&self, context: &Context, question: Question) -> Result<Answer> {
        let metadata = context.metadata();
        let read =
            super::caller::KEYS.iter().filter_map(|key| metadata.get(key)).map(str::len).sum::<usize>();
        if read == super::caller::LETTERS {
            return Ok(Answer { text: answer(&question.text) });
        }
        Err(micro::Error::invalid_argument(format!("{read} letters of metadata")))
    }

    /// Streams one message, and then nothing until its caller has gone.
    async fn open(&self, question: Question, mut sender: Sender<Answer>) -> Result<()> {
        sender.send(Answer { text: answer(&question.text) }).await?;
        std::future::pending().await
    }

    /// Streams as many messages as the text says.
    async fn numbers(&self, question: Question, mut sender: Sender<Answer>) -> Result<()> {
        for _ in 0..micros(&question.text) {
            sender.send(Answer { text: answer(&question.text) }).await?;
        }
        Ok(())
    }
}
