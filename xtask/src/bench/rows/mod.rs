//! The rows: what is measured against what, with the floor that must hold and the target.

mod table;

use crate::error::{Error, Result};

/// The runtime of server and client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::bench) enum Runtime {
    /// Two workers.
    Multi,
    /// One thread.
    Current,
}

impl Runtime {
    pub(in crate::bench) const BOTH: [Self; 2] = [Self::Multi, Self::Current];

    pub(in crate::bench) fn name(self) -> &'static str {
        match self {
            Self::Multi => "mt",
            Self::Current => "ct",
        }
    }
}

/// One measurement: who calls whom with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::bench) struct Setup {
    pub(in crate::bench) server: &'static str,
    pub(in crate::bench) client: &'static str,
    pub(in crate::bench) runtime: Runtime,
    pub(in crate::bench) in_flight: usize,
    pub(in crate::bench) connections: usize,
    pub(in crate::bench) work: &'static str,
}

/// What of a measurement is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::bench) enum Figure {
    /// Calls, or messages, a second: ours to theirs, more is better.
    Rate,
    /// The median latency: ours to theirs, less is better.
    Latency,
    /// The median latency in milliseconds.
    Median,
    /// The longest latency in milliseconds.
    Longest,
}

/// A line of the table.
#[derive(Clone, Debug)]
pub(in crate::bench) struct Row {
    pub(in crate::bench) name: String,
    pub(in crate::bench) shows: String,
    pub(in crate::bench) ours: Setup,
    pub(in crate::bench) theirs: Option<Setup>,
    pub(in crate::bench) figure: Figure,
    pub(in crate::bench) floor: Option<f64>,
    pub(in crate::bench) target: Option<f64>,
}

impl Row {
    /// The programs it needs.
    pub(in crate::bench) fn peers(&self) -> Vec<&'static str> {
        self.setups().flat_map(|setup| [setup.server, setup.client]).collect()
    }

    /// What is measured for it.
    pub(in crate::bench) fn setups(&self) -> impl Iterator<Item = Setup> {
        std::iter::once(self.ours).chain(self.theirs)
    }

    /// Whether a figure is at least as good as another.
    pub(in crate::bench) fn holds(&self, seen: f64, asked: f64) -> bool {
        if self.figure == Figure::Rate { seen >= asked } else { seen <= asked }
    }
}

/// All rows, or those whose name starts as asked for.
pub(in crate::bench) fn chosen(asked: Option<&str>) -> Result<Vec<Row>> {
    let mut rows = table::all();
    let Some(asked) = asked else { return Ok(rows) };
    let names = rows.iter().map(|row| row.name.clone()).collect::<Vec<_>>().join(", ");
    rows.retain(|row| row.name.starts_with(asked));
    if rows.is_empty() {
        return Err(Error::new(format!("no row starts with `{asked}`; there are {names}")));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::table::all;
    use super::{Figure, chosen};
    use crate::bench::peers;

    #[test]
    fn names_are_unique_and_peers_are_known() {
        let rows = all();
        let names = rows.iter().map(|row| &row.name).collect::<BTreeSet<_>>();
        assert_eq!(names.len(), rows.len());
        for peer in rows.iter().flat_map(super::Row::peers) {
            assert!(peers::peer(peer).is_some(), "{peer}");
        }
    }

    #[test]
    fn targets_ask_for_more_than_floors() {
        for row in all() {
            if let (Some(floor), Some(target)) = (row.floor, row.target) {
                assert!(row.holds(target, floor) && !row.holds(floor, target), "{}", row.name);
            }
        }
    }

    #[test]
    fn rows_are_chosen_by_how_they_start() {
        let names = |asked| chosen(Some(asked)).unwrap().into_iter().map(|row| row.name).collect::<Vec<_>>();
        assert_eq!(names("tonic-64"), ["tonic-64-mt", "tonic-64-ct"]);
        assert_eq!(names("beside-max"), ["beside-max"]);
        assert!(chosen(Some("gonic")).is_err());
        assert_eq!(chosen(Some("beside-p50")).unwrap()[0].figure, Figure::Median);
    }
}
