use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use micro::registry::{Event, RegisterOptions, Registry, Removal, Service, Watch};
use micro::{Error, Result, ResultExt};

/// How often a watch looks at the folder.
const LOOK: Duration = Duration::from_millis(50);

/// A registry in a folder: one JSON file for each node. All processes of a machine that use the folder see each other.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    folder: PathBuf,
}

/// A node's file: its record, and until when it holds.
struct Entry {
    service: Service,
    until: SystemTime,
}

impl Files {
    /// A registry in that folder, which is made where it is not there.
    ///
    /// # Errors
    /// [`Code::Internal`](micro::Code::Internal) when the folder cannot be made.
    pub(crate) fn new(folder: impl AsRef<Path>) -> Result<Self> {
        std::fs::create_dir_all(&folder).context("making the registry's folder")?;
        Ok(Self { folder: folder.as_ref().to_owned() })
    }

    fn file(&self, node: &str) -> PathBuf {
        // A node's id may have characters that no file name may have.
        let name: String = node.bytes().map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(name).with_extension("json")
    }

    /// All nodes whose time is not over, by the ids of the nodes.
    async fn read(&self) -> Result<Vec<Service>> {
        let mut services = Vec::new();
        let mut files = tokio::fs::read_dir(&self.folder).await.context("reading the registry's folder")?;
        while let Some(file) = files.next_entry().await.context("reading the registry's folder")? {
            if file.path().extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            // A file that is gone, or not ours, is no node.
            let Ok(bytes) = tokio::fs::read(file.path()).await else { continue };
            if let Some(entry) = Entry::parse(&bytes)
                && entry.until > SystemTime::now()
            {
                services.push(entry.service);
            }
        }
        services.sort_by(|a, b| a.nodes[0].id.cmp(&b.nodes[0].id));
        Ok(services)
    }
}

impl Entry {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let json: serde_json::Value = serde_json::from_slice(bytes).ok()?;
        let until =
            SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(json.get("until")?.as_u64()?))?;
        let service: Service = serde_json::from_value(json.get("service")?.clone()).ok()?;
        (service.nodes.len() == 1).then_some(Self { service, until })
    }

    fn bytes(&self) -> Result<Vec<u8>> {
        let until = self.until.duration_since(SystemTime::UNIX_EPOCH).internal()?.as_millis();
        let until = u64::try_from(until).internal()?;
        serde_json::to_vec(&serde_json::json!({ "until": until, "service": self.service })).internal()
    }
}

#[async_trait]
impl Registry for Files {
    fn name(&self) -> &'static str {
        "files"
    }

    fn place(&self) -> String {
        format!("folder {}", self.folder.display())
    }

    async fn register(&self, service: &Service, options: &RegisterOptions) -> Result<()> {
        for node in &service.nodes {
            let mut alone = service.clone();
            alone.nodes = vec![node.clone()];
            let entry = Entry { service: alone, until: SystemTime::now() + options.ttl };
            let file = self.file(&node.id);
            // Written beside and moved, so that nobody reads half a record.
            let new = file.with_extension("new");
            tokio::fs::write(&new, entry.bytes()?).await.context("writing the node's record")?;
            tokio::fs::rename(&new, &file).await.context("writing the node's record")?;
        }
        Ok(())
    }

    async fn deregister(&self, service: &Service) -> Result<()> {
        for node in &service.nodes {
            match tokio::fs::remove_file(self.file(&node.id)).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).context("removing the node's record");
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn get(&self, name: &str) -> Result<Vec<Service>> {
        let mut versions: Vec<Service> = Vec::new();
        for service in self.read().await?.into_iter().filter(|service| service.name == name) {
            match versions.iter_mut().find(|version| version.version == service.version) {
                Some(version) => version.nodes.extend(service.nodes),
                None => versions.push(service),
            }
        }
        if versions.is_empty() {
            return Err(
                Error::not_found(format!("service `{name}` is not in {}", self.place())).not_reached()
            );
        }
        Ok(versions)
    }

    async fn list(&self) -> Result<Vec<String>> {
        let mut names: Vec<_> = self.read().await?.into_iter().map(|service| service.name).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    async fn watch(&self, name: Option<&str>) -> Result<Box<dyn Watch>> {
        Ok(Box::new(Looking {
            files: self.clone(),
            name: name.map(str::to_owned),
            known: Vec::new(),
            news: Vec::new(),
            synced: false,
        }))
    }
}

/// A watch that compares what is there with what was there.
struct Looking {
    files: Files,
    name: Option<String>,
    known: Vec<Service>,
    /// What is not told yet, the first last.
    news: Vec<Event>,
    synced: bool,
}

impl Looking {
    async fn look(&mut self) -> Result<()> {
        let mut now = self.files.read().await?;
        now.retain(|service| self.name.as_ref().is_none_or(|name| service.name == *name));
        let same = |a: &Service, b: &Service| {
            a.nodes[0].id == b.nodes[0].id && a.version == b.version && a.name == b.name
        };
        let mut news = Vec::new();
        for gone in self.known.iter().filter(|known| !now.iter().any(|service| same(service, known))) {
            // The file of a node whose time is over is still there; who deregisters takes it away. One that is of
            // another version now has left the old one itself.
            let file = self.files.file(&gone.nodes[0].id);
            let moved = now.iter().any(|service| service.nodes[0].id == gone.nodes[0].id);
            let expired = !moved && tokio::fs::try_exists(&file).await.unwrap_or(true);
            news.push(Event::Remove {
                service: gone.name.clone(),
                version: gone.version.clone(),
                node: gone.nodes[0].clone(),
                why: if expired { Removal::Expired } else { Removal::Deregistered },
            });
        }
        news.extend(now.iter().filter(|service| !self.known.contains(service)).cloned().map(Event::Put));
        if !std::mem::replace(&mut self.synced, true) {
            news.push(Event::Synced);
        }
        news.reverse();
        (self.known, self.news) = (now, news);
        Ok(())
    }
}

#[async_trait]
impl Watch for Looking {
    async fn next(&mut self) -> Result<Event> {
        loop {
            if let Some(event) = self.news.pop() {
                return Ok(event);
            }
            if self.synced {
                tokio::time::sleep(LOOK).await;
            }
            self.look().await?;
        }
    }
}
