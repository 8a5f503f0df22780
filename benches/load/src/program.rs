//! The `main` of every peer.

use std::io::Read;
use std::process::ExitCode;

use crate::peer::{Peer, Result, Target};
use crate::{Arguments, Role, Runtime, closed, counted, held};

/// Does what the arguments of the process say.
#[must_use]
pub fn main<P: Peer>() -> ExitCode {
    match run::<P>() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run<P: Peer>() -> Result {
    let arguments = Arguments::read(std::env::args().skip(1))?;
    let runtime = match arguments.runtime {
        Runtime::CurrentThread => tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        Runtime::MultiThread => {
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?
        }
    };
    // Spawned, as the workers of a runtime are not the thread that it is entered from.
    let done = runtime.block_on(async { tokio::spawn(work::<P>(arguments)).await });
    done?
}

async fn work<P: Peer>(arguments: Arguments) -> Result {
    let peer = P::new(&arguments)?;
    match arguments.role {
        Role::Server => {
            crate::spin(1);
            let address = peer.serve().await?;
            println!("READY {address} {}", std::process::id());
            // Closed when whoever started this process ends, in whichever way.
            tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
        }
        Role::Client => {
            let clients = peer.connect(target(&arguments)).await?;
            match arguments.calls {
                Some(calls) => counted::make(&clients, &arguments, calls).await?,
                None => println!("{}", closed::measure(&clients, &arguments).await?),
            }
        }
        Role::Hold => println!("{}", held::hold(&peer, &arguments, target(&arguments)).await?),
        Role::Both => {
            let arguments = Arguments { address: peer.serve().await?, pid: std::process::id(), ..arguments };
            let clients = peer.connect(target(&arguments)).await?;
            let calls = arguments.calls.ok_or("`both` needs --calls")?;
            counted::make(&clients, &arguments, calls).await?;
            println!("{{\"calls\":{calls},\"allocations\":{}}}", P::allocations());
        }
    }
    Ok(())
}

fn target(arguments: &Arguments) -> Target {
    Target {
        address: arguments.address,
        pid: arguments.pid,
        connections: arguments.connections,
        in_flight: arguments.in_flight,
    }
}
