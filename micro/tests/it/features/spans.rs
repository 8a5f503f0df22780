//! Spans of `tracing` on both sides of a call.

use micro::testing::Cluster;
use micro::{Context, Result, Service, handler};

use super::log::Log;

struct Traced;

#[handler]
impl Traced {
    /// Writes a line, and fails with something that its caller must not read.
    async fn work(&self, ctx: &Context) -> Result<()> {
        tracing::info!("at work");
        if ctx.trace().is_some() {
            return Ok(());
        }
        Err(std::io::Error::other("the secret of the disk"))?
    }

    /// Has another one work.
    async fn delegate(&self, ctx: &Context) -> Result<()> {
        ctx.client().call(("traced", "Traced.Work"), ()).await
    }
}

#[tokio::test]
async fn a_call_is_a_span_at_its_caller_and_at_its_handler() -> Result<()> {
    let (log, _guard) = Log::begin();
    let cluster = Cluster::new();
    let _traced = cluster.start(Service::new("traced").handle(Traced)).await?;

    let error = cluster.client().call::<_, ()>(("traced", "Traced.Work"), ()).await.unwrap_err();
    cluster.client().call::<_, ()>(("traced", "Traced.Delegate"), ()).await?;

    let text = log.text();
    let lines: Vec<_> = text.lines().filter(|line| line.contains("at work")).collect();
    let [plain, delegated] = &lines[..] else { panic!("{text}") };
    for line in &lines {
        assert!(
            line.contains("call{service=\"traced\"") && line.contains("handle{service=\"traced\""),
            "{line}"
        );
    }
    assert!(plain.contains("endpoint=\"Traced.Work\""), "{plain}");
    // The call that was made for another one has that one's trace.
    assert!(delegated.contains("trace=\"00-"), "{delegated}");
    // What the caller does not read is in the log, under the id that the caller has.
    assert!(!error.to_string().contains("secret"));
    let masked = text.lines().find(|line| line.contains("the secret of the disk")).unwrap();
    assert!(masked.contains(error.id()), "{masked}");
    Ok(())
}
