use std::fmt::{self, Debug, Formatter};

use micro_core::Address;

use super::{Settings, duration};

/// One setting: its names, and what it means.
pub struct Setting {
    /// The flag, without its dashes: `registry_address`.
    pub flag: &'static str,
    /// The variable: `MICRO_REGISTRY_ADDRESS`.
    pub variable: &'static str,
    /// What it decides.
    pub help: &'static str,
    set: fn(&mut Settings, &str) -> Result<(), String>,
}

impl Setting {
    pub(super) fn by_variable(name: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.variable == name)
    }

    /// The setting of a flag, written with `_` or `-`.
    pub(super) fn by_flag(name: &str) -> Option<&'static Self> {
        let name = name.replace('-', "_");
        SETTINGS.iter().find(|setting| setting.flag == name)
    }

    pub(super) fn set(&self, settings: &mut Settings, value: &str) -> Result<(), String> {
        (self.set)(settings, value)
    }
}

impl Debug for Setting {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setting")
            .field("flag", &self.flag)
            .field("variable", &self.variable)
            .finish_non_exhaustive()
    }
}

/// All settings, with the names that go-micro's users know.
pub static SETTINGS: &[Setting] = &[
    Setting {
        flag: "registry",
        variable: "MICRO_REGISTRY",
        help: "the registry: mdns, memory",
        set: |settings, value| text(&mut settings.registry, value),
    },
    Setting {
        flag: "registry_address",
        variable: "MICRO_REGISTRY_ADDRESS",
        help: "where the registry is; for mdns, the interfaces: lo,eth0",
        set: |settings, value| {
            settings.registry_address = value.split(',').map(|part| part.trim().to_owned()).collect();
            if settings.registry_address.iter().any(String::is_empty) {
                return Err(format!("is `{value}`, with an empty part between its commas"));
            }
            Ok(())
        },
    },
    Setting {
        flag: "selector",
        variable: "MICRO_SELECTOR",
        help: "the selector: random, roundrobin, leastconn, p2c, hash",
        set: |settings, value| text(&mut settings.selector, value),
    },
    Setting {
        flag: "transport",
        variable: "MICRO_TRANSPORT",
        help: "the transport: http, memory",
        set: |settings, value| text(&mut settings.transport, value),
    },
    Setting {
        flag: "client",
        variable: "MICRO_CLIENT",
        help: "the client: rpc",
        set: |settings, value| text(&mut settings.client, value),
    },
    Setting {
        flag: "server",
        variable: "MICRO_SERVER",
        help: "the server: rpc",
        set: |settings, value| text(&mut settings.server, value),
    },
    Setting {
        flag: "codec",
        variable: "MICRO_CODEC",
        help: "what the client writes: json, protobuf, msgpack",
        set: |settings, value| text(&mut settings.codec, value),
    },
    Setting {
        flag: "server_name",
        variable: "MICRO_SERVER_NAME",
        help: "the service's name",
        set: |settings, value| text(&mut settings.server_name, value),
    },
    Setting {
        flag: "server_version",
        variable: "MICRO_SERVER_VERSION",
        help: "the service's version",
        set: |settings, value| text(&mut settings.server_version, value),
    },
    Setting {
        flag: "server_id",
        variable: "MICRO_SERVER_ID",
        help: "what comes after the name in the node's id",
        set: |settings, value| text(&mut settings.server_id, value),
    },
    Setting {
        flag: "server_address",
        variable: "MICRO_SERVER_ADDRESS",
        help: "where the server listens: 127.0.0.1:8080, :0, :5000-6000",
        set: |settings, value| {
            settings.server_address =
                Some(Address::new(value).map_err(|error| format!("is wrong: {}", error.detail()))?);
            Ok(())
        },
    },
    Setting {
        flag: "server_advertise",
        variable: "MICRO_SERVER_ADVERTISE",
        help: "the address that others are told: a host, or host:port",
        set: |settings, value| text(&mut settings.server_advertise, value),
    },
    Setting {
        flag: "server_metadata",
        variable: "MICRO_SERVER_METADATA",
        help: "facts about the node: key=value,key=value",
        set: |settings, value| {
            for pair in value.split(',') {
                let (key, value) =
                    pair.split_once('=').ok_or_else(|| format!("has `{pair}`, which is no key=value"))?;
                settings.server_metadata.insert(key.trim().to_owned(), value.trim().to_owned());
            }
            Ok(())
        },
    },
    Setting {
        flag: "server_max_running",
        variable: "MICRO_SERVER_MAX_RUNNING",
        help: "the most calls that run at a time",
        set: |settings, value| {
            number(&mut settings.server_max_running, value)?;
            match settings.server_max_running {
                Some(0) => Err("is 0: nothing would ever run".to_owned()),
                _ => Ok(()),
            }
        },
    },
    Setting {
        flag: "server_max_waiting",
        variable: "MICRO_SERVER_MAX_WAITING",
        help: "the most calls that wait before a limit; 0 is none",
        set: |settings, value| number(&mut settings.server_max_waiting, value),
    },
    Setting {
        flag: "server_max_wait",
        variable: "MICRO_SERVER_MAX_WAIT",
        help: "how long they wait at most: 1s",
        set: |settings, value| time(&mut settings.server_max_wait, value),
    },
    Setting {
        flag: "server_max_delay",
        variable: "MICRO_SERVER_MAX_DELAY",
        help: "how long calls may wait for the processor before some are refused: 100ms; 0 is for ever",
        set: |settings, value| time(&mut settings.server_max_delay, value),
    },
    Setting {
        flag: "register_ttl",
        variable: "MICRO_REGISTER_TTL",
        help: "how long a registration lasts: 90s",
        set: |settings, value| time(&mut settings.register_ttl, value),
    },
    Setting {
        flag: "register_interval",
        variable: "MICRO_REGISTER_INTERVAL",
        help: "how often it is made again: 30s; 0 is once",
        set: |settings, value| time(&mut settings.register_interval, value),
    },
    Setting {
        flag: "client_request_timeout",
        variable: "MICRO_CLIENT_REQUEST_TIMEOUT",
        help: "a call's time over all its attempts: 30s",
        set: |settings, value| time(&mut settings.client_request_timeout, value),
    },
    Setting {
        flag: "client_retries",
        variable: "MICRO_CLIENT_RETRIES",
        help: "how often a call that reached nobody is tried again",
        set: |settings, value| number(&mut settings.client_retries, value),
    },
    Setting {
        flag: "client_retry_budget",
        variable: "MICRO_CLIENT_RETRY_BUDGET",
        help: "the share of the calls to a service that may be tried again: 0.1; 0 is none",
        set: |settings, value| {
            number(&mut settings.client_retry_budget, value)?;
            match settings.client_retry_budget {
                Some(share) if !(0.0..=1.0).contains(&share) => Err(format!("is `{value}`: write 0 to 1")),
                _ => Ok(()),
            }
        },
    },
    Setting {
        flag: "client_pool_size",
        variable: "MICRO_CLIENT_POOL_SIZE",
        help: "the most sockets to one node, with one call on each",
        set: |settings, value| match value {
            "0" => Err("is 0: a client needs at least one socket".to_owned()),
            _ => number(&mut settings.client_pool_size, value),
        },
    },
    Setting {
        flag: "client_connections",
        variable: "MICRO_CLIENT_CONNECTIONS",
        help: "the most connections to one node, with many calls on each: 4",
        set: |settings, value| match value {
            "0" => Err("is 0: a client needs at least one connection".to_owned()),
            _ => number(&mut settings.client_connections, value),
        },
    },
    Setting {
        flag: "client_pool_ttl",
        variable: "MICRO_CLIENT_POOL_TTL",
        help: "how long an idle connection is kept: 1m",
        set: |settings, value| time(&mut settings.client_pool_ttl, value),
    },
];

#[allow(clippy::unnecessary_wraps, reason = "all setters have one shape")]
fn text(place: &mut Option<String>, value: &str) -> Result<(), String> {
    *place = Some(value.to_owned());
    Ok(())
}

fn time(place: &mut Option<std::time::Duration>, value: &str) -> Result<(), String> {
    *place = Some(duration::parse(value)?);
    Ok(())
}

fn number<T: std::str::FromStr>(place: &mut Option<T>, value: &str) -> Result<(), String> {
    *place = Some(value.parse().map_err(|_| format!("is `{value}`, which is no number that fits"))?);
    Ok(())
}
