//! Other processes: this test binary again, with a part to play. They end when their standard input does, so none
//! outlives the test that started it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// The variable that names the part.
const PART: &str = "MICRO_TEST_PART";

/// What a line that is meant for the test begins with; the test harness prints, too.
const SAYS: &str = "says: ";

/// No process lives longer.
const LIMIT: Duration = Duration::from_secs(90);

/// A process that plays a part.
pub(crate) struct Process {
    child: Child,
    _input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Process {
    /// This binary, playing `part`.
    pub(crate) fn play(part: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "features::process::part", "--ignored", "--nocapture"]).env(PART, part);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take(), child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(std::result::Result::ok) {
                // The harness prints the name of the test before it, and no end of line.
                if let Some((_, said)) = line.split_once(SAYS) {
                    let _ = sender.send(said.to_owned());
                }
            }
        });
        Self { child, _input: input, lines }
    }

    /// What it says next.
    pub(crate) fn says(&self) -> String {
        self.lines.recv_timeout(LIMIT).expect("the process ended, or says nothing")
    }

    /// Waits until it says `line`.
    pub(crate) fn until(&self, line: &str) {
        while self.says() != line {}
    }

    /// Sends it a signal, by its process id.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < LIMIT, "the process does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Not a test: what the other processes run. Their exit code is that of a `main` which returns what `run` does.
#[test]
#[ignore = "other tests run it in processes of their own"]
fn part() {
    let Ok(part) = std::env::var(PART) else { return };
    std::thread::spawn(|| {
        std::thread::sleep(LIMIT);
        std::process::exit(3);
    });
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(4);
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let result = runtime.block_on(super::signals::part(&part));
    drop(runtime);
    std::process::exit(i32::from(result.is_err()));
}

pub(crate) fn say(line: impl std::fmt::Display) {
    println!("{SAYS}{line}");
}
