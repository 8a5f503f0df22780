//! The one error type of all crates: [`Error`], its [`Code`], and [`ResultExt`] for foreign errors.

mod code;
mod ext;
mod json;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt::{self, Debug, Display, Formatter};
use std::time::Duration;

pub use self::code::Code;
pub use self::ext::ResultExt;
use crate::Metadata;

/// The result of everything that can fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong with a call, wherever it happened, in a form that travels.
///
/// A [`Code`] and a detail for people, a `reason` with its `domain` for programs, an `id` that says who failed (or,
/// for masked errors, under which name the log has it), and metadata. All of these travel; the
/// [`source`](StdError::source) does not: it stays in the process and in its log.
///
/// ```
/// use micro_core::{Code, Error};
///
/// let error = Error::not_found("no account with this number").with_reason("ACCOUNT_MISSING");
/// assert_eq!(error.code(), Code::NotFound);
/// assert_eq!(error.to_string(), "not_found: no account with this number");
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    code: Code,
    /// An HTTP status that says more than the code does (405, 413, 415); 0 where the code says it all.
    status: u16,
    reached: bool,
    detail: Cow<'static, str>,
    id: Cow<'static, str>,
    reason: Cow<'static, str>,
    domain: Cow<'static, str>,
    metadata: Metadata,
    retry_after: Option<Duration>,
    /// The id of the node that the call was sent to.
    node: Option<Box<str>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// One constructor for each code that a program makes itself.
macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $code:ident;)*) => {
        impl Error {$(
            $(#[$doc])*
            #[must_use]
            pub fn $name(detail: impl Into<Cow<'static, str>>) -> Self {
                Self::new(Code::$code, detail)
            }
        )*}
    };
}

constructors! {
    /// The caller went away: [`Code::Cancelled`].
    cancelled => Cancelled;
    /// A failure of unknown kind: [`Code::Unknown`].
    unknown => Unknown;
    /// The request is wrong: [`Code::InvalidArgument`].
    invalid_argument => InvalidArgument;
    /// Time ran out: [`Code::DeadlineExceeded`].
    deadline_exceeded => DeadlineExceeded;
    /// There is no such thing: [`Code::NotFound`].
    not_found => NotFound;
    /// It exists already: [`Code::AlreadyExists`].
    already_exists => AlreadyExists;
    /// The caller may not do this: [`Code::PermissionDenied`].
    permission_denied => PermissionDenied;
    /// A limit is reached: [`Code::ResourceExhausted`].
    resource_exhausted => ResourceExhausted;
    /// Not in this state: [`Code::FailedPrecondition`].
    failed_precondition => FailedPrecondition;
    /// A conflict; try the whole again: [`Code::Aborted`].
    aborted => Aborted;
    /// A value past its range: [`Code::OutOfRange`].
    out_of_range => OutOfRange;
    /// Not supported: [`Code::Unimplemented`].
    unimplemented => Unimplemented;
    /// A defect of the service: [`Code::Internal`].
    internal => Internal;
    /// Cannot be reached now: [`Code::Unavailable`].
    unavailable => Unavailable;
    /// Data is lost or damaged: [`Code::DataLoss`].
    data_loss => DataLoss;
    /// The caller did not say who it is: [`Code::Unauthenticated`].
    unauthenticated => Unauthenticated;
}

impl Error {
    /// The longest that callers are told to stay away, whoever says so: what is overloaded for longer will say so again.
    pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(300);

    /// An error with `code`, and `detail` for the people who read it.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            code,
            status: 0,
            reached: true,
            detail: detail.into(),
            id: Cow::Borrowed(""),
            reason: Cow::Borrowed(""),
            domain: Cow::Borrowed(""),
            metadata: Metadata::default(),
            retry_after: None,
            node: None,
            source: None,
        }))
    }

    /// An error of `code` whose `source` callers do not see: they read the code's general text and an id, under which
    /// the service's log has the source. What [`ResultExt`] makes of foreign errors.
    #[must_use]
    pub fn masked(code: Code, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let detail = if code == Code::Internal { "internal error" } else { code.name() };
        Self::new(code, detail).with_id(format!("{:016x}", fastrand::u64(..))).with_source(source)
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What happened, for people.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// Who failed (`go.micro.client`, or a service's name), or the name of a masked error in its service's log.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// What happened, for programs: a constant such as `ACCOUNT_MISSING`, unique within [`domain`](Self::domain).
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// Whose vocabulary [`reason`](Self::reason) belongs to: a service's or a type's name.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.0.domain
    }

    /// Further facts, which travel with the error.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// Further facts, to add to.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.0.metadata
    }

    /// When to come back: what a service says that has too much to do. It travels, and retries wait for it.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The id of the node that the call was sent to, where this process sent it to one. It does not travel.
    #[must_use]
    pub fn node(&self) -> Option<&str> {
        self.0.node.as_deref()
    }

    /// The HTTP status of an answer with this error: that of its code, or a finer one (405, 413, 415).
    #[must_use]
    pub fn http(&self) -> u16 {
        if self.0.status == 0 { self.0.code.http() } else { self.0.status }
    }

    /// The number that go-micro's error JSON has in `code`.
    #[must_use]
    pub fn go_micro(&self) -> u16 {
        if self.0.status == 0 { self.0.code.go_micro() } else { self.0.status }
    }

    /// Whether a handler can have seen the call. When this is `false` the call certainly had no effect, and it may be
    /// sent again, here or elsewhere, whatever it does. What a handler fails with was seen by that handler, also where it
    /// is the error of a call of its own that reached nobody.
    #[must_use]
    pub fn reached(&self) -> bool {
        self.0.reached
    }

    /// Says that no handler has seen the call.
    #[must_use]
    pub fn not_reached(mut self) -> Self {
        self.0.reached = false;
        self
    }

    /// Says that a handler can have seen the call, where the error's kind says otherwise: an answer above a limit.
    #[must_use]
    pub fn maybe_reached(mut self) -> Self {
        self.0.reached = true;
        self
    }

    /// Says when to come back: in so long, or in [`MAX_RETRY_AFTER`](Self::MAX_RETRY_AFTER) where that is longer.
    #[must_use]
    pub fn with_retry_after(mut self, time: Duration) -> Self {
        self.0.retry_after = Some(time.min(Self::MAX_RETRY_AFTER));
        self
    }

    /// Says which node the call was sent to.
    #[must_use]
    pub fn with_node(mut self, id: impl Into<Box<str>>) -> Self {
        self.0.node = Some(id.into());
        self
    }

    /// Says who failed.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<Cow<'static, str>>) -> Self {
        self.0.id = id.into();
        self
    }

    /// Says who failed, unless that is said already.
    #[must_use]
    pub fn or_id(self, id: &str) -> Self {
        if self.0.id.is_empty() { self.with_id(id.to_owned()) } else { self }
    }

    /// Gives programs a constant to look for.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.0.reason = reason.into();
        self
    }

    /// Says whose vocabulary the reason belongs to.
    #[must_use]
    pub fn with_domain(mut self, domain: impl Into<Cow<'static, str>>) -> Self {
        self.0.domain = domain.into();
        self
    }

    /// Replaces the detail.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// Gives the error an HTTP status that is finer than its code's. One that no HTTP answer can have (below 400 or
    /// above 599) is dropped.
    #[must_use]
    pub fn with_http(mut self, status: u16) -> Self {
        self.0.status = if (400..600).contains(&status) { status } else { 0 };
        self
    }

    /// Keeps the cause. It is printed and logged in this process, and never sent.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The error without its cause: what a transport that does not write errors down hands to the other side.
    #[must_use]
    pub fn without_source(mut self) -> Self {
        self.0.source = None;
        self
    }

    /// A call that cannot be made or answered in this content type: HTTP 415. `spoken` are those that can.
    #[must_use]
    pub fn unsupported_format<'a>(asked: &str, spoken: impl IntoIterator<Item = &'a str>) -> Self {
        let spoken = spoken.into_iter().collect::<Vec<_>>();
        let spoken = if spoken.is_empty() { "nothing".to_owned() } else { spoken.join(", ") };
        Self::unimplemented(format!("unsupported content type `{asked}` (spoken here: {spoken})"))
            .with_reason("UNSUPPORTED_CONTENT_TYPE")
            .with_http(415)
            .not_reached()
    }

    /// A message above a limit: HTTP 413. `setting` is the name of what raises the limit; sizes are in bytes.
    #[must_use]
    pub fn message_too_large(size: Option<u64>, limit: u64, setting: &str) -> Self {
        let size = size.map_or_else(|| format!("more than {limit}"), |size| size.to_string());
        Self::resource_exhausted(format!(
            "message of {size} bytes is above the limit of {limit} bytes: see `{setting}`"
        ))
        .with_reason("MESSAGE_TOO_LARGE")
        .with_http(413)
        .not_reached()
    }
}

// === impl Error ===

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // Never the source: reporters walk the chain themselves, and would print it twice.
        if self.0.detail.is_empty() {
            Display::fmt(&self.0.code, f)
        } else {
            write!(f, "{}: {}", self.0.code, self.0.detail)
        }
    }
}

/// In one line what [`Display`] says and what is known beside it, as a program prints it whose `main` fails; `{:#?}` is
/// the structure.
impl Debug for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return f
                .debug_struct("Error")
                .field("code", &self.0.code)
                .field("detail", &self.0.detail)
                .field("id", &self.0.id)
                .field("reason", &self.0.reason)
                .field("domain", &self.0.domain)
                .field("metadata", &self.0.metadata)
                .field("reached", &self.0.reached)
                .field("retry_after", &self.0.retry_after)
                .field("node", &self.0.node)
                .field("source", &self.0.source)
                .finish();
        }
        Display::fmt(self, f)?;
        for (name, text) in [("id", &self.0.id), ("reason", &self.0.reason), ("domain", &self.0.domain)] {
            if !text.is_empty() {
                write!(f, ", {name} {text}")?;
            }
        }
        if !self.0.metadata.is_empty() {
            write!(f, ", metadata {:?}", self.0.metadata)?;
        }
        if !self.0.reached {
            f.write_str(", not reached")?;
        }
        if let Some(time) = self.0.retry_after {
            write!(f, ", come back in {time:?}")?;
        }
        if let Some(node) = &self.0.node {
            write!(f, ", node {node}")?;
        }
        match &self.0.source {
            Some(source) => write!(f, ", because: {source}"),
            None => Ok(()),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// `?` on an I/O error in a handler: masked, as what it says is about this machine.
impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::masked(Code::Internal, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_word() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        assert_eq!(size_of::<Option<Error>>(), size_of::<usize>());
    }

    #[test]
    fn display_has_no_source() {
        let error = Error::masked(Code::Internal, "the password of the database is hunter2");
        assert_eq!(error.to_string(), "internal: internal error");
        assert_eq!(
            error.source().map(ToString::to_string).as_deref(),
            Some("the password of the database is hunter2")
        );
        assert_eq!(error.id().len(), 16);
    }

    #[test]
    fn debug_is_for_people_who_run_programs() {
        let error = Error::invalid_argument("no such port")
            .with_reason("PORT")
            .with_source("not a number")
            .not_reached();
        assert_eq!(
            format!("{error:?}"),
            "invalid_argument: no such port, reason PORT, not reached, because: not a number"
        );
        assert!(format!("{error:#?}").starts_with("Error {\n    code: InvalidArgument"));
    }

    #[test]
    fn finer_statuses() {
        assert_eq!(Error::unsupported_format("x", ["application/json"]).http(), 415);
        let large = Error::message_too_large(Some(5), 4, "max_message");
        assert_eq!((large.http(), large.reached()), (413, false));
        assert_eq!(large.detail(), "message of 5 bytes is above the limit of 4 bytes: see `max_message`");
        assert_eq!(Error::internal("").with_http(200).http(), 500);
    }
}
