use std::fmt::{self, Debug, Formatter};

use micro_core::{Pick, Result};

use crate::{Filter, Node, Snapshot};

/// Picks one node out of a snapshot for one call, and learns how it did by the [`Pick`].
///
/// Laws, which `conformance` tests:
/// 1. It never picks a node that a filter refuses, or that rests because it could not be reached or is ejected, or that
///    the call was sent to already, or where it would wait for others to end, while there is another. What it picks by a
///    [key](Hint::key) may wait.
/// 2. It spreads calls evenly over nodes that do equally well.
/// 3. Where no node is left, the error is [`Code::Unavailable`](micro_core::Code::Unavailable), not reached, and says why.
/// 4. A node that could not be reached is skipped at once, and probed later; when it is well again it gets its share.
/// 5. It is synchronous, and allocates nothing for a call.
/// 6. A node whose calls fail is ejected: but for one probe at a time it gets no calls. When it is well again its share
///    grows bit by bit. Errors are never a reason to pick a node more often.
pub trait Selector: Debug + Send + Sync + 'static {
    /// The name by which settings choose it: `random`.
    fn name(&self) -> &'static str;

    /// Picks.
    ///
    /// # Errors
    /// [`Code::Unavailable`](micro_core::Code::Unavailable) when there is no node to pick.
    fn pick(&self, nodes: &Snapshot, hint: &Hint<'_>) -> Result<Pick>;
}

/// What a selector may want to know about a call.
#[derive(Clone, Copy, Default)]
#[non_exhaustive]
pub struct Hint<'a> {
    /// The endpoint that is called.
    pub endpoint: &'a str,
    /// Which nodes may be picked: those that all of these let pass.
    pub filters: &'a [Filter],
    /// What calls that belong on one node have in common.
    pub key: Option<&'a str>,
    /// The ids of the nodes that earlier attempts of the call went to.
    pub tried: &'a [Box<str>],
    /// Says of the number of a node whether the call would wait there for others to end. It costs a look at the node's
    /// connection, so it is there only when the call would wait at the node that was picked without it.
    pub busy: Option<&'a (dyn Fn(u32) -> bool + Sync)>,
}

impl<'a> Hint<'a> {
    /// A call of an endpoint.
    #[must_use]
    pub fn new(endpoint: &'a str) -> Self {
        Self { endpoint, ..Self::default() }
    }

    /// The same, of which only nodes may be picked that all of these let pass.
    #[must_use]
    pub fn with_filters(mut self, filters: &'a [Filter]) -> Self {
        self.filters = filters;
        self
    }

    /// The same, for a call that belongs with those of this key.
    #[must_use]
    pub fn with_key(mut self, key: &'a str) -> Self {
        self.key = Some(key);
        self
    }

    /// The same, of which earlier attempts went to these nodes: others are better.
    #[must_use]
    pub fn with_tried(mut self, tried: &'a [Box<str>]) -> Self {
        self.tried = tried;
        self
    }

    /// The same, for a call that would wait at those nodes of whose numbers this is true: others are better.
    #[must_use]
    pub fn with_busy(mut self, busy: &'a (dyn Fn(u32) -> bool + Sync)) -> Self {
        self.busy = Some(busy);
        self
    }

    /// Whether the call would wait for others to end at the node of this number, as far as that is asked.
    #[must_use]
    pub fn is_busy(&self, index: u32) -> bool {
        self.busy.is_some_and(|busy| busy(index))
    }

    /// Whether an earlier attempt of the call went to a node.
    #[must_use]
    pub fn has_tried(&self, node: &Node) -> bool {
        self.tried.iter().any(|tried| **tried == *node.record.id)
    }

    /// Whether any node will do that does not rest.
    #[must_use]
    pub fn takes_any(&self) -> bool {
        self.filters.is_empty() && self.tried.is_empty() && self.busy.is_none()
    }

    /// Whether a node, of this number, will do: the filters let it pass, no earlier attempt went to it, and the call would
    /// not wait there.
    #[must_use]
    pub fn takes(&self, index: u32, node: &Node) -> bool {
        self.takes_any() || self.passes(node) && !self.has_tried(node) && !self.is_busy(index)
    }

    /// Whether all filters let a node pass.
    #[must_use]
    pub fn passes(&self, node: &Node) -> bool {
        self.filters.iter().all(|filter| filter.passes(node))
    }
}

impl Debug for Hint<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hint")
            .field("endpoint", &self.endpoint)
            .field("filters", &self.filters)
            .field("key", &self.key)
            .field("tried", &self.tried)
            .finish_non_exhaustive()
    }
}
