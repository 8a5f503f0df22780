//! Calls that are made again: which, where, and how often.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use micro::registry::Memory;
use micro::{Address, Client, Code, Context, Error, Result, Running, Service, Settings, handler};

/// Says that it is not there, as often as it is told to, and counts who asks.
#[derive(Clone, Default)]
struct Moody {
    well: bool,
    calls: Arc<AtomicUsize>,
}

#[handler]
impl Moody {
    /// Has an effect.
    async fn book(&self, _: ()) -> Result<String> {
        self.answer()
    }

    /// Has none.
    #[endpoint(idempotent)]
    async fn read(&self, _: ()) -> Result<String> {
        self.answer()
    }

    /// Says when to come back.
    #[endpoint(idempotent)]
    async fn busy(&self, _: ()) -> Result<String> {
        match self.calls.fetch_add(1, Ordering::SeqCst) {
            0 => Err(Error::unavailable("busy").with_retry_after(Duration::from_millis(150))),
            _ => Ok("done".to_owned()),
        }
    }

    /// Has an effect, and calls a service that nobody can reach.
    async fn order(&self, ctx: &Context, _: ()) -> Result<String> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        // A port that nobody listens at.
        let nowhere = Address::new("127.0.0.1:1")?;
        ctx.client().with_address(nowhere).call(("stock", "Stock.Take"), ()).await
    }
}

impl Moody {
    fn answer(&self) -> Result<String> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.well { Ok("done".to_owned()) } else { Err(Error::unavailable("a part of it is down")) }
    }

    fn taken(&self) -> usize {
        self.calls.swap(0, Ordering::SeqCst)
    }
}

async fn started(registry: &Arc<Memory>, handler: &Moody) -> Result<Running> {
    let service = Service::new("moody").settings(Settings::empty()).registry(registry.clone());
    let service = service.address("127.0.0.1:0").lame_duck(Duration::ZERO).handle_signals(false);
    let running = service.handle(handler.clone()).start().await?;
    running.registered().await;
    Ok(running)
}

fn client(registry: &Arc<Memory>) -> Result<Client> {
    Ok(Service::new("test").settings(Settings::empty()).registry(registry.clone()).build()?.client())
}

#[tokio::test]
async fn what_a_handler_may_have_done_is_not_done_twice() -> Result<()> {
    let (registry, moody) = (Arc::new(Memory::new()), Moody::default());
    let node = started(&registry, &moody).await?;
    let client = client(&registry)?;
    let error = client.call::<_, String>(("moody", "Moody.Book"), ()).await.unwrap_err();
    assert_eq!((error.code(), error.reached(), moody.taken()), (Code::Unavailable, true, 1));
    assert_eq!(error.node(), Some(&*node.node().id), "an error says which node it is of");
    // The registry says that this one may be called again: the caller need not know.
    client.call::<_, String>(("moody", "Moody.Read"), ()).await.unwrap_err();
    assert_eq!(moody.taken(), 3);
    Ok(())
}

#[tokio::test]
async fn one_more_attempt_goes_to_another_node() -> Result<()> {
    let (registry, ill) = (Arc::new(Memory::new()), Moody::default());
    let well = Moody { well: true, ..Moody::default() };
    let _nodes = (started(&registry, &ill).await?, started(&registry, &well).await?);
    let client = client(&registry)?.with_attempts(2).with_retry_budget(1.0);
    for call in 0..50 {
        client.call::<_, String>(("moody", "Moody.Read"), ()).await.map_err(|error| {
            Error::internal(format!("call {call} was made twice at the node that failed: {error:?}"))
        })?;
    }
    assert!(ill.taken() > 0, "some calls came there first");
    Ok(())
}

#[tokio::test]
async fn retries_add_a_tenth_at_most() -> Result<()> {
    let (registry, moody) = (Arc::new(Memory::new()), Moody::default());
    let _node = started(&registry, &moody).await?;
    let client = client(&registry)?;
    for (endpoint, least, most) in [("Moody.Read", 1_001, 1_100), ("Moody.Book", 1_000, 1_000)] {
        for _ in 0..1_000 {
            client.call::<_, String>(("moody", endpoint), ()).await.unwrap_err();
        }
        let attempts = moody.taken();
        assert!((least..=most).contains(&attempts), "{endpoint}: {attempts}");
    }
    Ok(())
}

#[tokio::test]
async fn what_a_handler_could_not_reach_is_no_reason_to_run_it_again() -> Result<()> {
    let (registry, moody) = (Arc::new(Memory::new()), Moody::default());
    let _node = started(&registry, &moody).await?;
    let client = client(&registry)?;
    let error = client.call::<_, String>(("moody", "Moody.Order"), ()).await.unwrap_err();
    assert_eq!((error.code(), error.reached(), moody.taken()), (Code::Unavailable, true, 1), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn a_busy_service_says_when_to_come_back() -> Result<()> {
    let (registry, moody) = (Arc::new(Memory::new()), Moody::default());
    let _node = started(&registry, &moody).await?;
    let begun = std::time::Instant::now();
    client(&registry)?.call::<_, String>(("moody", "Moody.Busy"), ()).await?;
    assert!(begun.elapsed() >= Duration::from_millis(150));
    Ok(())
}

/// Never answers.
struct Stuck;

#[handler(name = "Moody")]
impl Stuck {
    async fn book(&self, _: ()) -> Result<String> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_node_whose_sockets_are_all_taken_holds_up_nobody() -> Result<()> {
    let (registry, well) = (Arc::new(Memory::new()), Moody { well: true, ..Moody::default() });
    // Over HTTP/1.1, with two sockets to each node.
    let service = || {
        let service = Service::new("moody").settings(Settings::empty()).registry(registry.clone());
        service
            .address("127.0.0.1:0")
            .handle_signals(false)
            .limits(|limits| (limits.protocols.http2, limits.protocols.lane) = (false, false))
    };
    let nodes = (service().handle(well).start().await?, service().handle(Stuck).start().await?);
    nodes.0.registered().await;
    nodes.1.registered().await;
    let caller = Service::new("test").settings(Settings::empty()).registry(registry.clone());
    let client =
        caller.dialling(|dial| dial.pool_size = 2).build()?.client().with_timeout(Duration::from_secs(5));
    let mut late = 0;
    for _ in 0..60 {
        let client = client.clone();
        let call = tokio::spawn(async move { client.call::<_, String>(("moody", "Moody.Book"), ()).await });
        // Those that went to the node that stands still keep its sockets.
        late += usize::from(tokio::time::timeout(Duration::from_millis(500), call).await.is_err());
    }
    assert_eq!(late, 2, "as many calls wait as there are sockets");
    Ok(())
}
