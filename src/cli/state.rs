//! The state directory of a service, and the flag for it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, io};

use clap::Args;

use super::error::{UsageError, path_error};
use super::quote::quoted;
use super::server_address::ServerAddress;

/// The environment variable for the state directory.
const VARIABLE: &str = "HIVESUM_STATE";

// The flag for the state directory.
#[derive(Debug, Clone, Args)]
pub(super) struct StateArgs {
    /// Directory for jobs, results and tokens
    /// [default: $STATE_DIRECTORY, else $XDG_STATE_HOME/hivesum, else ~/.local/state/hivesum].
    #[arg(long = "state", value_name = "DIR", env = VARIABLE)]
    state: Option<PathBuf>,
}

impl StateArgs {
    /// The state directory. It may not exist yet.
    pub(super) fn directory(&self) -> Result<PathBuf, UsageError> {
        state_directory(self.state.clone())
    }
}

// The flags for the state directory of a service that may be running.
#[derive(Debug, Clone, Args)]
pub(super) struct ServiceArgs {
    #[command(flatten)]
    state: StateArgs,

    /// The service that listens here, instead of --state: http://HOST:PORT on this machine, or unix:PATH of its socket.
    #[arg(long, value_name = "URL")]
    server: Option<ServerAddress>,
}

impl ServiceArgs {
    /// The flag that leads another command to this directory, with a space before it; empty if none was given.
    pub(super) fn repeated(&self, directory: &Path) -> String {
        let given =
            self.state.state.as_ref().filter(|state| env::var_os(VARIABLE).as_deref() != Some(state.as_os_str()));
        match self.server.is_some() || given.is_some() {
            true => format!(" --state {}", quoted(directory.as_os_str())),
            false => String::new(),
        }
    }

    /// The state directory. It may not exist yet, unless it is that of a running service.
    pub(super) fn directory(&self) -> anyhow::Result<PathBuf> {
        let Some(server) = &self.server else { return Ok(self.state.directory()?) };
        // A flag overrides the environment.
        if self.state.state.as_ref().is_some_and(|given| Some(given.as_os_str()) != env::var_os(VARIABLE).as_deref()) {
            return Err(UsageError::of("", "--state and --server say the same in two ways: give one of them").into());
        }
        server.state_directory()
    }
}

/// Refuses a directory without the state of a service: a change there would be one that no service knows of. `or_else`
/// says what else the user can do.
pub(super) fn require_state(directory: &Path, or_else: &str) -> anyhow::Result<()> {
    for name in ["hivesum.db", "hivesum.journal"] {
        match directory.join(name).symlink_metadata() {
            Ok(_) => return Ok(()),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(error) => return Err(path_error(directory.as_os_str(), &error)),
        }
    }
    let directory = std::path::absolute(directory)?;
    anyhow::bail!(
        "no service has used {}: give its state directory with --state DIR, the same as the service's{or_else}",
        quoted(directory.as_os_str())
    )
}

/// The given directory, or else the default.
pub(super) fn state_directory(given: Option<PathBuf>) -> Result<PathBuf, UsageError> {
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    given
        .or_else(|| default_directory(variable))
        .ok_or_else(|| UsageError::of("serve", "no state directory: use --state DIR, or set STATE_DIRECTORY or HOME"))
}

fn default_directory(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // Set by systemd. Several directories are separated by colons; the first one is ours.
    if let Some(given) = variable("STATE_DIRECTORY") {
        return env::split_paths(&given).next();
    }
    // The XDG base directory specification says that relative paths must be ignored.
    let xdg = variable("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = xdg.or_else(|| variable("HOME").map(|home| PathBuf::from(home).join(".local/state")))?;
    Some(base.join("hivesum"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(variables: &[(&str, &str)]) -> Option<PathBuf> {
        default_directory(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn the_first_variable_that_is_set_gives_the_state_directory() {
        let home = ("HOME", "/home/a");
        assert_eq!(directory(&[home, ("STATE_DIRECTORY", "/s:/t"), ("XDG_STATE_HOME", "/x")]), Some("/s".into()));
        assert_eq!(directory(&[home, ("XDG_STATE_HOME", "/x")]), Some("/x/hivesum".into()));
        assert_eq!(directory(&[home, ("XDG_STATE_HOME", "x")]), Some("/home/a/.local/state/hivesum".into()));
        assert_eq!(directory(&[home]), Some("/home/a/.local/state/hivesum".into()));
        assert_eq!(directory(&[]), None);
    }
}
