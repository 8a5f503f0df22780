//! What calls.

use std::time::Duration;

use bench_load::{Ask, Client, Result, Work};
use micro::{Key, PROTOBUF, Prepared, Route};

use crate::service::{Answer, Question};

/// The metadata that the handler of `Bench.Metadata` reads: two pairs of the handle, and two of the call.
pub(crate) const KEYS: [Key; 4] = [
    Key::from_static("x-tenant"),
    Key::from_static("x-region"),
    Key::from_static("x-request"),
    Key::from_static("x-attempt"),
];
const VALUES: [&str; 4] = ["acme-industries", "eu-central-1", "7f3b2c9a41d05e68", "1"];
/// The letters of all values.
pub(crate) const LETTERS: usize = VALUES[0].len() + VALUES[1].len() + VALUES[2].len() + VALUES[3].len();

/// A client handle and the routes that it calls.
#[derive(Clone)]
pub(crate) struct Caller {
    client: micro::Client,
    echo: Route,
    yields: Route,
    compute: Route,
    numbers: Route,
    open: Route,
    metadata: Option<Route>,
}

impl Caller {
    /// Waits for the service of that name.
    pub(crate) async fn new(prepared: &Prepared, name: &str, work: Work) -> Result<Self> {
        let client = prepared.client().with_format(PROTOBUF).with_timeout(Duration::from_secs(20));
        let client = client.with_metadata(&KEYS[0], VALUES[0])?.with_metadata(&KEYS[1], VALUES[1])?;
        let route = |endpoint| Route::new(name, endpoint);
        let caller = Self {
            client,
            echo: route("Bench.Echo"),
            yields: route("Bench.Yields"),
            compute: route("Bench.Compute"),
            numbers: route("Bench.Numbers"),
            open: route("Bench.Open"),
            metadata: (work == Work::Metadata).then(|| route("Bench.Metadata")),
        };
        let first = Question { text: "first".to_owned() };
        let _: Answer = caller.client.wait_for_ready().call(&caller.echo, first).await?;
        Ok(caller)
    }
}

impl Client for Caller {
    async fn call(&self, ask: Ask, text: String) -> Result<String> {
        if let Some(route) = &self.metadata {
            let [.., request, attempt] = KEYS;
            let asked = self.client.request(route).metadata(request, VALUES[2]).metadata(attempt, VALUES[3]);
            let answer: Answer = asked.call(Question { text }).await?;
            return Ok(answer.text);
        }
        let route = match ask {
            Ask::Echo => &self.echo,
            Ask::Yield => &self.yields,
            Ask::Compute => &self.compute,
        };
        let answer: Answer = self.client.call(route, Question { text }).await?;
        Ok(answer.text)
    }

    async fn numbers(&self, text: String, mut seen: impl FnMut(u64) + Send) -> Result {
        let mut numbers = self.client.server_stream::<_, Answer>(&self.numbers, Question { text }).await?;
        while numbers.next().await?.is_some() {
            seen(1);
        }
        Ok(())
    }

    async fn open(&self) -> Result<Box<dyn Send>> {
        let question = Question { text: "open".to_owned() };
        let mut numbers = self.client.server_stream::<_, Answer>(&self.open, question).await?;
        numbers.next().await?.ok_or("a stream had no message")?;
        Ok(Box::new(numbers))
    }
}
