//! A service whose HTTP/2 is off, called by name.

use std::sync::Arc;

use micro::registry::Memory;
use micro::{Receiver, Result, Sender, Service, Settings, handler};

struct Reader;

#[handler]
impl Reader {
    /// Says each word.
    async fn words(&self, text: String, mut sender: Sender<String>) -> Result<()> {
        for word in text.split_whitespace() {
            sender.send(word.to_owned()).await?;
        }
        Ok(())
    }

    /// Says it all.
    async fn text(&self, text: String) -> Result<String> {
        Ok(text)
    }
}

#[tokio::test]
async fn streams_of_answers_need_no_http2() -> Result<()> {
    let registry = Arc::new(Memory::new());
    let service = Service::new("reader").settings(Settings::empty()).registry(registry.clone());
    let service = service.address("127.0.0.1:0").handle_signals(false);
    let running = service
        .limits(|limits| (limits.protocols.http2, limits.protocols.lane) = (false, false))
        .handle(Reader)
        .start()
        .await?;
    running.registered().await;
    let client =
        Service::new("test").settings(Settings::empty()).registry(registry.clone()).build()?.client();
    let said = client.call::<_, String>(("reader", "Reader.Text"), "one two".to_owned()).await?;
    assert_eq!(said, "one two");
    let mut words: Receiver<String> =
        client.server_stream(("reader", "Reader.Words"), "one two".to_owned()).await?;
    for word in ["one", "two"] {
        assert_eq!(words.next().await?.as_deref(), Some(word));
    }
    assert_eq!(words.next().await?, None);
    assert_eq!(running.node().metadata["micro"], "http/1.1");
    Ok(())
}
