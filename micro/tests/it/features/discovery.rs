//! Services that are found over mDNS, on the loopback interface.
#![cfg(feature = "mdns")]

use std::ffi::OsString;
use std::time::Duration;

use micro::{Client, Endpoint, Handler, Result, Running, Service, Settings};

use super::echo::Echo;

fn on_loopback() -> Settings {
    Settings::from_vars([(OsString::from("MICRO_REGISTRY_ADDRESS"), OsString::from("lo"))]).unwrap()
}

async fn started(service: Service) -> Result<Running> {
    let service = service.settings(on_loopback()).address("127.0.0.1:0").lame_duck(Duration::ZERO);
    let running = service.handle_signals(false).start().await?;
    running.registered().await;
    Ok(running)
}

fn client() -> Result<Client> {
    Ok(Service::new("caller").settings(on_loopback()).build()?.client().wait_for_ready())
}

/// The endpoint `Echo.Say`, three hundred times under other names.
fn many() -> impl Iterator<Item = Endpoint> {
    let all = std::sync::Arc::new(Echo::default()).endpoints();
    let say = all.into_iter().find(|endpoint| endpoint.name == "Echo.Say").unwrap();
    (0..300).map(move |number| {
        let mut endpoint = say.clone();
        endpoint.name = format!("Many.Endpoint{number}").into();
        endpoint
    })
}

#[tokio::test]
async fn three_hundred_endpoints_are_found_and_called() -> Result<()> {
    let service = many().fold(Service::new("many-endpoints"), Service::endpoint);
    let _many = started(service).await?;
    let caller = Service::new("caller").settings(on_loopback()).build()?;
    let client = caller.client().wait_for_ready();
    let answer: String = client.call(("many-endpoints", "Many.Endpoint299"), "x".to_owned()).await?;
    assert_eq!(answer, "x");

    // The record has no room for them: they come from the node itself, schemas and all.
    let found = caller.registry().get("many-endpoints").await?;
    assert_eq!(found[0].endpoints.len(), 300);
    let last = found[0].endpoints.iter().find(|endpoint| endpoint.name == "Many.Endpoint299").unwrap();
    assert_eq!(last.metadata["description"], "Says what it is told.");
    assert!(last.metadata.contains_key("request-schema"));
    Ok(())
}

#[tokio::test]
async fn long_names_and_names_with_dots_are_found_and_called() -> Result<()> {
    for name in ["n".repeat(80), "go.micro.srv.greeter".to_owned(), format!("a.{}.b", "x".repeat(76))] {
        let _running = started(Service::new(name.as_str()).handle(Echo::default())).await?;
        let answer: String = client()?.call((name.as_str(), "Echo.Say"), "x".to_owned()).await?;
        assert_eq!(answer, "x", "{name}");
    }
    Ok(())
}
