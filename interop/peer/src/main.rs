//! The Rust side of the calls between this project and go-micro; `interop/README.md` says what it serves and checks.

mod arguments;
mod client;
mod messages;
mod server;

use std::process::ExitCode;

use self::arguments::Command;

const USAGE: &str = "usage: interop-peer server [--address HOST:PORT]
       interop-peer client --address HOST:PORT [--idle 65s]";

#[tokio::main]
async fn main() -> ExitCode {
    let command = match arguments::read(std::env::args().skip(1)) {
        Ok(command) => command,
        Err(mistake) => {
            eprintln!("interop-peer: {mistake}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let passed = match command {
        Command::Server { address } => server::serve(&address).await.map(|()| true),
        Command::Client { address, idle } => client::check(address, idle).await,
    };
    match passed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("interop-peer: {error}");
            ExitCode::FAILURE
        }
    }
}
