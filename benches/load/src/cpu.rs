//! What a process has used of the processor.

use std::time::Duration;

use crate::peer::Result;

/// The kernel's unit in `/proc/PID/stat`: `USER_HZ` is 100 on every machine that Rust's tier 1 has.
const TICK: Duration = Duration::from_millis(10);

/// The time of a process in user and kernel mode.
pub(crate) fn used(pid: u32) -> Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    parse(&text).ok_or_else(|| format!("{path} reads `{text}`").into())
}

/// Fields 14 and 15; the name of the program, field 2, is in brackets and may hold anything.
fn parse(stat: &str) -> Option<Duration> {
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let kernel: u32 = fields.next()?.parse().ok()?;
    Some(TICK * user.checked_add(kernel)?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{parse, used};

    #[test]
    fn reads_user_and_kernel_time() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194560 100 0 0 0 12 30 4 5 20 0 3 0 100 0 0";
        assert_eq!(parse(stat), Some(Duration::from_millis(420)));
        assert_eq!(parse("7 (a) S 1"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn reads_our_own() {
        assert!(used(std::process::id()).is_ok());
        assert!(used(0).is_err());
    }
}
