use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use micro_core::{Error, Result};

/// The plugins of one kind.
pub(crate) struct Table<F: ?Sized> {
    kind: &'static str,
    entries: Vec<Entry<F>>,
}

struct Entry<F: ?Sized> {
    name: Box<str>,
    aliases: &'static [&'static str],
    make: Make<F>,
}

enum Make<F: ?Sized> {
    By(Arc<F>),
    /// Not compiled in: the feature of `micro` that it needs.
    #[cfg_attr(
        all(feature = "mdns", feature = "http", feature = "json", feature = "protobuf", feature = "msgpack"),
        allow(dead_code)
    )]
    Needs(&'static str),
}

impl<F: ?Sized> Table<F> {
    pub(crate) fn new(kind: &'static str) -> Self {
        Self { kind, entries: Vec::new() }
    }

    /// Adds a name; one that is there already is replaced.
    pub(crate) fn add(&mut self, name: &str, aliases: &'static [&'static str], make: Arc<F>) {
        self.put(name, aliases, Make::By(make));
    }

    /// Adds a name that exists, and is not compiled in.
    #[cfg_attr(
        all(feature = "mdns", feature = "http", feature = "json", feature = "protobuf", feature = "msgpack"),
        allow(dead_code)
    )]
    pub(crate) fn needs(&mut self, name: &'static str, feature: &'static str) {
        self.put(name, &[], Make::Needs(feature));
    }

    fn put(&mut self, name: &str, aliases: &'static [&'static str], make: Make<F>) {
        self.entries.retain(|entry| *entry.name != *name);
        self.entries.push(Entry { name: name.into(), aliases, make });
    }

    /// What makes the thing of this name. `variable` is where the name comes from.
    pub(crate) fn find(&self, variable: &str, name: &str) -> Result<&Arc<F>> {
        let entry = self.entries.iter().find(|entry| *entry.name == *name || entry.aliases.contains(&name));
        match entry.map(|entry| &entry.make) {
            Some(Make::By(make)) => Ok(make),
            Some(Make::Needs(feature)) => Err(Error::invalid_argument(format!(
                "{variable}: {} `{name}` is not compiled in: enable feature `{feature}` of crate `micro` (compiled in: {})",
                self.kind,
                self.compiled()
            ))),
            None => Err(Error::invalid_argument(format!(
                "{variable}: there is no {} `{name}` (compiled in: {})",
                self.kind,
                self.compiled()
            ))),
        }
    }

    /// What is made where nobody says a name: the first of `names` that is compiled in.
    pub(crate) fn first(&self, names: &[&str]) -> Result<&Arc<F>> {
        let made = |name: &&str| {
            self.entries.iter().find_map(|entry| match &entry.make {
                Make::By(make) if *entry.name == **name => Some(make),
                _ => None,
            })
        };
        names.iter().find_map(made).ok_or_else(|| {
            Error::invalid_argument(format!(
                "no {} is compiled in that is used unasked: enable a feature of crate `micro` (features: {}), name one \
                 (compiled in: {}), or give one in code",
                self.kind,
                names.join(", "),
                self.compiled()
            ))
        })
    }

    /// Everything that is compiled in, in its order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<F>> {
        self.entries.iter().filter_map(|entry| match &entry.make {
            Make::By(make) => Some(make),
            Make::Needs(_) => None,
        })
    }

    fn compiled(&self) -> String {
        let mut names = self
            .entries
            .iter()
            .filter(|entry| matches!(entry.make, Make::By(_)))
            .map(|entry| &*entry.name)
            .collect::<Vec<_>>();
        names.sort_unstable();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    }
}

impl<F: ?Sized> Clone for Table<F> {
    fn clone(&self) -> Self {
        let entries = self.entries.iter().map(|entry| Entry {
            name: entry.name.clone(),
            aliases: entry.aliases,
            make: match &entry.make {
                Make::By(make) => Make::By(make.clone()),
                Make::Needs(feature) => Make::Needs(feature),
            },
        });
        Self { kind: self.kind, entries: entries.collect() }
    }
}

impl<F: ?Sized> Debug for Table<F> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.compiled())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_errors_teach() {
        let mut table: Table<u8> = Table::new("registry");
        table.add("memory", &["m"], Arc::new(1));
        table.needs("mdns", "mdns");
        assert_eq!(table.find("MICRO_REGISTRY", "m").ok(), Some(&Arc::new(1)));
        let error = table.find("MICRO_REGISTRY", "mdns").unwrap_err();
        assert_eq!(
            error.detail(),
            "MICRO_REGISTRY: registry `mdns` is not compiled in: enable feature `mdns` of crate `micro` (compiled in: memory)"
        );
        let error = table.find("MICRO_REGISTRY", "etcd").unwrap_err();
        assert_eq!(error.detail(), "MICRO_REGISTRY: there is no registry `etcd` (compiled in: memory)");
        assert_eq!(table.first(&["mdns", "memory"]).ok(), Some(&Arc::new(1)));
        assert!(table.first(&["mdns"]).is_err());
    }
}
