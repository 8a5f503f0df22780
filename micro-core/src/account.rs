use std::collections::BTreeMap;

/// Whose call it is: what a layer learnt from the credentials, and a handler reads by `ctx.account()`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// The unique name of the account.
    pub id: String,
    /// What it is: `user`, `service`.
    pub kind: String,
    /// Who vouches for it: a namespace.
    pub issuer: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Further facts.
    pub metadata: BTreeMap<String, String>,
}

impl Account {
    /// A user's account of that id, with nothing else known.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            kind: "user".to_owned(),
            issuer: String::new(),
            scopes: Vec::new(),
            metadata: BTreeMap::new(),
        }
    }

    /// Whether the account has a scope.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|has| has == scope)
    }
}
