use std::collections::HashMap;
use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use super::{Endpoint, Handler};
use crate::{App, Call, Dispatch, Error, Request, Result};

/// Gives each call to the endpoint that it names.
#[derive(Clone)]
pub struct Router {
    app: Arc<App>,
    endpoints: HashMap<Box<str>, Endpoint>,
    fallback: Option<Arc<dyn Dispatch>>,
}

impl Router {
    /// A router without endpoints, for the service `app`.
    #[must_use]
    pub fn new(app: Arc<App>) -> Self {
        Self { app, endpoints: HashMap::new(), fallback: None }
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
        let name: Box<str> = endpoint.name.as_ref().into();
        if self.endpoints.contains_key(&name) {
            return Err(Error::already_exists(format!(
                "endpoint `{name}` is there already; give the handler another name with `#[handler(name = \"..\")]`"
            )));
        }
        self.endpoints.insert(name, endpoint);
        Ok(())
    }

    /// Gives calls for endpoints that are not here to `fallback`, instead of refusing them: what proxies are made of.
    pub fn fallback(&mut self, fallback: Arc<dyn Dispatch>) {
        self.fallback = Some(fallback);
    }

    /// The endpoints, by name.
    #[must_use]
    pub fn endpoints(&self) -> Vec<&Endpoint> {
        let mut all: Vec<_> = self.endpoints.values().collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
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
        match self.endpoints.get(request.head.route.endpoint()) {
            Some(endpoint) => endpoint.dispatch.dispatch(request),
            None => match &self.fallback {
                Some(fallback) => fallback.dispatch(request),
                None => Call::ready(Err(self.unknown(&request))),
            },
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
