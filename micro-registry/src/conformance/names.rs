use super::subject::{Subject, service, unique};

/// Law 1, for many names.
///
/// # Panics
/// When the law does not hold.
pub async fn many_names(subject: &Subject) {
    let common = unique("many");
    let records =
        (0..40).map(|number| service(&format!("{common}-{number}"), 3000 + number)).collect::<Vec<_>>();
    for record in &records {
        subject.register(record).await;
    }
    for record in &records {
        subject.found(&record.name, std::slice::from_ref(record)).await;
    }
    let mut names = records.iter().map(|record| record.name.clone()).collect::<Vec<_>>();
    names.sort();
    let listed = async || match subject.there.list().await {
        Ok(names) => names.into_iter().filter(|name| name.starts_with(&common)).collect::<Vec<_>>(),
        Err(error) => panic!("`list` failed: {error}"),
    };
    subject.eventually("`list`", &names, listed).await;
    for record in &records {
        subject.deregister(record).await;
    }
}

/// Law 1, for names with dots, of 80 bytes, with capitals, spaces, slashes and other scripts. They come back as they
/// were written.
///
/// # Panics
/// When the law does not hold.
pub async fn unusual_names(subject: &Subject) {
    let names = [
        unique("go.micro.api.v1"),
        unique(".leading.and.trailing.") + ".",
        unique(&"x".repeat(71)),
        unique(&"y.".repeat(30)),
        unique("MixedCase"),
        unique("with space/slash\\back_under~tilde*"),
        unique("größe-服务"),
        unique("_micro._tcp.local"),
    ];
    for (name, port) in names.iter().zip(3100..) {
        assert!(name.len() <= 80, "a name of this law is too long: {}", name.len());
        let record = service(name, port);
        subject.register(&record).await;
        subject.found(name, std::slice::from_ref(&record)).await;
        let listed = async || subject.there.list().await.unwrap_or_default().contains(name);
        subject.eventually(&format!("whether `list` has `{name}`"), &true, listed).await;
        subject.deregister(&record).await;
        subject.found(name, &[]).await;
    }
}
