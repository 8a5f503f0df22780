//! The service under test.

use std::fmt::Display;
use std::sync::Arc;

use bytes::Bytes;
use micro_core::glue::{Place, bidirectional, client_stream, server_stream, unary};
use micro_core::{
    App, Call, Context, Dispatch, Endpoint, Error, Formats, Metadata, Receiver, Request, Response, Result,
    Router, Sender,
};

use super::plain::SPOKEN;
use super::probe::Probe;

/// The size of the messages that fill a stream.
pub(super) const BIG: usize = 64 * 1024;

/// The name of the service.
pub(super) const SERVICE: &str = "conformance";

/// What handlers that panic say, and callers never read.
pub(super) const SECRET: &str = "the secret of the handler";

/// The service, whose handlers report to `probe`.
pub(super) fn service(probe: &Arc<Probe>) -> Arc<dyn Dispatch> {
    let mut router = Router::new(Arc::new(App::new(SERVICE, Formats::new().with(SPOKEN))));
    for endpoint in unaries(probe).into_iter().chain(streams(probe)) {
        router.endpoint(endpoint).expect("endpoints of different names");
    }
    router.fallback(Arc::new(Mirror));
    Arc::new(router)
}

fn unaries(probe: &Arc<Probe>) -> Vec<Endpoint> {
    vec![
        unary("Probe.Echo", Place::Here, probe, |probe, _, message: Bytes| async move {
            let _inside = probe.enter();
            Ok(message)
        }),
        // As many bytes as it is told.
        unary("Probe.Size", Place::Here, probe, |probe, _, size: Bytes| async move {
            let _inside = probe.enter();
            Ok(Bytes::from(vec![b'x'; number(&size)?]))
        }),
        // The message, once the gate is open.
        unary("Probe.Held", Place::Here, probe, |probe, _, message: Bytes| async move {
            let _inside = probe.enter();
            probe.opened().await;
            Ok(message)
        }),
        // The error that it is told.
        unary("Probe.Fail", Place::Here, probe, |probe, _, error: Bytes| async move {
            let _inside = probe.enter();
            Err::<Bytes, _>(told(&error).with_source("what is local to the service"))
        }),
        unary("Probe.PanicNow", Place::Here, probe, |_, _, message: Bytes| {
            assert!(message.is_empty(), "{SECRET}");
            std::future::ready(Ok(message))
        }),
        unary("Probe.PanicLater", Place::Here, probe, |probe, _, message: Bytes| async move {
            let _inside = probe.enter();
            tokio::task::yield_now().await;
            assert!(message.is_empty(), "{SECRET}");
            Ok(message)
        }),
        // The milliseconds that are left.
        unary("Probe.TimeLeft", Place::Here, probe, |_, context: Context, _: Bytes| async move {
            Ok(text(context.time_left().map_or(-1, |left| left.as_millis() as i64)))
        }),
        // Who calls, and how.
        unary("Probe.Peer", Place::Here, probe, |_, context: Context, _: Bytes| async move {
            let peer = context.peer().ok_or_else(|| Error::internal("the handler sees no peer"))?;
            Ok(text(format!("{} {}", peer.address, peer.protocol)))
        }),
        // What of the caller's process came along.
        unary("Probe.Local", Place::Here, probe, |_, context: Context, _: Bytes| async move {
            Ok(text(context.account().is_some() || context.app().is_none_or(|app| app.name != SERVICE)))
        }),
    ]
}

fn streams(probe: &Arc<Probe>) -> Vec<Endpoint> {
    vec![
        // The numbers below the one that it is told.
        server_stream(
            "Probe.Count",
            Place::Here,
            probe,
            |probe, _, count: Bytes, mut sender: Sender<Bytes>| async move {
                let _inside = probe.enter();
                for i in 0..number(&count)? {
                    sender.send(text(i)).await?;
                }
                Ok(())
            },
        ),
        // As many messages as the error that it is told says, then the error.
        server_stream(
            "Probe.CountAndFail",
            Place::Here,
            probe,
            |_, _, error: Bytes, mut sender: Sender<Bytes>| async move {
                let error = told(&error);
                for i in 0..number(error.metadata().get("messages").unwrap_or_default().as_bytes())? {
                    sender.send(text(i)).await?;
                }
                Err(error)
            },
        ),
        // Messages without end.
        server_stream(
            "Probe.Flood",
            Place::Here,
            probe,
            |probe, _, _: Bytes, mut sender: Sender<Bytes>| async move {
                let _inside = probe.enter();
                let message = Bytes::from(vec![b'x'; BIG]);
                loop {
                    sender.send(message.clone()).await?;
                    probe.message();
                }
            },
        ),
        // One message, and another when the gate is open.
        server_stream(
            "Probe.HeldStream",
            Place::Here,
            probe,
            |probe, _, _: Bytes, mut sender: Sender<Bytes>| async move {
                let _inside = probe.enter();
                sender.send(text("first")).await?;
                probe.opened().await;
                sender.send(text("second")).await
            },
        ),
        // A message of as many bytes as it is told.
        server_stream(
            "Probe.SizeStream",
            Place::Here,
            probe,
            |_, _, size: Bytes, mut sender: Sender<Bytes>| async move {
                sender.send(Bytes::from(vec![b'x'; number(&size)?])).await
            },
        ),
        // A message, and trailers.
        server_stream(
            "Probe.Trailing",
            Place::Here,
            probe,
            |_, context: Context, _: Bytes, mut sender: Sender<Bytes>| async move {
                sender.send(text("message")).await?;
                sender.finish(mirrored(context.metadata())?).await
            },
        ),
        // How many messages came, and how many bytes they had.
        client_stream(
            "Probe.Total",
            Place::Here,
            probe,
            |probe, _, mut receiver: Receiver<Bytes>| async move {
                let _inside = probe.enter();
                let (mut count, mut size) = (0, 0);
                while let Some(message) = receiver.next().await? {
                    probe.message();
                    (count, size) = (count + 1, size + message.len());
                }
                Ok(text(format!("{count} {size}")))
            },
        ),
        // The same, but after the first message it waits for the gate.
        client_stream(
            "Probe.HeldTotal",
            Place::Here,
            probe,
            |probe, _, mut receiver: Receiver<Bytes>| async move {
                let _inside = probe.enter();
                let mut count = usize::from(receiver.next().await?.is_some());
                probe.opened().await;
                while receiver.next().await?.is_some() {
                    count += 1;
                }
                Ok(text(count))
            },
        ),
        // Each message, and a last one after the last.
        bidirectional(
            "Probe.Echoes",
            Place::Here,
            probe,
            |probe, _, mut receiver: Receiver<Bytes>, mut sender: Sender<Bytes>| async move {
                let _inside = probe.enter();
                while let Some(message) = receiver.next().await? {
                    probe.message();
                    sender.send(message).await?;
                }
                sender.send(text("bye")).await
            },
        ),
        // Answers before it has read anything, and reads to the end.
        bidirectional(
            "Probe.AnswersFirst",
            Place::Here,
            probe,
            |probe, _, mut receiver: Receiver<Bytes>, mut sender: Sender<Bytes>| async move {
                let _inside = probe.enter();
                sender.send(text("first")).await?;
                while receiver.next().await?.is_some() {
                    probe.message();
                }
                Ok(())
            },
        ),
    ]
}

/// Sends the metadata of the request back, before and after an empty message.
struct Mirror;

impl Dispatch for Mirror {
    fn dispatch(&self, request: Request) -> Call {
        let answer = mirrored(&request.head.metadata).map(|metadata| {
            let mut response = Response::default();
            *response.metadata_mut() = metadata.clone();
            if request.head.route.endpoint() == "Mirror.Trailing" {
                *response.trailers_mut() = metadata;
            }
            response
        });
        Call::ready(answer)
    }
}

/// The metadata that the laws send, without what the transport itself has.
pub(super) fn mirrored(metadata: &Metadata) -> Result<Metadata> {
    let mut mirrored = Metadata::new();
    for (key, value) in metadata.iter().filter(|(key, _)| key.as_str().starts_with("x-law-")) {
        mirrored.append(key, value)?;
    }
    Ok(mirrored)
}

pub(super) fn text(value: impl Display) -> Bytes {
    Bytes::from(value.to_string())
}

fn told(error: &[u8]) -> Error {
    Error::from_json(&String::from_utf8_lossy(error))
}

fn number(text: &[u8]) -> Result<usize> {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| Error::invalid_argument("not a number"))
}
