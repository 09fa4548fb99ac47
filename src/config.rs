//! The configuration of `serve`: one plain struct that the command line fills. Nothing below reads flags.
//!
//! Every limit that a client can reach is a field here, with its documented default. [`ServeConfig::check`] refuses a
//! configuration that would let anyone on the network in; the server calls it before it opens anything.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use error::MAX_SOCKET_PATH_BYTES;
use ipnet::IpNet;
use origin::is_origin;

mod base_path;
mod error;
mod limits;
mod node;
mod origin;
mod sinks;

pub use base_path::{BasePath, BasePathError};
pub use error::ConfigError;
pub use hivesum_actors::engine::HasherPriority;
pub use hivesum_actors::fleet::FleetConfig;
pub use hivesum_actors::store::retention::Retention;
pub use limits::{BodyPace, Limits, RateLimit};
pub use node::{HoursInvalid, NodeConfig};
pub use sinks::{MAX_SINKS, SinkConfig, SmtpConfig, SmtpTls, WebhookConfig, check_sinks};

/// The default listen address.
pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// The configuration of the service.
#[derive(Debug, Clone)]
pub struct ServeConfig {
    /// The directories that jobs may read; none means that only uploads are hashed.
    pub roots: Vec<RootConfig>,
    /// The address to bind; port 0 picks a free one.
    pub listen: SocketAddr,
    /// The Unix socket to listen on, instead of `listen`. Others than the service's user and group never reach it.
    pub listen_socket: Option<PathBuf>,
    /// The host name that `listen` was resolved from; requests may name it.
    pub listen_name: Option<String>,
    /// The path below which a proxy publishes the service.
    pub base_path: BasePath,
    /// The directory that stores jobs, results and tokens.
    pub state_dir: PathBuf,
    /// The number of hasher threads.
    pub hashers: NonZeroUsize,
    /// The priority of the hasher threads.
    pub hasher_priority: HasherPriority,
    /// The number of event-loop threads that serve HTTP.
    pub workers: NonZeroUsize,
    /// Who may use the service.
    pub access: Access,
    /// Whether a proxy in front of the service speaks TLS with the clients.
    pub behind_proxy: bool,
    /// The proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// The certificate and the key for TLS; none means plain HTTP.
    pub tls: Option<TlsFiles>,
    /// Host names to answer to, besides the loopback names and the bound address. A name with a port is valid for that
    /// port only.
    pub allow_hosts: Vec<String>,
    /// Origins of other sites whose pages may call the API, with a token: `https://host` or `https://host:port`.
    pub allow_origins: Vec<String>,
    /// The format of the log.
    pub log_format: LogFormat,
    /// Who can be told of alerts.
    pub sinks: Vec<SinkConfig>,
    /// The URL that is asked after each run over a collection.
    pub heartbeat_url: Option<String>,
    /// The fleet that the service coordinates; none means that it reads its own directories alone.
    pub fleet: Option<FleetConfig>,
    /// Limits for one client and for all clients together.
    pub limits: Limits,
}

/// A directory to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootConfig {
    /// Its public name; by default the last component of the resolved path.
    pub name: Option<String>,
    /// The path of the directory.
    pub path: PathBuf,
}

/// The PEM files for TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, followed by its intermediate certificates.
    pub certificates: PathBuf,
    /// The private key of the certificate.
    pub key: PathBuf,
}

/// Who may use the service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Access {
    /// Callers with a token, or with a session that was opened with one.
    #[default]
    Tokens,
    /// Everyone who reaches the port (`--no-auth`); only on a loopback address.
    Open,
}

/// The format of the log on stderr.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people to read.
    #[default]
    Text,
    /// One JSON object per event.
    Json,
}

impl ServeConfig {
    /// The default configuration: uploads only, with the state in `state_dir`.
    #[must_use]
    pub fn new(state_dir: PathBuf) -> Self {
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self {
            roots: Vec::new(),
            listen: DEFAULT_LISTEN,
            listen_socket: None,
            listen_name: None,
            base_path: BasePath::default(),
            state_dir,
            hashers: cores,
            hasher_priority: HasherPriority::Idle,
            workers: cores,
            access: Access::Tokens,
            behind_proxy: false,
            trusted_proxies: Vec::new(),
            tls: None,
            allow_hosts: Vec::new(),
            allow_origins: Vec::new(),
            log_format: LogFormat::Text,
            sinks: Vec::new(),
            heartbeat_url: None,
            fleet: None,
            limits: Limits::default(),
        }
    }

    /// The host names to answer to, besides the loopback names and the bound address.
    pub(crate) fn host_names(&self) -> Vec<String> {
        self.allow_hosts.iter().chain(&self.listen_name).cloned().collect()
    }

    /// Whether clients speak TLS, with the service or with a proxy in front of it.
    #[must_use]
    pub fn over_tls(&self) -> bool {
        self.behind_proxy || self.tls.is_some()
    }

    /// The address of a socket has a bound, and its clients are on this machine.
    fn check_socket(&self, path: &Path) -> Result<(), ConfigError> {
        if path.as_os_str().len() > MAX_SOCKET_PATH_BYTES {
            return Err(ConfigError::SocketPath(path.to_owned()));
        }
        if self.tls.is_some() { Err(ConfigError::TlsOnSocket) } else { Ok(()) }
    }

    /// Refuses a configuration that is unsafe or could never work.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), ConfigError> {
        let loopback = match &self.listen_socket {
            Some(path) => self.check_socket(path).map(|()| true)?,
            None => self.listen.ip().is_loopback(),
        };
        if self.access == Access::Open && !loopback {
            return Err(ConfigError::OpenToTheNetwork(self.listen));
        }
        if !loopback && !self.over_tls() {
            return Err(ConfigError::WithoutTls(self.listen));
        }
        let empty = |path: &PathBuf| path.as_os_str().is_empty();
        if self.tls.as_ref().is_some_and(|tls| empty(&tls.certificates) || empty(&tls.key)) {
            return Err(ConfigError::HalfOfTls);
        }
        if self.fleet.as_ref().is_some_and(|fleet| fleet.url.is_empty()) {
            return Err(ConfigError::FleetWithoutUrl);
        }
        self.limits.check()?;
        check_sinks(&self.sinks)?;
        for name in self.roots.iter().filter_map(|root| root.name.as_ref()) {
            if name.is_empty() || name.contains(['/', '\0']) || name.chars().any(char::is_control) {
                return Err(ConfigError::RootName(name.clone()));
            }
        }
        if let Some(origin) = self.allow_origins.iter().find(|origin| !is_origin(origin)) {
            return Err(ConfigError::Origin(origin.clone()));
        }
        let not_a_host = |host: &&String| host.is_empty() || host.contains(['/', ' ', '@']);
        self.allow_hosts.iter().find(not_a_host).map_or(Ok(()), |host| Err(ConfigError::HostName(host.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(listen: &str, access: Access) -> ServeConfig {
        ServeConfig { listen: listen.parse().unwrap(), access, ..ServeConfig::new(PathBuf::new()) }
    }

    #[test]
    fn a_loopback_bind_needs_nothing_more() {
        for listen in ["127.0.0.1:8080", "127.9.9.9:0", "[::1]:80"] {
            assert_eq!(config(listen, Access::Tokens).check(), Ok(()));
            assert_eq!(config(listen, Access::Open).check(), Ok(()));
        }
    }

    #[test]
    fn a_bind_that_others_reach_is_never_open_and_needs_a_proxy() {
        for listen in ["0.0.0.0:8080", "192.0.2.1:80", "[::]:80"] {
            let closed = config(listen, Access::Tokens);
            assert!(matches!(closed.check(), Err(ConfigError::WithoutTls(_))));
            assert_eq!(ServeConfig { behind_proxy: true, ..closed }.check(), Ok(()));
            let open = ServeConfig { behind_proxy: true, ..config(listen, Access::Open) };
            assert!(matches!(open.check(), Err(ConfigError::OpenToTheNetwork(_))));
        }
    }

    #[test]
    fn a_unix_socket_needs_no_proxy_and_takes_no_tls_and_no_long_path() {
        let socket =
            |path: &str, access| ServeConfig { listen_socket: Some(path.into()), ..config("0.0.0.0:80", access) };
        let long = format!("/{}", "x".repeat(MAX_SOCKET_PATH_BYTES));
        assert_eq!(socket("/run/h.sock", Access::Tokens).check(), Ok(()));
        assert_eq!(socket(&long[..MAX_SOCKET_PATH_BYTES], Access::Open).check(), Ok(()));
        assert_eq!(socket(&long, Access::Tokens).check(), Err(ConfigError::SocketPath(long.into())));
        let tls = Some(TlsFiles { certificates: "c".into(), key: "k".into() });
        assert_eq!(ServeConfig { tls, ..socket("/h", Access::Tokens) }.check(), Err(ConfigError::TlsOnSocket));
    }

    #[test]
    fn an_origin_that_matches_every_site_or_none_is_refused() {
        for (origin, taken) in
            [("https://a.example", true), ("*", false), ("null", false), ("https://a.example/", false)]
        {
            let config =
                ServeConfig { allow_origins: vec![origin.to_owned()], ..config("127.0.0.1:0", Access::Tokens) };
            assert_eq!(config.check().is_ok(), taken, "{origin}");
        }
    }

    #[test]
    fn a_root_name_must_fit_into_a_url_segment() {
        for name in ["", "a/b", "a\nb"] {
            let root = RootConfig { name: Some(name.to_owned()), path: PathBuf::new() };
            let config = ServeConfig { roots: vec![root], ..config("127.0.0.1:0", Access::Tokens) };
            assert!(matches!(config.check(), Err(ConfigError::RootName(_))), "{name:?} was accepted");
        }
    }
}
