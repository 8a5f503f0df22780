//! The default client and server: calls by name, over a transport.

mod client;
mod server;

pub use self::client::RpcClient;
pub use self::server::RpcServer;
