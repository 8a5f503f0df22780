use std::fmt::{self, Display, Formatter};

/// What a row has shown: what must hold, whether it did, and what was seen beside it.
#[derive(Default, Debug)]
pub(crate) struct Shown {
    claims: Vec<(bool, String)>,
    notes: Vec<String>,
}

impl Shown {
    /// Something that must hold, with the figures that were seen.
    pub(crate) fn must(&mut self, holds: bool, what: impl Into<String>) {
        self.claims.push((holds, what.into()));
    }

    /// Something that was seen, such as a generator's account.
    pub(crate) fn note(&mut self, what: impl Display) {
        self.notes.push(what.to_string());
    }

    /// Puts another part of the row behind this.
    pub(crate) fn merge(&mut self, part: Self) {
        self.claims.extend(part.claims);
        self.notes.extend(part.notes);
    }

    pub(crate) fn holds(&self) -> bool {
        !self.claims.is_empty() && self.claims.iter().all(|(holds, _)| *holds)
    }
}

impl Display for Shown {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (holds, what) in &self.claims {
            writeln!(f, "    {} {what}", if *holds { "ok " } else { "NOT" })?;
        }
        for line in self.notes.iter().flat_map(|note| note.lines()) {
            writeln!(f, "      | {line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_shows_nothing_does_not_hold() {
        let mut shown = Shown::default();
        assert!(!shown.holds());
        shown.must(true, "nothing is lost");
        assert!(shown.holds());
        shown.must(false, "nothing runs twice");
        assert!(!shown.holds());
    }
}
