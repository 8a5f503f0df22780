//! Which share of the calls each of several nodes has that are all well, through the whole client.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use micro::registry::Memory;
use micro::selector::SelectExt;
use micro::transport::Memory as Network;
use micro::{Client, Error, Result, Running, Service, Settings, handler};

const SELECTORS: [&str; 5] = ["roundrobin", "random", "leastconn", "p2c", "hash"];
const NODES: usize = 4;
const CALLS: usize = 400;

struct Counted(Arc<AtomicUsize>);

#[handler]
impl Counted {
    async fn call(&self, _: ()) -> Result<()> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// What carries the calls.
#[derive(Clone, Copy, Debug)]
enum Over {
    Memory,
    Http1,
    Http2,
    Lane,
}

/// Nodes of one service, how many calls each had, and a client with that selector.
struct Fixture {
    _nodes: Vec<Running>,
    had: Vec<Arc<AtomicUsize>>,
    client: Client,
}

impl Fixture {
    async fn start(over: Over, selector: &str) -> Result<Self> {
        let (registry, network) = (Arc::new(Memory::new()), Arc::new(Network::new()));
        let part = |name: &str, settings: Settings| {
            let service = Service::new(name).settings(settings).registry(registry.clone());
            let service = service.lame_duck(Duration::ZERO).handle_signals(false);
            match over {
                Over::Memory => service.transport(network.clone()),
                Over::Http1 => {
                    service.limits(|limits| (limits.protocols.http2, limits.protocols.lane) = (false, false))
                }
                Over::Http2 => service.limits(|limits| limits.protocols.lane = false),
                Over::Lane => service,
            }
        };
        let had = (0..NODES).map(|_| Arc::new(AtomicUsize::new(0))).collect::<Vec<_>>();
        let mut nodes = Vec::new();
        for had in &had {
            let mut node = part("counted", Settings::empty()).handle(Counted(had.clone()));
            if !matches!(over, Over::Memory) {
                node = node.address("127.0.0.1:0");
            }
            let node = node.start().await?;
            node.registered().await;
            nodes.push(node);
        }
        let mut settings = Settings::empty();
        settings.selector = Some(selector.to_owned());
        let client = part("caller", settings).build()?.client();
        Ok(Self { _nodes: nodes, had, client })
    }

    async fn call(&self, number: usize) -> Result<()> {
        let client = self.client.with_selection_key(&number.to_string());
        client.call(("counted", "Counted.Call"), ()).await
    }

    fn shares(&self) -> Vec<usize> {
        self.had.iter().map(|had| had.swap(0, Ordering::SeqCst)).collect()
    }
}

/// The least that a node has of as many calls, when all of them are made one after the other.
fn least(selector: &str) -> usize {
    match selector {
        "roundrobin" => CALLS / NODES,
        // It goes by how fast they answered of late, and a machine that stands still for a moment counts in that.
        "p2c" => 1,
        _ => CALLS / NODES / 3,
    }
}

#[tokio::test]
async fn each_node_has_its_share_of_calls_one_after_the_other() -> Result<()> {
    for over in [Over::Memory, Over::Http1, Over::Http2, Over::Lane] {
        for selector in SELECTORS {
            let fixture = Fixture::start(over, selector).await?;
            for number in 0..CALLS {
                fixture.call(number).await?;
            }
            let shares = fixture.shares();
            assert!(shares.iter().all(|had| *had >= least(selector)), "{over:?}, {selector}: {shares:?}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_node_has_its_share_of_calls_at_the_same_time() -> Result<()> {
    for over in [Over::Memory, Over::Http1, Over::Http2, Over::Lane] {
        for selector in SELECTORS {
            let fixture = Arc::new(Fixture::start(over, selector).await?);
            let callers = (0..8).map(|caller| {
                let fixture = fixture.clone();
                tokio::spawn(async move {
                    for number in (caller..CALLS).step_by(8) {
                        fixture.call(number).await?;
                    }
                    Ok::<(), Error>(())
                })
            });
            for caller in join_all(callers).await {
                caller.unwrap()?;
            }
            let shares = fixture.shares();
            // Two who take their turn at the same time may leave one to chance.
            let least = (least(selector) * 4 / 5).max(1);
            assert!(shares.iter().all(|had| *had >= least), "{over:?}, {selector}: {shares:?}");
        }
    }
    Ok(())
}
