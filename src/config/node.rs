//! The configuration of `node`: what it offers, to whom, and how it reads.

use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

use hivesum_actors::EngineConfig;
use hivesum_actors::engine::HasherPriority;
use hivesum_actors::fleet::FleetConfig;
use hivesum_core::fixity::{WindowText, Windows};

use super::{LogFormat, RootConfig};

/// The configuration of a node.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// The broker of the fleet.
    pub fleet: FleetConfig,
    /// The name of the node; by default that of the machine.
    pub name: Option<String>,
    /// Whether other nodes see the same files under the names of the directories.
    pub pool: bool,
    /// The directories that it offers.
    pub roots: Vec<RootConfig>,
    /// When it takes work, as [`windows`](Self::windows) reads it; empty for always.
    pub hours: String,
    /// The number of hasher threads.
    pub hashers: NonZeroUsize,
    /// The priority of the hasher threads.
    pub hasher_priority: HasherPriority,
    /// Bytes per second that all scans together may read; none means no limit.
    pub max_bytes_per_second: Option<NonZeroU64>,
    /// Longer files are not hashed.
    pub max_file_bytes: u64,
    /// A file or directory without progress for this long is given up.
    pub read_timeout: Duration,
    /// The format of the log.
    pub log_format: LogFormat,
}

impl Default for NodeConfig {
    fn default() -> Self {
        let engine = EngineConfig::default();
        Self {
            fleet: FleetConfig::new(""),
            name: None,
            pool: false,
            roots: Vec::new(),
            hours: String::new(),
            hashers: engine.hashers,
            hasher_priority: engine.priority,
            max_bytes_per_second: None,
            max_file_bytes: engine.max_file_bytes,
            read_timeout: engine.quantum_deadline,
            log_format: LogFormat::Text,
        }
    }
}

/// Hours that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("--windows: {text:?}: {why}")]
pub struct HoursInvalid {
    /// The window.
    pub text: String,
    /// What is wrong with it.
    pub why: String,
}

impl NodeConfig {
    /// The windows of its hours: five cron fields and a time zone each, separated by `;`.
    ///
    /// # Errors
    /// The first window that cannot be used.
    pub fn windows(&self) -> Result<Windows, HoursInvalid> {
        let texts: Vec<_> = self.hours.split(';').map(str::trim).filter(|text| !text.is_empty()).collect();
        let window = |text: &&str| match text.rsplit_once(char::is_whitespace) {
            Some((cron, time_zone)) if text.split_whitespace().count() == 6 => {
                Ok(WindowText { cron: cron.trim_end().to_owned(), time_zone: time_zone.to_owned() })
            }
            Some(_) | None => Err(HoursInvalid {
                text: (*text).to_owned(),
                why:
                    "a window has five fields (minute, hour, day of the month, month, day of the week) and a time zone"
                        .to_owned(),
            }),
        };
        let windows = texts.iter().map(window).collect::<Result<Vec<_>, _>>()?;
        Windows::new(&windows)
            .map_err(|(at, why)| HoursInvalid { text: texts[at.min(texts.len() - 1)].to_owned(), why: why.to_string() })
    }

    /// The name: the one that was given, or else that of the machine up to its first dot.
    #[must_use]
    pub fn node_name(&self) -> String {
        self.name.clone().unwrap_or_else(|| {
            let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
            machine.split('.').next().unwrap_or_default().to_owned()
        })
    }

    /// The engine that hashes for the fleet.
    #[cfg(feature = "fleet")]
    pub(crate) fn engine(&self) -> EngineConfig {
        EngineConfig {
            hashers: self.hashers,
            priority: self.hasher_priority,
            max_file_bytes: self.max_file_bytes,
            quantum_deadline: self.read_timeout,
            max_bytes_per_second: self.max_bytes_per_second,
            ..EngineConfig::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_five_fields_and_a_zone_each() {
        let read = |hours: &str| NodeConfig { hours: hours.to_owned(), ..NodeConfig::default() }.windows();
        for good in ["", "* 22-23,0-5 * * * Europe/Berlin", " * 1 * * * UTC ; * 2 * * 1-5 UTC;"] {
            assert!(read(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("* 22 * * *", "a window has five fields"),
            ("* 22 * * * UTC; * 25 * * * UTC", "\"* 25 * * * UTC\": "),
            ("* 1 * * * Mars/Base", "Mars/Base"),
        ] {
            let said = read(bad).unwrap_err().to_string();
            assert!(said.starts_with("--windows: ") && said.contains(why), "{said}");
        }
    }
}
