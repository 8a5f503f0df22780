use std::time::Duration;

/// Reads a time as go-micro's users write it: `500ms`, `1m30s`, `1.5h`, or a number of seconds.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("is `{text}`, which is no time: write 500ms, 30s, 1m30s, 1.5h, or a number of seconds");
    let seconds = if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        text.parse::<f64>().map_err(|_| wrong())?
    } else {
        let mut rest = text;
        let mut seconds = 0.0;
        while !rest.is_empty() {
            let unit_at = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
            let (number, after) = rest.split_at(unit_at);
            let number: f64 = number.parse().map_err(|_| wrong())?;
            let next = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
            let (unit, after) = after.split_at(next);
            seconds += number
                * match unit {
                    "ns" => 1e-9,
                    "us" | "µs" => 1e-6,
                    "ms" => 1e-3,
                    "s" => 1.0,
                    "m" => 60.0,
                    "h" => 3600.0,
                    _ => return Err(wrong()),
                };
            rest = after;
        }
        seconds
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_writes_them() {
        for (text, millis) in
            [("30", 30_000), ("500ms", 500), ("1m30s", 90_000), ("1.5h", 5_400_000), ("0", 0), ("2s", 2_000)]
        {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for bad in ["", "s", "-1s", "1x", "1s2", "1..2s", "abc", "99999999999999999999999h"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
