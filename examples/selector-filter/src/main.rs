//! Choosing which nodes of a service are called: by version, by label, by a rule of one's own, and how they share.

use std::collections::BTreeSet;
use std::sync::Arc;

use micro::selector::{Filter, RoundRobin, SelectExt};
use micro::testing::Cluster;
use micro::{Client, Context, Result, Service, handler};

/// Says which node it runs on.
struct Where(&'static str);

#[handler(name = "Where")]
impl Where {
    /// Says which node answers.
    async fn am_i(&self, _ctx: &Context) -> Result<String> {
        Ok(self.0.to_owned())
    }
}

/// The nodes that answer thirty calls.
async fn answering(client: &Client) -> Result<BTreeSet<String>> {
    let mut nodes = BTreeSet::new();
    for _ in 0..30 {
        nodes.insert(client.call(("where", "Where.AmI"), ()).await?);
    }
    Ok(nodes)
}

#[tokio::main]
async fn main() -> Result<()> {
    let cluster = Cluster::new();
    let node = |name, version, zone| {
        cluster.start(Service::new("where").version(version).metadata("zone", zone).handle(Where(name)))
    };
    let nodes = [node("old", "1", "a").await?, node("blue", "2", "a").await?, node("green", "2", "b").await?];
    let client = cluster.client();

    println!("all:          {:?}", answering(&client).await?);
    println!("version 2:    {:?}", answering(&client.with_filter(Filter::version("2"))).await?);
    println!("zone a:       {:?}", answering(&client.with_filter(Filter::label("zone", "a"))).await?);
    let both = client.with_filter(Filter::version("2")).with_filter(Filter::label("zone", "a"));
    println!("both:         {:?}", answering(&both).await?);
    let named = client.with_filter(Filter::custom(|node| node.service.version != "1"));
    println!("my own rule:  {:?}", answering(&named).await?);

    let nobody = client.with_filter(Filter::version("9"));
    if let Err(error) = nobody.call::<_, String>(("where", "Where.AmI"), ()).await {
        println!("version 9:    {error}");
    }

    let in_turn = client.with_selector(Arc::new(RoundRobin::new()));
    let mut turns = Vec::new();
    for _ in 0..6 {
        turns.push(in_turn.call::<_, String>(("where", "Where.AmI"), ()).await?);
    }
    assert_eq!(turns[..3], turns[3..], "the same order again");
    println!("round robin:  each of {} nodes twice in 6 calls", nodes.len());

    for node in nodes {
        node.stop().await?;
    }
    Ok(())
}
