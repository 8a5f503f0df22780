use std::time::Duration;

use micro::Result;
use tokio::time::sleep;

use super::{Mode, Scripted};

/// What happens to a [`Scripted`] registry, in time.
#[derive(Clone, Debug, Default)]
pub struct Script(Vec<Step>);

#[derive(Clone, Copy, Debug)]
enum Step {
    Set(Mode, Duration),
    Forget,
}

impl Script {
    /// Nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Then it is like this for a time, and goes on to be when the script is at its end.
    #[must_use]
    pub fn then(mut self, mode: Mode, time: Duration) -> Self {
        self.0.push(Step::Set(mode, time));
        self
    }

    /// Then it loses its data.
    #[must_use]
    pub fn forget(mut self) -> Self {
        self.0.push(Step::Forget);
        self
    }

    /// Then it is down and up in turns, this many times each, and up in the end.
    #[must_use]
    pub fn flap(mut self, times: usize, down: Duration, up: Duration) -> Self {
        for _ in 0..times {
            self = self.then(Mode::Down, down).then(Mode::Up, up);
        }
        self
    }

    pub(super) async fn play(self, registry: &Scripted) -> Result<()> {
        for step in self.0 {
            match step {
                Step::Set(mode, time) => {
                    registry.set(mode).await?;
                    sleep(time).await;
                }
                Step::Forget => registry.forget().await?,
            }
        }
        Ok(())
    }
}
