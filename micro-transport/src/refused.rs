//! Which addresses do not take the lane.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use micro_core::Address;
use tokio::time::Instant;

/// How long an address that refused the lane is not asked again: what is there may change.
pub(crate) const AGAIN: Duration = Duration::from_secs(60);

/// The addresses that refused the lane, and until when that is remembered: shared by all who dial with the same options.
#[derive(Clone, Default, Debug)]
pub(crate) struct Refused(Arc<Mutex<HashMap<Address, Instant>>>);

impl Refused {
    /// An address refuses the lane now. Says until when that is remembered.
    pub(crate) fn note(&self, address: &Address) -> Instant {
        let now = Instant::now();
        let mut refused = self.lock();
        refused.retain(|_, until| *until > now);
        refused.insert(address.clone(), now + AGAIN);
        now + AGAIN
    }

    /// Until when an address is not asked, if it refused.
    pub(crate) fn until(&self, address: &Address) -> Option<Instant> {
        self.lock().get(address).copied().filter(|until| *until > Instant::now())
    }

    /// Nothing that runs under the lock can panic, so a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, HashMap<Address, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_remembered_for_a_minute() {
        let (one, other) = (Address::new("10.0.0.1:1").unwrap(), Address::new("10.0.0.1:2").unwrap());
        let refused = Refused::default();
        let until = refused.clone().note(&one);
        assert_eq!((refused.until(&one), refused.until(&other)), (Some(until), None));
        tokio::time::advance(AGAIN - Duration::from_millis(1)).await;
        assert_eq!(refused.until(&one), Some(until));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(refused.until(&one), None);
        refused.note(&other);
        assert_eq!(refused.lock().len(), 1, "what is over is forgotten");
    }
}
