//! The settings of a node, each with its flag, its environment variable and its key in the configuration file.

use std::collections::BTreeMap;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use hivesum::config::NodeConfig;
use serde::{Deserialize, Serialize};

use super::super::engine::from_one;
use super::super::settings::declare::settings;
use super::super::settings::file::{from_file, make_absolute};
use super::super::settings::words::{LogWord, PriorityWord};

settings! {
    NodeSettings of NodeConfig;

    ["Fleet"]

    /// NATS server of the fleet: nats://HOST:4222 on this machine, tls://HOST:4222 elsewhere. Several are separated by
    /// commas.
    #[arg(long, value_name = "URL", env = "HIVESUM_FLEET", hide_env_values = true)]
    fleet: String, |c| Some(c.fleet.url.clone()).filter(|url| !url.is_empty()), |c, v| c.fleet.url = v;

    /// Credentials file of NATS, which nobody else may read [default: none].
    #[arg(long, value_name = "FILE", env = "HIVESUM_FLEET_CREDS")]
    fleet_creds: PathBuf, |c| c.fleet.creds.clone(), |c, v| c.fleet.creds = Some(v);

    /// Certificates of authorities (PEM) for the TLS of the NATS server [default: those of the system].
    #[arg(long, value_name = "FILE", env = "HIVESUM_FLEET_CA")]
    fleet_ca: PathBuf, |c| c.fleet.ca.clone(), |c, v| c.fleet.ca = Some(v);

    /// Name of the fleet: several may share a NATS server [default: hivesum].
    #[arg(long, value_name = "NAME", env = "HIVESUM_FLEET_NAME")]
    fleet_name: String, |c| Some(c.fleet.name.clone()), |c, v| c.fleet.name = v;

    /// Allow nats:// without TLS beyond this machine: whoever is on the way reads and changes what passes.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL",
        env = "HIVESUM_FLEET_INSECURE")]
    fleet_insecure: bool = fleet.insecure;

    /// Name of the node: letters, digits, - and _ [default: the name of the machine].
    #[arg(long, value_name = "NODE", env = "HIVESUM_NODE_NAME")]
    name: String, |c| Some(c.node_name()), |c, v| c.name = Some(v);

    /// Other nodes see the same files under the names of the directories, and share the work.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL",
        env = "HIVESUM_NODE_POOL")]
    pool: bool = pool;

    ["Reading"]

    /// Number of hasher threads [default: the number of CPU cores].
    #[arg(long, value_name = "N", value_parser = from_one, env = "HIVESUM_HASHERS")]
    hashers: NonZeroUsize = hashers;

    /// CPU priority of the hashers. Choose normal if other programs keep the machine busy [default: idle].
    #[arg(long, value_name = "PRIORITY", env = "HIVESUM_HASHER_PRIORITY")]
    hasher_priority: PriorityWord, |c| Some(PriorityWord::of(c.hasher_priority)),
        |c, v| c.hasher_priority = v.priority();

    /// Maximum read speed of the node, in bytes per second [default: unlimited].
    #[arg(long, value_name = "BYTES", env = "HIVESUM_MAX_BYTES_PER_SECOND")]
    max_bytes_per_second: NonZeroU64, |c| c.max_bytes_per_second, |c, v| c.max_bytes_per_second = Some(v);

    /// Times when the node takes work: minute, hour, day of the month, month, day of the week and time zone, as in
    /// `* 22-23,0-5 * * * Europe/Berlin`; several are separated by `;` [default: always].
    #[arg(long, value_name = "WINDOWS", env = "HIVESUM_NODE_WINDOWS")]
    windows: String, |c| Some(c.hours.clone()).filter(|hours| !hours.is_empty()), |c, v| c.hours = v;

    /// Maximum size of a file. Larger files are not hashed [default: 16 TiB].
    #[arg(long, value_name = "BYTES", env = "HIVESUM_MAX_FILE_BYTES")]
    max_file_bytes: u64 = max_file_bytes;

    /// Give up on a file after a read has made no progress for this long, as on a dead mount [default: 60].
    #[arg(long, value_name = "SECONDS", env = "HIVESUM_READ_TIMEOUT_SECONDS")]
    read_timeout_seconds: u64, |c| Some(c.read_timeout.as_secs()), |c, v| c.read_timeout = Duration::from_secs(v);

    /// Format of the log on stderr [default: human].
    #[arg(long, value_name = "FORMAT", env = "HIVESUM_LOG_FORMAT")]
    log_format: LogWord, |c| Some(LogWord::of(c.log_format)), |c, v| c.log_format = v.format();
}

impl NodeSettings {
    /// Reads the settings from a file. Paths in it begin at its directory.
    ///
    /// # Errors
    /// If the file cannot be read or is not valid. The text names the line.
    pub(super) fn of_file(path: &Path) -> Result<Self, String> {
        let (mut settings, directory): (Self, PathBuf) = from_file(path)?;
        let files = [&mut settings.fleet_creds, &mut settings.fleet_ca].into_iter().flatten();
        make_absolute(files.chain(settings.roots.values_mut()), &directory);
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_written_to_a_configuration_are_read_back() {
        let text = "fleet = \"nats://127.0.0.1\"\npool = true\nname = \"n1\"\nhashers = 3\nlog_format = \"json\"";
        let mut config = NodeConfig::default();
        toml::from_str::<NodeSettings>(text).unwrap().put_into(&mut config);
        assert_eq!(
            (&*config.fleet.url, config.pool, &*config.node_name(), config.hashers.get()),
            ("nats://127.0.0.1", true, "n1", 3)
        );
        let shown = toml::to_string(&NodeSettings::of(&config)).unwrap();
        let mut again = NodeConfig::default();
        toml::from_str::<NodeSettings>(&shown).unwrap().put_into(&mut again);
        assert_eq!(toml::to_string(&NodeSettings::of(&again)).unwrap(), shown);
    }
}
