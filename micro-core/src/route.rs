use std::fmt::{self, Debug, Display, Formatter};
use std::sync::Arc;

use crate::name::{self, Name};

/// Whom a call is for: a service and one of its endpoints.
///
/// One shared pointer. Make it once and keep it: what is sent often is then compared and numbered by pointer.
///
/// ```
/// let route = micro_core::Route::new("helloworld", "Helloworld.Call");
/// assert_eq!(route.to_string(), "helloworld/Helloworld.Call");
/// ```
#[derive(Clone)]
pub struct Route(Arc<Names>);

struct Names {
    service: Box<str>,
    endpoint: Box<str>,
    /// Their hashes: every call looks them up.
    hashes: (u64, u64),
}

impl Route {
    /// The route to `endpoint` (`Type.Method`) of `service`.
    #[must_use]
    pub fn new(service: &str, endpoint: &str) -> Self {
        let hashes = (name::hash(service), name::hash(endpoint));
        Self(Arc::new(Names { service: service.into(), endpoint: endpoint.into(), hashes }))
    }

    /// The name of the service, as it is registered.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.0.service
    }

    /// The name of the endpoint: `Type.Method`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.0.endpoint
    }

    /// The name of the service, for looking it up.
    #[must_use]
    pub fn service_name(&self) -> Name<'_> {
        Name::known(&self.0.service, self.0.hashes.0)
    }

    /// The name of the endpoint, for looking it up.
    #[must_use]
    pub fn endpoint_name(&self) -> Name<'_> {
        Name::known(&self.0.endpoint, self.0.hashes.1)
    }

    /// Whether this is the very same object; what is not may still be equal.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

// === impl Route ===

impl PartialEq for Route {
    fn eq(&self, other: &Self) -> bool {
        self.same(other) || (self.service(), self.endpoint()) == (other.service(), other.endpoint())
    }
}

impl Eq for Route {}

impl std::hash::Hash for Route {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hashes.hash(state);
    }
}

impl From<(&str, &str)> for Route {
    fn from((service, endpoint): (&str, &str)) -> Self {
        Self::new(service, endpoint)
    }
}

impl From<&Self> for Route {
    fn from(route: &Self) -> Self {
        route.clone()
    }
}

impl Display for Route {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.service(), self.endpoint())
    }
}

impl Debug for Route {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}
