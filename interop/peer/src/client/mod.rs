//! The checks of a go-micro server whose service is `greeter`.

mod calls;
mod errors;
mod found;
mod greeter;
mod idle;
mod load;
mod report;
mod tap;

use std::error::Error as StdError;
use std::time::Duration;

use micro::{Address, Result};

use self::greeter::{Greeter, Losses};
use self::report::Report;

/// How a check ends.
type Checked<T = ()> = std::result::Result<T, Box<dyn StdError + Send + Sync>>;

/// Makes all checks, and says whether all passed.
///
/// # Errors
/// When there is no client to check with.
pub(crate) async fn check(address: Address, idle: Option<Duration>) -> Result<bool> {
    let losses = Losses::default();
    let new = || Greeter::at(&address, &losses);
    let mut report = Report::default();
    // Those that rest do so while the others run.
    let idle = idle.map(|idle| idle::start(&address, &losses, idle));

    let greeter = new()?;
    report.add("call", greeter.greets("Jane").await);
    report.add("unicode", greeter.greets("Jürgen <&> \"名前\" \u{2028}").await);
    report.add("large", greeter.greets(&"x".repeat(1 << 20)).await);
    report.add("metadata", calls::metadata(&greeter).await);
    report.add("protobuf", calls::protobuf(&greeter).await);
    report.add("empty-body", calls::empty(&greeter).await);
    report.add("error", errors::fail(&greeter).await);
    report.add("after-error", greeter.greets("Jane").await);
    report.add("unknown-endpoint", errors::unknown_endpoint(&greeter).await);
    report.add("unknown-handler", errors::unknown_handler(&greeter).await);
    report.add("malformed", errors::malformed(&greeter).await);
    report.add("deadline", errors::deadline(&greeter).await);
    report.add("deadline-header", errors::deadline_header(&greeter).await);
    report.add("after-deadline", greeter.greets("Jane").await);
    report.add("stream", errors::stream(&greeter).await);
    report.add("after-stream", greeter.greets("Jane").await);
    report.add("registry", found::by_record(&address, &losses).await);
    report.add("registry-foreign", found::foreign(&address).await);
    report.add("sequential", load::sequential(&address, &losses).await);
    report.add("concurrent", load::concurrent(&address, &losses).await);
    if let Some(idle) = idle {
        idle.finish(&mut report).await;
    }
    report.add("lost-calls", losses.few());
    Ok(report.passed())
}
