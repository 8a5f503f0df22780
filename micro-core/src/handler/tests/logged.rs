//! What handlers leave in the log.

use std::fmt::{Debug, Write};
use std::sync::atomic::AtomicU64;

use bytes::BytesMut;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata as Meta, Subscriber};

use super::*;
use crate::codec::{Codec, Place as Hole, Value};
use crate::format::{FormatKind, Kind as Form};

/// A format that only bytes and text can be written in.
pub(super) fn raw() -> Format {
    static KIND: FormatKind = FormatKind::new(Form::Raw, &Raw);
    Format::of(&KIND)
}

#[derive(Debug)]
struct Raw;

impl Codec for Raw {
    fn name(&self) -> &'static str {
        "raw"
    }
    fn content_type(&self) -> &'static str {
        "application/octet-stream"
    }
    fn encode(&self, _: Value<'_>, _: &mut BytesMut) -> Result<()> {
        Err(Error::internal("bytes need no codec"))
    }
    fn decode(&self, _: &[u8], _: Hole<'_>) -> Result<()> {
        Err(Error::internal("bytes need no codec"))
    }
}

/// The lines of a log: spans and events with their fields.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>, Arc<AtomicU64>);

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let _ = write!(self.0, " {field}={value}");
    }
}

impl Log {
    fn line(&self, meta: &Meta<'_>, record: impl FnOnce(&mut Fields<'_>)) {
        let mut line = format!("{} {}", meta.level(), meta.name());
        record(&mut Fields(&mut line));
        self.0.lock().unwrap().push(line);
    }

    fn lines(&self, what: &str) -> Vec<String> {
        self.0.lock().unwrap().iter().filter(|line| line.starts_with(what)).cloned().collect()
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Meta<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.line(span.metadata(), |fields| span.record(fields));
        Id::from_u64(self.1.fetch_add(1, Ordering::SeqCst) + 1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        self.line(event.metadata(), |fields| event.record(fields));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// What a call of a handler that fails in this way leaves in the log, and the error that its caller gets.
async fn fails(make: fn() -> Error) -> (Error, Log) {
    let log = Log::default();
    let guard = tracing::subscriber::set_default(log.clone());
    let endpoint =
        unary("Test.It", Place::Here, &nothing(), move |_, _, (): ()| async move { Err::<(), _>(make()) });
    let error = call(endpoint, Body::Empty).await.unwrap_err();
    drop(guard);
    (error, log)
}

#[tokio::test]
async fn a_masked_error_is_logged_under_its_id() {
    let (error, log) = fails(|| std::io::Error::other("/etc/secret is missing").into()).await;
    assert_eq!(error.detail(), "internal error");
    let lines = log.lines("ERROR");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains(error.id()) && lines[0].contains("/etc/secret is missing"), "{lines:?}");
    let spans = log.lines("INFO handle");
    assert!(spans[0].contains("service=\"test\"") && spans[0].contains("endpoint=\"Test.It\""), "{spans:?}");
}

#[tokio::test]
async fn an_error_that_says_all_is_not_logged() {
    let (error, log) = fails(|| Error::not_found("no such row")).await;
    assert_eq!((error.id(), error.detail()), ("test", "no such row"), "the service's name is who failed");
    assert_eq!(log.lines("ERROR"), Vec::<String>::new());
    let (error, _) = fails(|| Error::not_found("x").with_id("its.own")).await;
    assert_eq!(error.id(), "its.own");
}
