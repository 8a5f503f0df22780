//! A service: what it says of itself, what it gives to handlers, how it starts and stops.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use micro::registry::Registry;
use micro::testing::Cluster;
use micro::{
    Body, Call, Code, Context, Error, Group, Request, Response, Result, Service, Settings, Shutdown, handler,
};

use super::echo::{Echo, echo, say};

#[tokio::test]
async fn services_find_and_call_each_other() -> Result<()> {
    let cluster = Cluster::new();
    let _echo = cluster.start(echo()).await?;
    assert_eq!(say(&cluster.client(), "hello").await?, "hello");

    let error = cluster.client().call::<_, String>(("echo", "Echo.Fail"), "no".to_owned()).await.unwrap_err();
    assert_eq!((error.code(), error.detail()), (Code::FailedPrecondition, "no"));
    assert_eq!((error.id(), error.reason(), error.domain()), ("echo", "ECHO", "tests"));
    Ok(())
}

#[tokio::test]
async fn two_clusters_do_not_see_each_other() -> Result<()> {
    let (one, other) = (Cluster::new(), Cluster::new());
    let _echo = one.start(echo()).await?;
    let error = say(&other.client(), "?").await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::NotFound, false));
    assert!(error.detail().contains("`echo`") && error.detail().contains("memory"), "{error}");
    Ok(())
}

#[tokio::test]
async fn the_record_says_what_can_be_called() -> Result<()> {
    let cluster = Cluster::new();
    let service = echo().version("1.2").metadata("zone", "a");
    let running = cluster.start(service).await?;
    let services = cluster.registry().get("echo").await?;
    let [service] = &services[..] else { panic!("{services:?}") };
    assert_eq!(service.version, "1.2");
    let names: Vec<_> = service.endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect();
    assert_eq!(
        names,
        ["Echo.Fail", "Echo.Hang", "Echo.Left", "Echo.Meta", "Echo.Repeat", "Echo.Say", "Echo.Slow"]
    );
    let repeat = &service.endpoints[4];
    assert_eq!(
        (repeat.metadata["stream"].as_str(), repeat.metadata["description"].as_str()),
        ("true", "Repeats each text.")
    );
    let node = &service.nodes[0];
    assert_eq!(node, running.node());
    assert!(node.id.starts_with("echo-") && node.id.len() == "echo-".len() + 36, "{}", node.id);
    for (key, value) in [
        ("transport", "memory"),
        ("registry", "memory"),
        ("protocol", "mucp"),
        ("server", "rpc"),
        ("zone", "a"),
    ] {
        assert_eq!(node.metadata[key], value);
    }
    running.stop().await?;
    assert_eq!(cluster.registry().get("echo").await.unwrap_err().code(), Code::NotFound);
    Ok(())
}

#[tokio::test]
async fn a_service_without_handlers_serves_debug() -> Result<()> {
    let cluster = Cluster::new();
    let _plain = cluster.start(Service::new("plain")).await?;
    let health: serde_json::Value =
        cluster.client().call(("plain", "Debug.Health"), serde_json::json!({})).await?;
    assert_eq!(health, serde_json::json!({ "status": "ok" }));
    let stats: serde_json::Value =
        cluster.client().call(("plain", "Debug.Stats"), serde_json::json!({})).await?;
    assert_eq!((&stats["requests"], &stats["errors"]), (&2.into(), &0.into()));
    let _ = cluster.client().call::<_, ()>(("plain", "Plain.None"), ()).await.unwrap_err();
    let stats: serde_json::Value =
        cluster.client().call(("plain", "Debug.Stats"), serde_json::json!({})).await?;
    assert_eq!((&stats["requests"], &stats["errors"]), (&4.into(), &1.into()));
    Ok(())
}

struct Outer;

#[handler]
impl Outer {
    /// Calls `echo` on behalf of its caller.
    async fn through(&self, ctx: &Context, endpoint: String) -> Result<String> {
        let sent = if endpoint == "Meta" { "x-micro-p-tenant" } else { "x" };
        ctx.client().call(("echo", format!("Echo.{endpoint}").as_str()), sent.to_owned()).await
    }

    /// Has `echo` hang.
    async fn hang(&self, ctx: &Context) -> Result<()> {
        ctx.client().call(("echo", "Echo.Hang"), ()).await
    }

    /// What the service was given.
    async fn given(&self, ctx: &Context) -> Result<String> {
        ctx.extension::<String>().cloned().ok_or_else(|| Error::not_found("nothing was given"))
    }
}

#[tokio::test]
async fn calls_for_a_call_have_its_time_its_metadata_and_its_end() -> Result<()> {
    let cluster = Cluster::new();
    let inner = Echo::default();
    let seen = inner.seen.clone();
    let _echo = cluster.start(Service::new("echo").handle(inner)).await?;
    let _outer = cluster.start(Service::new("outer").handle(Outer)).await?;
    let client =
        cluster.client().with_timeout(Duration::from_secs(7)).with_metadata("X-Micro-P-Tenant", "acme")?;

    let left: String = client.call(("outer", "Outer.Through"), "Left".to_owned()).await?;
    assert!((1..=7_000).contains(&left.parse::<u64>().unwrap()), "{left}");
    let tenant: String = client.call(("outer", "Outer.Through"), "Meta".to_owned()).await?;
    assert_eq!(tenant, "acme");

    // The caller gives up, and two services away the handler ends.
    let given_up = tokio::spawn(async move { client.call::<_, ()>(("outer", "Outer.Hang"), ()).await });
    seen.running(1).await;
    given_up.abort();
    seen.running(0).await;

    // Time is up, and it ends too.
    let short = cluster.client().with_timeout(Duration::from_millis(200));
    let error = short.call::<_, ()>(("outer", "Outer.Hang"), ()).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    seen.running(0).await;
    Ok(())
}

#[tokio::test]
async fn handlers_are_given_extensions() -> Result<()> {
    let cluster = Cluster::new();
    let _outer = cluster.start(Service::new("outer").handle(Outer).extension("a gift".to_owned())).await?;
    assert_eq!(cluster.client().call::<_, String>(("outer", "Outer.Given"), ()).await?, "a gift");
    Ok(())
}

#[tokio::test]
async fn an_endpoint_cannot_be_there_twice() {
    let error = Cluster::new().join(echo().handle(Echo::default())).build().unwrap_err();
    assert_eq!(error.code(), Code::AlreadyExists);
    assert!(error.detail().contains("Echo."), "{error}");
}

#[tokio::test]
async fn hooks_run_in_their_order() -> Result<()> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let note = |what: &'static str| {
        let log = log.clone();
        move || {
            log.lock().unwrap().push(what);
            async { Ok(()) }
        }
    };
    let service = echo()
        .before_start(note("before start 1"))
        .before_start(note("before start 2"))
        .after_start(note("after start"))
        .before_stop(note("before stop"))
        .after_stop(note("after stop"));
    let running = Cluster::new().start(service).await?;
    running.stop().await?;
    assert_eq!(
        *log.lock().unwrap(),
        ["before start 1", "before start 2", "after start", "before stop", "after stop"]
    );
    Ok(())
}

#[tokio::test]
async fn a_hook_that_fails_ends_the_start() {
    let cluster = Cluster::new();
    let service = echo().before_start(|| async { Err(Error::failed_precondition("no disk")) });
    let error = cluster.start(service).await.unwrap_err();
    assert_eq!(error.detail(), "no disk");
    assert!(cluster.registry().list().await.unwrap().is_empty());
    let service = echo().after_start(|| async { Err(Error::failed_precondition("no cache")) });
    assert_eq!(cluster.start(service).await.unwrap_err().detail(), "no cache");
    assert!(cluster.registry().list().await.unwrap().is_empty(), "what was registered is taken back");
}

#[tokio::test]
async fn a_stop_answers_what_runs() -> Result<()> {
    let cluster = Cluster::new();
    let handler = Echo::default();
    let seen = handler.seen.clone();
    let running = cluster.start(Service::new("echo").handle(handler)).await?;
    let client = cluster.client();
    let call =
        tokio::spawn(async move { client.call::<_, String>(("echo", "Echo.Slow"), "300".to_owned()).await });
    seen.running(1).await;
    running.stop().await?;
    assert_eq!(call.await.unwrap()?, "300");
    Ok(())
}

#[tokio::test]
async fn a_stop_cancels_what_does_not_end() -> Result<()> {
    let cluster = Cluster::new();
    let handler = Echo::default();
    let seen = handler.seen.clone();
    let running =
        cluster.start(Service::new("echo").handle(handler).drain(Duration::from_millis(100))).await?;
    let client = cluster.client();
    let call = tokio::spawn(async move { client.call::<_, ()>(("echo", "Echo.Hang"), ()).await });
    seen.running(1).await;
    running.stop().await?;
    seen.running(0).await;
    assert_eq!(call.await.unwrap().unwrap_err().code(), Code::Unavailable);
    Ok(())
}

#[tokio::test]
async fn run_ends_when_it_is_told_to() -> Result<()> {
    let cluster = Cluster::new();
    let stop = Shutdown::new();
    let running = tokio::spawn(cluster.join(echo()).shutdown(stop.clone()).run());
    say(&cluster.client().wait_for_ready(), "there").await?;
    stop.fire();
    running.await.unwrap()?;
    assert!(cluster.registry().list().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_group_starts_and_stops_together() -> Result<()> {
    let cluster = Cluster::new();
    let stop = Shutdown::new();
    let group = Group::new()
        .add(cluster.join(echo()))
        .add(cluster.join(Service::new("outer").handle(Outer)))
        .shutdown(stop.clone());
    let running = tokio::spawn(group.run());
    let client = cluster.client().wait_for_ready();
    assert_eq!(client.call::<_, String>(("outer", "Outer.Through"), "Say".to_owned()).await?, "x");
    stop.fire();
    running.await.unwrap()?;
    assert!(cluster.registry().list().await?.is_empty());

    // One that cannot start ends the others.
    let broken =
        cluster.join(Service::new("broken").before_start(|| async { Err(Error::internal("broken")) }));
    let error = Group::new().add(cluster.join(echo())).add(broken).run().await.unwrap_err();
    assert_eq!(error.detail(), "service `broken`: broken");
    assert!(cluster.registry().list().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_fallback_answers_the_rest() -> Result<()> {
    struct Rest;
    impl micro::Dispatch for Rest {
        fn dispatch(&self, request: Request) -> Call {
            let text = format!("\"rest: {}\"", request.head.route.endpoint());
            Call::ready(Ok(Response::new(Body::One(text.into()))))
        }
    }
    let cluster = Cluster::new();
    let _echo = cluster.start(echo().fallback(Rest)).await?;
    assert_eq!(say(&cluster.client(), "own").await?, "own");
    let rest: String = cluster.client().call(("echo", "Other.Thing"), ()).await?;
    assert_eq!(rest, "rest: Other.Thing");
    Ok(())
}

#[tokio::test]
async fn what_the_code_is_given_wrong_is_told_together() {
    let service = Service::new("x")
        .settings(Settings::empty())
        .address("http://a:1")
        .propagate("not a key")
        .flags(["prog".into(), "--selector".into()]);
    let error = service.build().unwrap_err();
    for part in ["3 settings", "leave out the scheme", "not a key", "--selector has no value"] {
        assert!(error.detail().contains(part), "{part}: {error}");
    }
}

#[tokio::test]
async fn mistakes_of_every_source_are_told_together() {
    let flags = ["prog", "--selector=foo", "--transport=grpc", "--register_ttl=x", "--server_address=:abc"];
    let error =
        Service::new("").settings(Settings::empty()).flags(flags.map(Into::into)).build().unwrap_err();
    for part in ["5 settings", "`foo`", "`grpc`", "--register_ttl is `x`", "--server_address", "has no name"]
    {
        assert!(error.detail().contains(part), "{part}: {error}");
    }
}

#[tokio::test]
async fn what_can_never_be_registered_is_refused_at_once() {
    let refused = |service: Service| Cluster::new().join(service).build().unwrap_err();
    assert!(refused(Service::new("a\nb")).detail().contains("control character"));
    assert!(refused(echo().register_ttl(Duration::ZERO)).detail().contains("MICRO_REGISTER_TTL is 0"));
}
