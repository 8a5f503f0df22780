use super::Checked;
use super::greeter::Greeter;
use super::report::same;
use crate::messages::{Greeting, Hello, MetaKey, MetaValue, greeting};

/// Metadata arrives under its key.
pub(super) async fn metadata(greeter: &Greeter) -> Checked {
    for (key, value) in [("X-Tenant", "blue"), ("X-Note", "a \"b\"; c=d, e")] {
        let sent = greeter.client().with_metadata(key, value)?;
        let request = MetaKey { key: key.to_owned() };
        let answer: MetaValue = greeter.with(|_| sent).call("Greeter.Meta", request).await?;
        same(key, &answer.value.as_str(), &value)?;
    }
    Ok(())
}

/// Protobuf is answered in kind.
pub(super) async fn protobuf(greeter: &Greeter) -> Checked {
    let greeter = in_protobuf(greeter)?;
    let answer: Greeting = greeter.call("Greeter.Proto", Hello { name: "Jane".to_owned() }).await?;
    same("greeting", &answer.msg, &greeting("Jane"))
}

/// A message without bytes is answered with one.
pub(super) async fn empty(greeter: &Greeter) -> Checked {
    let greeter = in_protobuf(greeter)?;
    Ok(greeter.call("Greeter.Nothing", ()).await?)
}

fn in_protobuf(greeter: &Greeter) -> Checked<Greeter> {
    let format = micro::formats().find("application/protobuf").ok_or("protobuf is not compiled in")?;
    Ok(greeter.with(|client| client.with_format(format)))
}
