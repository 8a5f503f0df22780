//! The service that is killed, stopped, cut off and overloaded: what its handlers do is what its command line says.

use std::time::{Duration, Instant};

use micro::{Context, Error, Result, Sender, handler, message};
use micro_testing::Ledger;

/// A call, by the number that the generator gave it.
#[message]
pub(crate) struct Ask {
    #[field(1)]
    pub(crate) number: u64,
}

/// A call that takes its time.
#[message]
pub(crate) struct Slow {
    #[field(1)]
    pub(crate) number: u64,
    #[field(2)]
    pub(crate) millis: u64,
}

/// What a process holds.
#[message]
pub(crate) struct Held {
    #[field(1)]
    pub(crate) tasks: u64,
}

/// Which node answered.
#[message]
pub(crate) struct Done {
    #[field(1)]
    pub(crate) node: String,
}

/// How its handlers do.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) node: String,
    pub(crate) ledger: Ledger,
    /// How long they wait before they answer.
    pub(crate) wait: Duration,
    /// For how long they compute.
    pub(crate) burn: Duration,
    /// Whether they fail.
    pub(crate) fails: bool,
}

#[handler]
impl Desk {
    /// Has an effect: must not run twice for one call.
    async fn book(&self, ask: Ask) -> Result<Done> {
        self.answer(ask).await
    }

    /// Has none: may run twice.
    #[endpoint(idempotent)]
    async fn read(&self, ask: Ask) -> Result<Done> {
        self.answer(ask).await
    }

    /// Takes as long as it is told to.
    async fn wait(&self, slow: Slow) -> Result<Done> {
        self.ledger.record(slow.number);
        tokio::time::sleep(Duration::from_millis(slow.millis)).await;
        Ok(Done { node: self.node.clone() })
    }

    /// Takes a moment, and remembers nothing of it.
    async fn nap(&self, ask: Ask) -> Result<Done> {
        tokio::time::sleep(Duration::from_millis(1 + ask.number % 2)).await;
        Ok(Done { node: self.node.clone() })
    }

    /// Says how many tasks there are.
    async fn held(&self, _: ()) -> Result<Held> {
        Ok(Held { tasks: tokio::runtime::Handle::current().metrics().num_alive_tasks() as u64 })
    }

    /// Ticks for ever, whoever stops.
    async fn tick_on(&self, ask: Ask, mut ticks: Sender<Done>) -> Result<()> {
        self.ledger.record(ask.number);
        loop {
            ticks.send(Done { node: self.node.clone() }).await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Ticks until its peer or its service ends it.
    async fn tick(&self, ctx: &Context, ask: Ask, mut ticks: Sender<Done>) -> Result<()> {
        self.ledger.record(ask.number);
        let mut stopping = std::pin::pin!(ctx.stopping());
        loop {
            ticks.send(Done { node: self.node.clone() }).await?;
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(100)) => {}
                () = &mut stopping => return Ok(()),
            }
        }
    }
}

impl Desk {
    async fn answer(&self, ask: Ask) -> Result<Done> {
        self.ledger.record(ask.number);
        if !self.wait.is_zero() {
            tokio::time::sleep(self.wait).await;
        }
        let begun = Instant::now();
        while begun.elapsed() < self.burn {
            std::hint::spin_loop();
        }
        if self.fails {
            return Err(Error::unavailable("what it needs is not there"));
        }
        Ok(Done { node: self.node.clone() })
    }
}
