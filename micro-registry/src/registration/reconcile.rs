//! The loop that makes the registry agree with the record.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use micro_core::{Error, Result};
use tokio::select;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::{RegistrationOptions, RegistrationState, RegistrationStatus};
use crate::{RegisterOptions, Registry, Service};

pub(super) async fn run(
    registry: Arc<dyn Registry>,
    options: RegistrationOptions,
    mut records: watch::Receiver<Arc<Service>>,
    told: watch::Sender<RegistrationStatus>,
) {
    let mut backoff = options.waits();
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
                tell(&told, &*registry, &record, Ok(()));
                present = vec![record];
                backoff.reset();
                (!options.interval.is_zero()).then_some(options.interval)
            }
            Err(error) => {
                tell(&told, &*registry, &record, Err(error));
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
    let limit = options.patience();
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

/// Makes known how it stands, and logs it when that is otherwise than before.
fn tell(
    told: &watch::Sender<RegistrationStatus>,
    registry: &dyn Registry,
    record: &Service,
    result: Result<()>,
) {
    let (name, place) = (registry.name(), registry.place());
    let state = if result.is_ok() { RegistrationState::Registered } else { RegistrationState::Lost };
    let error = result.err().map(|error| {
        let why = format!("registry {name} ({place}): {}", error.detail());
        Arc::new(error.with_detail(why))
    });
    let (mut before, why) = (None, error.clone());
    told.send_if_modified(|status| {
        status.error = error;
        if status.state == state {
            return false;
        }
        let now = Instant::now();
        before = Some((status.state, now.duration_since(status.since)));
        (status.state, status.since) = (state, now);
        true
    });
    let service = &*record.name;
    match (before, why) {
        (None, _) => {}
        (Some((RegistrationState::Lost, lasted)), None) => {
            tracing::info!(service, registry = name, place, after = ?lasted, "registered again");
        }
        (Some(_), None) => tracing::info!(service, registry = name, place, "registered"),
        (Some(_), Some(error)) => tracing::warn!(
            service,
            %error,
            "not registered: callers will not find the service until this succeeds, which is tried again and again"
        ),
    }
}
