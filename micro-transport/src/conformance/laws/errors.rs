use std::error::Error as _;

use micro_core::{Code, Dispatch, Error};

use crate::conformance::endpoints::SECRET;
use crate::conformance::plain::{SPOKEN, UNSPOKEN};
use crate::conformance::running::{Running, fails, request};
use crate::conformance::{Fixture, Promises};

/// An error arrives with all that travels of it, whatever its code; its source stays where it is. Afterwards the
/// connection is as good as new.
pub async fn errors_arrive_as_they_were_made(promises: &Promises, fixture: &Fixture) {
    let up = Running::start(promises, fixture).await;
    for code in Code::all() {
        let detail = "it \"failed\", over\ntwo lines, with 100 % of ünicode and a \\";
        let mut made =
            Error::new(*code, detail).with_id("the.id").with_reason("THE_REASON").with_domain("the.domain");
        made.metadata_mut().append("Limit", "5 a minute").expect("sound metadata");
        made.metadata_mut().append("limit", "100 an hour").expect("sound metadata");
        let got = fails(up.call("Probe.Fail", made.to_json()).await, *code, "the call");
        assert_eq!((got.detail(), got.id()), (detail, "the.id"), "{code}");
        assert_eq!((got.reason(), got.domain()), ("THE_REASON", "the.domain"), "{code}");
        assert_eq!(got.metadata(), made.metadata(), "{code}");
        assert!(got.reached(), "the handler has seen the call: {code}");
        assert!(got.source().is_none(), "what is local to the service stays there: {got:?}");
    }
    let made = Error::unimplemented("no such thing").with_http(404).not_reached();
    let got = fails(up.call("Probe.Fail", made.to_json()).await, Code::Unimplemented, "the call");
    assert_eq!(
        (got.http(), got.reached()),
        (404, true),
        "a finer status, and that a handler has seen the call"
    );
    let plain = fails(up.call("Probe.Fail", Error::aborted("").to_json()).await, Code::Aborted, "the call");
    assert_eq!((plain.detail(), plain.reason(), plain.metadata().len()), ("", "", 0), "nothing is made up");
    up.answers().await;
}

/// A handler that panics, before or after it first waited, is [`Code::Internal`]; its words stay in the service, and the
/// connection is as good as new.
pub async fn a_panic_is_masked(promises: &Promises, fixture: &Fixture) {
    let up = Running::start(promises, fixture).await;
    for endpoint in ["Probe.PanicNow", "Probe.PanicLater"] {
        let error = fails(up.call(endpoint, "now").await, Code::Internal, endpoint);
        assert!(!format!("{error:?}").contains(SECRET), "callers do not read what a panic says: {error:?}");
        assert!(!error.id().is_empty(), "the error has the name under which the log has the panic");
        assert!(error.reached(), "the handler has seen the call");
        up.answers().await;
    }
    assert_eq!(up.probe.running(), 0, "what panicked does not run");
}

/// A content type that the service does not speak is refused with status 415, before any handler runs, and the error
/// lists what is spoken.
pub async fn an_unknown_format_is_refused(promises: &Promises, fixture: &Fixture) {
    let up = Running::start(promises, fixture).await;
    let mut request = request("Probe.Echo", "hello");
    request.head.format = UNSPOKEN;
    let error = fails(up.connection.dispatch(request).await, Code::Unimplemented, "an unknown format");
    assert_eq!((error.http(), error.reached()), (415, false), "{error:?}");
    for named in [UNSPOKEN, SPOKEN] {
        assert!(error.detail().contains(named.content_type()), "the error names `{named}`: {error}");
    }
    assert_eq!(up.probe.started(), 0, "no handler runs");
    up.answers().await;
}
