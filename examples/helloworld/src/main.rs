//! A service that greets. It prints how to call it.

use micro::{Address, Result, Service, handler, message};
use tracing_subscriber::EnvFilter;

/// Whom to greet.
#[message]
#[derive(Debug)]
pub struct CallRequest {
    /// The name of the person.
    #[field(1)]
    pub name: String,
}

/// The greeting.
#[message]
#[derive(Debug)]
pub struct CallResponse {
    /// What is said.
    #[field(1)]
    pub msg: String,
}

struct Helloworld;

#[handler]
impl Helloworld {
    /// Greets a person by name.
    async fn call(&self, request: CallRequest) -> Result<CallResponse> {
        Ok(CallResponse { msg: format!("Hello {}", request.name) })
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let filter = EnvFilter::try_from_default_env();
    let filter = filter.unwrap_or_else(|_| EnvFilter::new("info,h2=error,mdns_sd=off"));
    tracing_subscriber::fmt().with_env_filter(filter).with_target(false).with_writer(std::io::stderr).init();

    let running = Service::new("helloworld").flags(std::env::args_os()).handle(Helloworld).start().await?;
    if let Some(port) = running.addresses().first().and_then(Address::port) {
        println!("Call it:");
        println!(
            "  curl -H 'Content-Type: application/json' -d '{{\"name\":\"Jane\"}}' http://127.0.0.1:{port}/Helloworld/Call"
        );
        println!("  cargo run -p helloworld --bin call -- Jane");
    }
    running.run().await
}
