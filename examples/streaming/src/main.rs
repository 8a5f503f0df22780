//! All three kinds of streams, between a service and a client on this machine.

use micro::{Receiver, Result, Sender, Service, Settings, handler, message};

/// How far to count.
#[message]
#[derive(Debug)]
pub struct CountRequest {
    /// The last number.
    #[field(1)]
    pub to: u64,
}

/// A number.
#[message]
#[derive(Debug)]
pub struct Number {
    /// Its value.
    #[field(1)]
    pub value: u64,
}

struct Numbers;

#[handler]
impl Numbers {
    /// Counts from one.
    async fn count(&self, request: CountRequest, mut sender: Sender<Number>) -> Result<()> {
        for value in 1..=request.to {
            // Waits while the reader is behind, and fails when it is gone.
            sender.send(Number { value }).await?;
        }
        Ok(())
    }

    /// Adds up all numbers that it is sent.
    async fn sum(&self, mut receiver: Receiver<Number>) -> Result<Number> {
        let mut value = 0;
        while let Some(number) = receiver.next().await? {
            value += number.value;
        }
        Ok(Number { value })
    }

    /// Answers each number with its square, as they come.
    async fn square(&self, mut receiver: Receiver<Number>, mut sender: Sender<Number>) -> Result<()> {
        while let Some(number) = receiver.next().await? {
            sender.send(Number { value: number.value * number.value }).await?;
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    // By environment a service is found like any other; here both ends are in one process, over a real socket.
    let settings = Settings::from_env()?;
    let numbers =
        Service::new("numbers").settings(settings).address("127.0.0.1:0").handle(Numbers).start().await?;
    numbers.registered().await;
    let client = numbers.client().wait_for_ready();

    let mut counted =
        client.server_stream::<_, Number>(("numbers", "Numbers.Count"), CountRequest { to: 3 }).await?;
    while let Some(number) = counted.next().await? {
        println!("counted {}", number.value);
    }

    let (mut sender, sum) = client.client_stream::<Number, Number>(("numbers", "Numbers.Sum"));
    for value in [10, 20, 12] {
        sender.send(Number { value }).await?;
    }
    // The half close: nothing more comes, the answer is still wanted.
    drop(sender);
    println!("sum {}", sum.await?.value);

    let (mut sender, mut squares) = client.bidirectional::<Number, Number>(("numbers", "Numbers.Square"));
    for value in [3, 4, 5] {
        sender.send(Number { value }).await?;
        if let Some(square) = squares.next().await? {
            println!("{value} squared is {}", square.value);
        }
    }
    drop(sender);
    assert!(squares.next().await?.is_none());

    numbers.stop().await
}
