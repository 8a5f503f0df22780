use micro::message;

/// Asks for a greeting.
#[message]
#[derive(Clone, Debug)]
pub(crate) struct Hello {
    /// Whom to greet.
    #[field(1)]
    pub(crate) name: String,
}

/// The greeting.
#[message]
#[derive(Clone, Debug)]
pub(crate) struct Greeting {
    /// What is said.
    #[field(1)]
    pub(crate) msg: String,
}

/// A time to sleep, and the time that was slept.
#[message]
#[derive(Clone, Debug)]
pub(crate) struct Nap {
    /// In milliseconds.
    #[field(1)]
    pub(crate) ms: u64,
}

/// Asks for the request's metadata.
#[message]
#[derive(Clone, Debug)]
pub(crate) struct MetaKey {
    /// Under which key.
    #[field(1)]
    pub(crate) key: String,
}

/// The request's metadata.
#[message]
#[derive(Clone, Debug)]
pub(crate) struct MetaValue {
    /// The value; empty when there is none.
    #[field(1)]
    pub(crate) value: String,
}

/// The greeting for a name.
pub(crate) fn greeting(name: &str) -> String {
    format!("Hello {name}")
}
