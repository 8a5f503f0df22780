//! Reading what valgrind and strace say.

/// The instructions in what callgrind says at its end: `==7== Collected : 123`.
pub(super) fn callgrind(said: &str) -> Option<u64> {
    let line = said.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(':').next()?.trim().parse().ok()
}

/// The calls in a summary of `strace -c`: the fourth column of its line `total`.
pub(super) fn strace(summary: &str) -> Option<u64> {
    let line = summary.lines().find(|line| line.trim_end().ends_with(" total"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{callgrind, strace};

    #[test]
    fn reads_callgrind() {
        let said = "==7== Callgrind, a call-graph generating profiler\n==7== Events    : Ir\n==7== Collected : 28500123\n==7==\n";
        assert_eq!(callgrind(said), Some(28_500_123));
        assert_eq!(callgrind("==7== killed\n"), None);
    }

    #[test]
    fn reads_strace() {
        let summary = "% time     seconds  usecs/call     calls    errors syscall\n\
                       ------ ----------- ----------- --------- --------- ----------------\n\
                        60.00    0.000600           3       200           sendto\n\
                       ------ ----------- ----------- --------- --------- ----------------\n\
                       100.00    0.001000           2       431         7 total\n";
        assert_eq!(strace(summary), Some(431));
        let faultless = summary.replace("        7 total", "          total");
        assert_eq!(strace(&faultless), Some(431));
        assert_eq!(strace("nothing"), None);
    }
}
