//! The service that the laws call.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use crate::glue::{self, Place};
use crate::{App, Code, Context, Dispatch, Error, Format, Formats, Receiver, Result, Router};

/// What a law learns from the service's side.
#[derive(Default)]
pub(super) struct Seen {
    /// Calls of `Law.Hang` and `Law.Slow` that run.
    running: AtomicUsize,
    changed: Notify,
}

/// Counts a running call until it is dropped.
struct Guard(Arc<Seen>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }
}

impl Seen {
    fn enter(self: Arc<Self>) -> Guard {
        self.running.fetch_add(1, Ordering::SeqCst);
        self.changed.notify_waiters();
        Guard(self)
    }

    /// Waits until that many calls run.
    pub(super) async fn running(&self, count: usize) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.running.load(Ordering::SeqCst) == count {
                return;
            }
            changed.await;
        }
    }
}

/// `Law.Echo` answers what it is sent, `Law.Meta` one entry of the metadata, `Law.Fail` fails, `Law.Hang` never ends,
/// `Law.Slow` takes 300 ms, `Law.Join` puts a stream of texts together.
pub(super) fn app(name: &str, format: Format) -> (Arc<dyn Dispatch>, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let mut router = Router::new(Arc::new(App::new(name, Formats::new().with(format))));
    let endpoints = [
        glue::unary("Law.Echo", Place::Here, &seen, |_, _, text: String| async move { Ok(text) }),
        glue::unary("Law.Meta", Place::Here, &seen, |_, ctx: Context, key: String| async move {
            let value = ctx.metadata().get(&key).ok_or_else(|| Error::not_found("no such entry"))?;
            Ok(value.to_owned())
        }),
        glue::unary("Law.Fail", Place::Here, &seen, |_, _, (): ()| async move { Err::<(), _>(failure()) }),
        glue::unary("Law.Hang", Place::Here, &seen, |seen, _, (): ()| async move {
            let _guard = seen.enter();
            std::future::pending::<Result<()>>().await
        }),
        glue::unary("Law.Slow", Place::Here, &seen, |seen, _, text: String| async move {
            let _guard = seen.enter();
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            Ok(text)
        }),
        glue::client_stream("Law.Join", Place::Here, &seen, |_, _, mut texts: Receiver<String>| async move {
            let mut all = String::new();
            while let Some(text) = texts.next().await? {
                all.push_str(&text);
            }
            Ok(all)
        }),
    ];
    for endpoint in endpoints {
        router.endpoint(endpoint).expect("the endpoints have different names");
    }
    (Arc::new(router), seen)
}

/// What `Law.Fail` fails with.
pub(super) fn failure() -> Error {
    let mut error = Error::new(Code::FailedPrecondition, "not in this state, says “law”")
        .with_id("law")
        .with_reason("LAW")
        .with_domain("conformance");
    error.metadata_mut().insert("state", "closed").expect("sound metadata");
    error
}
