use std::future::Future;

use tokio_util::sync::CancellationToken;

/// A signal that is given once and seen by all who hold a clone: stop.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let stop = micro_core::Shutdown::new();
/// let seen = stop.clone();
/// stop.fire();
/// seen.fired().await;
/// # });
/// ```
#[derive(Clone, Debug, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// A signal that is not given yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the signal. A second time does nothing.
    pub fn fire(&self) {
        self.0.cancel();
    }

    /// Whether it was given.
    #[must_use]
    pub fn is_fired(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits for it.
    pub fn fired(&self) -> impl Future<Output = ()> + Send + 'static {
        self.0.clone().cancelled_owned()
    }

    /// A signal that is given with this one, or alone.
    #[must_use]
    pub fn child(&self) -> Self {
        Self(self.0.child_token())
    }
}
