use std::future::pending;

/// Waits for SIGTERM or SIGINT (or Ctrl-C), and says which.
pub(super) async fn told_to_stop() -> &'static str {
    tokio::select! {
        () = interrupted() => "SIGINT",
        () = terminated() => "SIGTERM",
    }
}

async fn interrupted() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::warn!(%error, "cannot wait for SIGINT");
        pending::<()>().await;
    }
}

#[cfg(unix)]
async fn terminated() {
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(error) => {
            tracing::warn!(%error, "cannot wait for SIGTERM");
            pending::<()>().await;
        }
    }
}

#[cfg(not(unix))]
async fn terminated() {
    pending::<()>().await;
}
