//! A registry and a client of one's own, chosen by name, and tested as `micro` tests its own.

mod counting;
mod files;

use std::sync::{Arc, OnceLock};

use micro::rpc::RpcClient;
use micro::{Plugins, Result, Service, Settings, handler};

use crate::counting::Counting;
use crate::files::Files;

struct Greeter;

#[handler]
impl Greeter {
    /// Greets.
    async fn hello(&self, name: String) -> Result<String> {
        Ok(format!("Hello {name}"))
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("micro-custom-plugin-{}", std::process::id()));
    let (registry_folder, counting) = (folder.clone(), Arc::new(OnceLock::new()));
    let counted = counting.clone();
    let plugins = Plugins::default()
        // The operator's MICRO_REGISTRY_ADDRESS would name the folder.
        .registry("files", move |_| Ok(Arc::new(Files::new(&registry_folder)?)))
        .client("counting", move |parts| {
            let client = Counting::new(Arc::new(RpcClient::new(parts)));
            Ok(Arc::new(counted.get_or_init(|| client).clone()))
        });

    let mut settings = Settings::empty();
    settings.registry = Some("files".to_owned());
    settings.client = Some("counting".to_owned());
    let greeter = Service::new("greeter")
        .plugins(plugins)
        .settings(settings)
        .address("127.0.0.1:0")
        .handle(Greeter)
        .start()
        .await?;
    greeter.registered().await;
    println!("registered: {}", std::fs::read_dir(&folder)?.count());

    for name in ["Jane", "John"] {
        println!(
            "{}",
            greeter.client().call::<_, String>(("greeter", "Greeter.Hello"), name.to_owned()).await?
        );
    }
    println!("calls: {}", counting.get().map_or(0, Counting::calls));

    greeter.stop().await?;
    println!("registered: {}", std::fs::read_dir(&folder)?.count());
    Ok(std::fs::remove_dir(&folder)?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use micro::registry::conformance::Promises;
    use micro::registry::{Memory, Registry};
    use micro::{Call, Dispatch, Request, conformance};

    use super::*;

    fn files() -> Files {
        // The folder outlives the test by a little; the system cleans its own.
        Files::new(tempfile::tempdir().unwrap().keep()).unwrap()
    }

    micro::registry::conformance_tests!(laws_of_registries, Promises::all(), async { files() });

    /// The service of a law, by the endpoints that the law brings.
    struct App(Arc<dyn Dispatch>);

    impl Dispatch for App {
        fn dispatch(&self, request: Request) -> Call {
            self.0.dispatch(request)
        }
    }

    async fn subject(name: &'static str, app: Arc<dyn Dispatch>) -> conformance::caller::Subject {
        let registry: Arc<dyn Registry> = Arc::new(Memory::new());
        let service = move |name| {
            Service::new(name)
                .settings(Settings::empty())
                .registry(registry.clone())
                .address("127.0.0.1:0")
                .lame_duck(Duration::ZERO)
        };
        let plain = service("law").build().unwrap().client();
        let caller = Arc::new(Counting::new(plain.caller().clone()));
        conformance::caller::Subject::new(caller, move || async move {
            let running = service(name).fallback(App(app)).start().await.unwrap();
            running.registered().await;
            running
        })
    }

    micro::caller_conformance_tests!(
        laws_of_clients,
        conformance::caller::Promises::new(micro::JSON),
        subject
    );
}
