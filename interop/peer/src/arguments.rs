use std::time::Duration;

use micro::Address;

/// What the program is asked to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// To serve at an address.
    Server { address: String },
    /// To check the go-micro server at an address, with connections that rest for a time.
    Client { address: Address, idle: Option<Duration> },
}

/// Reads the arguments that follow the program's name.
pub(crate) fn read(arguments: impl IntoIterator<Item = String>) -> Result<Command, String> {
    let mut arguments = arguments.into_iter();
    let command = arguments.next().ok_or("which of `server` and `client`?")?;
    let (mut address, mut idle) = (None, None);
    while let Some(flag) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{flag} needs a value"));
        match (command.as_str(), flag.as_str()) {
            (_, "--address") => address = Some(value()?),
            ("client", "--idle") => idle = duration(&value()?)?,
            _ => return Err(format!("`{command}` takes no `{flag}`")),
        }
    }
    match command.as_str() {
        "server" => Ok(Command::Server { address: address.unwrap_or_else(|| "127.0.0.1:0".to_owned()) }),
        "client" => {
            let address = address.ok_or("`client` needs --address")?;
            let address = Address::new(&address).map_err(|error| error.to_string())?;
            Ok(Command::Client { address, idle })
        }
        _ => Err(format!("`{command}` is neither `server` nor `client`")),
    }
}

/// `65s`, as Go writes it; `0` is none.
fn duration(text: &str) -> Result<Option<Duration>, String> {
    let seconds: u64 = text
        .strip_suffix('s')
        .unwrap_or(if text == "0" { text } else { "" })
        .parse()
        .map_err(|_| format!("`{text}` is no number of seconds, such as 65s or 0"))?;
    Ok((seconds > 0).then(|| Duration::from_secs(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<Command, String> {
        read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn commands() {
        let address = "127.0.0.1:9";
        assert_eq!(
            of(&format!("server --address {address}")),
            Ok(Command::Server { address: address.to_owned() })
        );
        let address = Address::new(address).unwrap();
        for (idle, seconds) in [("65s", Some(65)), ("0", None), ("0s", None)] {
            let idle_for = seconds.map(Duration::from_secs);
            let command = Command::Client { address: address.clone(), idle: idle_for };
            assert_eq!(of(&format!("client --address {address} --idle {idle}")), Ok(command));
        }
    }

    #[test]
    fn mistakes() {
        for (line, told) in [
            ("", "which of"),
            ("proxy", "neither"),
            ("client", "--address"),
            ("client --address", "needs a value"),
            ("client --address 127.0.0.1:9 --idle 65", "seconds"),
            ("client --address 127.0.0.1:9 --idle s", "seconds"),
            ("server --idle 65s", "no `--idle`"),
        ] {
            assert!(of(line).unwrap_err().contains(told), "{line}");
        }
    }
}
