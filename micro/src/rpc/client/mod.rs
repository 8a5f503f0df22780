//! The default client: finds the nodes of a service, picks one, and calls it over one connection per address.

mod links;
mod nodes;
mod services;

use std::collections::HashMap;
use std::fmt::{self, Debug, Formatter};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use micro_core::{
    Address, Call, Caller, Code, Deadline, Dispatch, Error, Head, Outcome, Pick, Request, Result, Route,
};
use micro_registry::{Cache, View};
use micro_selector::{Hint, Selection, Selector};
use micro_transport::Connection;

use self::links::Links;
use self::nodes::Nodes;
use self::services::Services;
use crate::eager::eager;
use crate::plugins::ClientParts;
use crate::record;

/// The default client.
#[derive(Clone)]
pub struct RpcClient(Arc<Inner>);

struct Inner {
    cache: Cache,
    selector: Arc<dyn Selector>,
    links: Links,
    services: Services,
    /// The nodes of calls that name their addresses.
    direct: RwLock<HashMap<Vec<Address>, Arc<Nodes>>>,
}

/// A node that is picked for a call, of these.
type Picked = (Arc<Nodes>, Pick);

/// More services or lists of addresses than these are not remembered: names may come from outside.
const REMEMBERED: usize = 4_096;
/// The pause before a service that does not answer is dialled again for a call that waits for it.
const AGAIN: Duration = Duration::from_millis(100);

impl RpcClient {
    /// A client of these parts.
    #[must_use]
    pub fn new(parts: &ClientParts) -> Self {
        Self(Arc::new(Inner {
            cache: Cache::new(parts.registry.clone()),
            selector: parts.selector.clone(),
            links: Links::new(parts.transport.clone(), parts.dial.clone(), parts.health.clone()),
            services: Services::default(),
            direct: RwLock::default(),
        }))
    }
}

impl Dispatch for RpcClient {
    fn dispatch(&self, request: Request) -> Call {
        // Usually the nodes are known and connected, and nothing has to be waited for.
        let Some((nodes, pick)) = self.0.first(&request.head) else { return self.later(request, None) };
        let tried = match nodes.link(&pick).map(|link| link.held()).as_deref() {
            Some(Some(held)) => held.0.try_dispatch(request),
            Some(None) | None => Err(Box::new(request)),
        };
        match tried {
            Ok(call) => call.with_pick(pick),
            Err(request) => self.elsewhere(*request, nodes, pick),
        }
    }
}

impl RpcClient {
    /// A call that cannot be made at once where it was picked for.
    #[cold]
    fn elsewhere(&self, request: Request, nodes: Arc<Nodes>, pick: Pick) -> Call {
        match self.0.at_once(nodes, pick, &request.head) {
            Ok((connection, pick)) => connection.dispatch(request).with_pick(pick),
            Err(picked) => self.later(request, picked),
        }
    }

    /// A call that has to wait for a node, or for the connection to the one that was picked.
    fn later(&self, request: Request, picked: Option<Picked>) -> Call {
        let inner = self.0.clone();
        let streamed = request.body.is_stream();
        let call = async move {
            let (connection, pick) =
                inner.in_time(&request.head, picked).await.map_err(|error| error.or_id("go.micro.client"))?;
            Ok(connection.dispatch(request).with_pick(pick))
        };
        if streamed { eager(async move { call.await?.await }) } else { Call::later(call) }
    }
}

impl Caller for RpcClient {
    fn name(&self) -> &'static str {
        "rpc"
    }

    fn is_idempotent(&self, route: &Route) -> bool {
        let declared = |view: Arc<View>| record::is_idempotent(&view.services, route.endpoint());
        self.0.cache.lookup(route.service_name()).current().is_some_and(declared)
    }
}

impl Inner {
    /// What is picked for a call of which the nodes are known.
    fn first(&self, head: &Head) -> Option<Picked> {
        let nodes = self.known(head)?;
        let pick = self.pick(&nodes, head).ok()?;
        Some((nodes, pick))
    }

    /// A connection that is ready to the picked node, or to another one where the call would wait there. Where there is
    /// none, what was picked: the call has to go there, as a node that has its turn and is not used would not have another
    /// one for as long as the others take them.
    fn at_once(
        &self,
        nodes: Arc<Nodes>,
        mut pick: Pick,
        head: &Head,
    ) -> std::result::Result<(Arc<dyn Connection>, Pick), Option<Picked>> {
        let ready = |pick: &Pick| nodes.link(pick).and_then(|link| link.ready());
        let mut connection = ready(&pick);
        if connection.as_ref().is_some_and(|connection| connection.is_busy()) {
            pick = self.pick_free(&nodes, head).map_err(|_| None)?;
            connection = ready(&pick);
        }
        match connection {
            Some(connection) => Ok((connection, pick)),
            None => Err(Some((nodes, pick))),
        }
    }

    /// The nodes that a call can go to, where they are known.
    fn known(&self, head: &Head) -> Option<Arc<Nodes>> {
        match addresses(head) {
            [] => {
                let name = head.route.service_name();
                self.services.current(name).or_else(|| {
                    let view = self.cache.lookup(name).current()?;
                    Some(self.services.nodes(name, &view, &self.links))
                })
            }
            addresses => read(&self.direct).get(addresses).cloned(),
        }
    }

    /// The same, waiting for what has to be waited for, until the deadline. Then the error says why there was nothing.
    async fn in_time(&self, head: &Head, picked: Option<Picked>) -> Result<(Arc<dyn Connection>, Pick)> {
        let mut cause = None;
        let connecting = self.connected(head, picked, &mut cause);
        let Some(deadline) = head.deadline else { return connecting.await };
        let connected =
            tokio::time::timeout_at(deadline.instant().into(), connecting).await.unwrap_or_else(|_| {
                let doing = format!("looking for a node of service `{}`", head.route.service());
                Err(Deadline::error(&doing).not_reached())
            });
        connected.map_err(|error| match self.refused(head).or(cause) {
            Some(cause) if error.code() == Code::DeadlineExceeded => {
                let detail = format!("{}: {}", error.detail(), cause.detail());
                error.with_detail(detail).with_source(cause)
            }
            _ => error,
        })
    }

    /// The connection that it waits for, to the node that was `first` picked where it can be had; in `cause`, what there
    /// was last instead of one.
    async fn connected(
        &self,
        head: &Head,
        mut first: Option<Picked>,
        cause: &mut Option<Error>,
    ) -> Result<(Arc<dyn Connection>, Pick)> {
        let wait = head.options.as_ref().is_some_and(|options| options.wait_for_ready);
        // Each node is dialled once; a call that waits for its service goes round again.
        let mut refused = 0;
        loop {
            let (nodes, picked) = match first.take() {
                Some((nodes, pick)) => (nodes, Ok(pick)),
                None => {
                    let nodes = self.nodes(head, wait).await?;
                    let mut picked = self.pick(&nodes, head);
                    if picked.as_ref().is_ok_and(|pick| nodes.link(pick).is_some_and(|link| link.is_busy())) {
                        picked = self.pick_free(&nodes, head);
                    }
                    (nodes, picked)
                }
            };
            let pick = match picked {
                Ok(pick) => pick,
                Err(error) if wait => {
                    *cause = Some(nodes.why_none(error, head));
                    self.news(head, &nodes).await;
                    continue;
                }
                Err(error) => return Err(nodes.why_none(error, head)),
            };
            let Some(link) = nodes.link(&pick) else {
                return Err(Error::internal(format!(
                    "the selector picked node {} of {}",
                    pick.index(),
                    nodes.len()
                ))
                .not_reached());
            };
            match dialled(link.connected(&self.links), head).await {
                Ok(connection) => return Ok((connection, pick.connected())),
                Err(error) if error.code() == Code::DeadlineExceeded => {
                    // Told, as a node that stands still may take connections for as long as its backlog lasts.
                    pick.done(Outcome::from(&error));
                    return Err(error);
                }
                Err(error) => {
                    pick.done(Outcome::from(&error));
                    refused += 1;
                    let all = refused >= nodes.len();
                    if all && !wait {
                        return Err(error);
                    }
                    *cause = Some(error);
                    if all {
                        refused = 0;
                        self.news(head, &nodes).await;
                    }
                }
            }
        }
    }

    /// Why the registry has no node for a call, where it has none.
    fn refused(&self, head: &Head) -> Option<Error> {
        addresses(head).is_empty().then(|| self.cache.lookup(head.route.service()).refused()).flatten()
    }

    /// The nodes that a call can go to; where it waits for its service, once there are any.
    async fn nodes(&self, head: &Head, wait: bool) -> Result<Arc<Nodes>> {
        let addresses = addresses(head);
        if !addresses.is_empty() {
            return Ok(self.direct(addresses));
        }
        let name = head.route.service_name();
        let entry = self.cache.lookup(name);
        let view = if wait { entry.available().await? } else { entry.ready().await? };
        Ok(self.services.nodes(name, &view, &self.links))
    }

    /// Waits until there may be other nodes, or the ones there are may answer.
    async fn news(&self, head: &Head, nodes: &Nodes) {
        let pause = tokio::time::sleep(AGAIN);
        if addresses(head).is_empty() {
            let entry = self.cache.lookup(head.route.service());
            tokio::select! {
                () = pause => {}
                _ = entry.changed(nodes.version()) => {}
            }
        } else {
            pause.await;
        }
    }

    fn pick(&self, nodes: &Nodes, head: &Head) -> Result<Pick> {
        let (hint, selector) = self.hint(head);
        selector.pick(nodes.snapshot(), &hint)
    }

    /// Picks again where the call would wait for others to end, now with a look at where it would: what stands still must
    /// not hold up those who could go elsewhere.
    fn pick_free(&self, nodes: &Nodes, head: &Head) -> Result<Pick> {
        let (hint, selector) = self.hint(head);
        selector.pick(nodes.snapshot(), &hint.with_busy(&|index| nodes.is_busy(index)))
    }

    /// What the selector is told of a call, and who that is.
    fn hint<'a>(&'a self, head: &'a Head) -> (Hint<'a>, &'a Arc<dyn Selector>) {
        let mut hint = Hint::new(head.route.endpoint());
        let mut selector = &self.selector;
        let Some(options) = &head.options else { return (hint, selector) };
        hint.tried = &options.tried;
        if let Some(selection) = options.extensions.get::<Selection>() {
            hint.filters = &selection.filters;
            hint.key = selection.key.as_deref();
            selector = selection.selector.as_ref().unwrap_or(selector);
        }
        (hint, selector)
    }

    fn direct(&self, addresses: &[Address]) -> Arc<Nodes> {
        if let Some(nodes) = read(&self.direct).get(addresses) {
            return nodes.clone();
        }
        let mut direct = self.direct.write().unwrap_or_else(PoisonError::into_inner);
        if direct.len() >= REMEMBERED {
            direct.clear();
        }
        let made = || Arc::new(Nodes::of_addresses(addresses, &self.links));
        direct.entry(addresses.to_vec()).or_insert_with(made).clone()
    }
}

/// Waits for a connection as long as the call has time.
async fn dialled(
    connecting: impl Future<Output = Result<Arc<dyn Connection>>>,
    head: &Head,
) -> Result<Arc<dyn Connection>> {
    let Some(deadline) = head.deadline else { return connecting.await };
    tokio::time::timeout_at(deadline.instant().into(), connecting).await.unwrap_or_else(|_| {
        let doing = format!("connecting to a node of service `{}`", head.route.service());
        Err(Deadline::error(&doing).not_reached())
    })
}

fn addresses(head: &Head) -> &[Address] {
    head.options.as_ref().map_or(&[], |options| &options.addresses)
}

/// Nothing that runs under these locks can panic half-way, so a poisoned one is as good as any.
fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

impl Debug for RpcClient {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("RpcClient")
            .field("selector", &self.0.selector.name())
            .field("links", &self.0.links)
            .finish_non_exhaustive()
    }
}
