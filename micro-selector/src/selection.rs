use std::sync::Arc;

use crate::{Filter, Hint, Selector};

/// How the node of one call is picked. It goes into [`CallOptions::extensions`](micro_core::CallOptions::extensions).
///
/// ```
/// use std::sync::Arc;
/// use micro_core::CallOptions;
/// use micro_selector::{Filter, RoundRobin, Selection};
///
/// let mut options = CallOptions::default();
/// options.extensions.insert(
///     Selection::new().with_selector(Arc::new(RoundRobin::new())).with_filter(Filter::version("2")),
/// );
/// assert_eq!(options.extensions.get::<Selection>().unwrap().filters.len(), 1);
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Selection {
    /// Who picks, instead of the client's selector.
    pub selector: Option<Arc<dyn Selector>>,
    /// Which nodes may be picked: those that all of these let pass.
    pub filters: Vec<Filter>,
    /// What calls that belong on one node have in common.
    pub key: Option<Arc<str>>,
}

impl Selection {
    /// The client's selector, from all nodes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, picked by another selector.
    #[must_use]
    pub fn with_selector(mut self, selector: Arc<dyn Selector>) -> Self {
        self.selector = Some(selector);
        self
    }

    /// The same, with one more filter.
    #[must_use]
    pub fn with_filter(mut self, filter: Filter) -> Self {
        self.filters.push(filter);
        self
    }

    /// The same, for a call that belongs with those of this key.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<Arc<str>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// What a selector is told of a call of `endpoint`.
    #[must_use]
    pub fn hint<'a>(&'a self, endpoint: &'a str) -> Hint<'a> {
        Hint { filters: &self.filters, key: self.key.as_deref(), ..Hint::new(endpoint) }
    }
}
