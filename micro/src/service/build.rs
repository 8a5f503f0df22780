//! From what was said to the parts: settings read once, all mistakes told together.

use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime};

use micro_core::{
    Address, App, Caller, Client, Dispatch, Error, Format, Formats, Handler, Result, Router, Server, Shutdown,
};
use micro_registry::Registry;
use micro_selector::Selector;
use micro_transport::{ListenOptions, Transport};

use super::prepared::{Identity, Lifetime, Prepared};
use super::{Service, checked, registering};
use crate::debug::{Debug, NodeDescriber, Stats};
use crate::layer::{self, LayeredCaller};
use crate::limit::{Admission, Limits};
use crate::plugins::{ClientParts, Make, RegistryParts, ServerParts};
use crate::readiness::Readiness;
use crate::settings::Mistakes;
use crate::{Plugins, Settings, defaults};

pub(super) fn prepared(mut service: Service) -> Result<Prepared> {
    let mut mistakes = std::mem::take(&mut service.mistakes);
    let settings = settings(&mut service, &mut mistakes);
    let plugins = service.plugins.clone();
    let formats = formats(&service, &plugins, &settings, &mut mistakes);
    let format = format(&service, &plugins, &settings, &formats, &mut mistakes);
    let address = address(&service, &settings, &mut mistakes);
    let transport = transport(&service, &plugins, &settings, &mut mistakes);
    let selector = selector(&service, &plugins, &settings, &mut mistakes);
    dial(&mut service, &settings);
    let make_registry = registry(&service, &plugins, &settings, &mut mistakes);
    let registry = match (service.registry.take(), make_registry, &transport, format) {
        (Some(registry), ..) => Some(registry),
        (None, Some(make), Some(transport), Some(format)) => {
            let describe = NodeDescriber { transport: transport.clone(), dial: service.dial.clone(), format };
            mistakes.take(make(&RegistryParts::new(settings.clone(), Arc::new(describe))))
        }
        // What it is made of is missing, which is told already.
        _ => None,
    };
    let client_name = settings.client.as_deref().filter(|_| service.caller.is_none());
    let make_client = mistakes.take(match client_name {
        Some(name) => plugins.clients.find("MICRO_CLIENT", name),
        None => plugins.clients.first(&["rpc"]),
    });
    let server_name = settings.server.as_deref().filter(|_| service.server.is_none());
    let make_server = mistakes.take(match server_name {
        Some(name) => plugins.servers.find("MICRO_SERVER", name),
        None => plugins.servers.first(&["rpc"]),
    });
    let (make_client, make_server) = (make_client.cloned(), make_server.cloned());
    mistakes.note("the service", sound(settings.server_name.as_deref().unwrap_or(&service.name)));
    let ttl = service.ttl.or(settings.register_ttl).unwrap_or(defaults::REGISTER_TTL);
    checked::check(&service, &settings, &mut mistakes);
    mistakes.none()?;
    let (
        Some(transport),
        Some(selector),
        Some(registry),
        Some(format),
        Some(address),
        Some(make_client),
        Some(make_server),
    ) = (transport, selector, registry, format, address, make_client, make_server)
    else {
        return Err(Error::internal("a part of the service is missing, and nobody said why"));
    };

    let identity = Identity::new(&mut service, &settings);
    let parts = ClientParts::new(
        settings.clone(),
        registry.clone(),
        transport.clone(),
        selector,
        service.dial.clone(),
        service.health.clone(),
    );
    let client =
        client(&mut service, &settings, &identity.name, || make_client(&parts), (format, formats.clone()))?;

    let (readiness, stats) = (Readiness::default(), Stats::default());
    let mut app = App::new(identity.name.clone(), formats.clone());
    app.client = Some(client.clone());
    app.extensions = std::mem::take(&mut service.extensions);
    app.propagate = std::mem::take(&mut service.propagate);
    let (stopping, cancel, close) = (app.stopping.clone(), Shutdown::new(), Shutdown::new());
    let mut router = Router::new(Arc::new(app));
    for endpoint in service.endpoints.drain(..) {
        router.endpoint(endpoint)?;
    }
    let record = registering::record(&identity, &router);
    let debug = Debug {
        readiness: readiness.clone(),
        stats: stats.clone(),
        record: record.clone(),
        started: (SystemTime::now(), Instant::now()),
    };
    for endpoint in Arc::new(debug).endpoints() {
        router.endpoint(endpoint.internal())?;
    }
    if let Some(fallback) = service.fallback.take() {
        router.fallback(fallback);
    }
    let limits = limits(&mut service, &settings, &router)?;
    let app = layer::wrapped(Arc::new(router), std::mem::take(&mut service.layers));
    let app: Arc<dyn Dispatch> =
        Arc::new(Admission::new(&identity.name, &limits, &stats, app, close.clone()));

    let mut listen = listen(&service, &identity.name, formats, &readiness);
    listen.cancel = cancel.clone();
    let speaks = transport.speaks(&listen).join(" ");
    let server = match (service.server.take(), service.listener.take()) {
        (Some(server), _) => server,
        (None, Some(listener)) => given(listener, listen)?,
        (None, None) => make_server(&ServerParts::new(settings.clone(), transport.clone(), address, listen))?,
    };
    let facts = registering::facts(&*transport, &*registry, &*server, &speaks);
    Ok(Prepared {
        identity,
        record,
        facts,
        app,
        server,
        transport: transport.name(),
        registry,
        client,
        readiness,
        lifetime: Lifetime {
            ttl,
            interval: service.interval.or(settings.register_interval).unwrap_or(defaults::REGISTER_INTERVAL),
            lame_duck: service.lame_duck,
            drain: service.drain,
            signals: service.signals,
            stop: service.stop,
        },
        hooks: service.hooks,
        stopping,
        close,
        cancel,
        stats,
    })
}

/// Whether a service can have this name.
fn sound(name: &str) -> std::result::Result<(), String> {
    match name {
        "" => Err("has no name: it could not be found".to_owned()),
        _ if name.chars().any(char::is_control) => {
            Err(format!("has a control character in its name, `{}`", name.escape_debug()))
        }
        // HTTP takes such spaces away, and then it is another name.
        _ if name.trim() != name => Err(format!("begins or ends with a space in its name, `{name}`")),
        _ => Ok(()),
    }
}

/// What the operator decides: flags, then the environment; or what the code was given instead of that.
fn settings(service: &mut Service, mistakes: &mut Mistakes) -> Settings {
    let environment = service.settings.take().unwrap_or_else(|| {
        let (settings, wrong) = Settings::read_vars(std::env::vars_os());
        mistakes.add(wrong);
        settings
    });
    std::mem::take(&mut service.flags).or(environment)
}

/// What the service speaks: what is compiled in, then what the code adds.
fn formats(service: &Service, plugins: &Plugins, settings: &Settings, mistakes: &mut Mistakes) -> Formats {
    let compiled = plugins.codecs.all().filter_map(|make| mistakes.take(make(settings))).collect::<Vec<_>>();
    compiled.into_iter().chain(service.codecs.iter().copied()).collect()
}

/// What the client writes.
fn format(
    service: &Service,
    plugins: &Plugins,
    settings: &Settings,
    formats: &Formats,
    mistakes: &mut Mistakes,
) -> Option<Format> {
    if let Some(format) = service.format {
        return Some(format);
    }
    match &settings.codec {
        Some(name) => formats.named(name).or_else(|| {
            let make = mistakes.take(plugins.codecs.find("MICRO_CODEC", name))?;
            mistakes.take(make(settings))
        }),
        None => formats.preferred(),
    }
}

/// Where the server listens: code, then the operator, then the code's default, then ours.
fn address(service: &Service, settings: &Settings, mistakes: &mut Mistakes) -> Option<Address> {
    if let Some(address) = &service.address {
        return mistakes.take(Address::new(address));
    }
    if let Some(address) = &settings.server_address {
        return Some(address.clone());
    }
    mistakes.take(Address::new(service.default_address.as_deref().unwrap_or(defaults::ADDRESS)))
}

fn transport(
    service: &Service,
    plugins: &Plugins,
    settings: &Settings,
    mistakes: &mut Mistakes,
) -> Option<Arc<dyn Transport>> {
    if let Some(transport) = &service.transport {
        return Some(transport.clone());
    }
    let make = mistakes.take(match &settings.transport {
        Some(name) => plugins.transports.find("MICRO_TRANSPORT", name),
        None => plugins.transports.first(&["http"]),
    })?;
    mistakes.take(make(settings))
}

fn selector(
    service: &Service,
    plugins: &Plugins,
    settings: &Settings,
    mistakes: &mut Mistakes,
) -> Option<Arc<dyn Selector>> {
    if let Some(selector) = &service.selector {
        return Some(selector.clone());
    }
    let make = mistakes.take(match &settings.selector {
        Some(name) => plugins.selectors.find("MICRO_SELECTOR", name),
        None => plugins.selectors.first(&["random"]),
    })?;
    mistakes.take(make(settings))
}

/// What makes the registry, where the code does not give one.
fn registry(
    service: &Service,
    plugins: &Plugins,
    settings: &Settings,
    mistakes: &mut Mistakes,
) -> Option<Arc<Make<RegistryParts, Arc<dyn Registry>>>> {
    if service.registry.is_some() {
        return None;
    }
    let make = match &settings.registry {
        Some(name) => plugins.registries.find("MICRO_REGISTRY", name),
        None => plugins.registries.first(&["mdns"]),
    };
    mistakes.take(make).cloned()
}

fn dial(service: &mut Service, settings: &Settings) {
    if let Some(size) = settings.client_pool_size {
        service.dial.pool_size = size;
    }
    if let Some(connections) = settings.client_connections {
        service.dial.connections = connections;
    }
    if let Some(ttl) = settings.client_pool_ttl {
        service.dial.pool_ttl = ttl;
    }
}

fn client(
    service: &mut Service,
    settings: &Settings,
    name: &str,
    make: impl FnOnce() -> Result<Arc<dyn Caller>>,
    (format, formats): (Format, Formats),
) -> Result<Client> {
    let mut caller = service.caller.take().map_or_else(make, Ok)?;
    if !service.client_layers.is_empty() {
        caller = Arc::new(LayeredCaller::new(caller, std::mem::take(&mut service.client_layers)));
    }
    let attempts = service.attempts.or(settings.client_retries.map(|retries| retries.saturating_add(1)));
    let budget = service.retry_budget.or(settings.client_retry_budget).unwrap_or(defaults::RETRY_BUDGET);
    let timeout = service.request_timeout.or(settings.client_request_timeout);
    Client::new(caller, format)
        .with_formats(formats)
        .with_timeout(timeout.unwrap_or(defaults::REQUEST_TIMEOUT))
        .with_attempts(attempts.unwrap_or(defaults::ATTEMPTS))
        .with_retry_budget(budget)
        .with_metadata(micro_core::key::MICRO_FROM_SERVICE, name)
}

/// How much runs at a time. What the code says of endpoints that are not there was said of others.
fn limits(service: &mut Service, settings: &Settings, router: &Router) -> Result<Limits> {
    let limits = std::mem::take(&mut service.limits).or(settings);
    let mut mistakes = Mistakes::default();
    if limits.max_running == Some(0) {
        mistakes.note("max_running", Err("is 0: nothing would ever run".to_owned()));
    }
    let endpoints = router.endpoints();
    for (name, most) in &limits.endpoints {
        let wrong = match most {
            0 => Err(format!("is 0 for `{name}`: it would never run")),
            _ if endpoints.iter().any(|endpoint| endpoint.name == name.as_str()) => Ok(()),
            _ => Err(format!("names `{name}`, and there is no such endpoint")),
        };
        mistakes.note("max_running_of", wrong);
    }
    mistakes.none()?;
    Ok(limits)
}

fn listen(service: &Service, name: &str, formats: Formats, readiness: &Readiness) -> ListenOptions {
    let mut listen = service.listen.clone();
    listen.formats = formats;
    name.clone_into(&mut listen.service);
    listen.health = Some(Arc::new(readiness.clone()));
    listen
}

/// The server of a socket that is bound already.
#[cfg(feature = "http")]
fn given(listener: std::net::TcpListener, listen: ListenOptions) -> Result<Arc<dyn Server>> {
    Ok(Arc::new(Given { listener: Mutex::new(Some(listener)), listen }))
}

#[cfg(not(feature = "http"))]
fn given(_: std::net::TcpListener, _: ListenOptions) -> Result<Arc<dyn Server>> {
    Err(Error::invalid_argument(
        "a listener needs the transport http: enable feature `http` of crate `micro`",
    ))
}

#[cfg_attr(not(feature = "http"), allow(dead_code))]
#[derive(Debug)]
struct Given {
    listener: Mutex<Option<std::net::TcpListener>>,
    listen: ListenOptions,
}

#[cfg(feature = "http")]
#[async_trait::async_trait]
impl Server for Given {
    fn name(&self) -> &'static str {
        "rpc"
    }

    async fn bind(&self) -> Result<Box<dyn micro_core::Listener>> {
        let listener = self.listener.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let listener = listener
            .ok_or_else(|| Error::failed_precondition("the listener that was given serves already"))?;
        micro_transport::Http::listen_on(listener, &self.listen)
    }
}
