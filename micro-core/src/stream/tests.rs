use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};
use std::{future::Future, pin::pin, sync::Arc};

use bytes::Bytes;

use super::pipe::{Reader, Writer, pipe};
use super::*;
use crate::message::Written;
use crate::testing::JSON;
use crate::{Body, Call, Code, Error, Metadata, Response, Shutdown};

/// A task that counts how often it is woken.
#[derive(Default)]
struct Task(AtomicUsize);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn task() -> (Arc<Task>, Waker) {
    let task = Arc::new(Task::default());
    (task.clone(), Waker::from(task))
}

fn woken(task: &Task) -> usize {
    task.0.swap(0, Ordering::SeqCst)
}

fn data(bytes: &'static str) -> Frame {
    Frame::Data(Bytes::from_static(bytes.as_bytes()))
}

fn message(bytes: &'static str) -> Written<'static> {
    Written::Bytes(Bytes::from_static(bytes.as_bytes()))
}

/// What a reader takes: its messages, or what there is instead.
fn take(reader: &mut Reader, cx: &mut Context<'_>) -> std::result::Result<Vec<Bytes>, Taken> {
    let mut messages = Messages::default();
    match reader.take(cx, &mut messages) {
        Taken::Messages => Ok(std::iter::from_fn(|| messages.pop()).collect()),
        taken => Err(taken),
    }
}

/// Writes messages until there is no place for more. Says how many.
fn fill(writer: &mut Writer, cx: &mut Context<'_>, text: &'static str) -> usize {
    let mut count = 0;
    while writer.poll_ready(cx).is_ready() {
        while writer.is_ready() {
            writer.put(message(text)).unwrap();
            count += 1;
        }
        assert!(count < 10_000, "place without end");
    }
    count
}

fn metadata(value: &str) -> Metadata {
    let mut metadata = Metadata::new();
    metadata.insert("x", value).unwrap();
    metadata
}

/// What comes out of a body, one after the other.
fn stream(frames: Vec<Result<Frame>>) -> BodyStream {
    struct Given(Mutex<std::vec::IntoIter<Result<Frame>>>);
    impl Source for Given {
        fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
            Poll::Ready(self.0.lock().unwrap().next())
        }
    }
    BodyStream::new(Given(Mutex::new(frames.into_iter())))
}

fn receiver(frames: Vec<Result<Frame>>) -> Receiver<String> {
    Receiver::of_body(Body::Stream(stream(frames)), JSON)
}

#[test]
fn each_side_wakes_the_other() {
    let (mut writer, mut reader) = pipe();
    let ((reads, read_waker), (writes, write_waker)) = (task(), task());
    let (mut reading, mut writing) = (Context::from_waker(&read_waker), Context::from_waker(&write_waker));

    assert!(matches!(take(&mut reader, &mut reading), Err(Taken::Nothing)));
    let count = fill(&mut writer, &mut writing, "a");
    assert_eq!((woken(&reads), woken(&writes)), (1, 0), "once for all that was written");
    assert_eq!(take(&mut reader, &mut reading).unwrap(), vec![Bytes::from_static(b"a"); count]);
    assert_eq!((woken(&reads), woken(&writes)), (0, 1));

    assert!(matches!(take(&mut reader, &mut reading), Err(Taken::Nothing)));
    drop(writer);
    assert_eq!(woken(&reads), 1, "the end is news");
    assert!(matches!(take(&mut reader, &mut reading), Err(Taken::End)));
    assert!(matches!(take(&mut reader, &mut reading), Err(Taken::End)), "and stays so");
}

#[test]
fn there_is_place_for_few_messages_and_few_bytes() {
    let mut cx = Context::from_waker(Waker::noop());
    let (mut writer, _reader) = pipe();
    assert_eq!(fill(&mut writer, &mut cx, ""), 256);
    let (mut writer, _reader) = pipe();
    assert_eq!(fill(&mut writer, &mut cx, core::str::from_utf8(&[b'x'; 1000]).unwrap()), 17);
    let (mut writer, mut reader) = pipe();
    for _ in 0..3 {
        assert_eq!(fill(&mut writer, &mut cx, core::str::from_utf8(&[b'x'; 20_000]).unwrap()), 1);
        assert_eq!(take(&mut reader, &mut cx).unwrap().len(), 1);
    }
}

#[test]
fn a_writer_that_keeps_its_reader_waiting_is_soon_told_to_wait() {
    let mut cx = Context::from_waker(Waker::noop());
    let (mut writer, mut reader) = pipe();
    let mut messages = Messages::default();
    let mut run = |writer: &mut Writer, slow: bool| {
        messages = Messages::default();
        assert!(matches!(reader.take_before(&mut messages), Taken::Nothing));
        let mut count = 0;
        while writer.is_ready() || writer.poll_ready(&mut cx).is_ready() {
            if slow {
                std::thread::sleep(std::time::Duration::from_micros(200));
            }
            writer.put(message("a")).unwrap();
            count += 1;
        }
        assert!(matches!(reader.take(&mut cx, &mut messages), Taken::Messages));
        assert_eq!(messages.len(), count);
        count
    };
    assert_eq!(run(&mut writer, false), 1, "nobody knows how long the next one takes");
    assert!((0..1000).any(|_| run(&mut writer, false) > 1), "this machine does nothing within 100 us");
    assert_eq!(run(&mut writer, true), 1, "slow ones go out one by one");
    assert_eq!(run(&mut writer, true), 1);
}

#[test]
fn the_last_task_that_polled_is_woken() {
    let (mut writer, mut reader) = pipe();
    let ((old, old_waker), (new, new_waker)) = (task(), task());
    for waker in [&old_waker, &new_waker] {
        assert!(matches!(take(&mut reader, &mut Context::from_waker(waker)), Err(Taken::Nothing)));
    }
    fill(&mut writer, &mut Context::from_waker(&old_waker), "a");
    assert_eq!((woken(&old), woken(&new)), (0, 1));
    for waker in [&old_waker, &new_waker] {
        assert!(writer.poll_ready(&mut Context::from_waker(waker)).is_pending());
    }
    drop(reader);
    assert_eq!((woken(&old), woken(&new)), (0, 1));
}

#[test]
fn what_was_written_before_the_end_is_read() {
    let (mut writer, mut reader) = pipe();
    let mut cx = Context::from_waker(Waker::noop());
    writer.put(message("last")).unwrap();
    writer.put_trailers(metadata("after"));
    drop(writer);
    assert_eq!(take(&mut reader, &mut cx).unwrap(), ["last"]);
    assert!(
        matches!(take(&mut reader, &mut cx), Err(Taken::Trailers(trailers)) if trailers == metadata("after"))
    );
    assert!(matches!(take(&mut reader, &mut cx), Err(Taken::End)));
}

#[test]
fn a_writer_learns_that_nobody_reads() {
    let (mut writer, reader) = pipe();
    let (writes, waker) = task();
    let mut cx = Context::from_waker(&waker);
    assert!(writer.poll_abandoned(&mut cx).is_pending());
    let bytes = Bytes::from(vec![1; 10_000]);
    writer.put(Written::Bytes(bytes.clone())).unwrap();
    assert!(!bytes.is_unique());
    drop(reader);
    assert_eq!(woken(&writes), 1);
    assert!(writer.poll_abandoned(&mut cx).is_ready());
    assert!(bytes.is_unique(), "what nobody will read is gone");
    let Poll::Ready(Err(error)) = writer.poll_ready(&mut cx) else { panic!("nobody reads") };
    assert_eq!(error.code(), Code::Cancelled);
    assert_eq!(writer.put(message("a")).unwrap_err().code(), Code::Cancelled);
}

#[tokio::test]
async fn messages_and_trailers_arrive() {
    let (mut sender, body) = channel::<String>(JSON);
    let writing = tokio::spawn(async move {
        for i in 0..100 {
            sender.send(i.to_string()).await?;
        }
        sender.finish(metadata("after")).await
    });
    let mut receiver = Receiver::<String>::of_body(Body::Stream(body), JSON);
    for i in 0..100 {
        assert_eq!(receiver.next().await.unwrap(), Some(i.to_string()));
    }
    assert!(receiver.trailers().is_empty());
    assert_eq!(receiver.next().await.unwrap(), None);
    assert_eq!(receiver.trailers(), &metadata("after"));
    assert_eq!(receiver.next().await.unwrap(), None);
    writing.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_send_that_is_dropped_has_not_sent() {
    let (mut sender, body) = channel::<String>(JSON);
    sender.send("first".to_owned()).await.unwrap();
    let mut cx = Context::from_waker(Waker::noop());
    let mut sent = 1;
    loop {
        assert!(sent < 10_000, "place without end");
        let sends = pin!(sender.send("first".to_owned()));
        if sends.poll(&mut cx).is_pending() {
            break;
        }
        sent += 1;
    }
    let mut receiver = Receiver::<String>::of_body(Body::Stream(body), JSON);
    for _ in 0..sent {
        let mut next = pin!(receiver.next());
        assert!(matches!(next.as_mut().poll(&mut cx), Poll::Ready(Ok(Some(text))) if text == "first"));
    }
    {
        let next = pin!(receiver.next());
        assert!(next.poll(&mut cx).is_pending());
    }
    sender.send("second".to_owned()).await.unwrap();
    drop(sender);
    assert_eq!(receiver.next().await.unwrap().as_deref(), Some("second"), "a dropped `next` loses nothing");
    assert_eq!(receiver.next().await.unwrap(), None);
}

#[tokio::test]
async fn a_sender_whose_receiver_is_gone() {
    let (mut sender, body) = channel::<String>(JSON);
    sender.ready().await.unwrap();
    drop(body);
    sender.closed().await;
    assert_eq!(sender.ready().await.unwrap_err().code(), Code::Cancelled);
    assert_eq!(sender.send(String::new()).await.unwrap_err().code(), Code::Cancelled);
    assert_eq!(sender.finish(Metadata::new()).await.unwrap_err().code(), Code::Cancelled);
}

#[tokio::test]
async fn nothing_comes_after_an_error() {
    let mut failed = receiver(vec![Ok(data("\"a\"")), Err(Error::data_loss("torn")), Ok(data("\"b\""))]);
    assert_eq!(failed.next().await.unwrap().as_deref(), Some("a"));
    assert_eq!(failed.next().await.unwrap_err().code(), Code::DataLoss);
    assert_eq!(failed.next().await.unwrap(), None);

    let mut unreadable = receiver(vec![Ok(data("not JSON")), Ok(data("\"b\""))]);
    assert_eq!(unreadable.next().await.unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(unreadable.next().await.unwrap(), None);
}

#[tokio::test]
async fn a_body_that_is_no_stream_is_one_message_or_none() {
    let mut one = Receiver::<String>::of_body(Body::One(Bytes::from_static(b"\"one\"")), JSON);
    assert_eq!(one.next().await.unwrap().as_deref(), Some("one"));
    assert_eq!(one.next().await.unwrap(), None);
    let mut none = Receiver::<String>::of_body(Body::Empty, JSON);
    assert_eq!(none.next().await.unwrap(), None);
}

#[tokio::test]
async fn the_head_of_an_answer_is_read_with_its_first_message() {
    let mut response = Response::new(Body::Stream(stream(vec![Ok(data("\"a\""))])));
    *response.metadata_mut() = metadata("before");
    let mut receiver = Receiver::<String>::of_call(Call::ready(Ok(response)), JSON, None);
    assert!(receiver.metadata().is_empty());
    assert_eq!(receiver.next().await.unwrap().as_deref(), Some("a"));
    assert_eq!(receiver.metadata(), &metadata("before"));

    let refused = Call::ready(Err(Error::not_found("nobody")));
    let mut receiver = Receiver::<String>::of_call(refused, JSON, None);
    assert_eq!(receiver.next().await.unwrap_err().code(), Code::NotFound);
    assert_eq!(receiver.next().await.unwrap(), None);
}

#[tokio::test]
async fn a_stream_ends_with_the_call_that_it_is_made_for() {
    let (mut sender, body) = channel::<String>(JSON);
    let parent = Shutdown::new();
    let call = Call::ready(Ok(Response::new(Body::Stream(body))));
    let mut receiver = Receiver::<String>::of_call(call, JSON, Some(&parent));
    sender.send("a".to_owned()).await.unwrap();
    assert_eq!(receiver.next().await.unwrap().as_deref(), Some("a"));
    let ended = tokio::spawn(async move { (receiver.next().await, receiver.next().await) });
    tokio::task::yield_now().await;
    parent.fire();
    let (error, after) = ended.await.unwrap();
    assert_eq!(error.unwrap_err().code(), Code::Cancelled);
    assert_eq!(after.unwrap(), None);
    sender.closed().await;
}

#[tokio::test]
async fn a_receiver_is_a_stream() {
    let mut receiver = receiver(vec![Ok(data("1")), Ok(data("\"a\""))]);
    let mut items = Vec::new();
    while let Some(item) =
        std::future::poll_fn(|cx| futures_core::Stream::poll_next(Pin::new(&mut receiver), cx)).await
    {
        items.push(item.map_err(|error| error.code()));
    }
    assert_eq!(items, [Err(Code::InvalidArgument)], "a number is no text, and nothing comes after an error");
}

/// Runs a turn of the handler that has the writer of this reader. Returns what comes of it.
fn turn(reader: &mut Reader, run: impl FnOnce()) -> Vec<Bytes> {
    let mut messages = Messages::default();
    assert!(matches!(reader.take_before(&mut messages), Taken::Nothing));
    reader.turn(&mut messages, run);
    match reader.take(&mut Context::from_waker(Waker::noop()), &mut messages) {
        Taken::Messages => std::iter::from_fn(|| messages.pop()).collect(),
        taken => panic!("{taken:?}"),
    }
}

fn send(writer: &mut Writer, text: &str) {
    writer.send(&text.to_owned(), JSON).unwrap();
}

#[test]
fn what_is_sent_in_a_turn_keeps_its_order_wherever_it_is_sent() {
    let (mut writer, mut reader) = pipe();
    for _ in 0..2 {
        let messages = turn(&mut reader, || {
            send(&mut writer, "1");
            writer.put(message("\"2\"")).unwrap();
            std::thread::scope(|scope| scope.spawn(|| send(&mut writer, "3")).join()).unwrap();
            send(&mut writer, "4");
        });
        assert_eq!(messages, ["\"1\"", "\"2\"", "\"3\"", "\"4\""]);
        assert_eq!(turn(&mut reader, || send(&mut writer, "5")), ["\"5\""]);
    }
}

#[test]
fn a_turn_within_another_one_is_of_its_own_handler() {
    let ((mut writer, mut reader), (mut inner_writer, mut inner_reader)) = (pipe(), pipe());
    let messages = turn(&mut reader, || {
        send(&mut writer, "1");
        let inner = turn(&mut inner_reader, || {
            send(&mut inner_writer, "inner");
            send(&mut writer, "2");
        });
        assert_eq!(inner, ["\"inner\""]);
        send(&mut writer, "3");
        let panic = std::panic::AssertUnwindSafe(|| turn(&mut inner_reader, || panic!("a turn that panics")));
        std::panic::catch_unwind(panic).unwrap_err();
        send(&mut writer, "4");
    });
    assert_eq!(messages, ["\"1\"", "\"2\"", "\"3\"", "\"4\""]);
}

#[test]
fn who_waits_in_a_turn_is_woken_when_its_messages_are_taken() {
    let (mut writer, mut reader) = pipe();
    let (writes, waker) = task();
    let mut count = 0;
    let messages = turn(&mut reader, || count = fill(&mut writer, &mut Context::from_waker(&waker), "a"));
    assert_eq!((messages.len(), count, woken(&writes)), (1, 1, 1), "one, as it may be long until the next");
    let messages = turn(&mut reader, || count = fill(&mut writer, &mut Context::from_waker(&waker), "a"));
    assert!(count > 1 && messages.len() == count && woken(&writes) == 1, "{count}");
}

#[test]
fn messages_that_cannot_be_written_leave_the_others_as_they_are() {
    struct Text(&'static str);
    impl Message for Text {
        fn schema() -> &'static crate::Schema {
            String::schema()
        }
        fn speaks(_: Format) -> bool {
            true
        }
        fn encode(&self, _: Format, out: &mut bytes::BytesMut) -> Result<()> {
            out.extend_from_slice(self.0.as_bytes());
            match self.0 {
                "wrong" => Err(Error::internal("wrong")),
                "clear" => {
                    out.clear();
                    Ok(())
                }
                "panic" => panic!("a message that panics"),
                _ => Ok(()),
            }
        }
        fn decode(_: Format, _: Bytes) -> Result<Self> {
            Err(Error::internal("not read"))
        }
    }
    const LARGE: &str = match core::str::from_utf8(&[b'x'; 5_000]) {
        Ok(text) => text,
        Err(_) => "",
    };
    let (mut writer, mut reader) = pipe();
    let messages = turn(&mut reader, || {
        for text in ["1", "wrong", "2", "panic", "clear", LARGE, "wrong", "clear", "panic", "3", LARGE] {
            let sent = std::panic::AssertUnwindSafe(|| writer.send(&Text(text), JSON));
            let sent = std::panic::catch_unwind(sent).map(|sent| sent.is_ok());
            match text {
                "panic" => assert!(sent.is_err()),
                "clear" | "wrong" => assert!(!sent.unwrap_or(true) || text == "clear"),
                _ => assert!(sent.unwrap_or(false)),
            }
        }
    });
    let sizes: Vec<_> = messages.iter().map(Bytes::len).filter(|size| *size > 0).collect();
    assert_eq!(sizes, [1, 1, 5_000, 1, 5_000]);
}
