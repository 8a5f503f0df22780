//! Layers of tower, unchanged, on services and clients.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use micro::layer::Inner;
use micro::testing::Cluster;
use micro::{Code, Error, Json, Request, Response, Result, Service};
use tower::buffer::BufferLayer;
use tower::layer::layer_fn;
use tower::limit::{ConcurrencyLimitLayer, RateLimitLayer};
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;
use tower::util::MapRequestLayer;
use tower::{ServiceBuilder, ServiceExt};

use super::echo::{Echo, echo, say};

#[tokio::test]
async fn the_first_is_the_outermost() -> Result<()> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let note = |name: &'static str| {
        let log = log.clone();
        MapRequestLayer::new(move |request: Request| {
            log.lock().unwrap().push(name);
            request
        })
    };
    let cluster = Cluster::new();
    let _echo =
        cluster.start(echo().layer(note("server 1")).layer((note("server 2"), note("server 3")))).await?;
    let caller = cluster
        .join(Service::new("caller"))
        .client_layer(note("client 1"))
        .client_layer(note("client 2"))
        .build()?;
    say(&caller.client(), "x").await?;
    assert_eq!(*log.lock().unwrap(), ["client 1", "client 2", "server 1", "server 2", "server 3"]);
    Ok(())
}

#[tokio::test]
async fn stock_layers_work_unchanged_and_their_errors_have_codes() -> Result<()> {
    let cluster = Cluster::new();
    let handler = Echo::default();
    let seen = handler.seen.clone();
    let service = Service::new("echo").handle(handler).layer(
        ServiceBuilder::new()
            .layer(LoadShedLayer::new())
            .layer(ConcurrencyLimitLayer::new(1))
            .layer(TimeoutLayer::new(Duration::from_secs(2))),
    );
    let _echo = cluster.start(service).await?;
    assert_eq!(say(&cluster.client(), "x").await?, "x");

    let client = cluster.client();
    let hanging = tokio::spawn(async move { client.call::<_, ()>(("echo", "Echo.Hang"), ()).await });
    seen.running(1).await;
    let shed = say(&cluster.client(), "x").await.unwrap_err();
    assert_eq!((shed.code(), shed.reached()), (Code::ResourceExhausted, false));
    assert_eq!(hanging.await.unwrap().unwrap_err().code(), Code::DeadlineExceeded, "the layer's timeout");
    assert_eq!(say(&cluster.client(), "x").await?, "x");
    Ok(())
}

#[tokio::test]
async fn a_rate_limit_works_behind_a_buffer() -> Result<()> {
    let cluster = Cluster::new();
    let limited = (BufferLayer::<Request>::new(16), RateLimitLayer::new(2, Duration::from_millis(300)));
    let _echo = cluster.start(echo().layer(limited)).await?;
    let begun = tokio::time::Instant::now();
    for _ in 0..5 {
        say(&cluster.client(), "x").await?;
    }
    assert!(begun.elapsed() >= Duration::from_millis(500), "two at a time, every 300 ms");
    Ok(())
}

#[tokio::test]
async fn streams_pass_through_layers() -> Result<()> {
    let cluster = Cluster::new();
    let identity = || layer_fn(|inner: Inner| inner);
    let _echo = cluster.start(echo().layer(identity())).await?;
    let caller = cluster.join(Service::new("caller")).client_layer(identity()).build()?;
    let (mut sender, mut receiver) = caller.client().bidirectional::<String, String>(("echo", "Echo.Repeat"));
    for _ in 0..20 {
        // Sent before the call is polled: it must go on by itself.
        sender.send("x".to_owned()).await?;
        assert_eq!(receiver.next().await?.as_deref(), Some("x"));
    }
    drop(sender);
    assert_eq!(receiver.next().await?, None);
    Ok(())
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_says_whose_it_is_behind_layers_too() -> Result<()> {
    let cluster = Cluster::new();
    let identity = || layer_fn(|inner: Inner| inner);
    let echo = cluster.start(echo()).await?;
    let node = echo.node().id.clone();
    for layers in 0..3 {
        let service = (0..layers).fold(Service::new("caller"), |service, _| service.client_layer(identity()));
        let client = cluster.join(service).build()?.client();
        for _ in 0..2 {
            // The first one has to find its node.
            let error = client.call::<_, Json<u64>>(("echo", "Echo.Say"), "x".to_owned()).await.unwrap_err();
            assert_eq!((error.code(), error.node()), (Code::Internal, Some(&*node)), "{layers}: {error:?}");
        }
        let (mut sender, mut receiver) = client.bidirectional::<String, Json<u64>>(("echo", "Echo.Repeat"));
        sender.send("x".to_owned()).await?;
        let error = receiver.next().await.unwrap_err();
        assert_eq!(
            (error.code(), error.node()),
            (Code::InvalidArgument, Some(&*node)),
            "{layers}: {error:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn what_a_layer_of_ones_own_fails_with_is_masked_unless_it_is_ours() -> Result<()> {
    let cluster = Cluster::new();
    let foreign = layer_fn(|inner: Inner| {
        tower::service_fn(move |_: Request| {
            let _ = &inner;
            async { Err::<Response, std::io::Error>(std::io::Error::other("a secret")) }
        })
    });
    let _echo = cluster.start(echo().layer(foreign)).await?;
    let error = say(&cluster.client(), "x").await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert!(!error.to_string().contains("secret"), "{error}");

    let ours = layer_fn(|inner: Inner| {
        inner.filter(|request: Request| match request.head.metadata.get("authorization") {
            Some(_) => Ok(request),
            None => Err(Error::unauthenticated("who are you?")),
        })
    });
    let _open = cluster.start(Service::new("open").handle(Echo::default()).layer(ours)).await?;
    let refused = cluster.client().call::<_, String>(("open", "Echo.Say"), "x".to_owned()).await.unwrap_err();
    assert_eq!((refused.code(), refused.detail()), (Code::Unauthenticated, "who are you?"));
    let client = cluster.client().with_metadata("authorization", "Bearer x")?;
    assert_eq!(client.call::<_, String>(("open", "Echo.Say"), "x".to_owned()).await?, "x");
    Ok(())
}
