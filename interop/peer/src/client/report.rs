use super::Checked;

/// Prints a line for each check, and knows whether one failed.
#[derive(Debug, Default)]
pub(super) struct Report {
    failed: bool,
}

impl Report {
    /// Prints `ok NAME` or `FAIL NAME: reason`.
    pub(super) fn add(&mut self, name: &str, checked: Checked) {
        match checked {
            Ok(()) => println!("ok {name}"),
            Err(reason) => {
                self.failed = true;
                let reason = reason.to_string();
                // A check has one line.
                println!("FAIL {name}: {}", reason.split_whitespace().collect::<Vec<_>>().join(" "));
            }
        }
    }

    pub(super) fn passed(&self) -> bool {
        !self.failed
    }
}

/// Fails unless they are equal.
pub(super) fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, want: &T) -> Checked {
    if got == want {
        return Ok(());
    }
    Err(format!("{what}: got {}, want {}", short(got), short(want)).into())
}

fn short(value: &impl std::fmt::Debug) -> String {
    let text = format!("{value:?}");
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}... ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}
