use std::fmt::{self, Display, Formatter};

/// What kind of failure an [`Error`](crate::Error) is: the 16 error codes of gRPC.
///
/// | code | gRPC | HTTP | go-micro |
/// |---|---|---|---|
/// | `Cancelled` | 1 | 499 | 499 |
/// | `Unknown` | 2 | 500 | 500 |
/// | `InvalidArgument` | 3 | 400 | 400 |
/// | `DeadlineExceeded` | 4 | 504 | 408 |
/// | `NotFound` | 5 | 404 | 404 |
/// | `AlreadyExists` | 6 | 409 | 409 |
/// | `PermissionDenied` | 7 | 403 | 403 |
/// | `ResourceExhausted` | 8 | 429 | 429 |
/// | `FailedPrecondition` | 9 | 412 | 412 |
/// | `Aborted` | 10 | 409 | 409 |
/// | `OutOfRange` | 11 | 400 | 400 |
/// | `Unimplemented` | 12 | 501 | 501 |
/// | `Internal` | 13 | 500 | 500 |
/// | `Unavailable` | 14 | 503 | 503 |
/// | `DataLoss` | 15 | 500 | 500 |
/// | `Unauthenticated` | 16 | 401 | 401 |
///
/// The two last columns differ once: an HTTP client may repeat a request that was answered 408 without asking,
/// so a plain HTTP caller reads 504, while the clients of go-micro look for 408.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
#[repr(u8)]
pub enum Code {
    /// The caller went away.
    Cancelled = 1,
    /// A failure of a kind that nobody told.
    Unknown = 2,
    /// The request is wrong, whatever the state of the system.
    InvalidArgument = 3,
    /// Time ran out before the call was done.
    DeadlineExceeded = 4,
    /// What was asked for does not exist.
    NotFound = 5,
    /// What was to be created exists.
    AlreadyExists = 6,
    /// The caller is known, and may not do this.
    PermissionDenied = 7,
    /// A quota, a limit or a size is used up.
    ResourceExhausted = 8,
    /// The system is not in the state that the call needs.
    FailedPrecondition = 9,
    /// A conflict with another call; the whole of it may be tried again.
    Aborted = 10,
    /// A value past the valid range.
    OutOfRange = 11,
    /// Not implemented, not supported, or not switched on.
    Unimplemented = 12,
    /// An invariant is broken: a defect of the service.
    Internal = 13,
    /// The service cannot be reached now.
    Unavailable = 14,
    /// Data is lost or damaged.
    DataLoss = 15,
    /// The caller did not prove who it is.
    Unauthenticated = 16,
}

use Code::{
    Aborted, AlreadyExists, Cancelled, DataLoss, DeadlineExceeded, FailedPrecondition, Internal,
    InvalidArgument, NotFound, OutOfRange, PermissionDenied, ResourceExhausted, Unauthenticated, Unavailable,
    Unimplemented, Unknown,
};

/// All codes, in the order of their gRPC numbers.
const ALL: [Code; 16] = [
    Cancelled,
    Unknown,
    InvalidArgument,
    DeadlineExceeded,
    NotFound,
    AlreadyExists,
    PermissionDenied,
    ResourceExhausted,
    FailedPrecondition,
    Aborted,
    OutOfRange,
    Unimplemented,
    Internal,
    Unavailable,
    DataLoss,
    Unauthenticated,
];

impl Code {
    /// Every code there is.
    #[must_use]
    pub const fn all() -> &'static [Self] {
        &ALL
    }

    /// The number that gRPC gives this code (1 to 16).
    #[must_use]
    pub const fn grpc(self) -> u8 {
        self as u8
    }

    /// The code of a gRPC number; `None` for 0 (success). A number that gRPC does not define is [`Unknown`].
    #[must_use]
    pub const fn from_grpc(number: u32) -> Option<Self> {
        match number {
            0 => None,
            1..=16 => Some(ALL[(number - 1) as usize]),
            _ => Some(Unknown),
        }
    }

    /// The HTTP status of an answer with this code.
    #[must_use]
    pub const fn http(self) -> u16 {
        match self {
            DeadlineExceeded => 504,
            other => other.go_micro(),
        }
    }

    /// The number in the `code` of go-micro's error JSON: an HTTP status, where a timeout is 408.
    #[must_use]
    pub const fn go_micro(self) -> u16 {
        match self {
            Cancelled => 499,
            InvalidArgument | OutOfRange => 400,
            DeadlineExceeded => 408,
            NotFound => 404,
            AlreadyExists | Aborted => 409,
            PermissionDenied => 403,
            ResourceExhausted => 429,
            FailedPrecondition => 412,
            Unimplemented => 501,
            Unknown | Internal | DataLoss => 500,
            Unavailable => 503,
            Unauthenticated => 401,
        }
    }

    /// The code that an HTTP status, or the number of a go-micro error, stands for.
    #[must_use]
    pub const fn from_http(status: u16) -> Self {
        match status {
            401 => Unauthenticated,
            403 => PermissionDenied,
            404 | 405 | 410 => NotFound,
            408 | 504 => DeadlineExceeded,
            409 => AlreadyExists,
            412 | 428 => FailedPrecondition,
            413 | 429 | 431 => ResourceExhausted,
            416 => OutOfRange,
            499 => Cancelled,
            500 => Internal,
            501 => Unimplemented,
            502 | 503 => Unavailable,
            400..=498 => InvalidArgument,
            _ => Unknown,
        }
    }

    /// The name in lower case with underscores, as Connect and logs write it: `not_found`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Cancelled => "cancelled",
            Unknown => "unknown",
            InvalidArgument => "invalid_argument",
            DeadlineExceeded => "deadline_exceeded",
            NotFound => "not_found",
            AlreadyExists => "already_exists",
            PermissionDenied => "permission_denied",
            ResourceExhausted => "resource_exhausted",
            FailedPrecondition => "failed_precondition",
            Aborted => "aborted",
            OutOfRange => "out_of_range",
            Unimplemented => "unimplemented",
            Internal => "internal",
            Unavailable => "unavailable",
            DataLoss => "data_loss",
            Unauthenticated => "unauthenticated",
        }
    }

    /// The code of a [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        ALL.into_iter().find(|code| code.name() == name)
    }
}

impl Display for Code {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grpc_numbers_go_both_ways() {
        for code in Code::all() {
            assert_eq!(Code::from_grpc(code.grpc().into()), Some(*code));
            assert_eq!(Code::from_name(code.name()), Some(*code));
        }
        assert_eq!(Code::from_grpc(0), None);
        assert_eq!(Code::from_grpc(17), Some(Unknown));
    }

    #[test]
    fn a_status_finds_a_code_that_has_it() {
        for code in Code::all() {
            for status in [code.http(), code.go_micro()] {
                assert_eq!(Code::from_http(status).go_micro(), code.go_micro(), "{code}");
            }
        }
        assert_eq!(Code::from_http(418), InvalidArgument);
        assert_eq!(Code::from_http(502), Unavailable);
        assert_eq!(Code::from_http(302), Unknown);
    }
}
