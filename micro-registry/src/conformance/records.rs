use micro_core::Code;

use super::subject::{Subject, is, node, service, unique};
use crate::{Endpoint, RegisterOptions, Service, Value};

/// Law 1: what was registered is visible to `get` and `list`, whole.
///
/// # Panics
/// When the law does not hold.
pub async fn registered_is_visible(subject: &Subject) {
    let name = unique("visible");
    let mut record = service(&name, 1000);
    record.nodes[0] =
        record.nodes[0].clone().with_metadata("transport", "http").with_metadata("zone", "a b=\"c\"; ü");
    record.metadata.insert("team".to_owned(), "search".to_owned());
    record.endpoints = vec![endpoint("Visible.Call"), endpoint("Visible.Stream")];
    record.endpoints[1].metadata.insert("stream".to_owned(), "true".to_owned());
    subject.register(&record).await;
    subject.found(&name, std::slice::from_ref(&record)).await;
    subject.eventually("whether `list` has it", &true, async || listed(subject).await.contains(&name)).await;
    let names = listed(subject).await;
    assert!(names.is_sorted(), "`list` is not sorted: {names:?}");
    subject.deregister(&record).await;
}

/// Law 2: `get` of a name that nobody has is an error that says which name it was.
///
/// # Panics
/// When the law does not hold.
pub async fn unknown_is_not_found(subject: &Subject) {
    let name = unique("unknown");
    // A name that begins like it is another one.
    let other = service(&format!("{name}-2"), 1001);
    subject.register(&other).await;
    subject.found(&other.name, std::slice::from_ref(&other)).await;
    match subject.there.get(&name).await {
        Ok(found) => panic!("law 2: `{name}` was found: {found:?}"),
        Err(error) => {
            is(&error, Code::NotFound);
            assert!(error.detail().contains(&name), "law 2: the error does not name `{name}`: {error}");
        }
    }
    subject.deregister(&other).await;
}

/// Law 3: registering a node again updates its address, metadata, endpoints and version, and makes no second one.
///
/// # Panics
/// When the law does not hold.
pub async fn registering_again_updates(subject: &Subject) {
    let name = unique("updated");
    let mut record = service(&name, 1002);
    record.nodes[0].metadata.insert("zone".to_owned(), "a".to_owned());
    record.endpoints.push(endpoint("Updated.Old"));
    for _ in 0..3 {
        subject.register(&record).await;
    }
    subject.found(&name, std::slice::from_ref(&record)).await;
    record.nodes[0].address = node(&name, 1003).address;
    record.nodes[0].metadata.insert("zone".to_owned(), "b".to_owned());
    subject.register(&record).await;
    subject.found(&name, std::slice::from_ref(&record)).await;
    record.endpoints = vec![endpoint("Updated.New"), endpoint("Updated.Newer")];
    record.metadata.insert("team".to_owned(), "search".to_owned());
    subject.register(&record).await;
    subject.found(&name, std::slice::from_ref(&record)).await;
    record.version = "2".to_owned();
    subject.register(&record).await;
    subject.found(&name, std::slice::from_ref(&record)).await;
    subject.deregister(&record).await;
}

/// Law 4: a node that is deregistered is gone, the others stay, and what is not there is no error.
///
/// # Panics
/// When the law does not hold.
pub async fn deregistered_is_gone(subject: &Subject) {
    let name = unique("gone");
    let (first, second) = (service(&name, 1004), service(&name, 1005));
    subject.deregister(&first).await;
    subject.register(&first).await;
    subject.register(&second).await;
    let both = first.clone().with_node(second.nodes[0].clone());
    subject.found(&name, &[both]).await;
    subject.deregister(&first).await;
    subject.found(&name, std::slice::from_ref(&second)).await;
    subject.deregister(&first).await;
    subject.found(&name, std::slice::from_ref(&second)).await;
    subject.deregister(&second).await;
    subject.found(&name, &[]).await;
    subject.eventually("whether `list` has it", &false, async || listed(subject).await.contains(&name)).await;
    subject.register(&first).await;
    subject.found(&name, std::slice::from_ref(&first)).await;
    subject.deregister(&first).await;
}

/// Law 7: nodes of several versions of a name are told apart by version.
///
/// # Panics
/// When the law does not hold.
pub async fn versions_are_told_apart(subject: &Subject) {
    let name = unique("versions");
    let version = |version: &str, port| {
        Service::new(&*name, version)
            .with_endpoint(endpoint(&format!("Versions.V{port}")))
            .with_node(node(&name, port))
    };
    let records = [version("latest", 1006), version("1.0.0", 1007), version("1.0.0-rc.1+build", 1008)];
    for record in &records {
        subject.register(record).await;
    }
    subject.found(&name, &records).await;
    let names = listed(subject).await;
    assert_eq!(names.iter().filter(|has| **has == name).count(), 1, "`list` has a name for each version");
    subject.deregister(&records[1]).await;
    subject.found(&name, &[records[0].clone(), records[2].clone()]).await;
    subject.deregister(&records[0]).await;
    subject.deregister(&records[2]).await;
}

/// Law 1, for a service with 300 endpoints and their schemas.
///
/// # Panics
/// When the law does not hold.
pub async fn many_endpoints(subject: &Subject) {
    let name = unique("endpoints");
    let mut record = service(&name, 1009);
    record.endpoints = (0..300).map(|number| endpoint(&format!("Endpoints.Call{number:03}"))).collect();
    subject.register(&record).await;
    subject.found(&name, std::slice::from_ref(&record)).await;
    subject.deregister(&record).await;
}

/// Law 1, for records in which everything that can be empty is.
///
/// # Panics
/// When the law does not hold.
pub async fn empty_records(subject: &Subject) {
    let name = unique("empty");
    let mut record = service(&name, 1010);
    record.nodes[0].metadata.insert("empty".to_owned(), String::new());
    record.endpoints = vec![Endpoint::new("Empty.Call")];
    record.version = String::new();
    subject.register(&record).await;
    subject.found(&name, std::slice::from_ref(&record)).await;
    subject.deregister(&record).await;
    let bare = service(&name, 1011);
    subject.register(&bare).await;
    subject.found(&name, std::slice::from_ref(&bare)).await;
    subject.deregister(&bare).await;
}

/// Law 1, for many who register at the same time.
///
/// # Panics
/// When the law does not hold.
pub async fn concurrent_registrations(subject: &Subject) {
    let name = unique("concurrent");
    let mut tasks = tokio::task::JoinSet::new();
    let mut all = Service::new(&*name, "latest");
    for port in 2000..2032 {
        let record = service(&name, port);
        all.nodes.extend(record.nodes.clone());
        let here = subject.here.clone();
        tasks.spawn(async move { here.register(&record, &RegisterOptions::default()).await });
    }
    for result in tasks.join_all().await {
        assert!(result.is_ok(), "a registration failed: {result:?}");
    }
    subject.found(&name, std::slice::from_ref(&all)).await;
    subject.deregister(&all).await;
    subject.found(&name, &[]).await;
}

async fn listed(subject: &Subject) -> Vec<String> {
    match subject.there.list().await {
        Ok(names) => names,
        Err(error) => panic!("`list` failed: {error}"),
    }
}

fn endpoint(name: &str) -> Endpoint {
    let mut request = Value::new("CallRequest", "CallRequest");
    request.values = vec![Value::new("name", "string"), Value::new("tags", "[]string")];
    let mut endpoint = Endpoint::new(name);
    endpoint.request = Some(request);
    endpoint.response = Some(Value::new("CallResponse", "CallResponse"));
    endpoint.metadata.insert("description".to_owned(), format!("What {name} does.\nIn two lines."));
    endpoint
}
