//! Starting programs.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitStatus, Stdio};

use crate::error::{Doing, Error, Result};

/// Runs a program with our output as its own; anything but success is an error that names the command.
pub(crate) fn run(command: &mut Command) -> Result {
    announce(command);
    let status = command.stdin(Stdio::null()).status().doing(show(command))?;
    if status.success() { Ok(()) } else { Err(Error::new(format!("`{}`: {status}", show(command)))) }
}

/// Runs a program, passes its standard output on as it comes, and shows each line of it to `see`.
pub(crate) fn watch(command: &mut Command, mut see: impl FnMut(&str)) -> Result<ExitStatus> {
    announce(command);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().doing(show(command))?;
    if let Some(output) = child.stdout.take() {
        let mut reader = BufReader::new(output);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).doing("reading its output")? > 0 {
            let mut ours = std::io::stdout().lock();
            ours.write_all(&line).and_then(|()| ours.flush()).doing("writing to standard output")?;
            see(String::from_utf8_lossy(&line).trim_end());
            line.clear();
        }
    }
    child.wait().doing(show(command))
}

/// Runs a program in silence and returns its standard output; what it said on standard error is in the error.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().doing(show(command))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Error::new(format!("`{}`: {}\n{}", show(command), output.status, said.trim())));
    }
    String::from_utf8(output.stdout).doing(show(command))
}

/// The command as one would type it.
pub(crate) fn show(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(name).chain(command.get_args());
    words.map(std::ffi::OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// Says on standard output what is started, so that a log reads as a list of commands to repeat.
fn announce(command: &Command) {
    println!("$ {}", show(command));
}
