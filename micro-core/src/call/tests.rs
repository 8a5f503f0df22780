use std::sync::Mutex;

use bytes::Bytes;

use super::*;
use crate::{Code, Error, Feedback, Frame};

#[derive(Default)]
struct Seen(Mutex<Vec<(u64, Outcome)>>);

impl Feedback for Seen {
    fn done(&self, token: u64, outcome: Outcome) {
        self.0.lock().unwrap().push((token, outcome));
    }

    fn answered(&self, token: u64) -> u64 {
        token + 10
    }
}

impl Seen {
    fn take(&self) -> Vec<(u64, Outcome)> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

#[test]
fn sizes() {
    // A call is moved several times on its way: these are what the seam was measured with.
    assert!(size_of::<Result<Response>>() <= 48, "{}", size_of::<Result<Response>>());
    assert!(size_of::<Call>() <= 88, "{}", size_of::<Call>());
    assert!(size_of::<Pick>() <= 32);
}

#[tokio::test]
async fn a_pick_learns_each_outcome_once() {
    let seen = Arc::new(Seen::default());
    let pick = |token| Pick::new(0, seen.clone(), token);

    Call::ready(Ok(Response::default())).with_pick(pick(1)).await.unwrap();
    Call::ready(Err(Error::not_found(""))).with_pick(pick(2)).await.unwrap_err();
    drop(Call::boxed(std::future::pending()).with_pick(pick(3)));
    let failed = Outcome::Failed { code: Code::NotFound, reached: true };
    assert_eq!(seen.take(), [(1, Outcome::Ok), (2, failed), (3, Outcome::Cancelled)]);
}

#[tokio::test]
async fn both_picks_of_a_call_learn() {
    let seen = Arc::new(Seen::default());
    let call = Call::ready(Ok(Response::default())).with_pick(Pick::new(0, seen.clone(), 1));
    call.with_pick(Pick::new(0, seen.clone(), 2)).await.unwrap();
    assert_eq!(seen.take(), [(1, Outcome::Ok), (2, Outcome::Ok)]);
}

#[tokio::test]
async fn the_pick_of_a_stream_waits_for_its_end() {
    let seen = Arc::new(Seen::default());
    let stream = || BodyStream::of([Frame::Data(Bytes::from_static(b"x"))]);
    let body = |response: Response| match response.body {
        Body::Stream(stream) => stream,
        other => panic!("{other:?}"),
    };

    let call = Call::streaming(stream()).with_pick(Pick::new(0, seen.clone(), 1));
    let mut read = body(call.await.unwrap());
    assert!(read.frame().await.is_some() && seen.take().is_empty());
    assert!(read.frame().await.is_none());
    // It was told that the stream began, too, which changed the token.
    assert_eq!(seen.take(), [(11, Outcome::Ok)]);

    let call = Call::streaming(stream()).with_pick(Pick::new(0, seen.clone(), 2));
    drop(body(call.await.unwrap()));
    assert_eq!(seen.take(), [(12, Outcome::Cancelled)]);
}

#[derive(Default)]
struct Slab(Mutex<Vec<u32>>);

impl Slots for Slab {
    fn poll_slot(&self, key: u32, _: &mut Context<'_>) -> Poll<Result<Response>> {
        if key == 1 { Poll::Ready(Ok(Response::default())) } else { Poll::Pending }
    }
    fn cancel(&self, key: u32) {
        self.0.lock().unwrap().push(key);
    }
}

#[tokio::test]
async fn a_slot_is_cancelled_only_while_it_waits() {
    let slab = Arc::new(Slab::default());
    Call::slot(slab.clone(), 1).await.unwrap();
    drop(Call::slot(slab.clone(), 2));
    drop(Call::slot(slab.clone(), 3).with_pick(Pick::silent(0)));
    assert_eq!(*slab.0.lock().unwrap(), [2, 3]);
}
