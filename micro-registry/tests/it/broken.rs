//! The laws find what is broken: registries with one fault each, and the laws that they break. And they ask for no more
//! than what is promised.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use async_trait::async_trait;
use micro_core::{Error, Result};
use micro_registry::conformance::{self, Promises, Subject, run};
use micro_registry::{Event, Memory, RegisterOptions, Registry, Removal, Service, Watch};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Nothing,
    NeverForgets,
    NeverExpires,
    ExpiresAnyway,
    EmptyForUnknown,
    NodeForEachRegistration,
    OneVersion,
    LowerCase,
    DropsEndpoints,
    Unwatchable,
    NeverSynced,
    SyncedAtOnce,
    TellsOthers,
    NoRemovals,
    AllDeregistered,
    AllExpired,
}

#[derive(Clone, Debug)]
struct Broken {
    memory: Memory,
    fault: Fault,
}

struct BrokenWatch {
    inner: Box<dyn Watch>,
    fault: Fault,
    begun: bool,
}

impl Broken {
    fn record(&self, service: &Service) -> Service {
        let mut service = service.clone();
        match self.fault {
            Fault::NodeForEachRegistration => {
                service.nodes.iter_mut().for_each(|node| node.id += &format!("-{}", fastrand::u64(..)));
            }
            Fault::OneVersion => service.version = "latest".to_owned(),
            Fault::LowerCase => service.name = service.name.to_lowercase(),
            Fault::DropsEndpoints => service.endpoints.truncate(20),
            _ => {}
        }
        service
    }
}

#[async_trait]
impl Registry for Broken {
    fn name(&self) -> &'static str {
        "broken"
    }

    fn place(&self) -> String {
        "a test".to_owned()
    }

    async fn register(&self, service: &Service, options: &RegisterOptions) -> Result<()> {
        let options = match self.fault {
            Fault::NeverExpires => RegisterOptions::new(Duration::ZERO),
            Fault::ExpiresAnyway => RegisterOptions::new(Duration::from_millis(50)),
            _ => *options,
        };
        self.memory.register(&self.record(service), &options).await
    }

    async fn deregister(&self, service: &Service) -> Result<()> {
        if self.fault == Fault::NeverForgets {
            return Ok(());
        }
        self.memory.deregister(&self.record(service)).await
    }

    async fn get(&self, name: &str) -> Result<Vec<Service>> {
        match self.memory.get(name).await {
            Err(_) if self.fault == Fault::EmptyForUnknown => Ok(Vec::new()),
            answer => answer,
        }
    }

    async fn list(&self) -> Result<Vec<String>> {
        self.memory.list().await
    }

    async fn watch(&self, name: Option<&str>) -> Result<Box<dyn Watch>> {
        if self.fault == Fault::Unwatchable {
            return Err(Error::unimplemented("registry broken cannot be watched"));
        }
        let name = name.filter(|_| self.fault != Fault::TellsOthers);
        let inner = self.memory.watch(name).await?;
        Ok(Box::new(BrokenWatch { inner, fault: self.fault, begun: false }))
    }
}

#[async_trait]
impl Watch for BrokenWatch {
    async fn next(&mut self) -> Result<Event> {
        if self.fault == Fault::SyncedAtOnce && !std::mem::replace(&mut self.begun, true) {
            return Ok(Event::Synced);
        }
        loop {
            match (self.fault, self.inner.next().await?) {
                (Fault::NeverSynced | Fault::SyncedAtOnce, Event::Synced)
                | (Fault::NoRemovals, Event::Remove { .. }) => {}
                (Fault::AllDeregistered, Event::Remove { service, version, node, .. }) => {
                    return Ok(Event::Remove { service, version, node, why: Removal::Deregistered });
                }
                (Fault::AllExpired, Event::Remove { service, version, node, .. }) => {
                    return Ok(Event::Remove { service, version, node, why: Removal::Expired });
                }
                (_, event) => return Ok(event),
            }
        }
    }
}

/// Whether a law holds of a registry with a fault, as far as `promises` go.
macro_rules! holds {
    ($law:ident, $fault:expr, $promises:expr) => {
        catch_unwind(AssertUnwindSafe(|| {
            run(async {
                let broken = Broken { memory: Memory::new(), fault: $fault };
                conformance::$law(&Subject::new(broken, $promises)).await;
            });
        }))
        .is_ok()
    };
}

#[test]
fn every_fault_is_found_by_its_law() {
    let promises = Promises::all().settled(Duration::from_millis(300));
    macro_rules! found {
        ($($fault:ident: $($law:ident)*;)*) => {$($(
            assert!(holds!($law, Fault::Nothing, promises), "{} is not kept without a fault", stringify!($law));
            let held = holds!($law, Fault::$fault, promises);
            assert!(!held, "{} does not find {}", stringify!($law), stringify!($fault));
        )*)*};
    }
    found! {
        NeverForgets: deregistered_is_gone versions_are_told_apart unusual_names;
        NeverExpires: expired_is_gone;
        EmptyForUnknown: unknown_is_not_found;
        NodeForEachRegistration: registered_is_visible registering_again_updates concurrent_registrations;
        OneVersion: versions_are_told_apart registering_again_updates empty_records;
        LowerCase: unusual_names;
        DropsEndpoints: many_endpoints;
        NeverSynced: watch_tells_what_is_there watch_of_all;
        SyncedAtOnce: watch_tells_what_is_there watch_of_all;
        TellsOthers: watch_of_one;
        NoRemovals: watch_tells_changes watch_tells_in_order watch_tells_why;
        AllDeregistered: watch_tells_why;
        AllExpired: watch_tells_changes;
        Unwatchable: watch_tells_what_is_there;
    }
}

#[test]
fn what_is_not_promised_is_not_asked_for_but_refused() {
    let promises = Promises::all().settled(Duration::from_millis(300));
    assert!(holds!(watch_tells_what_is_there, Fault::Unwatchable, promises.no_watch()));
    assert!(!holds!(watch_tells_what_is_there, Fault::Nothing, promises.no_watch()));
    assert!(holds!(expired_is_gone, Fault::NeverExpires, promises.no_expiry()));
    assert!(!holds!(expired_is_gone, Fault::ExpiresAnyway, promises.no_expiry()));
}

micro_registry::conformance_tests!(least, Promises::all().no_watch(), async {
    Broken { memory: Memory::new(), fault: Fault::Unwatchable }
});
