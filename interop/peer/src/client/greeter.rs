use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use micro::registry::Memory;
use micro::{Address, Client, Code, Message, Result, Service, Settings};

use super::Checked;
use super::report::same;
use crate::messages::{Greeting, Hello, greeting};

/// How long a call may take that is answered at once.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How many calls of one run may get lost: of its 700 or so none in most runs, and two in one of some hundred.
const LOST: u32 = 3;

/// The calls that a go-micro server lost: about one of 10,000 on a connection that was used before never gets an answer,
/// because the server hands it to a socket that is closing.
#[derive(Clone, Debug, Default)]
pub(super) struct Losses(Arc<AtomicU32>);

impl Losses {
    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// Fails when there are more than go-micro loses.
    pub(super) fn few(&self) -> Checked {
        match self.count() {
            0..=LOST => Ok(()),
            lost => Err(format!("{lost} calls were not answered within {PATIENCE:?}").into()),
        }
    }
}

/// The service `greeter`, called by a client with connections of its own.
#[derive(Clone, Debug)]
pub(super) struct Greeter {
    client: Client,
    losses: Losses,
}

impl Greeter {
    /// The one at an address.
    pub(super) fn at(address: &Address, losses: &Losses) -> Result<Self> {
        let client = service().build()?.client().with_address(address.clone());
        Ok(Self::new(&client, losses))
    }

    pub(super) fn new(client: &Client, losses: &Losses) -> Self {
        Self { client: client.with_timeout(PATIENCE), losses: losses.clone() }
    }

    /// What it is called by, without another attempt at calls that get lost.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Calls by a client that is a little different.
    pub(super) fn with(&self, change: impl FnOnce(&Client) -> Client) -> Self {
        Self { client: change(&self.client), losses: self.losses.clone() }
    }

    /// Calls an endpoint; once more if the call got lost.
    pub(super) async fn call<Q: Message + Clone, R: Message>(&self, endpoint: &str, request: Q) -> Result<R> {
        let answer = self.client.call(("greeter", endpoint), request.clone()).await;
        match answer {
            Err(error) if error.code() == Code::DeadlineExceeded => {
                self.losses.0.fetch_add(1, Ordering::Relaxed);
                eprintln!("interop-peer: a call of {endpoint} got lost: {error}");
                self.client.call(("greeter", endpoint), request).await
            }
            answer => answer,
        }
    }

    /// Expects the greeting for a name.
    pub(super) async fn greets(&self, name: &str) -> Checked {
        let answer: Greeting = self.call("Greeter.Hello", Hello { name: name.to_owned() }).await?;
        same("greeting", &answer.msg, &greeting(name))
    }
}

/// What clients are made of: nothing that the environment says, and no network but the calls.
pub(super) fn service() -> Service {
    Service::new("interop-peer").settings(Settings::empty()).registry(Arc::new(Memory::new()))
}
