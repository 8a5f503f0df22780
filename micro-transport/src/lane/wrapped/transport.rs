//! The conformance suite over such streams.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::BytesMut;
use micro_core::{Address, Call, Dispatch, Error, Listener, Peer, Request, Result, Shutdown};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Choppy;
use crate::conformance::{Fixture, Promises};
use crate::http::Serving;
use crate::lane::client::{self, Session, Setup};
use crate::lane::limits::Limits;
use crate::lane::server;
use crate::news::News;
use crate::standing::Phase;
use crate::{Connection, ConnectionState, DialOptions, ListenOptions, Transport};

crate::conformance_tests!(laws, Promises::all(), Fixture::new(Wrapped::default(), "127.0.0.1:0"));

/// Who listens where.
#[derive(Clone, Debug, Default)]
pub(super) struct Wrapped(Arc<Places>);

#[derive(Debug, Default)]
struct Places {
    listening: Mutex<HashMap<Address, mpsc::UnboundedSender<Choppy>>>,
    last: AtomicU16,
    seed: AtomicU64,
}

#[async_trait]
impl Transport for Wrapped {
    fn name(&self) -> &'static str {
        "wrapped"
    }

    async fn dial(&self, to: &Address, options: &DialOptions) -> Result<Arc<dyn Connection>> {
        let nobody = || Error::unavailable(format!("nobody listens at {to}")).not_reached();
        let listener = self.0.listening.lock().unwrap().get(to).cloned().ok_or_else(nobody)?;
        let (ours, theirs) = Choppy::pair(self.0.seed.fetch_add(1, Ordering::Relaxed));
        listener.send(theirs).map_err(|_| nobody())?;
        let (mut reader, mut writer) = tokio::io::split(ours);
        let (own, mut came) = (Limits::of_client(options), BytesMut::new());
        let peer = client::hello(to, &own, &mut reader, &mut writer, &mut came).await?;
        let news = Arc::<News>::default();
        let setup = Setup {
            address: to.clone(),
            own,
            peer,
            keep_alive: options.keep_alive,
            keep_alive_timeout: options.keep_alive_timeout,
            news: news.clone(),
            first: None,
        };
        let session = client::start(setup, Box::new(reader), Box::new(writer), came);
        Ok(Arc::new(Direct { session, news }))
    }

    async fn listen(&self, at: &Address, options: &ListenOptions) -> Result<Box<dyn Listener>> {
        let any = at.ports().is_some_and(|ports| *ports.end() == 0);
        let address =
            if any { at.with_port(1 + self.0.last.fetch_add(1, Ordering::Relaxed)) } else { at.clone() };
        let (sender, accepted) = mpsc::unbounded_channel();
        let mut listening = self.0.listening.lock().unwrap();
        if listening.contains_key(&address) {
            return Err(Error::unavailable(format!("address {address} is taken")).not_reached());
        }
        listening.insert(address.clone(), sender);
        Ok(Box::new(Listening {
            at: self.clone(),
            addresses: [address],
            options: options.checked()?,
            accepted,
        }))
    }
}

/// An address that is taken until this is dropped.
struct Listening {
    at: Wrapped,
    addresses: [Address; 1],
    options: ListenOptions,
    accepted: mpsc::UnboundedReceiver<Choppy>,
}

impl Listening {
    fn close(&mut self) {
        self.accepted.close();
        let mut listening = self.at.0.listening.lock().unwrap();
        if listening.get(&self.addresses[0]).is_some_and(mpsc::UnboundedSender::is_closed) {
            listening.remove(&self.addresses[0]);
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.close();
    }
}

#[async_trait]
impl Listener for Listening {
    fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    async fn serve(mut self: Box<Self>, app: Arc<dyn Dispatch>, stop: Shutdown) -> Result<()> {
        let serving = Serving::new(app, self.options.clone(), stop.clone());
        let peer = Peer::new(Address::new("127.0.0.1:65535")?, "");
        let mut connections = JoinSet::new();
        let start = |connections: &mut JoinSet<()>, socket| {
            connections.spawn(server::serve(serving.clone(), socket, peer.clone(), BytesMut::new(), None));
        };
        let mut fired = std::pin::pin!(stop.fired());
        loop {
            tokio::select! {
                biased;
                () = &mut fired => break,
                Some(socket) = self.accepted.recv() => start(&mut connections, socket),
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
            }
        }
        self.close();
        while let Some(socket) = self.accepted.recv().await {
            start(&mut connections, socket);
        }
        while connections.join_next().await.is_some() {}
        Ok(())
    }
}

/// One lane.
struct Direct {
    session: Arc<Session>,
    news: Arc<News>,
}

impl Dispatch for Direct {
    fn dispatch(&self, request: Request) -> Call {
        self.session.place().dispatch(&request.head, request.body)
    }
}

#[async_trait]
impl Connection for Direct {
    fn state(&self) -> ConnectionState {
        match self.session.standing().phase() {
            Phase::Ready | Phase::Asked => ConnectionState::Ready,
            Phase::Draining => ConnectionState::Draining,
            Phase::Closed => ConnectionState::Closed,
        }
    }

    async fn changed(&self, seen: ConnectionState) {
        let mut news = self.news.subscribe();
        while self.state() == seen {
            news.changed().await;
        }
    }
}
