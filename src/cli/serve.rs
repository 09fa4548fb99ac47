//! `hivesum serve`: its flags, turned into the one struct that the server reads.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use hivesum::config::{Access, DEFAULT_LISTEN, HasherPriority, Limits, LogFormat, RateLimit, RootConfig, ServeConfig};
use hivesum::server::ServeError;
use hivesum_actors::error::StartError;
use hivesum_actors::source::RootError;

use super::args::from_one;
use super::screen::in_words;
use super::state::StateArgs;
use super::usage::UsageError;

#[derive(Debug, Args)]
#[command(after_help = "\
Each DIR can be read by jobs, under NAME or its own last component; nothing else can. Without a DIR only \
uploads are hashed. stdout says `listening on http://ADDR:PORT` once it does; the sign-in link and the \
log go to stderr. SIGTERM and Ctrl-C let work in flight finish.

Examples:
  hivesum serve ~/archive                     page and API on http://127.0.0.1:8080
  hivesum serve photos=/srv/p music=/srv/m    two directories under names of their own
  hivesum serve --listen 0.0.0.0:8080 --behind-proxy --allow-host sums.example.org /srv")]
pub(super) struct ServeArgs {
    /// Directories to serve, each with a name where its own will not do.
    #[arg(value_name = "[NAME=]DIR")]
    roots: Vec<OsString>,

    /// Address and port to listen on; port 0 picks a free one.
    #[arg(long, value_name = "ADDR:PORT", default_value_t = DEFAULT_LISTEN)]
    listen: SocketAddr,

    #[command(flatten)]
    state: StateArgs,

    /// Hasher threads [default: one a core].
    #[arg(long, value_name = "N", value_parser = from_one)]
    hashers: Option<NonZeroUsize>,

    /// Idle leaves the cores to requests; normal where other programs load the machine.
    #[arg(long, value_name = "PRIORITY", default_value = "idle")]
    hasher_priority: PriorityWord,

    /// Let everybody in who reaches the port; on a loopback address only.
    #[arg(long)]
    no_auth: bool,

    /// A proxy in front speaks TLS with the clients; needed to listen beyond this machine.
    #[arg(long)]
    behind_proxy: bool,

    /// Answer to this host name, too (may be given more than once).
    #[arg(long, value_name = "HOST")]
    allow_host: Vec<String>,

    /// Requests a second of one client, or off; twice as many at once.
    #[arg(long, value_name = "N|off", default_value = "1000")]
    rate_limit: RateWord,

    /// The longest upload.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().max_upload_bytes)]
    max_upload_bytes: u64,

    /// Jobs that run at a time.
    #[arg(long, value_name = "N", default_value_t = Limits::default().max_running_jobs)]
    max_running_jobs: usize,

    /// Jobs that may wait.
    #[arg(long, value_name = "N", default_value_t = Limits::default().max_queued_jobs)]
    max_queued_jobs: usize,

    /// How the log is written to stderr.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    log_format: LogWord,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PriorityWord {
    Idle,
    Normal,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogWord {
    Human,
    Json,
}

#[derive(Debug, Clone, Copy)]
struct RateWord(RateLimit);

impl FromStr for RateWord {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        if word == "off" {
            return Ok(Self(RateLimit::Off));
        }
        let per_second: NonZeroU32 =
            word.parse().map_err(|_| "give a number of requests a second from 1 on, or off")?;
        Ok(Self(RateLimit::per_second(per_second)))
    }
}

impl ServeArgs {
    fn into_config(self) -> Result<ServeConfig, UsageError> {
        let defaults = ServeConfig::new(self.state.directory()?);
        let config = ServeConfig {
            roots: self.roots.into_iter().map(root).collect(),
            listen: self.listen,
            hashers: self.hashers.unwrap_or(defaults.hashers),
            hasher_priority: match self.hasher_priority {
                PriorityWord::Idle => HasherPriority::Idle,
                PriorityWord::Normal => HasherPriority::Normal,
            },
            access: if self.no_auth { Access::Open } else { Access::Tokens },
            behind_proxy: self.behind_proxy,
            allow_hosts: self.allow_host,
            log_format: match self.log_format {
                LogWord::Human => LogFormat::Text,
                LogWord::Json => LogFormat::Json,
            },
            limits: Limits {
                rate: self.rate_limit.0,
                max_upload_bytes: self.max_upload_bytes,
                max_running_jobs: self.max_running_jobs,
                max_queued_jobs: self.max_queued_jobs,
                ..defaults.limits
            },
            ..defaults
        };
        config.check().map_err(|error| UsageError::of("serve", error))?;
        Ok(config)
    }
}

/// `NAME=DIR`, or a directory; one whose own path has a `=` before its first `/` is given as `./a=b`.
fn root(word: OsString) -> RootConfig {
    let bytes = word.as_bytes();
    let equals = bytes.iter().position(|&byte| byte == b'=');
    let named = equals.and_then(|at| {
        let name = std::str::from_utf8(&bytes[..at]).ok().filter(|name| !name.contains('/'))?;
        Some(RootConfig {
            name: Some(name.to_owned()),
            path: PathBuf::from(OsString::from_vec(bytes[at + 1..].to_vec())),
        })
    });
    named.unwrap_or(RootConfig { name: None, path: PathBuf::from(word) })
}

/// Serves until it is told to stop.
pub(super) fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let config = args.into_config()?;
    hivesum::server::run(config).map_err(in_words_of_the_command)?;
    Ok(ExitCode::SUCCESS)
}

/// What can be put right on the command line is a usage error.
fn in_words_of_the_command(error: ServeError) -> anyhow::Error {
    match error {
        ServeError::Config(_)
        | ServeError::Tls(_)
        | ServeError::RootsClash(_)
        | ServeError::Root(RootError::Nameless { .. }) => UsageError::of("serve", error).into(),
        ServeError::Root(RootError::Open { path, source }) => anyhow::anyhow!("{path}: {}", in_words(&source)),
        ServeError::Bind { address, source } => anyhow::anyhow!("cannot listen on {address}: {}", in_words(&source)),
        ServeError::Start(StartError::Store(error)) => error.into(),
        ServeError::Start(_) | ServeError::Io(_) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_may_be_given_a_name() {
        let of = |word: &str| root(OsString::from(word));
        assert_eq!(of("/srv/a"), RootConfig { name: None, path: "/srv/a".into() });
        assert_eq!(of("a=/srv/b=c"), RootConfig { name: Some("a".to_owned()), path: "/srv/b=c".into() });
        assert_eq!(of("./a=b"), RootConfig { name: None, path: "./a=b".into() });
        assert_eq!(
            of("=x"),
            RootConfig { name: Some(String::new()), path: "x".into() },
            "refused by the configuration"
        );
    }

    #[test]
    fn a_rate_is_a_number_or_off() {
        assert_eq!("off".parse::<RateWord>().unwrap().0, RateLimit::Off);
        assert_eq!("5".parse::<RateWord>().unwrap().0, RateLimit::per_second(NonZeroU32::new(5).unwrap()));
        assert!("0".parse::<RateWord>().is_err() && "many".parse::<RateWord>().is_err());
    }
}
