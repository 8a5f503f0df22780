//! The client: names, addresses, options, nodes that come and go.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use micro::registry::{Memory, Node, RegisterOptions, Registry, Service as Record};
use micro::selector::{Filter, RoundRobin, SelectExt};
use micro::testing::Cluster;
use micro::{Address, Client, Code, Result, Running, Service, Settings, handler};

use super::echo::{Echo, echo, say};

/// A service on a real socket, in a registry of the test's own.
async fn started(registry: &Arc<Memory>, service: Service) -> Result<Running> {
    let service = service
        .settings(Settings::empty())
        .registry(registry.clone())
        .address("127.0.0.1:0")
        .lame_duck(Duration::ZERO)
        .handle_signals(false);
    let running = service.start().await?;
    running.registered().await;
    Ok(running)
}

fn client(registry: &Arc<Memory>) -> Result<Client> {
    Ok(Service::new("test").settings(Settings::empty()).registry(registry.clone()).build()?.client())
}

#[tokio::test]
async fn over_http_by_name_in_every_format() -> Result<()> {
    let registry = Arc::new(Memory::new());
    let _echo = started(&registry, echo()).await?;
    let client = client(&registry)?;
    for format in micro::formats().iter() {
        assert_eq!(say(&client.with_format(format), "hello").await?, "hello", "{format}");
    }
    let (mut sender, mut receiver) = client.bidirectional::<String, String>(("echo", "Echo.Repeat"));
    for text in ["a", "b"] {
        sender.send(text.to_owned()).await?;
        assert_eq!(receiver.next().await?.as_deref(), Some(text));
    }
    drop(sender);
    assert_eq!(receiver.next().await?, None);
    Ok(())
}

#[tokio::test]
async fn a_direct_address_needs_no_registry() -> Result<()> {
    let echo = started(&Arc::new(Memory::new()), echo()).await?;
    let client = client(&Arc::new(Memory::new()))?;
    assert_eq!(say(&client, "?").await.unwrap_err().code(), Code::NotFound);
    let direct = client.with_address(echo.addresses()[0].clone());
    assert_eq!(say(&direct, "hello").await?, "hello");
    // Streams too: they find out that HTTP/2 is spoken there.
    let (sender, mut receiver) = direct.bidirectional::<String, String>(("echo", "Echo.Repeat"));
    drop(sender);
    assert_eq!(receiver.next().await?, None);
    Ok(())
}

#[tokio::test]
async fn an_address_where_nobody_is() -> Result<()> {
    let client = client(&Arc::new(Memory::new()))?;
    // Bound and closed again: nobody has this port now.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = say(&client.with_address(Address::from(address)), "?").await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::Unavailable, false), "{error:?}");
    assert!(error.detail().contains(&address.to_string()), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_node_that_refuses_is_passed_over() -> Result<()> {
    let registry = Arc::new(Memory::new());
    let _echo = started(&registry, echo()).await?;
    // Four nodes that are registered, and gone.
    let mut dead = Record::new("echo", "latest");
    for number in 0..4 {
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        dead.nodes
            .push(Node::new(format!("dead-{number}"), address.into()).with_metadata("protocol", "mucp"));
    }
    registry.register(&dead, &RegisterOptions::default()).await?;
    let client = client(&registry)?.with_attempts(1);
    for _ in 0..100 {
        assert_eq!(say(&client, "hello").await?, "hello");
    }
    Ok(())
}

#[tokio::test]
async fn a_service_that_starts_later_is_waited_for() -> Result<()> {
    let cluster = Cluster::new();
    let waiting = cluster.client().wait_for_ready();
    let call = tokio::spawn(async move { say(&waiting, "late").await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!call.is_finished());
    let _echo = cluster.start(echo()).await?;
    assert_eq!(call.await.unwrap()?, "late");

    let short = cluster.client().wait_for_ready().with_timeout(Duration::from_millis(100));
    let error = short.call::<_, ()>(("never", "Never.Is"), ()).await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::DeadlineExceeded, false));
    let why = "looking for a node of service `never`: service `never` is not known to registry memory";
    assert!(error.detail().contains(why), "{error}");
    Ok(())
}

#[tokio::test]
async fn who_waits_for_a_service_in_vain_learns_why() -> Result<()> {
    let registry = Arc::new(Memory::new());
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let waiting = client(&registry)?.wait_for_ready().with_timeout(Duration::from_millis(300));
    // Nobody has the port of the one that is known, whether the registry knows it or the caller.
    let dead = |transport| {
        let node = Node::new("dead", address.into()).with_metadata("protocol", "mucp");
        Record::new("echo", "latest").with_node(node.with_metadata("transport", transport))
    };
    let mut said = vec![say(&waiting.with_address(address.into()), "?").await.unwrap_err()];
    registry.register(&dead("http"), &RegisterOptions::default()).await?;
    said.push(say(&waiting, "?").await.unwrap_err());
    for error in said {
        assert_eq!((error.code(), error.reached()), (Code::DeadlineExceeded, false), "{error:?}");
        let why = format!("of service `echo`: cannot connect to {address}");
        assert!(error.detail().contains("no time left while") && error.detail().contains(&why), "{error}");
    }

    // Or the one that there is speaks something else.
    registry.register(&dead("carrier-pigeon"), &RegisterOptions::default()).await?;
    let other = client(&registry)?.wait_for_ready().with_timeout(Duration::from_millis(300));
    let error = say(&other, "?").await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert!(error.detail().contains("its transport is `carrier-pigeon`, ours is `http`"), "{error}");
    Ok(())
}

/// Says its own name.
struct Named(&'static str);

#[handler(name = "Named")]
impl Named {
    /// The name.
    async fn name(&self) -> Result<String> {
        Ok(self.0.to_owned())
    }
}

async fn names(client: &Client, calls: usize) -> Result<BTreeMap<String, usize>> {
    let mut names = BTreeMap::new();
    for _ in 0..calls {
        *names.entry(client.call::<_, String>(("named", "Named.Name"), ()).await?).or_default() += 1;
    }
    Ok(names)
}

#[tokio::test]
async fn filters_and_selectors_by_call() -> Result<()> {
    let cluster = Cluster::new();
    let named =
        |name, version| Service::new("named").version(version).metadata("name", name).handle(Named(name));
    let _nodes = [
        cluster.start(named("a", "1")).await?,
        cluster.start(named("b", "2")).await?,
        cluster.start(named("c", "2")).await?,
    ];
    let client = cluster.client();
    assert_eq!(names(&client, 100).await?.len(), 3);
    assert!(!names(&client.with_filter(Filter::version("2")), 50).await?.contains_key("a"));
    let only_b = client.with_filter(Filter::version("2")).with_filter(Filter::label("name", "b"));
    assert_eq!(names(&only_b, 20).await?, BTreeMap::from([("b".to_owned(), 20)]));
    let in_turn = client.with_selector(Arc::new(RoundRobin::new()));
    assert!(names(&in_turn, 30).await?.values().all(|count| *count == 10));

    let none = client.with_filter(Filter::version("3"));
    let error = none.call::<_, String>(("named", "Named.Name"), ()).await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::Unavailable, false));
    assert!(error.detail().contains("version 3"), "the filter is named: {error}");
    Ok(())
}

#[tokio::test]
async fn a_node_of_another_transport_is_not_called_and_named() -> Result<()> {
    let registry = Arc::new(Memory::new());
    let node = Node::new("n-1", Address::new("127.0.0.1:1")?).with_metadata("transport", "nats");
    registry.register(&Record::new("far", "latest").with_node(node), &RegisterOptions::default()).await?;
    let error = client(&registry)?.call::<_, ()>(("far", "Far.Away"), ()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.detail().contains("`nats`") && error.detail().contains("`http`"), "{error}");
    Ok(())
}

#[tokio::test]
async fn rolling_restarts_lose_no_call() -> Result<()> {
    let registry = Arc::new(Memory::new());
    let client = client(&registry)?;
    let mut nodes = vec![started(&registry, echo()).await?, started(&registry, echo()).await?];
    let stop = micro::Shutdown::new();
    let caller = {
        let (client, stop) = (client.clone(), stop.clone());
        tokio::spawn(async move {
            let mut calls = 0_u32;
            while !stop.is_fired() {
                say(&client, "x").await?;
                calls += 1;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            Ok::<_, micro::Error>(calls)
        })
    };
    for _ in 0..6 {
        nodes.push(started(&registry, echo()).await?);
        // Calls go on meanwhile.
        tokio::time::sleep(Duration::from_millis(50)).await;
        nodes.remove(0).stop().await?;
    }
    stop.fire();
    assert!(caller.await.unwrap()? > 10);
    Ok(())
}

#[tokio::test]
async fn a_killed_server_fails_what_is_in_flight_at_once() -> Result<()> {
    let registry = Arc::new(Memory::new());
    let handler = Echo::default();
    let seen = handler.seen.clone();
    let echo = started(&registry, Service::new("echo").handle(handler)).await?;
    let client = client(&registry)?;
    let call = tokio::spawn(async move { client.call::<_, ()>(("echo", "Echo.Hang"), ()).await });
    seen.running(1).await;
    drop(echo);
    let error =
        tokio::time::timeout(Duration::from_secs(5), call).await.expect("at once").unwrap().unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::Unavailable, true), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn a_given_listener_is_listened_at() -> Result<()> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let registry = Arc::new(Memory::new());
    let echo = echo()
        .settings(Settings::empty())
        .registry(registry.clone())
        .listener(listener)
        .lame_duck(Duration::ZERO);
    let running = echo.start().await?;
    assert_eq!(running.addresses(), [Address::from(address)]);
    assert_eq!(say(&client(&registry)?.with_address(address.into()), "x").await?, "x");
    running.stop().await
}

#[tokio::test]
async fn an_address_that_is_another_services_by_now_is_passed_over() -> Result<()> {
    let registry = Arc::new(Memory::new());
    let _echo = started(&registry, echo()).await?;
    let other = started(&registry, Service::new("other").handle(Echo::default())).await?;
    // A node of `echo` died, and `other` has got its port: the endpoints have the same names.
    let dead = Node::new("echo-dead", other.addresses()[0].clone()).with_metadata("micro", "h2");
    registry.register(&Record::new("echo", "latest").with_node(dead), &RegisterOptions::default()).await?;
    let client = client(&registry)?;
    for _ in 0..30 {
        assert_eq!(say(&client, "hello").await?, "hello");
    }
    let error =
        say(&client.with_attempts(1).with_address(other.addresses()[0].clone()), "x").await.unwrap_err();
    assert_eq!((error.code(), error.reached(), error.http()), (Code::Unavailable, false, 421));
    assert_eq!(error.detail(), "this is service `other`, not `echo`");
    Ok(())
}

/// A message that has no JSON.
#[micro::message]
#[derive(Clone, PartialEq, prost::Message)]
struct OnlyProtobuf {
    #[prost(string, tag = "1")]
    text: String,
}

struct Protobuf;

#[handler]
impl Protobuf {
    /// Repeats it.
    async fn echo(&self, message: OnlyProtobuf) -> Result<OnlyProtobuf> {
        Ok(message)
    }
}

#[tokio::test]
async fn messages_without_json_are_sent_in_what_they_have() -> Result<()> {
    let cluster = Cluster::new();
    let _service = cluster.start(Service::new("protobuf").handle(Protobuf)).await?;
    let sent = OnlyProtobuf { text: "hello".to_owned() };
    let answer: OnlyProtobuf = cluster.client().call(("protobuf", "Protobuf.Echo"), sent.clone()).await?;
    assert_eq!(answer, sent);
    Ok(())
}

#[tokio::test]
async fn a_deadline_says_what_was_called() -> Result<()> {
    let registry = Arc::new(Memory::new());
    let _echo = started(&registry, echo()).await?;
    let client = client(&registry)?.with_timeout(Duration::from_millis(200));
    let error = client.call::<_, ()>(("echo", "Echo.Hang"), ()).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert!(error.detail().contains("echo/Echo.Hang") || error.id() == "echo", "{error:?}");
    Ok(())
}
