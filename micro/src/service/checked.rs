//! What was said in code and cannot work: told when the service is built, and not by each of its calls.

use std::time::Duration;

use micro_selector::HealthOptions;

use super::Service;
use crate::defaults;
use crate::settings::{Mistakes, Settings};

/// A registration that lasts for less is over before it is found.
const LEAST_TTL: Duration = Duration::from_millis(10);

/// Notes what is wrong with the options of a service.
pub(super) fn check(service: &Service, settings: &Settings, mistakes: &mut Mistakes) {
    let ttl = service.ttl.or(settings.register_ttl).unwrap_or(defaults::REGISTER_TTL);
    if ttl < LEAST_TTL {
        let wrong = format!("is {ttl:?}: a registration that does not last finds nobody");
        mistakes.note("MICRO_REGISTER_TTL", Err(wrong));
    }
    let timeout = service.request_timeout.or(settings.client_request_timeout);
    if timeout.is_some_and(|timeout| timeout.is_zero()) {
        let wrong = "is 0: no call would ever have time".to_owned();
        mistakes.note("MICRO_CLIENT_REQUEST_TIMEOUT", Err(wrong));
    }
    if let Some(share) = service.retry_budget {
        mistakes.note("retry_budget", part(share, 1.0));
    }
    let HealthOptions { failures, max_ejected, .. } = &service.health;
    // Above 1 is how a rate that never ejects is written.
    mistakes.note("health: `failures`", part(*failures, f64::INFINITY));
    mistakes.note("health: `max_ejected`", part(*max_ejected, 1.0));
    mistakes.take(service.dial.check());
    mistakes.take(service.listen.check());
    // All of it is read by others, in logs as well.
    for (name, said, set) in
        [("id", &service.id, &settings.server_id), ("version", &service.version, &settings.server_version)]
    {
        if let Some(text) = said.as_deref().or(set.as_deref()) {
            mistakes.note(name, filled(text));
        }
    }
    for (key, value) in settings.server_metadata.iter().chain(&service.metadata) {
        mistakes.note("metadata: a key", filled(key));
        mistakes.note(&format!("metadata: `{}`", key.escape_debug()), one_line(value));
    }
}

/// Whether there is a text, without control characters.
fn filled(text: &str) -> Result<(), String> {
    if text.is_empty() { Err("is empty".to_owned()) } else { one_line(text) }
}

/// Whether a text has no control characters.
fn one_line(text: &str) -> Result<(), String> {
    if text.chars().any(char::is_control) {
        return Err(format!("is `{}`, which has a control character", text.escape_debug()));
    }
    Ok(())
}

/// Whether a number is from 0 to `most`.
fn part(number: f64, most: f64) -> Result<(), String> {
    if (0.0..=most).contains(&number) {
        return Ok(());
    }
    let range = if most.is_finite() { format!("0 to {most}") } else { "0 or more".to_owned() };
    Err(format!("is {number}: write {range}"))
}

#[cfg(all(test, feature = "mdns", feature = "http", feature = "json"))]
mod tests {
    use super::*;

    fn wrong(change: impl FnOnce(Service) -> Service) -> String {
        let service = Service::new("checked").settings(Settings::empty());
        change(service).build().err().map(|error| error.detail().to_owned()).unwrap_or_default()
    }

    #[tokio::test]
    async fn what_cannot_work_is_told_when_the_service_is_built() {
        assert_eq!(wrong(|service| service), "");
        let zero = Duration::ZERO;
        for (said, name) in [
            (wrong(|service| service.register_ttl(Duration::from_nanos(1))), "MICRO_REGISTER_TTL is 1ns"),
            (wrong(|service| service.request_timeout(zero)), "MICRO_CLIENT_REQUEST_TIMEOUT is 0"),
            (wrong(|service| service.retry_budget(f64::NAN)), "retry_budget is NaN: write 0 to 1"),
            (wrong(|service| service.retry_budget(-1.0)), "retry_budget is -1"),
            (wrong(|service| service.retry_budget(1.5)), "retry_budget is 1.5"),
            (
                wrong(|service| service.health(HealthOptions::default().with_failures(f64::NAN, 1))),
                "health: `failures` is NaN: write 0 or more",
            ),
            (
                wrong(|service| service.health(HealthOptions::default().with_max_ejected(2.0))),
                "health: `max_ejected` is 2: write 0 to 1",
            ),
            (wrong(|service| service.dialling(|dial| dial.timeout = zero)), "`timeout` is 0"),
            (wrong(|service| service.dialling(|dial| dial.pool_size = 0)), "`pool_size` is 0"),
            (wrong(|service| service.dialling(|dial| dial.connections = 0)), "`connections` is 0"),
            (wrong(|service| service.dialling(|dial| dial.max_message = 0)), "`max_message` is 0"),
            (wrong(|service| service.limits(|limits| limits.max_calls = 0)), "`max_calls` is 0"),
            (wrong(|service| service.limits(|limits| limits.idle_timeout = zero)), "`idle_timeout` is 0"),
            (wrong(|service| service.id("1\r\n2")), "id is `1\\r\\n2`, which has a control character"),
            (wrong(|service| service.version("1\n")), "version is `1\\n`"),
            (wrong(|service| service.metadata("zone", "a\r\nb")), "metadata: `zone` is `a\\r\\nb`"),
            (wrong(|service| service.metadata("a\n", "b")), "metadata: a key is `a\\n`"),
            (wrong(|service| service.id("")), "id is empty"),
            (wrong(|service| service.version("")), "version is empty"),
            (wrong(|service| service.metadata("", "b")), "metadata: a key is empty"),
            (wrong(|_| Service::new(" a").settings(Settings::empty())), "begins or ends with a space"),
        ] {
            assert!(said.contains(name), "`{said}` says nothing of `{name}`");
        }
    }
}
