//! The rules that the settings of a fleet obey: they keep credentials and names off open lines.

use std::net::IpAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use async_nats::ServerAddr;

use super::config::{FleetConfig, shown};
use super::error::FleetError;
use super::protocol::is_fleet_name;

/// The longest of these times.
const LONGEST_TIME: Duration = Duration::from_secs(3600);

impl FleetConfig {
    /// Checks what can be checked without the broker. It reads the files.
    ///
    /// # Errors
    /// The first rule that is broken, in words.
    pub fn check(&self) -> Result<(), FleetError> {
        self.servers()?;
        if !is_fleet_name(&self.name) {
            return Err(FleetError::Name(self.name.clone()));
        }
        for (what, time) in [("announcement", self.announcement), ("acknowledgement", self.ack_wait)] {
            if time.is_zero() || time > LONGEST_TIME {
                return Err(FleetError::Time(what));
            }
        }
        if let Some(creds) = &self.creds {
            self.check_creds(creds)?;
        }
        if let Some(ca) = &self.ca {
            std::fs::File::open(ca).map_err(|source| FleetError::File { path: ca.clone(), source })?;
        }
        Ok(())
    }

    /// The addresses of the broker.
    pub(crate) fn servers(&self) -> Result<Vec<ServerAddr>, FleetError> {
        let mut servers = Vec::new();
        for url in self.url.split(',').map(str::trim) {
            let server: ServerAddr = url
                .parse()
                .map_err(|error: std::io::Error| FleetError::Url { url: shown(url), why: error.to_string() })?;
            if server.host().is_empty() || server.is_websocket() {
                return Err(FleetError::Url {
                    url: shown(url),
                    why: "write it as nats://HOST:PORT or tls://HOST:PORT".to_owned(),
                });
            }
            if !server.tls_required() && !is_loopback(server.host()) && !self.insecure {
                return Err(FleetError::Insecure { host: server.host().to_owned() });
            }
            servers.push(server);
        }
        Ok(servers)
    }

    /// Whoever has the file is the node, so nobody else may read it.
    fn check_creds(&self, path: &Path) -> Result<(), FleetError> {
        let meta = std::fs::metadata(path).map_err(|source| FleetError::File { path: path.to_owned(), source })?;
        if meta.mode() & 0o077 != 0 {
            return Err(FleetError::OpenCreds { path: path.to_owned(), mode: meta.mode() & 0o777 });
        }
        Ok(())
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_crosses_a_network_is_encrypted_unless_that_is_not_wanted() {
        for url in
            ["nats://127.0.0.1:4222", "localhost", "nats://[::1]:4222", "tls://broker.example", "nats://u:p@127.0.0.1"]
        {
            assert!(FleetConfig::new(url).check().is_ok(), "{url}");
        }
        for url in ["nats://broker.example:4222", "192.0.2.1", "tls://a.example,nats://b.example"] {
            assert!(matches!(FleetConfig::new(url).check(), Err(FleetError::Insecure { .. })), "{url}");
            assert!(FleetConfig { insecure: true, ..FleetConfig::new(url) }.check().is_ok(), "{url}");
        }
        for url in ["", "http://127.0.0.1", "nats://", "ws://127.0.0.1", "nats://[:"] {
            assert!(matches!(FleetConfig::new(url).check(), Err(FleetError::Url { .. })), "{url:?}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_not_shown() {
        assert_eq!(
            FleetConfig::new("nats://me:se@cret@127.0.0.1:4222,tls://b").shown_url(),
            "nats://127.0.0.1:4222,tls://b"
        );
        let error = FleetConfig::new("ws://me:secret@127.0.0.1").check().unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn credentials_that_others_can_read_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let creds = dir.path().join("node.creds");
        let config = FleetConfig { creds: Some(creds.clone()), ..FleetConfig::new("127.0.0.1") };
        assert!(matches!(config.check(), Err(FleetError::File { .. })));
        std::fs::write(&creds, "secret").unwrap();
        for (mode, good) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            std::fs::set_permissions(&creds, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(config.check().is_ok(), good, "{mode:o}");
        }
    }

    #[test]
    fn times_and_names_have_bounds() {
        let good = FleetConfig::new("127.0.0.1");
        assert!(FleetConfig { ack_wait: Duration::ZERO, ..good.clone() }.check().is_err());
        assert!(FleetConfig { announcement: Duration::from_secs(3601), ..good.clone() }.check().is_err());
        assert!(FleetConfig { name: "a.b".to_owned(), ..good }.check().is_err());
    }
}
