use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use super::{Endpoint, Handler};
use crate::{App, Call, Dispatch, Error, Name, NameMap, Request, Result};

/// Gives each call to the endpoint that it names. One for another service goes to the fallback, or is refused: the
/// address of a node that died may be another service's by now.
#[derive(Clone)]
pub struct Router {
    app: Arc<App>,
    endpoints: NameMap<Endpoint>,
    fallback: Option<Arc<dyn Dispatch>>,
}

impl Router {
    /// A router without endpoints, for the service `app`.
    #[must_use]
    pub fn new(app: Arc<App>) -> Self {
        Self { app, endpoints: NameMap::new(), fallback: None }
    }

    /// Adds the endpoints of a handler.
    ///
    /// # Errors
    /// [`Code::AlreadyExists`](crate::Code::AlreadyExists) for an endpoint that is there already.
    pub fn handle(&mut self, handler: impl Handler) -> Result<()> {
        Arc::new(handler).endpoints().into_iter().try_for_each(|endpoint| self.endpoint(endpoint))
    }

    /// Adds an endpoint.
    ///
    /// # Errors
    /// [`Code::AlreadyExists`](crate::Code::AlreadyExists) for one that is there already.
    pub fn endpoint(&mut self, endpoint: Endpoint) -> Result<()> {
        let name = endpoint.name.clone();
        if self.endpoints.contains(Name::new(&name)) {
            return Err(Error::already_exists(format!(
                "endpoint `{name}` is there already; give the handler another name with `#[handler(name = \"..\")]`"
            )));
        }
        self.endpoints.insert(&name, endpoint);
        Ok(())
    }

    /// Gives calls for endpoints that are not here to `fallback`, instead of refusing them: what proxies are made of.
    pub fn fallback(&mut self, fallback: Arc<dyn Dispatch>) {
        self.fallback = Some(fallback);
    }

    /// The endpoints, by name.
    #[must_use]
    pub fn endpoints(&self) -> Vec<&Endpoint> {
        let mut all: Vec<_> = self.endpoints.iter().map(|(_, endpoint)| endpoint).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// The call is for another service. Its caller has an address that was that service's once, so the call can go to
    /// another node.
    fn misdirected(&self, request: &Request) -> Error {
        let asked: String = request.head.route.service().chars().take(200).collect();
        Error::unavailable(format!("this is service `{}`, not `{asked}`", self.app.name))
            .with_reason("OTHER_SERVICE")
            .with_http(421)
            .with_id(self.app.name.clone())
            .not_reached()
    }

    fn unknown(&self, request: &Request) -> Error {
        /// More names than these are no help.
        const SHOWN: usize = 20;
        let all = self.endpoints();
        let mut names = all.iter().take(SHOWN).map(|endpoint| &*endpoint.name).collect::<Vec<_>>().join(", ");
        match all.len() {
            0 => names.push_str("none"),
            count if count > SHOWN => names.push_str(&format!(" and {} more", count - SHOWN)),
            _ => {}
        }
        let asked: String = request.head.route.endpoint().chars().take(200).collect();
        Error::unimplemented(format!(
            "service `{}` has no endpoint `{asked}` (it has: {names})",
            self.app.name
        ))
        .with_reason("UNKNOWN_ENDPOINT")
        .with_http(404)
        .with_id(self.app.name.clone())
        .not_reached()
    }
}

impl Dispatch for Router {
    fn dispatch(&self, mut request: Request) -> Call {
        request.head.app = Some(self.app.clone());
        let service = request.head.route.service();
        let ours = service.is_empty() || service == self.app.name;
        let endpoint = self.endpoints.get(request.head.route.endpoint_name()).filter(|_| ours);
        match (endpoint, &self.fallback) {
            (Some(endpoint), _) => (*endpoint.dispatch).dispatch(request),
            (None, Some(fallback)) => (**fallback).dispatch(request),
            (None, None) if ours => Call::ready(Err(self.unknown(&request))),
            (None, None) => Call::ready(Err(self.misdirected(&request))),
        }
    }
}

impl Debug for Router {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router")
            .field("app", &self.app.name)
            .field("endpoints", &self.endpoints())
            .finish_non_exhaustive()
    }
}
