//! The service from bind to drain: starts the engine and the jobs, serves, stops in order.
//!
//! [`run`] is the whole program; [`Server`] is the same for callers that own the port and the stop signal, such as
//! tests. Shutdown happens in this order: no new work is accepted and event streams end, jobs are checkpointed,
//! requests in progress get time to finish, then the engine drains.

use std::collections::HashSet;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Instant;

use actix_server::Server as HttpServer;
use actix_web::web;
use hivesum_actors::error::{StartError, StoreError};
use hivesum_actors::jobs::{Jobs, JobsConfig};
use hivesum_actors::limits::Permits;
use hivesum_actors::{Engine, EngineConfig};
use hivesum_core::file::{Root, has_openat2};
use hivesum_core::sys::give_back_free_memory;
use tokio_util::sync::CancellationToken;

use crate::auth::Auth;
use crate::cache::Cache;
use crate::config::{RootConfig, ServeConfig};
use crate::control::{self, socket::ControlSocket};
use crate::gate::Gate;
use crate::metrics::{Metrics, UPKEEP_EVERY};
use crate::notify;
use crate::request::Bandwidth;
use crate::service::Service;
use crate::service::fleet::OwnFleet;
use crate::service::sign_in::SignInPage;
use crate::telemetry;

mod drain;
mod error;
mod http;
mod link;
pub(crate) mod process;
mod tls;
mod unix_socket;

use drain::{Drained, drain};
pub use error::{FleetRefused, ServeError};
use http::Listener;
use tls::Tls;

/// Sets of duplicates and comparisons that are sent as lines at a time, each held in memory as a whole, to all clients and to one.
const LINE_EXPORTS: usize = 4;
const LINE_EXPORTS_OF_ONE: usize = 2;
pub use tls::TlsError;
use unix_socket::SocketFile;

/// Serves until a stop signal, on the socket of whoever started the process (`LISTEN_FDS`) or else on the configured
/// address. Logs and the sign-in link go to stderr, the address to stdout.
///
/// # Errors
/// When the service does not start. [`StartError::Store`] with `Locked` means that another process uses the state.
pub fn run(mut config: ServeConfig) -> Result<(), ServeError> {
    let log_format = config.log_format;
    telemetry::init(log_format);
    let inherited = process::inherited_listener()?;
    if let Some(listener) = &inherited {
        config.listen = listener.local_addr()?;
        (config.listen_name, config.listen_socket) = (None, None);
    }
    config.check()?;
    process::require_descriptors(&config)?;
    if !has_openat2() {
        tracing::info!("openat2 is not allowed, as by RestrictSUIDSGID= of systemd: paths are opened name by name");
    }
    actix_web::rt::System::new().block_on(async {
        let server = Server::start(config, inherited).await?;
        let stop = process::stop_signal()?;
        actix_web::rt::spawn(process::reload_at_hangup(server.tls.clone())?);
        link::announce(server.sign_in_link()?.as_deref(), log_format);
        process::announce_address(server.url());
        process::tell_ready(&server.url());
        server.run_until(stop).await
    })
}

/// Binds the address of a port.
///
/// # Errors
/// When the address is in use or does not belong to this machine.
pub fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).map_err(|source| ServeError::Bind { address, source })
}

/// A started service. Clients can connect; they are answered as soon as [`run_until`](Self::run_until) is polled.
pub struct Server {
    http: HttpServer,
    /// Before the service, so that its name is removed while the state is locked.
    control: Option<ControlSocket>,
    /// Before the service, too.
    socket: Option<SocketFile>,
    service: web::Data<Service>,
    address: Option<SocketAddr>,
    /// Where it listens.
    url: String,
    page: SignInPage,
    tls: Option<Arc<Tls>>,
}

impl Server {
    /// Starts everything on the current actix System. Without a listener, on the configured Unix socket, which is made once
    /// the state directory is locked, or else on the configured address.
    ///
    /// # Errors
    /// As [`run`].
    pub async fn start(config: ServeConfig, listener: impl Into<Option<TcpListener>>) -> Result<Self, ServeError> {
        config.check()?;
        let listener = match (listener.into(), &config.listen_socket) {
            (None, None) => Some(bind(config.listen)?),
            (given, _) => given,
        };
        let address = listener.as_ref().map(TcpListener::local_addr).transpose()?;
        let roots = open_roots(&config.roots)?;
        let sinks = notify::open_all(&config.sinks)?;
        let heartbeat = config.heartbeat_url.as_deref().map(notify::Heartbeat::open).transpose()?.map(Arc::new);
        let engine = Engine::start(engine_config(&config)).await?;
        let jobs = Jobs::open(engine.clone(), jobs_config(&config, roots)).await?;
        let sessions = jobs.sessions().await.map_err(StartError::from)?;
        let fleet = OwnFleet::start(config.fleet.as_ref(), &jobs, sessions.state_id()).await?;
        let auth = Arc::new(Auth::new(config.access, jobs.tokens(), sessions));
        let metrics = Metrics::new();
        let gate = Gate::new(&config, address, auth.clone(), metrics.unmatched());
        let service = web::Data::new(Service {
            engine,
            jobs,
            auth,
            gate: web::Data::new(gate),
            bandwidth: Arc::new(Bandwidth::new(&config.limits)),
            metrics,
            connections: Permits::new(config.limits.max_connections, config.limits.max_connections_per_address),
            streams: Permits::new(config.limits.max_streams, config.limits.max_streams_of_one()),
            base_path: config.base_path.clone(),
            over_tls: config.over_tls(),
            stopping: CancellationToken::new(),
            cut_off: CancellationToken::new(),
            started: Instant::now(),
            uploads: Permits::new(config.limits.max_uploads, config.limits.max_uploads_of_one()),
            manifests: Permits::new(config.limits.max_manifests, config.limits.max_manifests_per_client),
            comparisons: Cache::default(),
            duplicates: Cache::default(),
            exports: Permits::new(LINE_EXPORTS, LINE_EXPORTS_OF_ONE),
            sinks,
            heartbeat,
            fleet,
            limits: config.limits.clone(),
        });
        let control = ControlSocket::bind(&config.state_dir).map_err(ServeError::Control)?;
        let tls = config.tls.clone().map(Tls::read).transpose()?.map(Arc::new);
        let (listener, socket, url) = listen(&config, listener)?;
        let http = http::serve(&config, service.clone(), listener, tls.clone())?;
        let page = link::page(&config, address);
        Ok(Self { http, control, socket, service, address, url, page, tls })
    }

    /// The bound address; none on a Unix socket.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Where the service listens: its URL, or `unix:PATH`.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// A fresh sign-in link, which works once, or on a Unix socket a command for curl; none if the service runs without
    /// tokens.
    ///
    /// # Errors
    /// When the kernel has no random numbers.
    pub fn sign_in_link(&self) -> Result<Option<String>, ServeError> {
        let token = self.service.auth.new_link().map_err(std::io::Error::from)?;
        Ok(token.map(|token| self.page.with(&token)))
    }

    /// Serves until `stop` is ready, then drains.
    ///
    /// # Errors
    /// When a worker cannot be started, or the job store cannot be synced to the disk.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        let Self { http, control, socket, service, url, page, .. } = self;
        process::log_address(&url);
        let handle = http.handle();
        let http = actix_web::rt::spawn(http);
        let control = actix_web::rt::spawn(control::serve(control, service.clone(), page));
        let upkeep = actix_web::rt::spawn(upkeep(service.clone()));
        let telling = service.tell();
        let auth = service.auth.clone();
        let ending_streams = actix_web::rt::spawn(async move { auth.watch_streams().await });
        let broken = tokio::select! {
            () = stop => false,
            () = service.jobs.broken() => true,
        };
        let drained = drain(&service, &handle, telling).await;
        if drained == Drained::CutOff {
            http.abort();
        }
        // It has removed its socket and has answered, or is about to: the service was stopped before.
        control.await.map_err(std::io::Error::other)?;
        upkeep.abort();
        ending_streams.abort();
        match http.await {
            Err(error) if error.is_cancelled() => {}
            ended => ended.map_err(std::io::Error::other)??,
        }
        // Nobody listens on it any more, and the state is still locked.
        drop(socket);
        if broken { Err(StartError::Store(StoreError::SyncFailed).into()) } else { Ok(()) }
    }
}

/// What the service listens on, the name of its socket, and where that is.
fn listen(
    config: &ServeConfig,
    listener: Option<TcpListener>,
) -> Result<(Listener, Option<SocketFile>, String), ServeError> {
    match (listener, &config.listen_socket) {
        (None, Some(path)) => {
            let (listener, file) = unix_socket::bind(path, config.access)?;
            Ok((Listener::Unix(listener), Some(file), format!("unix:{}", path.display())))
        }
        (given, _) => {
            let listener = given.map_or_else(|| bind(config.listen), Ok)?;
            let scheme = if config.tls.is_some() { "https" } else { "http" };
            let url = format!("{scheme}://{}", listener.local_addr()?);
            Ok((Listener::Tcp(listener), None, url))
        }
    }
}

/// Folds the samples of histograms into buckets, also when nothing scrapes the metrics. Gives memory back once half of
/// the event streams have ended.
async fn upkeep(service: web::Data<Service>) {
    let mut most_streams = 0;
    loop {
        tokio::time::sleep(UPKEEP_EVERY).await;
        service.metrics.upkeep();
        let streams = service.streams.taken();
        most_streams = streams.max(most_streams);
        if most_streams > 0 && streams <= most_streams / 2 {
            most_streams = streams;
            tokio::task::spawn_blocking(give_back_free_memory);
        }
    }
}

fn open_roots(roots: &[RootConfig]) -> Result<Vec<Root>, ServeError> {
    let mut names = HashSet::new();
    let mut opened = Vec::with_capacity(roots.len());
    for root in roots {
        let root = Root::open(root.name.as_deref(), &root.path)?;
        if !names.insert(root.name().to_owned()) {
            return Err(ServeError::RootsClash(root.name().to_owned()));
        }
        tracing::info!(name = root.name(), path = &*root.path().to_string_lossy(), "serving a directory");
        opened.push(root);
    }
    Ok(opened)
}

fn engine_config(config: &ServeConfig) -> EngineConfig {
    EngineConfig {
        hashers: config.hashers,
        priority: config.hasher_priority,
        concurrent_uploads: config.limits.max_uploads,
        max_file_bytes: config.limits.max_file_bytes,
        quantum_deadline: config.limits.read_timeout,
        max_bytes_per_second: config.limits.max_bytes_per_second,
        ..EngineConfig::default()
    }
}

fn jobs_config(config: &ServeConfig, roots: Vec<Root>) -> JobsConfig {
    JobsConfig {
        state_dir: config.state_dir.clone(),
        roots,
        max_running: config.limits.max_running_jobs,
        max_queued: config.limits.max_queued_jobs,
        max_queued_of_one: config.limits.max_queued_jobs_of_one(),
        retention: config.limits.retention,
        max_streams: config.limits.max_streams,
    }
}

#[cfg(test)]
mod tests;
