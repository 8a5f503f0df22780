use std::sync::Arc;

use micro_core::Client;
use micro_selector::{Filter, Selection, Selector};

/// Which nodes a [`Client`] calls.
pub trait SelectExt {
    /// Calls only nodes that the filter lets pass, beside the filters that are there.
    #[must_use]
    fn with_filter(&self, filter: Filter) -> Self;

    /// Picks among nodes with another selector.
    #[must_use]
    fn with_selector(&self, selector: Arc<dyn Selector>) -> Self;

    /// Says what calls that belong on one node have in common, for selectors that look at it.
    #[must_use]
    fn with_selection_key(&self, key: &str) -> Self;
}

impl SelectExt for Client {
    fn with_filter(&self, filter: Filter) -> Self {
        select(self, |selection| selection.filters.push(filter))
    }

    fn with_selector(&self, selector: Arc<dyn Selector>) -> Self {
        select(self, |selection| selection.selector = Some(selector))
    }

    fn with_selection_key(&self, key: &str) -> Self {
        select(self, |selection| selection.key = Some(key.into()))
    }
}

fn select(client: &Client, change: impl FnOnce(&mut Selection)) -> Client {
    client.with_options(|options| {
        let mut selection = options.extensions.get::<Selection>().cloned().unwrap_or_default();
        change(&mut selection);
        options.extensions.insert(selection);
    })
}
