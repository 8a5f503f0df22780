//! Layers of tower around a service and around its client, and a layer of one's own.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use micro::{Account, Code, Error, Request, Response, Result, Service, Settings, handler};
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;

/// A layer that checks who calls, and tells handlers: `ctx.account()`.
#[derive(Clone)]
struct Authenticate<S>(S);

type Answer = Pin<Box<dyn Future<Output = Result<Response>> + Send>>;

impl<S> tower::Service<Request> for Authenticate<S>
where
    S: tower::Service<Request, Response = Response, Error = Error>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Error;
    type Future = Answer;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Answer {
        match request.head.metadata.get("authorization") {
            Some("Bearer open-sesame") => {
                request.head.set_account(Account::new("ali-baba"));
                Box::pin(self.0.call(request))
            }
            _ => Box::pin(async { Err(Error::unauthenticated("say the magic words").not_reached()) }),
        }
    }
}

struct Cave {
    visitors: AtomicUsize,
}

#[handler]
impl Cave {
    /// Lets the caller in.
    async fn enter(&self, ctx: &micro::Context) -> Result<String> {
        let number = self.visitors.fetch_add(1, Ordering::Relaxed) + 1;
        let who = ctx.account().map_or("nobody", |account| account.id.as_str());
        Ok(format!("{who} is visitor {number}"))
    }

    /// Takes long to open.
    async fn dawdle(&self) -> Result<()> {
        tokio::time::sleep(Duration::from_secs(60)).await;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let cave = Service::new("cave")
        .settings(Settings::from_env()?)
        .address("127.0.0.1:0")
        .handle(Cave { visitors: AtomicUsize::new(0) })
        // The first is the outermost. A tuple is one layer, and costs one allocation per call.
        .layer((LoadShedLayer::new(), ConcurrencyLimitLayer::new(100)))
        .layer(tower::layer::layer_fn(Authenticate))
        .client_layer(TimeoutLayer::new(Duration::from_millis(300)))
        .start()
        .await?;
    cave.registered().await;
    let client = cave.client().wait_for_ready();

    if let Err(refused) = client.call::<_, String>(("cave", "Cave.Enter"), ()).await {
        assert_eq!(refused.code(), Code::Unauthenticated);
        println!("refused: {}", refused.detail());
    }

    let client = client.with_metadata("authorization", "Bearer open-sesame")?;
    println!("{}", client.call::<_, String>(("cave", "Cave.Enter"), ()).await?);

    if let Err(late) = client.call::<_, ()>(("cave", "Cave.Dawdle"), ()).await {
        assert_eq!(late.code(), Code::DeadlineExceeded);
        println!("gave up: {}", late.detail());
    }

    cave.stop().await
}
