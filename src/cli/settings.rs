//! All settings of a service, each with its flag, its environment variable and its key in the configuration file.
//!
//! A flag overrides the environment, which overrides the file, which overrides the default. The keys of the file are
//! the names of the settings here; an unknown key is an error.

pub(super) mod declare;
pub(super) mod file;
mod sink_word;
pub(super) mod words;

use std::collections::BTreeMap;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use hivesum::config::{Access, BasePath, FleetConfig, ServeConfig, TlsFiles};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::engine::from_one;
use declare::settings;
pub(super) use sink_word::SinkWord;
use words::{ListenWord, LogWord, PriorityWord, RateWord};

settings! {
    Settings of ServeConfig;

    ["Service"]

    /// Address or host name, and port; or unix:PATH. :PORT is every IPv4 address, port 0 a free port [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDR:PORT", env = "HIVESUM_LISTEN")]
    listen: ListenWord, |c| Some(ListenWord::of(c)), |c, v| v.put_into(c);

    /// Path below which a proxy publishes the service, as /hivesum/. Requests may come with or without it [default: /].
    #[arg(long, value_name = "PATH", env = "HIVESUM_BASE_PATH")]
    base_path: BasePath, |c| Some(c.base_path.clone()), |c, v| c.base_path = v;

    /// Directory for jobs, results and tokens
    /// [default: $STATE_DIRECTORY, else $XDG_STATE_HOME/hivesum, else ~/.local/state/hivesum].
    #[arg(long, value_name = "DIR", env = "HIVESUM_STATE")]
    state: PathBuf, |c| Some(c.state_dir.clone()), |c, v| c.state_dir = v;

    /// Number of hasher threads [default: the number of CPU cores].
    #[arg(long, value_name = "N", value_parser = from_one, env = "HIVESUM_HASHERS")]
    hashers: NonZeroUsize = hashers;

    /// CPU priority of the hashers. Choose normal if other programs keep the machine busy [default: idle].
    #[arg(long, value_name = "PRIORITY", env = "HIVESUM_HASHER_PRIORITY")]
    hasher_priority: PriorityWord, |c| Some(PriorityWord::of(c.hasher_priority)),
        |c, v| c.hasher_priority = v.priority();

    /// Number of threads that serve HTTP [default: the number of CPU cores].
    #[arg(long, value_name = "N", value_parser = from_one, env = "HIVESUM_WORKERS")]
    workers: NonZeroUsize = workers;

    /// Format of the log on stderr [default: human].
    #[arg(long, value_name = "FORMAT", env = "HIVESUM_LOG_FORMAT")]
    log_format: LogWord, |c| Some(LogWord::of(c.log_format)), |c, v| c.log_format = v.format();

    ["Access"]

    /// Allow all requests without a token. Requires a loopback address or a Unix socket.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL",
        env = "HIVESUM_NO_AUTH")]
    no_auth: bool, |c| Some(c.access == Access::Open),
        |c, v| c.access = if v { Access::Open } else { Access::Tokens };

    /// hivesum runs behind a proxy that handles TLS.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL",
        env = "HIVESUM_BEHIND_PROXY")]
    behind_proxy: bool = behind_proxy;

    /// Networks of proxies whose X-Forwarded-For header is trusted, separated by commas.
    #[arg(long = "trusted-proxy", value_name = "ADDR/BITS", value_delimiter = ',', env = "HIVESUM_TRUSTED_PROXIES")]
    trusted_proxies: Vec<IpNet>, |c| Some(c.trusted_proxies.clone()), |c, v| c.trusted_proxies = v;

    /// Serve HTTPS with this certificate chain (PEM).
    #[arg(long, value_name = "FILE", env = "HIVESUM_TLS_CERT")]
    tls_cert: PathBuf, |c| c.tls.as_ref().map(|tls| tls.certificates.clone()),
        |c, v| tls_of(c).certificates = v;

    /// The private key of the certificate (PEM).
    #[arg(long, value_name = "FILE", env = "HIVESUM_TLS_KEY")]
    tls_key: PathBuf, |c| c.tls.as_ref().map(|tls| tls.key.clone()), |c, v| tls_of(c).key = v;

    /// More host names to answer to, separated by commas.
    #[arg(long = "allow-host", value_name = "HOST", value_delimiter = ',', env = "HIVESUM_ALLOW_HOSTS")]
    allow_hosts: Vec<String>, |c| Some(c.allow_hosts.clone()), |c, v| c.allow_hosts = v;

    /// Origins whose pages may call the API with a token (CORS), separated by commas: https://host[:port]
    /// [default: none].
    #[arg(long = "allow-origin", value_name = "ORIGIN", value_delimiter = ',', env = "HIVESUM_ALLOW_ORIGINS")]
    allow_origins: Vec<String>, |c| Some(c.allow_origins.clone()), |c, v| c.allow_origins = v;

    ["Requests and uploads"]

    /// Maximum requests per second of one client, or off. Bursts may be twice as large [default: 1000].
    #[arg(long, value_name = "N|off", env = "HIVESUM_RATE_LIMIT")]
    rate_limit: RateWord, |c| Some(RateWord(c.limits.rate)), |c, v| c.limits.rate = v.0;

    /// Maximum upload speed of one client, in bytes per second [default: unlimited].
    #[arg(long, value_name = "BYTES", env = "HIVESUM_MAX_CLIENT_BYTES_PER_SECOND")]
    max_client_bytes_per_second: NonZeroU64, |c| c.limits.max_client_bytes_per_second,
        |c, v| c.limits.max_client_bytes_per_second = Some(v);

    /// Maximum upload speed of all clients together, in bytes per second [default: unlimited].
    #[arg(long, value_name = "BYTES", env = "HIVESUM_MAX_UPLOAD_BYTES_PER_SECOND")]
    max_upload_bytes_per_second: NonZeroU64, |c| c.limits.max_upload_bytes_per_second,
        |c, v| c.limits.max_upload_bytes_per_second = Some(v);

    /// Maximum size of an upload [default: 16 GiB].
    #[arg(long, value_name = "BYTES", env = "HIVESUM_MAX_UPLOAD_BYTES")]
    max_upload_bytes: u64 = limits.max_upload_bytes;

    /// Maximum number of parts of a multipart upload [default: 1000].
    #[arg(long, value_name = "N", env = "HIVESUM_MAX_PARTS")]
    max_parts: usize = limits.max_parts;

    /// Maximum number of concurrent uploads [default: 128].
    #[arg(long, value_name = "N", env = "HIVESUM_MAX_UPLOADS")]
    max_uploads: usize = limits.max_uploads;

    /// Maximum number of concurrent uploads of one client [default: the same as for all clients].
    #[arg(long, value_name = "N", env = "HIVESUM_MAX_UPLOADS_PER_CLIENT")]
    max_uploads_per_client: usize, |c| c.limits.max_uploads_per_client,
        |c, v| c.limits.max_uploads_per_client = Some(v);

    /// Maximum size of a JSON body [default: 256 KiB].
    #[arg(long, value_name = "BYTES", env = "HIVESUM_MAX_JSON_BYTES")]
    max_json_bytes: usize = limits.max_json_bytes;

    /// Maximum size of a manifest to verify against [default: 64 MiB].
    #[arg(long, value_name = "BYTES", env = "HIVESUM_MAX_MANIFEST_BYTES")]
    max_manifest_bytes: usize = limits.max_manifest_bytes;

    /// Maximum number of manifests received at a time, each held in memory [default: 8].
    #[arg(long, value_name = "N", env = "HIVESUM_MAX_MANIFESTS")]
    max_manifests: usize = limits.max_manifests;

    /// Maximum number of manifests of one client received at a time [default: 6].
    #[arg(long, value_name = "N", env = "HIVESUM_MAX_MANIFESTS_PER_CLIENT")]
    max_manifests_per_client: usize = limits.max_manifests_per_client;

    ["Connections and event streams"]

    /// Maximum number of connections [default: 4096].
    #[arg(long, value_name = "N", env = "HIVESUM_MAX_CONNECTIONS")]
    max_connections: usize = limits.max_connections;

    /// Maximum number of connections of one address, or of one user on a Unix socket [default: 512].
    #[arg(long, value_name = "N", env = "HIVESUM_MAX_CONNECTIONS_PER_ADDRESS")]
    max_connections_per_address: usize = limits.max_connections_per_address;

    /// Maximum number of event streams [default: 256].
    #[arg(long, value_name = "N", env = "HIVESUM_MAX_STREAMS")]
    max_streams: usize = limits.max_streams;

    /// Maximum number of event streams of one client [default: the same as for all clients].
    #[arg(long, value_name = "N", env = "HIVESUM_MAX_STREAMS_PER_CLIENT")]
    max_streams_per_client: usize, |c| c.limits.max_streams_per_client,
        |c, v| c.limits.max_streams_per_client = Some(v);

    ["Jobs"]

    /// Maximum number of running jobs [default: 4].
    #[arg(long, value_name = "N", env = "HIVESUM_MAX_RUNNING_JOBS")]
    max_running_jobs: usize = limits.max_running_jobs;

    /// Maximum number of queued jobs [default: 1000].
    #[arg(long, value_name = "N", env = "HIVESUM_MAX_QUEUED_JOBS")]
    max_queued_jobs: usize = limits.max_queued_jobs;

    /// Maximum number of queued jobs of one token [default: the same as for all clients].
    #[arg(long, value_name = "N", env = "HIVESUM_MAX_QUEUED_JOBS_PER_CLIENT")]
    max_queued_jobs_per_client: usize, |c| c.limits.max_queued_jobs_per_client,
        |c, v| c.limits.max_queued_jobs_per_client = Some(v);

    /// Maximum read speed of all jobs together, in bytes per second [default: unlimited].
    #[arg(long, value_name = "BYTES", env = "HIVESUM_MAX_BYTES_PER_SECOND")]
    max_bytes_per_second: NonZeroU64, |c| c.limits.max_bytes_per_second,
        |c, v| c.limits.max_bytes_per_second = Some(v);

    /// Number of ended jobs to keep. Older ones are deleted [default: all].
    #[arg(long, value_name = "N", env = "HIVESUM_KEEP_JOBS")]
    keep_jobs: u64, |c| c.limits.retention.keep_jobs, |c, v| c.limits.retention.keep_jobs = Some(v);

    /// Number of days to keep ended jobs. None is deleted by its age in the first hour after the start, or because the
    /// clock is ahead [default: forever].
    #[arg(long, value_name = "DAYS", env = "HIVESUM_KEEP_DAYS")]
    keep_days: u32, |c| c.limits.retention.keep_for.map(|kept| (kept.as_secs() / 86_400) as u32),
        |c, v| c.limits.retention.keep_for = Some(Duration::from_secs(u64::from(v) * 86_400));

    /// Maximum size of a file. Larger files are not hashed [default: 16 TiB].
    #[arg(long, value_name = "BYTES", env = "HIVESUM_MAX_FILE_BYTES")]
    max_file_bytes: u64 = limits.max_file_bytes;

    /// Give up on a file after a read has made no progress for this long, as on a dead mount [default: 60].
    #[arg(long, value_name = "SECONDS", env = "HIVESUM_READ_TIMEOUT_SECONDS")]
    read_timeout_seconds: u64, |c| Some(c.limits.read_timeout.as_secs()),
        |c, v| c.limits.read_timeout = Duration::from_secs(v);

    ["Alerts"]

    /// A sink, as in [[sink]] of the file but on one line: name = "ops", kind = "webhook", url = "https://...". May be
    /// repeated; the variable has one sink in each line [default: none].
    #[arg(long, value_name = "TABLE", value_delimiter = '\n', env = "HIVESUM_SINK")]
    sink: Vec<SinkWord>, |c| Some(c.sinks.iter().cloned().map(SinkWord).collect()),
        |c, v| c.sinks = v.into_iter().map(|word| word.0).collect();

    /// URL to GET after each run over a collection that came to its end, so that silence is noticed [default: none].
    #[arg(long, value_name = "URL", env = "HIVESUM_HEARTBEAT_URL")]
    heartbeat_url: String, |c| c.heartbeat_url.clone(), |c, v| c.heartbeat_url = Some(v);

    ["Fleet"]

    /// NATS server of a fleet whose nodes hash for this service: nats://HOST:4222 on this machine, tls://HOST:4222
    /// elsewhere. Several are separated by commas [default: none].
    #[arg(long, value_name = "URL", env = "HIVESUM_FLEET", hide_env_values = true)]
    fleet: String, |c| c.fleet.as_ref().map(|fleet| fleet.url.clone()), |c, v| fleet_of(c).url = v;

    /// Credentials file of NATS, which nobody else may read [default: none].
    #[arg(long, value_name = "FILE", env = "HIVESUM_FLEET_CREDS")]
    fleet_creds: PathBuf, |c| c.fleet.as_ref().and_then(|fleet| fleet.creds.clone()),
        |c, v| fleet_of(c).creds = Some(v);

    /// Certificates of authorities (PEM) for the TLS of the NATS server [default: those of the system].
    #[arg(long, value_name = "FILE", env = "HIVESUM_FLEET_CA")]
    fleet_ca: PathBuf, |c| c.fleet.as_ref().and_then(|fleet| fleet.ca.clone()), |c, v| fleet_of(c).ca = Some(v);

    /// Name of the fleet: several may share a NATS server [default: hivesum].
    #[arg(long, value_name = "NAME", env = "HIVESUM_FLEET_NAME")]
    fleet_name: String, |c| c.fleet.as_ref().map(|fleet| fleet.name.clone()), |c, v| fleet_of(c).name = v;

    /// Allow nats:// without TLS beyond this machine: whoever is on the way reads and changes what passes.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL",
        env = "HIVESUM_FLEET_INSECURE")]
    fleet_insecure: bool, |c| c.fleet.as_ref().map(|fleet| fleet.insecure), |c, v| fleet_of(c).insecure = v;

    /// How long a node counts as present after it has announced itself [default: 10].
    #[arg(long, value_name = "SECONDS", env = "HIVESUM_FLEET_ANNOUNCE_SECONDS")]
    fleet_announce_seconds: u64, |c| c.fleet.as_ref().map(|fleet| fleet.announcement.as_secs()),
        |c, v| fleet_of(c).announcement = Duration::from_secs(v);

    /// How long work that a node holds may be without a sign of it before another node gets it [default: 30].
    #[arg(long, value_name = "SECONDS", env = "HIVESUM_FLEET_ACK_SECONDS")]
    fleet_ack_seconds: u64, |c| c.fleet.as_ref().map(|fleet| fleet.ack_wait.as_secs()),
        |c, v| fleet_of(c).ack_wait = Duration::from_secs(v);

    ["Slow and idle connections"]

    /// Minimum average speed of uploads, and of the readers of exports, after the grace period, in bytes per second
    /// [default: 16 KiB].
    #[arg(long, value_name = "BYTES", env = "HIVESUM_BODY_MIN_BYTES_PER_SECOND")]
    body_min_bytes_per_second: u64 = limits.body_pace.min_bytes_per_second;

    /// Grace period before the minimum speed of uploads and exports applies [default: 20].
    #[arg(long, value_name = "SECONDS", env = "HIVESUM_BODY_GRACE_SECONDS")]
    body_grace_seconds: u64, |c| Some(c.limits.body_pace.grace.as_secs()),
        |c, v| c.limits.body_pace.grace = Duration::from_secs(v);

    /// Time limit for receiving the head of a request [default: 10].
    #[arg(long, value_name = "SECONDS", env = "HIVESUM_HEAD_TIMEOUT_SECONDS")]
    head_timeout_seconds: u64, |c| Some(c.limits.head_timeout.as_secs()),
        |c, v| c.limits.head_timeout = Duration::from_secs(v);

    /// Close a connection after the client has accepted no data for this long [default: 30].
    #[arg(long, value_name = "SECONDS", env = "HIVESUM_WRITE_TIMEOUT_SECONDS")]
    write_timeout_seconds: u64, |c| Some(c.limits.write_timeout.as_secs()),
        |c, v| c.limits.write_timeout = Duration::from_secs(v);

    /// Close an idle connection after this long [default: 15].
    #[arg(long, value_name = "SECONDS", env = "HIVESUM_KEEP_ALIVE_SECONDS")]
    keep_alive_seconds: u64, |c| Some(c.limits.keep_alive.as_secs()),
        |c, v| c.limits.keep_alive = Duration::from_secs(v);
}

/// The TLS files, to set one of them. The check of the configuration refuses one without the other.
fn tls_of(config: &mut ServeConfig) -> &mut TlsFiles {
    config.tls.get_or_insert_with(|| TlsFiles { certificates: PathBuf::new(), key: PathBuf::new() })
}

/// The fleet, to set one thing of it. The check of the configuration refuses one without a URL.
fn fleet_of(config: &mut ServeConfig) -> &mut FleetConfig {
    config.fleet.get_or_insert_with(|| FleetConfig::new(""))
}
