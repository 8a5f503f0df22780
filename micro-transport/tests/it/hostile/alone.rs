//! Floods, each in a process of its own: memory and file descriptors are the process's.

use std::time::Duration;

use micro_transport::ListenOptions;
use tokio::process::Command;
use tokio::time::timeout;

use super::siege::Siege;

/// More than any flood takes, on any machine.
const VERY_LONG: Duration = Duration::from_secs(120);
/// What a flood may cost in memory at any moment, with what its attackers have.
const MEMORY: usize = 64 << 20;
/// Says to a process that it is the one in which this test runs.
const INSIDE: &str = "MICRO_TEST_HOSTILE";

/// Runs a flood in a process of its own, against a server with these options: memory stays in its bounds, and no file
/// descriptor is left over.
pub(crate) async fn alone(name: &str, options: ListenOptions, flood: impl AsyncFnOnce(&Siege)) {
    alone_within(MEMORY, name, options, flood).await;
}

/// The same with a bound of its own, in bytes.
pub(crate) async fn alone_within(
    memory: usize,
    name: &str,
    options: ListenOptions,
    flood: impl AsyncFnOnce(&Siege),
) {
    let (_, name) = name.split_once("::").unwrap();
    if std::env::var(INSIDE).is_ok_and(|inside| inside == name) {
        return bounded(memory, options, flood).await;
    }
    let output =
        timeout(VERY_LONG, process(name).env(INSIDE, name).output()).await.expect("it does not end").unwrap();
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && text.contains("1 passed"), "{text}{errors}");
    print!("{text}");
}

/// A process that runs one test of this program, and may open as many files as one may.
pub(crate) fn process(test: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n $(ulimit -Hn); exec \"$0\" --exact \"$1\" --nocapture"]);
    shell.arg(std::env::current_exe().unwrap()).arg(test).kill_on_drop(true);
    shell
}

/// How many files this process may have open.
pub(crate) fn open_files() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    // Without a limit there is more than anybody needs.
    line.split_whitespace().next().unwrap().parse().unwrap_or(usize::MAX)
}

async fn bounded(memory: usize, options: ListenOptions, flood: impl AsyncFnOnce(&Siege)) {
    let before = files();
    let siege = Siege::with(options).await;
    let idle = kilobytes("VmRSS:") << 10;
    flood(&siege).await;
    siege.lift().await;
    let peak = kilobytes("VmHWM:") << 10;
    println!("{} KiB at most above idle", peak.saturating_sub(idle) >> 10);
    assert!(peak - idle < memory, "{idle} bytes before and {peak} at the peak");
    let closed = async {
        while files() > before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(timeout(crate::http_server::LONG, closed).await.is_ok(), "{} files and not {before}", files());
}

/// The file descriptors of this process.
pub(super) fn files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// A number that the kernel knows of this process.
pub(crate) fn kilobytes(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Makes a test of each flood, which is reported by its name. Each is given its server, whose options the first says.
macro_rules! floods {
    ($($name:ident: $options:expr => $flood:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            $crate::hostile::alone::alone(concat!(module_path!(), "::", stringify!($name)), $options, $flood).await;
        }
    )+};
}
pub(crate) use floods;
