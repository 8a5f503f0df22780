use std::time::{Duration, Instant};

use micro::{Code, Error, Result};

use super::Checked;
use super::greeter::{Greeter, PATIENCE};
use super::report::same;
use crate::messages::{Greeting, Hello, MetaKey, MetaValue, Nap};

/// Far shorter than the sleep, so that an answer within patience can only come from the deadline.
const DEADLINE: Duration = Duration::from_millis(300);
const SLEEP: Nap = Nap { ms: 20_000 };

/// All fields of an error arrive.
pub(super) async fn fail(greeter: &Greeter) -> Checked {
    let error = refused::<()>(greeter.call("Greeter.Fail", ()).await)?;
    same(
        "error",
        &(error.code(), error.http(), error.id(), error.detail()),
        &(Code::InvalidArgument, 400, "greeter", "no name"),
    )
}

/// go-micro answers in plain text, and the error says what there is not.
pub(super) async fn unknown_endpoint(greeter: &Greeter) -> Checked {
    missing(greeter, "Greeter.Missing", "can't find method Missing").await
}

/// The same for a handler.
pub(super) async fn unknown_handler(greeter: &Greeter) -> Checked {
    missing(greeter, "Missing.Hello", "can't find service Missing").await
}

async fn missing(greeter: &Greeter, endpoint: &str, told: &str) -> Checked {
    let error = refused::<()>(greeter.call(endpoint, ()).await)?;
    same("code", &error.code(), &Code::Unimplemented)?;
    same("reached", &error.reached(), &false)?;
    tells(&error, told)
}

/// A message that Go cannot read is an error and not a lost call.
pub(super) async fn malformed(greeter: &Greeter) -> Checked {
    let error = refused::<Greeting>(greeter.call("Greeter.Hello", "no object".to_owned()).await)?;
    tells(&error, "cannot unmarshal")
}

/// A call ends with its deadline.
pub(super) async fn deadline(greeter: &Greeter) -> Checked {
    let client = greeter.client().with_timeout(DEADLINE);
    let start = Instant::now();
    let error = refused(client.call::<_, Nap>(("greeter", "Greeter.Sleep"), SLEEP).await)?;
    same("code", &error.code(), &Code::DeadlineExceeded)?;
    match start.elapsed() {
        took if took < DEADLINE / 2 => {
            Err(format!("took only {took:?} with a deadline of {DEADLINE:?}").into())
        }
        took if took > PATIENCE => Err(format!("took {took:?} with a deadline of {DEADLINE:?}").into()),
        _ => Ok(()),
    }
}

/// The deadline goes out as what is left of it, in nanoseconds: go-micro's own headers are metadata to its handlers.
pub(super) async fn deadline_header(greeter: &Greeter) -> Checked {
    let request = MetaKey { key: "Timeout".to_owned() };
    let answer: MetaValue = greeter.call("Greeter.Meta", request).await?;
    let left = answer.value.parse().map(Duration::from_nanos);
    match left {
        Ok(left) if left <= PATIENCE && left > PATIENCE / 2 => Ok(()),
        _ => Err(format!("the header Timeout is {:?} for a deadline of {PATIENCE:?}", answer.value).into()),
    }
}

/// go-micro has no streams that this project speaks, and the error says so at once.
pub(super) async fn stream(greeter: &Greeter) -> Checked {
    let client = greeter.client().with_stream_timeout(PATIENCE);
    let route = ("greeter", "Greeter.Hello");
    let hello = || Hello { name: "Jane".to_owned() };
    // A call that is refused takes no messages, which is no news here.
    let (mut sender, mut receiver) = client.bidirectional::<Hello, Greeting>(route);
    let _ = sender.send(hello()).await;
    no_streams(&refused(receiver.next().await)?)?;
    let (mut sender, answer) = client.client_stream::<Hello, Greeting>(route);
    let _ = sender.send(hello()).await;
    no_streams(&refused(answer.await)?)
}

fn no_streams(error: &Error) -> Checked {
    match error.code() {
        Code::Unimplemented => tells(error, "stream"),
        code => Err(format!("code: got {code:?}, want {:?}: {error}", Code::Unimplemented).into()),
    }
}

fn refused<T: std::fmt::Debug>(answer: Result<T>) -> Checked<Error> {
    match answer {
        Err(error) => Ok(error),
        Ok(answer) => Err(format!("answered {answer:?} and not with an error").into()),
    }
}

fn tells(error: &Error, told: &str) -> Checked {
    if error.detail().contains(told) {
        return Ok(());
    }
    Err(format!("the error does not tell {told:?}: {error}").into())
}
