use super::*;

fn vars(pairs: &[(&str, &str)]) -> Result<Settings> {
    Settings::from_vars(pairs.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))))
}

fn flags(line: &str) -> Result<(Settings, Vec<String>)> {
    let (settings, rest) = Settings::from_flags(line.split(' ').map(OsString::from))?;
    Ok((settings, rest.into_iter().map(|arg| arg.into_string().unwrap()).collect()))
}

#[test]
fn variables() {
    let settings = vars(&[
        ("MICRO_REGISTRY", "mdns"),
        ("MICRO_REGISTRY_ADDRESS", "lo, eth0"),
        ("MICRO_SERVER_ADDRESS", "127.0.0.1:9090"),
        ("MICRO_SERVER_METADATA", "zone=a,rack=7"),
        ("MICRO_REGISTER_TTL", "5"),
        ("MICRO_SELECTOR", ""),
        ("PATH", "/bin"),
    ])
    .unwrap();
    assert_eq!(settings.registry.as_deref(), Some("mdns"));
    assert_eq!(settings.registry_address, ["lo", "eth0"]);
    assert_eq!(settings.server_address.unwrap().port(), Some(9090));
    assert_eq!(settings.server_metadata["rack"], "7");
    assert_eq!(settings.register_ttl, Some(Duration::from_secs(5)));
    assert_eq!(settings.selector, None);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let error = vars(&[
        ("MICRO_REGISTER_TTL", "soon"),
        ("MICRO_SERVER_ADDRESS", "http://a:1"),
        ("MICRO_CLIENT_RETRIES", "-1"),
        ("MICRO_CLIENT_POOL_SIZE", "0"),
        ("MICRO_SERVER_METADATA", "x"),
    ])
    .unwrap_err();
    for part in [
        "5 settings",
        "MICRO_REGISTER_TTL is `soon`",
        "leave out the scheme",
        "MICRO_CLIENT_RETRIES",
        "POOL_SIZE",
        "`x`",
    ] {
        assert!(error.detail().contains(part), "{part}: {error}");
    }
}

#[test]
fn flags_leave_the_rest() {
    let (settings, rest) =
        flags("prog --registry=mdns Jane --server-address :8080 --mine 1 -v -- --selector x").unwrap();
    assert_eq!(settings.registry.as_deref(), Some("mdns"));
    assert_eq!(settings.server_address.unwrap().port(), Some(8080));
    assert_eq!(settings.selector, None);
    assert_eq!(rest, ["prog", "Jane", "--mine", "1", "-v", "--", "--selector", "x"]);
}

#[test]
fn flags_without_values() {
    let error = flags("prog --registry --selector=").unwrap_err();
    assert!(
        error.detail().contains("--registry has no value")
            && error.detail().contains("--selector has no value"),
        "{error}"
    );
}

#[test]
fn flags_win_over_variables() {
    let env = vars(&[
        ("MICRO_REGISTRY", "mdns"),
        ("MICRO_SELECTOR", "random"),
        ("MICRO_SERVER_METADATA", "a=1,b=1"),
    ])
    .unwrap();
    let (line, _) = flags("prog --registry memory --server_metadata b=2").unwrap();
    let settings = line.or(env);
    assert_eq!(settings.registry.as_deref(), Some("memory"));
    assert_eq!(settings.selector.as_deref(), Some("random"));
    assert_eq!((settings.server_metadata["a"].as_str(), settings.server_metadata["b"].as_str()), ("1", "2"));
}

#[test]
fn every_setting_has_its_two_names() {
    for setting in SETTINGS {
        assert_eq!(setting.variable, format!("MICRO_{}", setting.flag.to_uppercase()));
    }
}
