//! Other processes: this test binary again, with a part to play. They end when their standard input does, so none
//! outlives the test that started it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use async_trait::async_trait;
use micro_core::{Address, Error, Result};
use micro_registry::{
    Describe, Endpoint, Mdns, MdnsOptions, Node, RegisterOptions, Registration, RegistrationOptions,
    RegistrationState, Registry, Service,
};
use tokio::io::AsyncReadExt;

/// The variable that names the part.
const PART: &str = "MICRO_REGISTRY_TEST_PART";

/// What a line that is meant for the test begins with; the test harness prints, too.
const SAYS: &str = "says: ";

/// No process lives longer.
const LIMIT: Duration = Duration::from_secs(90);

/// A process that plays a part.
pub(crate) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Process {
    /// This binary, playing `part`.
    pub(crate) fn play(part: &str) -> Self {
        Self::run(Command::new(std::env::current_exe().unwrap()), part)
    }

    /// `command` with what makes this binary play `part` as its last arguments.
    pub(crate) fn run(mut command: Command, part: &str) -> Self {
        let command = command.args(["--exact", "process::part", "--ignored", "--nocapture"]).env(PART, part);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take(), child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(std::result::Result::ok) {
                // The harness prints the name of the test before it, and no end of line.
                if let Some((_, said)) = line.split_once(SAYS) {
                    let _ = sender.send(said.to_owned());
                }
            }
        });
        Self { child, input, lines }
    }

    /// What it says next.
    pub(crate) fn says(&self) -> String {
        self.lines.recv_timeout(LIMIT).expect("the process ended, or says nothing")
    }

    /// Tells it something.
    pub(crate) fn tell(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Kills it: no goodbye.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Not a test: what the other processes run.
#[test]
#[ignore = "other tests run it in processes of their own"]
fn part() {
    let Ok(part) = std::env::var(PART) else { return };
    std::thread::spawn(|| {
        std::thread::sleep(LIMIT);
        std::process::exit(3);
    });
    let words: Vec<_> = part.split(' ').collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        match words[..] {
            ["serve", name, ttl, endpoints] => {
                serve(name, Duration::from_millis(ttl.parse().unwrap()), endpoints.parse().unwrap()).await;
            }
            ["keep", interface, name] => keep(interface, name).await,
            ["find", interface, name] => find(interface, name).await,
            #[cfg(target_os = "linux")]
            ["netns", scenario] => crate::netns::inside(scenario).await,
            _ => panic!("no such part: {part}"),
        }
    });
}

pub(crate) fn say(line: impl std::fmt::Display) {
    println!("{SAYS}{line}");
}

/// Lines of the standard input.
fn input() -> tokio::sync::mpsc::UnboundedReceiver<String> {
    let (sender, lines) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(std::result::Result::ok) {
            let _ = sender.send(line);
        }
        std::process::exit(0);
    });
    lines
}

/// A service on loopback that registers again three times per TTL, until it is told to `deregister` or to `drop` its
/// registry.
async fn serve(name: &str, ttl: Duration, endpoints: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let record = record(name, listener.local_addr().unwrap().into(), endpoints);
    answer(listener, record.clone());
    let registry = Mdns::new(MdnsOptions::default().with_interfaces(["lo"])).unwrap();
    let mut input = input();
    say("ready");
    loop {
        registry.register(&record, &RegisterOptions::new(ttl)).await.unwrap();
        tokio::select! {
            () = tokio::time::sleep(ttl / 3) => {}
            line = input.recv() => match line.as_deref() {
                Some("deregister") => {
                    registry.deregister(&record).await.unwrap();
                    say("done");
                    // It lives on: it is the deregistration that takes the node away.
                    std::future::pending::<()>().await;
                }
                // Ends the process, at once.
                _ => return,
            }
        }
    }
}

/// A service on loopback that is kept registered on an interface, with a TTL of 5 s and an interval of 1 s. It says how
/// its registration stands, each time that changes.
async fn keep(interface: &str, name: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let record = record(name, listener.local_addr().unwrap().into(), 1);
    answer(listener, record.clone());
    let registry = Arc::new(Mdns::new(MdnsOptions::default().with_interfaces([interface])).unwrap());
    let mut options = RegistrationOptions::default();
    (options.ttl, options.interval) = (Duration::from_secs(5), Duration::from_secs(1));
    let registration = Registration::start(registry, record, options);
    let mut watch = registration.watch();
    let mut input = input();
    loop {
        let status = watch.borrow_and_update().clone();
        if status.state != RegistrationState::Pending {
            say(format_args!("{:?} {}", status.state, status.error.as_deref().map_or("", Error::detail)));
        }
        tokio::select! {
            changed = watch.changed() => changed.unwrap(),
            _ = input.recv() => return,
        }
    }
}

/// Looks for a service, calls it, and says where it is and how many endpoints it told of itself.
async fn find(interface: &str, name: &str) {
    let interfaces = Some(interface).filter(|name| *name != "default");
    let options = MdnsOptions::default().with_interfaces(interfaces).with_describe(Arc::new(Call));
    let registry = Mdns::new(options).unwrap();
    match registry.get(name).await {
        Ok(found) => {
            let node = &found[0].nodes[0];
            match Call.describe(node, name).await {
                Ok(told) => say(format_args!("{} {}", node.address, told.endpoints.len())),
                Err(error) => say(error),
            }
        }
        Err(error) => say(error),
    }
}

/// A service with a node at `address`.
pub(crate) fn record(name: &str, address: Address, endpoints: usize) -> Service {
    let mut record = Service::new(name, "1.0.0");
    for number in 0..endpoints {
        let mut endpoint = Endpoint::new(format!("Large.Call{number}"));
        endpoint.metadata.insert("description".into(), "One of many.".into());
        record.endpoints.push(endpoint);
    }
    record.with_node(Node::new(format!("{name}-31e55be7-ac83-4810-89c8-a6192fb3ae83"), address))
}

/// Answers everybody who connects with `record`, as long as the process lives.
pub(crate) fn answer(listener: TcpListener, record: Service) {
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let json = serde_json::to_vec(&record).unwrap();
            let _ = connection.and_then(|mut connection| connection.write_all(&json));
        }
    });
}

/// Asks a node that [`answer`]s.
#[derive(Debug)]
pub(crate) struct Call;

#[async_trait]
impl Describe for Call {
    async fn describe(&self, node: &Node, _: &str) -> Result<Service> {
        let failed = |error| Error::unavailable(format!("{}: {error}", node.address));
        let connection = tokio::net::TcpStream::connect(node.address.as_str()).await.map_err(failed)?;
        let mut json = Vec::new();
        connection.take(1 << 20).read_to_end(&mut json).await.map_err(failed)?;
        serde_json::from_slice(&json).map_err(|error| Error::internal(error.to_string()))
    }
}
