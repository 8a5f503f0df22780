/// What the system says of this process.
#[derive(Default)]
pub(super) struct Process {
    /// The memory that it occupies, in bytes.
    pub(super) memory: u64,
    pub(super) threads: u64,
}

/// Reads `/proc/self/status`; zeros where there is none.
pub(super) fn process() -> Process {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return Process::default() };
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':').split_whitespace().next()?.parse::<u64>().ok()
    };
    Process { memory: number("VmRSS").unwrap_or(0) * 1024, threads: number("Threads").unwrap_or(0) }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn says_something() {
        let process = super::process();
        assert!(process.memory > 100_000 && process.threads >= 1);
    }
}
