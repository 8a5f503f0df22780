use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use micro::Address;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::Checked;

/// Stands between a client and a server, and counts the connections that the client opens.
#[derive(Debug)]
pub(super) struct Tap {
    address: Address,
    opened: Arc<AtomicUsize>,
    // Its connections end with it.
    task: JoinHandle<()>,
}

impl Tap {
    pub(super) async fn to(server: &Address) -> Checked<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = Address::new(&listener.local_addr()?.to_string())?;
        let opened = Arc::new(AtomicUsize::new(0));
        let task = tokio::spawn(accept(listener, server.to_string(), opened.clone()));
        Ok(Self { address, opened, task })
    }

    /// Where the client has to call.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// How many connections were opened.
    pub(super) fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }

    /// Fails when there were more connections.
    pub(super) fn opened_at_most(&self, limit: usize) -> Checked {
        match self.opened() {
            opened if opened > limit => {
                Err(format!("{opened} connections were opened where {limit} would do").into())
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, server: String, opened: Arc<AtomicUsize>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        opened.fetch_add(1, Ordering::Relaxed);
        // What goes wrong on the way closes the connection, which is what the client sees.
        connections.spawn(forward(client, server.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn forward(mut client: TcpStream, server: String) -> io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await.map(drop)
}
