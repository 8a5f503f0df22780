use std::sync::Arc;

use micro::registry::{Memory, Node, RegisterOptions, Registry, Service};
use micro::{Address, Client, Code, Result};

use super::Checked;
use super::errors;
use super::greeter::{Greeter, Losses, service};
use super::report::same;
use crate::messages::{Greeting, Hello};

/// A go-micro service is called by name when its record is in the registry.
pub(super) async fn by_record(address: &Address, losses: &Losses) -> Checked {
    let client =
        client(node(address).with_metadata("protocol", "mucp").with_metadata("transport", "http")).await?;
    let greeter = Greeter::new(&client, losses);
    greeter.greets("Jane").await?;
    errors::stream(&greeter).await?;
    greeter.greets("John").await
}

/// A node that speaks something else is not called, and the error says what.
pub(super) async fn foreign(address: &Address) -> Checked {
    for (key, value) in [("protocol", "grpc"), ("transport", "grpc")] {
        let client = client(node(address).with_metadata(key, value)).await?;
        let request = Hello { name: "Jane".to_owned() };
        match client.call::<_, Greeting>(("greeter", "Greeter.Hello"), request).await {
            Ok(answer) => return Err(format!("{key} {value} was called: {answer:?}").into()),
            Err(error) => {
                same("code", &error.code(), &Code::Unavailable)?;
                same("the error names the protocol", &error.detail().contains("`grpc`"), &true)?;
            }
        }
    }
    Ok(())
}

fn node(address: &Address) -> Node {
    Node::new("greeter-f6a9c1f6-3f0c-4b0e-9d5c-1f6f6f6b2d10", address.clone())
        .with_metadata("broker", "http")
        .with_metadata("registry", "memory")
        .with_metadata("server", "mucp")
}

/// A client that knows the service `greeter` to have one node.
async fn client(node: Node) -> Result<Client> {
    let registry = Arc::new(Memory::new());
    let record = Service::new("greeter", "latest").with_node(node);
    registry.register(&record, &RegisterOptions::default()).await?;
    Ok(service().registry(registry).build()?.client())
}
