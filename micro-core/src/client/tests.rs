use std::collections::VecDeque;
use std::future::pending;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use bytes::{Bytes, BytesMut};

use super::*;
use crate::testing::JSON;
use crate::{
    App, Body, BodyStream, Call, Code, Dispatch, Error, Feedback, Formats, Frame, Head, Message, Outcome,
    Pick, Request, Response, Route, Schema, Source, TraceContext, key,
};

const ROUTE: (&str, &str) = ("greeter", "Greeter.Hello");

/// Answers calls as it is told, and keeps the heads of all of them.
#[derive(Default)]
struct Scripted {
    answers: Mutex<VecDeque<Call>>,
    heads: Mutex<Vec<Head>>,
    /// The endpoint that is declared idempotent.
    idempotent: Mutex<Option<&'static str>>,
}

impl Scripted {
    fn client(answers: impl IntoIterator<Item = Call>) -> (Arc<Self>, Client) {
        let scripted = Arc::new(Self::default());
        scripted.answers.lock().unwrap().extend(answers);
        (scripted.clone(), Client::new(scripted, JSON))
    }

    fn heads(&self) -> Vec<Head> {
        std::mem::take(&mut *self.heads.lock().unwrap())
    }

    fn attempts(&self) -> Vec<Option<String>> {
        let heads = self.heads();
        heads.iter().map(|head| head.metadata.get(key::MICRO_ATTEMPT).map(str::to_owned)).collect()
    }
}

impl Dispatch for Scripted {
    fn dispatch(&self, request: Request) -> Call {
        self.heads.lock().unwrap().push(request.head);
        self.answers.lock().unwrap().pop_front().expect("no more calls than answers")
    }
}

impl Caller for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn is_idempotent(&self, route: &Route) -> bool {
        *self.idempotent.lock().unwrap() == Some(route.endpoint())
    }
}

fn hello() -> Call {
    Call::ready(Ok(Response::new(Body::One(Bytes::from_static(b"\"hello\"")))))
}

fn fails(error: Error) -> Call {
    Call::ready(Err(error))
}

fn unreached() -> Call {
    fails(Error::unavailable("nobody there").not_reached())
}

/// A call that never ends, and counts its end.
fn hangs(ended: &Arc<AtomicUsize>) -> Call {
    struct Ended(Arc<AtomicUsize>);
    impl Drop for Ended {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let guard = Ended(ended.clone());
    Call::boxed(async move {
        let _guard = guard;
        pending().await
    })
}

/// A message that cannot be copied, and counts how often it is encoded.
struct Counted(Arc<AtomicUsize>);

impl Message for Counted {
    fn schema() -> &'static Schema {
        Schema::of::<Self>(|| Schema::new("Counted", serde_json::json!(true)))
    }
    fn speaks(_: Format) -> bool {
        true
    }
    fn encode(&self, _: Format, out: &mut BytesMut) -> Result<()> {
        self.0.fetch_add(1, Ordering::SeqCst);
        out.extend_from_slice(b"1");
        Ok(())
    }
    fn decode(_: Format, _: Bytes) -> Result<Self> {
        Err(Error::internal("is never received"))
    }
}

/// The context of a call whose handlers call with `client`.
fn context(client: &Client, change: impl FnOnce(&mut Head)) -> Context {
    let mut app = App::new("caller", Formats::new().with(JSON));
    app.client = Some(client.clone());
    let mut head = Head::new(Route::new("caller", "A.B"), JSON);
    head.app = Some(Arc::new(app));
    change(&mut head);
    Context::new(head)
}

#[tokio::test]
async fn an_attempt_encodes_the_message_again() {
    let (scripted, client) = Scripted::client([unreached(), unreached(), hello()]);
    let encoded = Arc::new(AtomicUsize::new(0));
    let answer: String = client.with_attempts(3).call(ROUTE, Counted(encoded.clone())).await.unwrap();
    assert_eq!(answer, "hello");
    assert_eq!(encoded.load(Ordering::SeqCst), 3);
    assert_eq!(scripted.attempts(), [None, Some("2".to_owned()), Some("3".to_owned())]);
}

#[tokio::test]
async fn attempts_are_made_only_where_nothing_can_have_happened() {
    let seen = || fails(Error::unavailable("gone in the middle"));
    for (answers, idempotent, made) in [
        (vec![seen(), hello()], false, 1),
        (vec![seen(), hello()], true, 2),
        (vec![fails(Error::internal("x").not_reached()), hello()], true, 1),
        (vec![unreached(), seen(), hello()], false, 2),
        (vec![unreached(), unreached(), unreached(), hello()], false, 3),
    ] {
        let (scripted, client) = Scripted::client(answers);
        let client = client.with_attempts(3);
        let client = if idempotent { client.idempotent() } else { client };
        let _ = client.call::<_, String>(ROUTE, ()).await;
        assert_eq!(scripted.heads().len(), made);
    }
    let (scripted, client) = Scripted::client([unreached(), hello()]);
    assert_eq!(client.call::<_, String>(ROUTE, ()).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(scripted.heads().len(), 1, "one attempt unless more are asked for");
}

#[tokio::test]
async fn an_endpoint_that_is_declared_idempotent_is_called_again() {
    for (declared, made) in [("Greeter.Hello", 2), ("Greeter.Other", 1)] {
        let (scripted, client) = Scripted::client([fails(Error::unavailable("gone")), hello()]);
        *scripted.idempotent.lock().unwrap() = Some(declared);
        let _ = client.with_attempts(3).call::<_, String>(ROUTE, ()).await;
        assert_eq!(scripted.heads().len(), made, "{declared}");
    }
}

#[tokio::test]
async fn an_attempt_knows_where_the_earlier_ones_went() {
    let refused = |node: &str| fails(Error::unavailable("refused").not_reached().with_node(node));
    let (scripted, client) = Scripted::client([refused("a"), unreached(), refused("b"), hello()]);
    client.with_attempts(4).call::<_, String>(ROUTE, ()).await.unwrap();
    let heads = scripted.heads();
    let tried = heads
        .iter()
        .map(|head| head.options.as_ref().map_or_else(String::new, |options| options.tried.join(" ")));
    assert_eq!(tried.collect::<Vec<_>>(), ["", "a", "a", "a b"]);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_says_when_to_come_back_is_not_asked_before() {
    let hint = Duration::from_secs(2);
    let busy = || fails(Error::resource_exhausted("busy").not_reached().with_retry_after(hint));
    let (scripted, client) = Scripted::client([busy(), hello(), busy(), hello()]);
    let client = client.with_attempts(3);
    let begun = tokio::time::Instant::now();
    client.call::<_, String>(ROUTE, ()).await.unwrap();
    assert!(begun.elapsed() >= hint);
    scripted.heads();

    // Deadlines are of the clock that cannot be paused; there is less time left than it is told to wait.
    let error = client.with_timeout(hint / 2).call::<_, String>(ROUTE, ()).await.unwrap_err();
    assert_eq!((error.code(), scripted.heads().len()), (Code::ResourceExhausted, 1));
}

#[tokio::test(start_paused = true)]
async fn retries_are_a_tenth_of_the_calls() {
    for (budget, most) in [(0.1, 1_100), (0.0, 1_000)] {
        let (scripted, client) = Scripted::client((0..1_200).map(|_| fails(Error::unavailable("down"))));
        let client = client.idempotent().with_attempts(3).with_retry_budget(budget);
        for _ in 0..1_000 {
            // What is made of a handle shares its budget.
            client.with_timeout(Duration::from_secs(60)).call::<_, String>(ROUTE, ()).await.unwrap_err();
        }
        assert_eq!(scripted.heads().len(), most);
    }
}

#[tokio::test]
async fn who_makes_one_attempt_has_no_budget() {
    let (_, client) = Scripted::client([hello(), hello()]);
    for (attempts, kept) in [(1, 0), (2, 1)] {
        client.with_attempts(attempts).call::<_, String>(ROUTE, ()).await.unwrap();
        assert_eq!(client.terms.budgets.len(), kept, "{attempts} attempts");
    }
}

/// The node that calls go to.
struct Named;

impl Feedback for Named {
    fn done(&self, _: u64, _: Outcome) {}

    fn node(&self) -> Option<&str> {
        Some("greeter-1")
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_says_whose_it_is() {
    let picked = |call: Call| call.with_pick(Pick::new(0, Arc::new(Named), 0));
    let bad = || picked(Call::ready(Ok(Response::new(Body::One(Bytes::from_static(b"no json"))))));
    let streamed = |frames: Vec<Result<Frame>>| {
        picked(Call::streaming(BodyStream::new(Frames(frames.into_iter().collect()))))
    };
    let unreadable = || streamed(vec![Ok(Frame::Data(Bytes::from_static(b"no json")))]);
    // A call that has to find its node first, which is one of a client behind a client.
    let later = || {
        let made = bad();
        Call::later(async { Ok(made) })
    };
    let (_, client) = Scripted::client([bad(), later(), picked(later()), unreadable(), bad(), unreadable()]);

    for call in ["one", "one that is made later", "one of two clients"] {
        let error = client.call::<_, String>(ROUTE, ()).await.unwrap_err();
        assert_eq!((error.code(), error.node()), (Code::Internal, Some("greeter-1")), "{call}");
    }
    let error = client.call::<_, String>(ROUTE, ()).await.unwrap_err();
    assert_eq!((error.code(), error.node()), (Code::Unimplemented, Some("greeter-1")), "a stream is none");
    let error = client.client_stream::<String, String>(ROUTE).1.await.unwrap_err();
    assert_eq!(error.node(), Some("greeter-1"), "{error:?}");
    let error = client.bidirectional::<String, String>(ROUTE).1.next().await.unwrap_err();
    assert_eq!(error.node(), Some("greeter-1"), "{error:?}");
}

#[tokio::test]
async fn an_error_within_a_stream_says_whose_it_is() {
    let streamed = |last: Result<Frame>| {
        let frames = [Ok(Frame::Data(Bytes::from_static(b"\"hello\""))), last].into();
        Call::streaming(BodyStream::new(Frames(frames))).with_pick(Pick::new(0, Arc::new(Named), 0))
    };
    let (_, client) = Scripted::client([
        streamed(Err(Error::unavailable("gone in the middle"))),
        streamed(Ok(Frame::Data(Bytes::from_static(b"no json")))),
    ]);
    for code in [Code::Unavailable, Code::InvalidArgument] {
        let mut receiver = client.server_stream::<_, String>(ROUTE, ()).await.unwrap();
        assert_eq!(receiver.next().await.unwrap().as_deref(), Some("hello"));
        let error = receiver.next().await.unwrap_err();
        assert_eq!((error.code(), error.node()), (code, Some("greeter-1")), "{error:?}");
    }
}

/// A stream of what there is.
struct Frames(VecDeque<Result<Frame>>);

impl Source for Frames {
    fn poll_frame(mut self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<Option<Result<Frame>>> {
        Poll::Ready(self.0.pop_front())
    }
}

#[tokio::test]
async fn a_stream_is_opened_again_too() {
    let (scripted, client) = Scripted::client([unreached(), hello()]);
    let mut receiver = client.with_attempts(2).server_stream::<_, String>(ROUTE, ()).await.unwrap();
    assert_eq!(receiver.next().await.unwrap().as_deref(), Some("hello"));
    assert_eq!(scripted.heads().len(), 2);
}

#[tokio::test]
async fn the_earlier_deadline_holds() {
    let minute = Duration::from_secs(60);
    for (own, parent) in [(Some(1), None), (None, Some(1)), (Some(1), Some(50)), (Some(50), Some(1))] {
        let (scripted, client) = Scripted::client([hello(), hello()]);
        let client = own.map_or(client.clone(), |seconds| client.with_timeout(minute * seconds));
        let parent = context(&client, |head| {
            head.deadline = parent.map(|seconds| Deadline::after(minute * seconds));
        });
        parent.client().call::<_, String>(ROUTE, ()).await.unwrap();
        let left = scripted.heads()[0].deadline.unwrap().left();
        assert!(left <= minute && left > minute / 2, "{left:?}");
    }
    let (scripted, client) = Scripted::client([hello(), hello()]);
    client.call::<_, String>(ROUTE, ()).await.unwrap();
    let limited = client.with_timeout(minute);
    let _ = limited.bidirectional::<String, String>(ROUTE);
    assert!(scripted.heads().iter().all(|head| head.deadline.is_none()), "streams have a limit of their own");
}

#[tokio::test]
async fn calls_end_with_the_call_that_they_are_made_for() {
    let ended = Arc::new(AtomicUsize::new(0));
    let (_, client) = Scripted::client((0..4).map(|_| hangs(&ended)));
    let parent = context(&client, |_| {});
    let client = parent.client();
    let (_keep_open, answer) = client.client_stream::<String, String>(ROUTE);
    let (_keep_open, mut receiver) = client.bidirectional::<String, String>(ROUTE);
    let (unary, stream) = (client.clone(), client.clone());
    let calls = [
        tokio::spawn(async move { unary.call::<_, String>(ROUTE, ()).await.map(drop) }),
        tokio::spawn(async move { stream.server_stream::<_, String>(ROUTE, ()).await.map(drop) }),
        tokio::spawn(async move { answer.await.map(drop) }),
        tokio::spawn(async move { receiver.next().await.map(drop) }),
    ];
    tokio::task::yield_now().await;
    assert_eq!(ended.load(Ordering::SeqCst), 0);
    drop(parent);
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap_err().code(), Code::Cancelled);
    }
    assert_eq!(ended.load(Ordering::SeqCst), 4, "the calls themselves are dropped");
}

#[tokio::test]
async fn nothing_is_begun_for_a_call_that_is_over() {
    let (scripted, client) = Scripted::client([hello()]);
    let parent = context(&client, |_| {});
    let late = parent.client();
    drop(parent);
    assert_eq!(late.call::<_, String>(ROUTE, ()).await.unwrap_err().code(), Code::Cancelled);

    // Nor a further attempt: the pause before it ends with the parent.
    let (scripted_later, client) = Scripted::client([unreached(), hello()]);
    let parent = context(&client.with_attempts(2), |_| {});
    let client = parent.client();
    let mut call = Box::pin(client.call::<_, String>(ROUTE, ()));
    std::future::poll_fn(|cx| {
        assert!(call.as_mut().poll(cx).is_pending(), "it pauses before it tries again");
        std::task::Poll::Ready(())
    })
    .await;
    drop(parent);
    assert_eq!(call.await.unwrap_err().code(), Code::Cancelled);
    assert_eq!(scripted_later.heads().len(), 1);
    assert_eq!(scripted.heads().len(), 0);
}

#[tokio::test]
async fn calls_of_a_handler_carry_on_what_is_meant_to() {
    let (scripted, client) = Scripted::client([hello(), hello()]);
    let client = client.with_metadata("own", "1").unwrap();
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let parent = context(&client, |head| {
        head.metadata.insert(key::TRACEPARENT, trace).unwrap();
        head.metadata.insert(key::BAGGAGE, "a=1").unwrap();
        head.metadata.insert(key::AUTHORIZATION, "Bearer secret").unwrap();
    });
    parent.client().call::<_, String>(ROUTE, ()).await.unwrap();
    client.call::<_, String>(ROUTE, ()).await.unwrap();
    let heads = scripted.heads();
    let (inside, outside) = (&heads[0].metadata, &heads[1].metadata);
    assert_eq!((inside.get("own"), inside.get(key::BAGGAGE)), (Some("1"), Some("a=1")));
    assert!(!inside.contains(key::AUTHORIZATION), "credentials do not go on by themselves");
    let span = TraceContext::parse(inside.get(key::TRACEPARENT).unwrap()).unwrap();
    assert_eq!(span.trace_id(), TraceContext::parse(trace).unwrap().trace_id());
    assert_eq!((outside.len(), outside.get("own")), (1, Some("1")), "the service's own client starts afresh");
}

#[tokio::test]
async fn handles_differ_and_share() {
    let (scripted, plain) = Scripted::client([unreached(), hello(), hello()]);
    let [one, two] = ["10.0.0.1:80", "10.0.0.2:80"].map(|address| Address::new(address).unwrap());
    let changed = plain.with_address(one.clone()).with_address(two.clone()).wait_for_ready().with_attempts(2);
    changed.call::<_, String>(ROUTE, ()).await.unwrap();
    plain.call::<_, String>(ROUTE, ()).await.unwrap();
    let heads = scripted.heads();
    let options = |i: usize| heads[i].options.as_ref();
    assert!(Arc::ptr_eq(options(0).unwrap(), options(1).unwrap()), "options are not copied for each call");
    assert_eq!(options(0).unwrap().addresses, [one, two]);
    assert!(options(0).unwrap().wait_for_ready && !options(0).unwrap().idempotent);
    assert!(options(2).is_none(), "the handle that others are made of stays as it is");
}

#[tokio::test]
async fn a_request_differs_from_the_others_of_its_handle() {
    let gone = || fails(Error::unavailable("gone in the middle"));
    let (scripted, client) = Scripted::client([gone(), hello(), hello(), hello(), hello()]);
    let (hour, minute) = (Duration::from_secs(3_600), Duration::from_secs(60));
    let client = client.with_metadata("tenant", "acme").unwrap().with_metadata("region", "north").unwrap();
    let client = client.with_timeout(hour).with_attempts(2);

    let request = client.request(ROUTE).metadata("region", "south").metadata("id", "7").timeout(minute);
    let answer: String = request.idempotent().call(()).await.unwrap();
    assert_eq!(answer, "hello");
    client.call::<_, String>(ROUTE, ()).await.unwrap();
    let heads = scripted.heads();
    for (head, own) in heads.iter().zip([true, true, false]) {
        let get = |key| head.metadata.get(key);
        let (region, id) = if own { (Some("south"), Some("7")) } else { (Some("north"), None) };
        assert_eq!((get("tenant"), get("region"), get("id")), (Some("acme"), region, id));
        assert_eq!(head.deadline.unwrap().left() <= minute, own);
        assert_eq!(head.options.as_ref().is_some_and(|options| options.idempotent), own);
    }
    assert_eq!(heads.len(), 3, "what is idempotent was called twice");

    let _ = client.request(ROUTE).metadata("id", "8").timeout(minute).bidirectional::<String, String>();
    let streamed = client.request(ROUTE).metadata("id", "8").timeout(minute).server_stream::<_, String>(());
    streamed.await.unwrap();
    for head in scripted.heads() {
        assert_eq!(head.metadata.get("id"), Some("8"));
        assert!(head.deadline.unwrap().left() <= minute);
    }
}

#[tokio::test]
async fn a_request_with_metadata_that_is_none_is_not_sent() {
    let (scripted, client) = Scripted::client([]);
    let bad = || client.request(ROUTE).metadata("no key", "x").metadata("y", "z");
    for error in [
        bad().call::<_, String>(()).await.unwrap_err(),
        bad().server_stream::<_, String>(()).await.unwrap_err(),
        bad().client_stream::<String, String>().1.await.unwrap_err(),
        bad().bidirectional::<String, String>().1.next().await.unwrap_err(),
    ] {
        assert_eq!((error.code(), error.reached()), (Code::InvalidArgument, false));
        assert!(error.detail().contains("no key"), "{error}");
    }
    assert_eq!(scripted.heads().len(), 0);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_the_clients_error() {
    let (_, client) = Scripted::client([
        Call::ready(Ok(Response::new(Body::One(Bytes::from_static(b"{"))))),
        Call::ready(Ok(Response::new(Body::Empty))),
        Call::ready(Ok(Response::new(Body::Empty))),
    ]);
    let error = client.call::<_, String>(ROUTE, ()).await.unwrap_err();
    assert_eq!((error.code(), error.id()), (Code::Internal, "go.micro.client.codec"));
    let error = client.call::<_, String>(ROUTE, ()).await.unwrap_err();
    assert_eq!(error.code(), Code::Internal, "no message is no text");
    client.call::<_, ()>(ROUTE, ()).await.unwrap();
}

#[tokio::test]
async fn without_a_service_there_is_no_client() {
    let context = Context::new(Head::new(Route::new("a", "A.B"), JSON));
    let client = context.client();
    for error in [
        client.call::<_, String>(ROUTE, ()).await.unwrap_err(),
        client.call::<_, String>(ROUTE, "x".to_owned()).await.unwrap_err(),
        client.server_stream::<_, String>(ROUTE, ()).await.unwrap_err(),
        client.client_stream::<String, String>(ROUTE).1.await.unwrap_err(),
    ] {
        assert_eq!((error.code(), error.reached()), (Code::FailedPrecondition, false));
        assert!(error.detail().contains("micro::Service"), "the error says what is missing: {error}");
    }
}
