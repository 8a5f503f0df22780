//! `cargo xtask deep`: gates that take too long for every change and are run by hand before a release.

use crate::error::{Error, Result};
use crate::{cargo, package, process};

/// Checks every choice of at most two features of `micro`, then packages.
pub(crate) fn run() -> Result {
    let workspace = cargo::workspace()?;
    let micro = workspace.packages.iter().find(|package| package.name == "micro");
    let micro = micro.ok_or_else(|| Error::new("the workspace has no package `micro`"))?;
    let features: Vec<_> = micro.features.keys().filter(|name| *name != "default").collect();

    let mut failures = Vec::new();
    for chosen in up_to_two(&features) {
        let chosen = chosen.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(",");
        let mut check = cargo::cargo(["check", "--quiet", "--package", "micro", "--no-default-features"])?;
        check.env("RUSTFLAGS", "-D warnings").args(["--features", &chosen]);
        failures.extend(process::run(&mut check).err().map(|error| error.to_string()));
    }
    failures.extend(package::run().err().map(|error| error.to_string()));
    Error::unless_empty(&failures)
}

/// All subsets of at most two.
fn up_to_two<T: Copy>(all: &[T]) -> Vec<Vec<T>> {
    let mut subsets = vec![Vec::new()];
    for (index, &first) in all.iter().enumerate() {
        subsets.push(vec![first]);
        subsets.extend(all[index + 1..].iter().map(|&second| vec![first, second]));
    }
    subsets
}

#[cfg(test)]
mod tests {
    use super::up_to_two;

    #[test]
    fn subsets_of_at_most_two() {
        let expected: Vec<Vec<char>> =
            vec![vec![], vec!['a'], vec!['a', 'b'], vec!['a', 'c'], vec!['b'], vec!['b', 'c'], vec!['c']];
        assert_eq!(up_to_two(&['a', 'b', 'c']), expected);
        assert_eq!(up_to_two::<char>(&[]), vec![Vec::<char>::new()]);
    }
}
