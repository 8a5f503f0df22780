//! What `micro` does on a bad day: processes that really die, networks that really drop, and an account of every call.
//!
//! `failures` shows row after row of a table and prints what each must hold and what was seen; `--row N` and
//! `--protocol http1|http2` choose. The processes that it kills are this program too: `failures serve ..`.

use std::process::ExitCode;

mod arguments;
mod caller;
mod desk;
mod fleet;
mod protocol;
mod rows;
mod serve;
mod shown;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    let log = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "off".into());
    tracing_subscriber::fmt().with_env_filter(log).with_writer(std::io::stderr).init();
    let result = if arguments.next_if(|first| first == "serve").is_some() {
        serve::run(arguments)
    } else {
        arguments::Arguments::parse(arguments).and_then(|chosen| rows::run(&chosen))
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:?}");
            ExitCode::from(2)
        }
    }
}
