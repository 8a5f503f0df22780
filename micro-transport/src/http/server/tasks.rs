//! The tasks of one connection, which end with it.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::task::JoinSet;

/// The tasks of a connection: they are ended when this is dropped.
#[derive(Debug, Default)]
pub(super) struct Tasks(Arc<Mutex<JoinSet<()>>>);

/// What starts tasks of a connection. The tasks themselves may have one, so it does not keep them alive.
#[derive(Clone, Debug)]
pub(super) struct Spawner(Weak<Mutex<JoinSet<()>>>);

impl Tasks {
    pub(super) fn spawner(&self) -> Spawner {
        Spawner(Arc::downgrade(&self.0))
    }
}

impl Spawner {
    /// Starts a task; after the connection's end the task ends before it begins.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let Some(tasks) = self.0.upgrade() else { return };
        let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that are over are let go here, so there are never many more than run at a time.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn tasks_end_with_their_connection() {
        let tasks = Tasks::default();
        let spawner = tasks.spawner();
        let (held, over) = oneshot::channel::<()>();
        let inside = spawner.clone();
        spawner.spawn(async move {
            let _held = (held, inside);
            std::future::pending::<()>().await;
        });
        drop(tasks);
        assert!(over.await.is_err());

        let (held, over) = oneshot::channel::<()>();
        spawner.spawn(async move {
            let _ = held.send(());
        });
        assert!(over.await.is_err(), "a task began after the end of its connection");
    }

    #[tokio::test]
    async fn what_is_over_is_let_go() {
        let tasks = Tasks::default();
        for _ in 0..100 {
            tasks.spawner().spawn(async {});
            tokio::task::yield_now().await;
        }
        assert!(tasks.0.lock().unwrap().len() < 10);
    }
}
