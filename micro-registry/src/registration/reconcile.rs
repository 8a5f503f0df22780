//! The loop that makes the registry agree with the record.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use micro_core::{Error, Result};
use tokio::select;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::{RegistrationOptions, RegistrationState};
use crate::{RegisterOptions, Registry, Service};

pub(super) async fn run(
    registry: Arc<dyn Registry>,
    options: RegistrationOptions,
    mut records: watch::Receiver<Arc<Service>>,
    states: watch::Sender<RegistrationState>,
) {
    let mut backoff = options.backoff.clone();
    // Records that the registry may have: the one that it took last, and those of attempts that failed since.
    let mut present = Vec::<Arc<Service>>::new();
    loop {
        let record = records.borrow_and_update().clone();
        if present.last().is_none_or(|last| !Arc::ptr_eq(last, &record)) {
            present.push(record.clone());
        }
        let attempt = reconcile(&*registry, &options, &present, &record);
        let pause = match attempt.await {
            Ok(()) => {
                tell(&states, &*registry, &record, Ok(()));
                present = vec![record];
                backoff.reset();
                (!options.interval.is_zero()).then_some(options.interval)
            }
            Err(error) => {
                tell(&states, &*registry, &record, Err(error));
                Some(backoff.next_delay())
            }
        };
        let pause = async {
            match pause {
                Some(pause) => sleep(pause).await,
                None => std::future::pending().await,
            }
        };
        select! {
            () = pause => {}
            changed = records.changed() => if changed.is_err() { return },
        }
    }
}

/// Registers the record, and takes away what is there and not in it.
async fn reconcile(
    registry: &dyn Registry,
    options: &RegistrationOptions,
    present: &[Arc<Service>],
    record: &Service,
) -> Result<()> {
    let limit = options.timeout;
    let attempt = async {
        registry.register(record, &RegisterOptions::new(options.ttl)).await?;
        for gone in present.iter().filter_map(|present| gone(present, record)) {
            registry.deregister(&gone).await?;
        }
        Ok(())
    };
    // A registry may be anybody's: its panic must not end the loop.
    match timeout(limit, AssertUnwindSafe(attempt).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(Error::internal("the registry panicked")),
        Err(_) => Err(Error::unavailable(format!("it has not answered within {limit:?}"))),
    }
}

/// The nodes of `before` that are not in `record`.
fn gone(before: &Service, record: &Service) -> Option<Service> {
    let stays = |id: &str| before.name == record.name && record.nodes.iter().any(|node| node.id == id);
    let mut gone = Service::new(&*before.name, &*before.version);
    gone.nodes.extend(before.nodes.iter().filter(|node| !stays(&node.id)).cloned());
    (!gone.nodes.is_empty()).then_some(gone)
}

/// Makes the state known, and logs it when it is another one.
fn tell(
    states: &watch::Sender<RegistrationState>,
    registry: &dyn Registry,
    record: &Service,
    result: Result<()>,
) {
    let state = if result.is_ok() { RegistrationState::Registered } else { RegistrationState::Lost };
    let changed = states.send_if_modified(|known| std::mem::replace(known, state) != state);
    if !changed {
        return;
    }
    let (name, place) = (registry.name(), registry.place());
    match result {
        Ok(()) => tracing::info!(service = record.name, registry = name, place, "registered"),
        Err(error) => tracing::warn!(
            service = record.name,
            registry = name,
            place,
            %error,
            "not registered: callers will not find the service until this succeeds, which is tried again and again"
        ),
    }
}
