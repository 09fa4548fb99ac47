//! The sinks that a command tells: from the configuration file of a service, the environment or the command line.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use hivesum::config::{SinkConfig, check_sinks};
use hivesum::notify::{Heartbeat, Sink, open_all};

use super::error::UsageError;
use super::settings::{Settings, SinkWord};

// The flags of sinks.
#[derive(Debug, Clone, Args)]
pub(super) struct SinkArgs {
    /// Read the sinks from this configuration file, as serve has it.
    #[arg(long, value_name = "FILE", env = "HIVESUM_CONFIG", help_heading = "Alerts")]
    config: Option<PathBuf>,

    /// A sink, as in the file but on one line: name = "ops", kind = "webhook", url = "https://...". May be repeated.
    #[arg(long, value_name = "TABLE", value_delimiter = '\n', env = "HIVESUM_SINK", help_heading = "Alerts")]
    sink: Option<Vec<SinkWord>>,

    /// GET this URL after the run, if it came to its end, so that silence is noticed.
    #[arg(long, value_name = "URL", env = "HIVESUM_HEARTBEAT_URL", help_heading = "Alerts")]
    heartbeat_url: Option<String>,
}

impl SinkArgs {
    /// Who waits for a heartbeat.
    ///
    /// # Errors
    /// When the file cannot be read or is not valid, or the URL is none.
    pub(super) fn heartbeat(&self, command: &'static str) -> Result<Option<Heartbeat>, UsageError> {
        let url = match &self.heartbeat_url {
            Some(url) => Some(url.clone()),
            None => self.file(command)?.heartbeat_url,
        };
        url.as_deref().map(Heartbeat::open).transpose().map_err(|error| UsageError::of(command, error))
    }

    fn file(&self, command: &'static str) -> Result<Settings, UsageError> {
        let file = self.config.as_deref().map(Settings::of_file).transpose();
        Ok(file.map_err(|error| UsageError::of(command, error))?.unwrap_or_default())
    }

    /// The sinks of all layers: the highest one that has any.
    fn configs(&self, command: &'static str) -> Result<Vec<SinkConfig>, UsageError> {
        let words = match &self.sink {
            Some(words) => words.clone(),
            None => self.file(command)?.sink.unwrap_or_default(),
        };
        let configs: Vec<_> = words.into_iter().map(|word| word.0).collect();
        check_sinks(&configs).map_err(|error| UsageError::of(command, error))?;
        Ok(configs)
    }

    /// The sinks, ready to take messages.
    ///
    /// # Errors
    /// When the file cannot be read or is not valid, a sink is described wrongly, or a secret is missing.
    pub(super) fn open(&self, command: &'static str) -> Result<Vec<Arc<Sink>>, UsageError> {
        open_all(&self.configs(command)?).map_err(|error| UsageError::of(command, error))
    }
}
