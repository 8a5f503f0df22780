use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use micro::Code;
use micro_testing::process::{State, Stream, pin_self};
use micro_testing::{Process, Signal};
use tokio::time::sleep;

const LIMIT: Duration = Duration::from_secs(20);

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// A process that says `ready` and waits, in one process.
async fn ready() -> Process {
    let process = Process::spawn(shell("echo ready; exec sleep 600")).unwrap();
    process.line(LIMIT, |line| (line == "ready").then_some(())).await.unwrap();
    process
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + LIMIT;
    while !is_so() {
        assert!(Instant::now() < end, "not within {LIMIT:?}: {what}");
        sleep(Duration::from_millis(2)).await;
    }
}

fn folder(process: &Process) -> PathBuf {
    format!("/proc/{}", process.id().unwrap()).into()
}

#[tokio::test]
async fn a_process_ends_by_the_signal_it_is_sent() {
    for (signal, number) in [(Signal::Terminate, 15), (Signal::Kill, 9), (Signal::Interrupt, 2)] {
        let mut process = ready().await;
        assert_eq!(process.ended().unwrap(), None);
        process.signal(signal).unwrap();
        let status = process.wait(LIMIT).await.unwrap();
        assert_eq!((status.code(), status.signal()), (None, Some(number)));
        assert_eq!(process.ended().unwrap(), Some(status));
        assert_eq!(process.signal(signal).unwrap_err().code(), Code::FailedPrecondition);
        assert_eq!(process.usage().unwrap_err().code(), Code::FailedPrecondition);
    }
}

#[tokio::test]
async fn a_process_that_ends_by_itself_has_a_code() {
    let mut process = Process::spawn(shell("exit 7")).unwrap();
    assert_eq!(process.wait(LIMIT).await.unwrap().code(), Some(7));
}

#[tokio::test]
async fn a_stopped_process_stands_still_until_it_is_continued() {
    let count = "i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done";
    let process = Process::spawn(shell(count)).unwrap();
    process.line(LIMIT, |line| (line == "3").then_some(())).await.unwrap();

    process.signal(Signal::Stop).unwrap();
    until("stopped", || process.state().unwrap() == State::Stopped).await;
    let stat = std::fs::read_to_string(folder(&process).join("stat")).unwrap();
    assert!(stat.contains(") T "), "{stat}");
    // What it printed before is read by now; then nothing more comes.
    sleep(Duration::from_millis(100)).await;
    let before = process.lines().len();
    sleep(Duration::from_millis(200)).await;
    assert_eq!(process.lines().len(), before);

    process.signal(Signal::Continue).unwrap();
    until("goes on", || process.lines().len() > before + 3).await;
    assert_eq!(process.state().unwrap(), State::Running);
}

#[tokio::test]
async fn dropped_it_is_gone_also_when_it_was_stopped() {
    for stop in [false, true] {
        let process = ready().await;
        let folder = folder(&process);
        if stop {
            process.signal(Signal::Stop).unwrap();
            until("stopped", || process.state().unwrap() == State::Stopped).await;
        }
        assert!(folder.exists());
        drop(process);
        assert!(!folder.exists(), "stopped before: {stop}");
    }
}

#[tokio::test]
async fn both_streams_are_read_and_errors_show_them() {
    let mut process = Process::spawn(shell("echo one; echo two >&2; printf three; exec sleep 600")).unwrap();
    let two = process.line(LIMIT, |line| line.strip_prefix("tw").map(str::to_owned)).await.unwrap();
    assert_eq!(two, "o");
    let error = process.line(Duration::from_millis(50), |_| None::<()>).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert!(error.detail().contains("it printed last:") && error.detail().contains("  two"), "{error}");
    let error = process.wait(Duration::from_millis(50)).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    until("one is read", || process.lines().iter().any(|line| line.text == "one")).await;
    let lines = process.lines();
    let stream = |text: &str| lines.iter().find(|line| line.text == text).unwrap().stream;
    assert_eq!((stream("one"), stream("two")), (Stream::Output, Stream::Error));
    process.signal(Signal::Kill).unwrap();
}

#[tokio::test]
async fn an_output_that_ends_without_the_line_is_told_at_once() {
    let process = Process::spawn(shell("echo broken configuration; exit 1")).unwrap();
    let error = process.line(LIMIT * 100, |line| (line == "ready").then_some(())).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.detail().contains("broken configuration"), "{error}");
}

#[tokio::test]
async fn a_line_without_end_is_seen_when_the_process_ends() {
    let process = Process::spawn(shell("printf 'no end'")).unwrap();
    process.line(LIMIT, |line| (line == "no end").then_some(())).await.unwrap();
}

#[tokio::test]
async fn all_that_it_printed_is_there_when_it_has_ended() {
    for _ in 0..50 {
        let mut process =
            Process::spawn(shell("for i in 1 2 3 4 5; do seq 1 100; done; echo last >&2")).unwrap();
        process.wait(LIMIT).await.unwrap();
        assert_eq!(process.lines().len(), 501);
    }
    // Who holds its output when it has ended is not waited for.
    let mut process = Process::spawn(shell("echo one; sleep 30 & echo $!")).unwrap();
    let began = std::time::Instant::now();
    process.wait(LIMIT).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(20));
    let lines = process.lines();
    assert_eq!(lines.len(), 2);
    std::process::Command::new("kill").arg(&lines[1].text).status().unwrap();
}

#[tokio::test]
async fn output_is_bounded() {
    // 64 MiB in one line, then 12 MiB in lines, of which the newest stay.
    let script = "head -c 67108864 /dev/zero | tr '\\0' x; echo; seq 1 1800000; echo done; exec sleep 600";
    let process = Process::spawn(shell(script)).unwrap();
    process.line(LIMIT * 5, |line| (line == "done").then_some(())).await.unwrap();
    let lines = process.lines();
    let size: usize = lines.iter().map(|line| line.text.len()).sum();
    assert!((3 << 20..=4 << 20).contains(&size), "{size}");
    assert_eq!(lines[lines.len() - 2].text, "1800000");

    let process = Process::spawn(shell("head -c 100000 /dev/zero | tr '\\0' x; echo; echo done")).unwrap();
    process.line(LIMIT, |line| (line == "done").then_some(())).await.unwrap();
    assert_eq!(process.lines()[0].text.len(), 16 << 10);
}

#[tokio::test]
async fn restarted_it_is_another_process_of_the_same_program() {
    let mut process = Process::spawn(shell("echo ready $$ $KEY; exec sleep 600")).unwrap();
    let number = |line: &str| line.strip_prefix("ready ").map(str::to_owned);
    let first = process.line(LIMIT, number).await.unwrap();
    process.restart().await.unwrap();
    let second = process.line(LIMIT, number).await.unwrap();
    assert_ne!(first, second, "a line of the last run is not taken for one of this");
    assert_eq!(second.trim(), process.id().unwrap().to_string());
    assert!(!PathBuf::from(format!("/proc/{}", first.trim())).exists());
    let runs: Vec<_> = process.lines().iter().map(|line| line.run).collect();
    assert_eq!(runs, [0, 1]);

    // One that has ended is started as well.
    process.signal(Signal::Kill).unwrap();
    process.wait(LIMIT).await.unwrap();
    process.restart().await.unwrap();
    process.line(LIMIT, number).await.unwrap();
}

#[tokio::test]
async fn what_it_uses() {
    // It holds 24 MiB in a variable, and three descriptors more than another, whatever both have inherited.
    let plain = Process::spawn(shell("exec 7<&- 8<&- 9<&-; echo ready; kill -STOP $$")).unwrap();
    let script = "a=$(head -c 25165824 /dev/zero | tr '\\0' x); exec 7</dev/null 8</dev/null 9</dev/null; \
                  echo ready; kill -STOP $$";
    let large = Process::spawn(shell(script)).unwrap();
    large.line(LIMIT, |line| (line == "ready").then_some(())).await.unwrap();
    plain.line(LIMIT, |line| (line == "ready").then_some(())).await.unwrap();
    let (plain, large) = (plain.usage().unwrap(), large.usage().unwrap());
    assert!(large.memory > plain.memory + (20 << 20), "{plain:?} {large:?}");
    assert!((1 << 16..16 << 20).contains(&plain.memory), "{plain:?}");
    assert_eq!((plain.threads, large.threads), (1, 1));
    assert_eq!(large.descriptors, plain.descriptors + 3);
}

#[tokio::test]
async fn a_pinned_process_has_its_cpus_and_we_keep_ours() {
    let allowed = |status: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        line.unwrap().trim().to_owned()
    };
    let ours = || allowed(&std::fs::read_to_string("/proc/thread-self/status").unwrap());
    let before = ours();
    let first: usize = before.split(['-', ',']).next().unwrap().parse().unwrap();
    let process = Process::spawn_on(&[first], shell("nproc; exec sleep 600")).unwrap();
    assert_eq!(process.line(LIMIT, |line| line.parse::<usize>().ok()).await.unwrap(), 1);
    let status = std::fs::read_to_string(folder(&process).join("status")).unwrap();
    assert_eq!(allowed(&status), first.to_string());
    assert_eq!(ours(), before);

    let error = Process::spawn_on(&[1_000_000], shell("true")).unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
}

#[test]
fn a_process_pins_all_its_threads() {
    // In a process of its own: the tests beside this one keep their CPUs.
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "process::pins_itself", "--ignored"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
#[ignore = "it changes the process it runs in: the test above runs it"]
fn pins_itself() {
    let (stop, waits) = std::sync::mpsc::channel::<()>();
    let other = std::thread::spawn(move || waits.recv());
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
    let first = line.trim().split(['-', ',']).next().unwrap().parse().unwrap();
    pin_self(&[first]).unwrap();
    let threads: Vec<_> = std::fs::read_dir("/proc/self/task").unwrap().flatten().collect();
    assert!(threads.len() >= 2);
    for thread in threads {
        let status = std::fs::read_to_string(thread.path().join("status")).unwrap();
        assert!(status.contains(&format!("Cpus_allowed_list:\t{first}\n")), "{status}");
    }
    drop(stop);
    other.join().unwrap().unwrap_err();
}

#[test]
fn a_process_hears_what_its_parent_ignores() {
    // As a script starts what it puts behind itself.
    let program = std::env::current_exe().unwrap();
    let script = "trap '' INT TERM; exec \"$0\" --exact process::is_deaf --ignored";
    let output = Command::new("sh").args(["-c", script]).arg(program).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[tokio::test]
#[ignore = "it is deaf to signals: the test above runs it"]
async fn is_deaf() {
    for (signal, number) in [(Signal::Terminate, 15), (Signal::Interrupt, 2)] {
        for again in [false, true] {
            let mut process = ready().await;
            if again {
                process.restart().await.unwrap();
                process.line(LIMIT, |line| (line == "ready").then_some(())).await.unwrap();
            }
            process.signal(signal).unwrap();
            assert_eq!(process.wait(LIMIT).await.unwrap().signal(), Some(number));
        }
    }
    // The parent is as deaf as before.
    let this = std::process::id().to_string();
    for name in ["-TERM", "-INT"] {
        assert!(Command::new("kill").args([name, &this]).status().unwrap().success());
    }
    sleep(Duration::from_millis(100)).await;
}

#[tokio::test]
async fn a_program_that_is_not_there_is_an_error() {
    let error = Process::spawn(Command::new("/no/such/program")).unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.detail().contains("/no/such/program"), "{error}");
}
