//! Handlers that call on, in chains that are longer than a stack.

use std::sync::OnceLock;

use micro_core::Metadata;

use super::*;

/// More handlers than a stack of 2 MiB has room for, each within the other.
const DEPTH: usize = 2_000;

/// How a handler hands the call on.
#[derive(Clone, Copy, Debug)]
enum On {
    /// In the future of its answer.
    Future,
    /// As its answer.
    Itself,
}

/// Two services that call each other, as often as the body of a request says, and then what `last` answers.
struct Chain {
    first: Arc<dyn Connection>,
    running: Arc<AtomicUsize>,
    _serving: [tokio::task::JoinHandle<Result<()>>; 2],
}

impl Chain {
    async fn new(max_calls: usize, on: On, last: fn() -> Call) -> Self {
        let memory = Memory::new();
        let mut options = options();
        options.max_calls = max_calls;
        let (links, running) = (Arc::new(OnceLock::<[Arc<dyn Connection>; 2]>::new()), Arc::default());
        let app = |next: usize| {
            let (links, running) = (links.clone(), Arc::clone(&running));
            service(move |request| {
                let left = left(&request);
                if left == 0 {
                    return last();
                }
                let next = links.get().unwrap()[next].clone();
                let request = counting(left - 1, request.head.deadline);
                let inside = Counted::new(&running);
                match on {
                    On::Itself => next.dispatch(request),
                    On::Future => Call::boxed(async move {
                        let _inside = inside;
                        next.dispatch(request).await
                    }),
                }
            })
        };
        let mut serving = Vec::new();
        for (at, next) in [("a", 1), ("b", 0)] {
            let listener = memory.listen(&address(at), &options).await.unwrap();
            serving.push(tokio::spawn(listener.serve(app(next), Shutdown::new())));
        }
        let both = [dial(&memory, "a").await.unwrap(), dial(&memory, "b").await.unwrap()];
        let first = both[0].clone();
        assert!(links.set(both).is_ok());
        Self { first, running, _serving: serving.try_into().unwrap() }
    }

    async fn call(&self, depth: usize, deadline: Option<Deadline>) -> Result<Response> {
        timeout(SOON * 4, self.first.dispatch(counting(depth, deadline))).await.expect("it hangs")
    }

    async fn ended(&self) {
        let ended = async {
            while self.running.load(Ordering::SeqCst) > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(SOON, ended).await.expect("handlers end when nobody waits for them");
    }
}

fn counting(left: usize, deadline: Option<Deadline>) -> Request {
    let mut request = request("");
    request.body = Body::One(left.to_string().into());
    request.head.deadline = deadline;
    request
}

fn left(request: &Request) -> usize {
    match &request.body {
        Body::One(bytes) => std::str::from_utf8(bytes).unwrap().parse().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_long_one_is_answered() {
    for on in [On::Future, On::Itself] {
        let chain = Chain::new(100_000, on, || Call::ready(Ok(Response::new(Body::One("end".into()))))).await;
        for depth in [0, 15, 16, 17, DEPTH] {
            assert_eq!(text(chain.call(depth, None).await.unwrap()), "end", "{on:?} {depth}");
        }
        chain.ended().await;
    }
}

#[tokio::test]
async fn a_long_one_is_answered_with_a_stream() {
    let last = || {
        let mut trailers = Metadata::new();
        trailers.insert("cost", "7").unwrap();
        let frames = ["a", "b"].map(|text| Frame::Data(text.into())).into_iter();
        Call::streaming(BodyStream::of(frames.chain([Frame::Trailers(trailers)])))
    };
    let chain = Chain::new(100_000, On::Future, last).await;
    let Body::Stream(mut stream) = chain.call(DEPTH, None).await.unwrap().body else { panic!("no stream") };
    for message in ["a", "b"] {
        assert!(matches!(stream.frame().await, Some(Ok(Frame::Data(data))) if data == message));
    }
    assert!(
        matches!(stream.frame().await, Some(Ok(Frame::Trailers(trailers))) if trailers.get("cost").is_some())
    );
    assert!(stream.frame().await.is_none());
}

#[tokio::test]
async fn an_endless_one_ends_at_the_limit_of_calls() {
    let chain = Chain::new(3_000, On::Future, || panic!("there is no end")).await;
    let error = chain.call(usize::MAX, None).await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (Code::ResourceExhausted, "TOO_MANY_CALLS"));
    chain.ended().await;
}

#[tokio::test]
async fn a_long_one_that_waits_ends_with_its_time_or_its_caller() {
    let chain = Chain::new(100_000, On::Future, || Call::boxed(pending())).await;
    let deadline = Some(Deadline::after(Duration::from_millis(500)));
    assert_eq!(chain.call(DEPTH, deadline).await.unwrap_err().code(), Code::DeadlineExceeded);
    chain.ended().await;

    let call = tokio::spawn(chain.first.dispatch(counting(DEPTH, None)));
    let all = async {
        while chain.running.load(Ordering::SeqCst) < DEPTH {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SOON, all).await.expect("all of them run");
    call.abort();
    chain.ended().await;
}

/// Who has no runtime has short chains, and they work.
#[test]
fn one_without_a_runtime_stays_where_its_caller_is() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let last = || Call::ready(Ok(Response::new(Body::One("end".into()))));
    let chain = runtime.block_on(async {
        let chain = Chain::new(100, On::Future, last).await;
        tokio::task::yield_now().await;
        chain
    });
    let mut call = chain.first.dispatch(counting(20, None));
    let polled = Future::poll(std::pin::Pin::new(&mut call), &mut Context::from_waker(Waker::noop()));
    let Poll::Ready(answer) = polled else { panic!("all of it is ready at the first poll") };
    assert_eq!(text(answer.unwrap()), "end");
}
