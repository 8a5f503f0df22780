//! Finds the service `helloworld` and has it greet somebody: `call -- Jane`.

use std::process::ExitCode;

use micro::{Result, Service, Settings, message};

/// Whom to greet.
#[message]
#[derive(Debug)]
pub struct CallRequest {
    /// The name of the person.
    #[field(1)]
    pub name: String,
}

/// The greeting.
#[message]
#[derive(Debug)]
pub struct CallResponse {
    /// What is said.
    #[field(1)]
    pub msg: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    match greet().await {
        Ok(msg) => {
            println!("{msg}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn greet() -> Result<String> {
    let (flags, rest) = Settings::from_flags(std::env::args_os())?;
    let name = rest.get(1).map_or_else(|| "Jane".into(), |name| name.to_string_lossy().into_owned());

    let client = Service::new("call").settings(flags.or(Settings::from_env()?)).build()?.client();
    let response: CallResponse = client.call(("helloworld", "Helloworld.Call"), CallRequest { name }).await?;
    Ok(response.msg)
}
