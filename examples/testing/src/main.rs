//! Two services, one of which calls the other; `cargo test -p testing` tests them in one process, without a network.

use micro::{Context, Error, Result, Service, handler, message};

/// A purchase.
#[message]
#[derive(Debug)]
pub struct Order {
    /// What is bought.
    #[field(1)]
    pub item: String,
    /// How many of it.
    #[field(2)]
    pub count: u32,
}

/// What it costs.
#[message]
#[derive(Debug)]
pub struct Price {
    /// In cents.
    #[field(1)]
    pub cents: u64,
}

/// Knows prices.
struct Prices;

#[handler]
impl Prices {
    /// The price of one piece.
    async fn of(&self, item: String) -> Result<Price> {
        match item.as_str() {
            "apple" => Ok(Price { cents: 30 }),
            "pear" => Ok(Price { cents: 45 }),
            _ => Err(Error::not_found(format!("nobody sells `{item}`")).with_reason("UNKNOWN_ITEM")),
        }
    }
}

/// Takes orders; asks the service `prices`.
struct Orders;

#[handler]
impl Orders {
    /// What an order costs.
    async fn price(&self, ctx: &Context, order: Order) -> Result<Price> {
        if order.count == 0 {
            return Err(Error::invalid_argument("an order of nothing"));
        }
        // Has the time that is left for this call, and ends when this call is given up.
        let one: Price = ctx.client().call(("prices", "Prices.Of"), order.item).await?;
        Ok(Price { cents: one.cents * u64::from(order.count) })
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let cluster = micro::testing::Cluster::new();
    let prices = cluster.start(Service::new("prices").handle(Prices)).await?;
    let orders = cluster.start(Service::new("orders").handle(Orders)).await?;

    let order = Order { item: "pear".to_owned(), count: 4 };
    let price: Price = cluster.client().call(("orders", "Orders.Price"), order).await?;
    println!("4 pears cost {} cents", price.cents);

    orders.stop().await?;
    prices.stop().await
}

#[cfg(test)]
mod tests {
    use micro::Code;
    use micro::testing::Cluster;

    use super::*;

    async fn price(cluster: &Cluster, item: &str, count: u32) -> Result<Price> {
        let order = Order { item: item.to_owned(), count };
        cluster.client().call(("orders", "Orders.Price"), order).await
    }

    #[tokio::test]
    async fn an_order_costs_its_pieces() -> Result<()> {
        let cluster = Cluster::new();
        let _prices = cluster.start(Service::new("prices").handle(Prices)).await?;
        let _orders = cluster.start(Service::new("orders").handle(Orders)).await?;
        assert_eq!(price(&cluster, "apple", 3).await?.cents, 90);
        Ok(())
    }

    #[tokio::test]
    async fn errors_keep_their_reason_over_two_services() -> Result<()> {
        let cluster = Cluster::new();
        let _prices = cluster.start(Service::new("prices").handle(Prices)).await?;
        let _orders = cluster.start(Service::new("orders").handle(Orders)).await?;
        let error = price(&cluster, "stone", 1).await.unwrap_err();
        assert_eq!((error.code(), error.reason()), (Code::NotFound, "UNKNOWN_ITEM"));
        Ok(())
    }

    #[tokio::test]
    async fn a_dependency_that_is_missing_is_named() -> Result<()> {
        let cluster = Cluster::new();
        let _orders = cluster.start(Service::new("orders").handle(Orders)).await?;
        let error = price(&cluster, "pear", 1).await.unwrap_err();
        assert!(error.detail().contains("prices"), "{error}");
        Ok(())
    }
}
