//! The layer of the configuration file: read, refused in words where it is not valid, and with paths that begin at its
//! directory.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::super::error::system_text;
use super::Settings;
use super::words::in_plain_words;

/// Settings from a file, and the directory in which relative paths begin.
///
/// # Errors
/// If the file cannot be read or is not valid. The text names the line.
pub(in crate::cli) fn from_file<S: DeserializeOwned>(path: &Path) -> Result<(S, PathBuf), String> {
    let failed = |error: std::io::Error| format!("{}: {}", path.display(), system_text(&error));
    let text = std::fs::read_to_string(path).map_err(failed)?;
    let settings = toml::from_str(&text)
        .map_err(|error| format!("{}: {}", path.display(), in_plain_words(error.to_string().trim_end())))?;
    let whole = std::path::absolute(path).map_err(failed)?;
    Ok((settings, whole.parent().unwrap_or(Path::new("/")).to_owned()))
}

/// Lets paths begin at a directory. An empty path is refused later, as one.
pub(in crate::cli) fn make_absolute<'a>(paths: impl Iterator<Item = &'a mut PathBuf>, directory: &Path) {
    paths.filter(|path| !path.as_os_str().is_empty()).for_each(|path| *path = directory.join(&*path));
}

impl Settings {
    /// Reads the settings from a file.
    ///
    /// # Errors
    /// If the file cannot be read or is not valid. The text names the line.
    pub(in crate::cli) fn of_file(path: &Path) -> Result<Self, String> {
        let (settings, directory) = from_file::<Self>(path)?;
        Ok(settings.relative_to(&directory))
    }

    /// With the paths in it relative to this directory.
    fn relative_to(mut self, directory: &Path) -> Self {
        let of_tls = [&mut self.tls_cert, &mut self.tls_key];
        let of_fleet = [&mut self.fleet_creds, &mut self.fleet_ca];
        let of_settings = [&mut self.state].into_iter().chain(of_tls).chain(of_fleet).flatten();
        let of_sinks = self.sink.iter_mut().flatten().flat_map(|word| word.0.paths_mut());
        make_absolute(of_settings.chain(self.roots.values_mut()).chain(of_sinks), directory);
        self
    }
}

#[cfg(test)]
mod tests {
    use hivesum::config::ServeConfig;

    use super::*;

    #[test]
    fn a_higher_layer_wins_setting_by_setting() {
        let high: Settings = toml::from_str("max_parts = 1\nrate_limit = \"off\"").unwrap();
        let low: Settings = toml::from_str("max_parts = 2\nmax_uploads = 3\n[roots]\na = \"/a\"").unwrap();
        let both = high.or(low);
        assert_eq!((both.max_parts, both.max_uploads, both.roots.len()), (Some(1), Some(3), 1));
    }

    #[test]
    fn settings_written_to_a_configuration_are_read_back() {
        let mut config = ServeConfig::new("/state".into());
        let shown = toml::to_string(&Settings::of(&config)).unwrap();
        let read: Settings = toml::from_str(&shown).unwrap();
        config.limits.max_parts = 0;
        read.put_into(&mut config);
        assert_eq!(toml::to_string(&Settings::of(&config)).unwrap(), shown);
        assert_eq!(config.limits.max_parts, 1000);
    }
}
