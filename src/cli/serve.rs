//! `hivesum serve`: merges the layers of settings into the configuration of the server.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use hivesum::config::{RootConfig, ServeConfig};
use hivesum::server::ServeError;
use hivesum_actors::error::{StartError, StoreError};
use hivesum_core::file::RootError;

use super::error::{UsageError, system_text};
use super::lock_holder::in_use;
use super::settings::Settings;
use super::state::state_directory;

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Jobs can read each DIR, under NAME or its last path component, and nothing else. Without a DIR, only uploads \
are hashed. When the server is ready, it prints `listening on http://ADDR:PORT`, or on `unix:PATH`, to stdout. The sign-in link and \
the log go to stderr. SIGTERM and Ctrl-C stop the server after work in progress has finished; SIGHUP \
reads the TLS certificate again.

A flag overrides the environment, which overrides the file, which overrides the default. hivesum config prints \
the result. The file is TOML: the key of a setting is the name of its flag with _ instead of -, the lists are \
called allow_hosts, allow_origins and trusted_proxies, and directories are listed under [roots]. Relative paths in \
the file begin at the directory of the file.

Who is told of alerts is listed as [[sink]] in the file: name, kind = 'webhook' with url (or url_file) and secret_file, or \
kind = 'smtp' with server, tls (starttls, implicit or none), from, to, user and password_file. A secret is in a file of its \
own, or in HIVESUM_SINK_NAME_SECRET or HIVESUM_SINK_NAME_PASSWORD.

Examples:
  hivesum serve ~/archive                     page and API on http://127.0.0.1:8080
  hivesum serve photos=/srv/p music=/srv/m    two directories with names
  hivesum serve --listen unix:/run/hivesum/http.sock /srv
  hivesum serve --listen 0.0.0.0:8443 --tls-cert c.pem --tls-key k.pem --allow-host sums.example.org /srv")]
pub(super) struct ServeArgs {
    /// Directories that jobs may read, with an optional name.
    #[arg(value_name = "[NAME=]DIR")]
    pub(super) roots: Vec<OsString>,

    /// A configuration file in TOML.
    #[arg(long, value_name = "FILE", env = "HIVESUM_CONFIG")]
    pub(super) config: Option<PathBuf>,

    #[command(flatten)]
    pub(super) settings: Settings,
}

impl ServeArgs {
    /// The settings in the file; none if no file is given.
    pub(super) fn file(&self) -> Result<Settings, UsageError> {
        let file = self.config.as_deref().map(Settings::of_file).transpose();
        Ok(file.map_err(|error| UsageError::of("serve", error))?.unwrap_or_default())
    }

    /// The configuration that results from all layers. Errors are reported as those of `command`.
    pub(super) fn into_config(self, command: &'static str) -> Result<ServeConfig, UsageError> {
        let file = self.file()?;
        let mut roots: Vec<_> = self.roots.into_iter().map(root).collect();
        let settings = self.settings.or(file);
        if roots.is_empty() {
            let named = settings.roots.iter();
            roots = named.map(|(name, path)| RootConfig { name: Some(name.clone()), path: path.clone() }).collect();
        }
        let mut config = ServeConfig::new(state_directory(settings.state.clone())?);
        settings.put_into(&mut config);
        config.roots = roots;
        config.check().map_err(|error| UsageError::of(command, error))?;
        Ok(config)
    }
}

/// Parses `NAME=DIR` or `DIR`. A directory with a `=` before the first `/` of its path is given as `./a=b`.
pub(super) fn root(word: OsString) -> RootConfig {
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

/// Runs the server until it is stopped.
pub(super) fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let config = args.into_config("serve")?;
    let state_dir = config.state_dir.clone();
    hivesum::server::run(config).map_err(|error| command_error(error, &state_dir))?;
    Ok(ExitCode::SUCCESS)
}

/// Errors that the user can fix on the command line are usage errors.
fn command_error(error: ServeError, state_dir: &Path) -> anyhow::Error {
    match error {
        ServeError::Config(_)
        | ServeError::Tls(_)
        | ServeError::Sink(_)
        | ServeError::Fleet(_)
        | ServeError::RootsClash(_)
        | ServeError::Root(RootError::Nameless { .. }) => UsageError::of("serve", error).into(),
        ServeError::Root(RootError::Open { path, source }) => anyhow::anyhow!("{path}: {}", system_text(&source)),
        ServeError::Bind { address, source } => anyhow::anyhow!("cannot listen on {address}: {}", system_text(&source)),
        ServeError::Socket { path, source } => {
            anyhow::anyhow!("cannot listen on unix:{}: {}", path.display(), system_text(&source))
        }
        ServeError::Control(error) => {
            anyhow::anyhow!("the control socket in the state directory: {}", system_text(&error))
        }
        ServeError::Start(StartError::Store(StoreError::Locked)) => in_use(state_dir, ""),
        ServeError::Start(StartError::Store(error)) => error.into(),
        ServeError::Start(_) | ServeError::Descriptors { .. } | ServeError::Inherited { .. } | ServeError::Io(_) => {
            error.into()
        }
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
}
