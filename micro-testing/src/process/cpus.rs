use micro::{Error, Result};
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Makes all threads of this process run on these CPUs only, and those that they start.
///
/// # Errors
/// `InvalidArgument` when there is no such CPU.
pub fn pin_self(cpus: &[usize]) -> Result<()> {
    let set = set(cpus)?;
    let threads = std::fs::read_dir("/proc/self/task").map_err(|error| refused(cpus, error))?;
    for thread in threads.flatten() {
        let id = thread.file_name().to_str().and_then(|id| id.parse().ok()).and_then(Pid::from_raw);
        match sched_setaffinity(id, &set) {
            // A thread that ended since needs no CPU.
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(refused(cpus, error.into())),
        }
    }
    Ok(())
}

/// Does something on these CPUs. What it starts stays on them: a child has the CPUs of the thread that made it.
pub(super) fn on<T>(cpus: &[usize], start: impl FnOnce() -> T) -> Result<T> {
    if cpus.is_empty() {
        return Ok(start());
    }
    let set = set(cpus)?;
    let before = sched_getaffinity(None).map_err(|error| refused(cpus, error.into()))?;
    sched_setaffinity(None, &set).map_err(|error| refused(cpus, error.into()))?;
    let started = start();
    sched_setaffinity(None, &before).map_err(|error| refused(cpus, error.into()))?;
    Ok(started)
}

fn set(cpus: &[usize]) -> Result<CpuSet> {
    let mut set = CpuSet::new();
    for cpu in cpus {
        if *cpu >= CpuSet::MAX_CPU {
            return Err(Error::invalid_argument(format!("there is no CPU {cpu}")));
        }
        set.set(*cpu);
    }
    Ok(set)
}

fn refused(cpus: &[usize], error: std::io::Error) -> Error {
    Error::invalid_argument(format!("cannot run on CPUs {cpus:?}: {error}")).with_source(error)
}
