//! A streamed answer's handler, in a task of its own.

use std::task::{Context, Poll, ready};

use micro_core::{BodyStream, Error, Frame, Result};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::tasks::Spawner;

/// What comes out of a streamed answer. The handler runs beside the connection, so that it reads what its caller sends
/// while the caller does not read; it is never more than a message ahead.
#[derive(Debug)]
pub(super) struct Pumped {
    from: Receiver<Item>,
    over: bool,
}

/// A frame, or `None` at the end: a channel that closes without it broke off.
type Item = Option<Result<Frame>>;

impl Pumped {
    /// Starts a stream's task. It ends with the stream, with the connection, or when this is dropped.
    pub(super) fn start(stream: BodyStream, tasks: &Spawner) -> Self {
        let (into, from) = channel(1);
        tasks.spawn(pump(stream, into));
        Self { from, over: false }
    }

    /// The next frame; `None` at the end.
    pub(super) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        if self.over {
            return Poll::Ready(None);
        }
        let frame = ready!(self.from.poll_recv(cx))
            .unwrap_or_else(|| Some(Err(Error::internal("the answer broke off: its handler's task ended"))));
        self.over = !matches!(frame, Some(Ok(Frame::Data(_))));
        Poll::Ready(frame)
    }
}

async fn pump(mut stream: BodyStream, into: Sender<Item>) {
    loop {
        let frame = tokio::select! {
            biased;
            () = into.closed() => return,
            frame = stream.frame() => frame,
        };
        let last = !matches!(frame, Some(Ok(Frame::Data(_))));
        if into.send(frame).await.is_err() || last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use bytes::Bytes;
    use micro_core::Source;

    use super::super::tasks::Tasks;
    use super::*;

    /// Counts how many frames were taken from it.
    struct Counted(Arc<AtomicUsize>);

    impl Source for Counted {
        fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
            assert!(self.0.fetch_add(1, Ordering::Relaxed) < 100, "on purpose");
            Poll::Ready(Some(Ok(Frame::Data(Bytes::new()))))
        }
    }

    #[tokio::test]
    async fn it_is_not_ahead_of_its_reader() {
        let (tasks, taken) = (Tasks::default(), Arc::default());
        let mut pumped = Pumped::start(BodyStream::new(Counted(Arc::clone(&taken))), &tasks.spawner());
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(taken.load(Ordering::Relaxed) <= 2);
        for _ in 0..10 {
            poll_fn(|cx| pumped.poll_frame(cx)).await.unwrap().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!((10..=12).contains(&taken.load(Ordering::Relaxed)));
    }

    #[tokio::test]
    async fn dropping_it_drops_the_stream() {
        let (tasks, taken) = (Tasks::default(), Arc::<AtomicUsize>::default());
        let pumped = Pumped::start(BodyStream::new(Counted(taken.clone())), &tasks.spawner());
        drop(pumped);
        let dropped = async {
            while Arc::strong_count(&taken) > 1 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), dropped).await.unwrap();
    }

    #[tokio::test]
    async fn a_panic_is_no_end() {
        let (tasks, taken) = (Tasks::default(), Arc::new(AtomicUsize::new(99)));
        let mut pumped = Pumped::start(BodyStream::new(Counted(taken)), &tasks.spawner());
        assert!(poll_fn(|cx| pumped.poll_frame(cx)).await.unwrap().is_ok());
        let error = poll_fn(|cx| pumped.poll_frame(cx)).await.unwrap().unwrap_err();
        assert!(error.detail().contains("broke off"), "{error}");
        assert!(poll_fn(|cx| pumped.poll_frame(cx)).await.is_none());
    }
}
