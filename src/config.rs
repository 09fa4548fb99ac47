//! What `serve` is started with: one plain, validated struct. The command line fills it; nothing below reads flags.
//!
//! Every bound that a client can reach is a field here, with the default of the contract. [`ServeConfig::check`]
//! refuses binds that would let a stranger in; the server calls it before it opens anything.

mod error;
mod limits;
mod origin;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use ipnet::IpNet;

pub use error::ConfigError;
pub use hivesum_actors::engine::HasherPriority;
pub use hivesum_actors::store::retention::Retention;
pub use limits::{BodyPace, Limits, RateLimit};
use origin::is_origin;

/// Where a service listens unless told otherwise.
pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// What the service is started with.
#[derive(Debug, Clone)]
pub struct ServeConfig {
    /// The directories that jobs may read; none means that only uploads are hashed.
    pub roots: Vec<RootConfig>,
    /// The address to bind; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Where jobs, results and tokens are kept.
    pub state_dir: PathBuf,
    /// Hasher threads.
    pub hashers: NonZeroUsize,
    /// Their priority.
    pub hasher_priority: HasherPriority,
    /// Event-loop threads that serve HTTP.
    pub workers: NonZeroUsize,
    /// Who is let in.
    pub access: Access,
    /// A proxy stands in front, which speaks TLS with the clients.
    pub behind_proxy: bool,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// TLS is spoken with these.
    pub tls: Option<TlsFiles>,
    /// Host names answered to besides the loopback names and the bound address; a name with a port holds for that port alone.
    pub allow_hosts: Vec<String>,
    /// Origins of other sites whose pages may call the API, with a token: `https://host` or `https://host:port`.
    pub allow_origins: Vec<String>,
    /// How logs are written.
    pub log_format: LogFormat,
    /// What one client, and all of them, may ask for.
    pub limits: Limits,
}

/// A directory to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootConfig {
    /// Its public name; the resolved directory's last component where none is given.
    pub name: Option<String>,
    /// The directory.
    pub path: PathBuf,
}

/// What TLS needs, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those that lead from it to its authority.
    pub certificates: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Who is let in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Access {
    /// Who carries a token or signed in with one.
    #[default]
    Tokens,
    /// Everybody who reaches the port (`--no-auth`); on a loopback address alone.
    Open,
}

/// How logs are written to stderr.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object an event.
    Json,
}

impl ServeConfig {
    /// The defaults of the contract, for uploads only, with the state kept in `state_dir`.
    #[must_use]
    pub fn new(state_dir: PathBuf) -> Self {
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self {
            roots: Vec::new(),
            listen: DEFAULT_LISTEN,
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
            limits: Limits::default(),
        }
    }

    /// Whether clients speak TLS, with us or with a proxy.
    #[must_use]
    pub fn over_tls(&self) -> bool {
        self.behind_proxy || self.tls.is_some()
    }

    /// Refuses what would be unsafe or could never work.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), ConfigError> {
        let loopback = self.listen.ip().is_loopback();
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
        self.limits.check()?;
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
    fn an_origin_that_would_be_everybodys_or_nobodys_is_refused() {
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
            assert!(matches!(config.check(), Err(ConfigError::RootName(_))), "{name:?} was taken");
        }
    }
}
