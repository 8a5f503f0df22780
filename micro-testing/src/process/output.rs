//! What a process prints, with a limit.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Child;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How much is kept of all lines together, and of one, in bytes.
const KEPT: usize = 4 << 20;
const LONGEST: usize = 16 << 10;

/// How many lines errors show.
const SHOWN: usize = 10;

/// A line that a process printed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line {
    /// When it was read.
    pub time: SystemTime,
    /// Where it was printed.
    pub stream: Stream,
    /// Which start of the process printed it: 0 for the first, 1 after the first restart.
    pub run: usize,
    /// The line without its end.
    pub text: String,
}

/// Where a process prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// The lines of a process, and the tasks that read them, which end with this.
#[derive(Debug)]
pub(super) struct Output {
    kept: Arc<Mutex<Kept>>,
    changed: Arc<watch::Sender<()>>,
    readers: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<Line>,
    bytes: usize,
    /// How many lines were thrown away before the first that is kept.
    gone: usize,
    /// The last run, and how many of its streams are open.
    run: usize,
    open: usize,
}

impl Kept {
    fn push(&mut self, line: Line) {
        self.bytes += line.text.len();
        self.lines.push_back(line);
        while self.bytes > KEPT {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes -= oldest.text.len();
            self.gone += 1;
        }
    }

    fn close(&mut self, run: usize) {
        if run == self.run {
            self.open -= 1;
        }
    }
}

impl Output {
    pub(super) fn of(child: &mut Child) -> Self {
        let changed = Arc::new(watch::Sender::new(()));
        let mut output = Self { kept: Arc::default(), changed, readers: JoinSet::new() };
        output.read(child);
        output
    }

    /// Reads what the process prints after it was started again. What the last run printed before it ended is read
    /// to its end, unless a child of it still holds its output.
    pub(super) fn next_run(&mut self, child: &mut Child) {
        self.kept().run += 1;
        self.read(child);
    }

    fn read(&mut self, child: &mut Child) {
        let (output, error) = (child.stdout.take(), child.stderr.take());
        self.kept().open = usize::from(output.is_some()) + usize::from(error.is_some());
        if let Some(output) = output {
            self.spawn(output, Stream::Output);
        }
        if let Some(error) = error {
            self.spawn(error, Stream::Error);
        }
    }

    fn spawn(&mut self, from: impl AsyncRead + Unpin + Send + 'static, stream: Stream) {
        let (kept, changed, run) = (Arc::clone(&self.kept), Arc::clone(&self.changed), self.kept().run);
        self.readers.spawn(async move {
            let mut from = BufReader::new(from);
            while let Some(text) = line(&mut from).await {
                locked(&kept).push(Line { time: SystemTime::now(), stream, run, text });
                changed.send_replace(());
            }
            locked(&kept).close(run);
            changed.send_replace(());
        });
    }

    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Whether the last run will print nothing more.
    pub(super) fn is_closed(&self) -> bool {
        self.kept().open == 0
    }

    /// Waits until the last run has no more to print, for as long as that at most.
    pub(super) async fn closed(&self, limit: Duration) {
        let mut changes = self.changes();
        let closed = async { while !self.is_closed() && changes.changed().await.is_ok() {} };
        let _ = timeout(limit, closed).await;
    }

    /// Looks at the lines of the last run, from the `next`-th of all, which becomes the one after the last seen.
    pub(super) fn look<T>(&self, next: &mut usize, wanted: &mut impl FnMut(&str) -> Option<T>) -> Option<T> {
        let kept = self.kept();
        let seen = next.saturating_sub(kept.gone);
        *next = kept.gone + kept.lines.len();
        kept.lines.iter().skip(seen).filter(|line| line.run == kept.run).find_map(|line| wanted(&line.text))
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        self.kept().lines.iter().cloned().collect()
    }

    /// `text` and the last lines.
    pub(super) fn tail(&self, mut text: String) -> String {
        let kept = self.kept();
        text += if kept.lines.is_empty() { "; it printed nothing" } else { "; it printed last:" };
        for line in kept.lines.iter().skip(kept.lines.len().saturating_sub(SHOWN)) {
            text += "\n  ";
            text += &line.text;
        }
        text
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        locked(&self.kept)
    }
}

fn locked(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The next line, cut where it is too long; none at the end.
async fn line(from: &mut (impl AsyncBufReadExt + Unpin)) -> Option<String> {
    let mut line = Vec::new();
    let mut some = false;
    loop {
        let bytes = from.fill_buf().await.ok()?;
        if bytes.is_empty() {
            return some.then(|| text(&line));
        }
        some = true;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let part = &bytes[..end.unwrap_or(bytes.len())];
        line.extend(part.iter().take(LONGEST - line.len()));
        let used = part.len() + usize::from(end.is_some());
        from.consume(used);
        if end.is_some() {
            return Some(text(&line));
        }
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
}
