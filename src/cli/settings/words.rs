//! Settings whose values are words, on the command line and in the configuration file.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;
use hivesum::config::{HasherPriority, LogFormat, RateLimit, ServeConfig};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::cli) enum PriorityWord {
    Idle,
    Normal,
}

impl PriorityWord {
    pub(in crate::cli) fn of(priority: HasherPriority) -> Self {
        match priority {
            HasherPriority::Idle => Self::Idle,
            HasherPriority::Normal => Self::Normal,
        }
    }

    pub(in crate::cli) fn priority(self) -> HasherPriority {
        match self {
            Self::Idle => HasherPriority::Idle,
            Self::Normal => HasherPriority::Normal,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::cli) enum LogWord {
    Human,
    Json,
}

impl LogWord {
    pub(in crate::cli) fn of(format: LogFormat) -> Self {
        match format {
            LogFormat::Text => Self::Human,
            LogFormat::Json => Self::Json,
        }
    }

    pub(in crate::cli) fn format(self) -> LogFormat {
        match self {
            Self::Human => LogFormat::Text,
            Self::Json => LogFormat::Json,
        }
    }
}

/// A number of requests per second, or `off`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "RateValue")]
pub(in crate::cli) struct RateWord(pub(super) RateLimit);

#[derive(Deserialize)]
#[serde(untagged)]
enum RateValue {
    Number(u32),
    Word(String),
}

impl TryFrom<RateValue> for RateWord {
    type Error = &'static str;

    fn try_from(value: RateValue) -> Result<Self, Self::Error> {
        match value {
            RateValue::Number(number) => number.to_string().parse(),
            RateValue::Word(word) => word.parse(),
        }
    }
}

impl FromStr for RateWord {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        if word == "off" {
            return Ok(Self(RateLimit::Off));
        }
        let per_second: NonZeroU32 =
            word.parse().map_err(|_| "must be a number of requests per second, at least 1, or off")?;
        Ok(Self(RateLimit::per_second(per_second)))
    }
}

impl fmt::Display for RateWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            RateLimit::Off => f.write_str("off"),
            RateLimit::PerClient { per_second, .. } => per_second.fmt(f),
        }
    }
}

impl Serialize for RateWord {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            RateLimit::Off => serializer.serialize_str("off"),
            RateLimit::PerClient { per_second, .. } => serializer.serialize_u32(per_second.get()),
        }
    }
}

/// Where to listen: `ADDR:PORT`, `NAME:PORT`, `:PORT` for every IPv4 address, or `unix:PATH`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(in crate::cli) enum ListenWord {
    Tcp {
        address: SocketAddr,
        /// The host name that led to the address.
        name: Option<String>,
    },
    /// An absolute path.
    Unix(PathBuf),
}

impl ListenWord {
    pub(super) fn of(config: &ServeConfig) -> Self {
        match &config.listen_socket {
            Some(path) => Self::Unix(path.clone()),
            None => Self::Tcp { address: config.listen, name: config.listen_name.clone() },
        }
    }

    pub(super) fn put_into(self, config: &mut ServeConfig) {
        match self {
            Self::Tcp { address, name } => {
                (config.listen, config.listen_name, config.listen_socket) = (address, name, None);
            }
            Self::Unix(path) => config.listen_socket = Some(path),
        }
    }
}

impl FromStr for ListenWord {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        if let Ok(address) = word.parse() {
            return Ok(Self::Tcp { address, name: None });
        }
        if let Some(path) = word.strip_prefix("unix:") {
            let path = std::path::absolute(path).map_err(|_| "unix: needs the path of a socket")?;
            return Ok(Self::Unix(path));
        }
        let (name, port) = word.rsplit_once(':').ok_or("must be ADDR:PORT, NAME:PORT, :PORT or unix:PATH")?;
        let port: u16 = port.parse().map_err(|_| format!("{port:?} is not a port, a number up to 65535"))?;
        if name.is_empty() {
            return Ok(Self::Tcp { address: (Ipv4Addr::UNSPECIFIED, port).into(), name: None });
        }
        let found = (name, port).to_socket_addrs().map_err(|error| format!("{name:?} has no address: {error}"))?;
        // A name of both kinds is reached by more clients at its IPv4 address.
        let address = found.min_by_key(SocketAddr::is_ipv6).ok_or_else(|| format!("{name:?} has no address"))?;
        Ok(Self::Tcp { address, name: Some(name.to_owned()) })
    }
}

impl TryFrom<String> for ListenWord {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        word.parse()
    }
}

impl From<ListenWord> for String {
    fn from(word: ListenWord) -> Self {
        match word {
            ListenWord::Tcp { address, name: Some(name) } => format!("{name}:{}", address.port()),
            ListenWord::Tcp { address, name: None } => address.to_string(),
            ListenWord::Unix(path) => format!("unix:{}", path.display()),
        }
    }
}

/// What the parser of the file calls the types of this program, and what a person calls them.
const TYPES: [(&str, &str); 8] = [
    ("expected a nonzero usize", "expected a whole number, at least 1"),
    ("expected a nonzero u64", "expected a whole number, at least 1"),
    ("expected a nonzero u32", "expected a whole number, at least 1"),
    ("expected usize", "expected a whole number"),
    ("expected u64", "expected a whole number"),
    ("expected u32", "expected a whole number"),
    ("expected a boolean", "expected true or false"),
    ("expected path string", "expected a path in quotes"),
];

/// The error of the parser without the names of types.
pub(super) fn in_plain_words(error: &str) -> String {
    TYPES.iter().fold(error.to_owned(), |error, (of_parser, plain)| error.replace(of_parser, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listen_address_may_have_a_name_or_no_host() {
        let of = |word: &str| word.parse::<ListenWord>();
        let shown = |word: &str| {
            let mut config = ServeConfig::new("".into());
            of(word).unwrap().put_into(&mut config);
            (config.listen.to_string(), String::from(ListenWord::of(&config)))
        };
        assert_eq!(shown("127.0.0.1:1"), ("127.0.0.1:1".to_owned(), "127.0.0.1:1".to_owned()));
        assert_eq!(shown("[::1]:1"), ("[::1]:1".to_owned(), "[::1]:1".to_owned()));
        assert_eq!(shown(":8080"), ("0.0.0.0:8080".to_owned(), "0.0.0.0:8080".to_owned()));
        let (address, word) = shown("localhost:8080");
        assert!(address.parse::<SocketAddr>().unwrap().ip().is_loopback(), "{address}");
        assert_eq!(word, "localhost:8080");
        assert_eq!(shown("unix:/run/h:1.sock").1, "unix:/run/h:1.sock");
        assert!(shown("unix:h.sock").1.ends_with("/h.sock") && shown("unix:h.sock").1.starts_with("unix:/"));
        for (word, why) in [
            ("127.0.0.1", "must be ADDR:PORT, NAME:PORT, :PORT or unix:PATH"),
            ("unix:", "unix: needs the path of a socket"),
            ("localhost:", "\"\" is not a port, a number up to 65535"),
            (":65536", "\"65536\" is not a port, a number up to 65535"),
        ] {
            assert_eq!(of(word).unwrap_err(), why, "{word}");
        }
        assert!(of("no.such.host.invalid:80").unwrap_err().starts_with("\"no.such.host.invalid\" has no address"));
    }

    #[test]
    fn a_rate_is_a_number_or_off() {
        assert_eq!("off".parse::<RateWord>().unwrap().0, RateLimit::Off);
        assert_eq!("5".parse::<RateWord>().unwrap().0, RateLimit::per_second(NonZeroU32::new(5).unwrap()));
        assert!("0".parse::<RateWord>().is_err() && "many".parse::<RateWord>().is_err());
        assert!(RateWord::try_from(RateValue::Number(0)).is_err());
    }

    #[test]
    fn errors_of_the_file_name_no_type_of_the_program() {
        let table = [
            ("max_parts = \"x\"", "whole number"),
            ("max_parts = -1", "whole number"),
            ("hashers = \"x\"", "at least 1"),
            ("max_bytes_per_second = true", "at least 1"),
            ("no_auth = 1", "true or false"),
            ("state = 1", "path in quotes"),
            ("[roots]\na = 1", "path in quotes"),
        ];
        for (text, words) in table {
            let error = in_plain_words(&toml::from_str::<super::super::Settings>(text).unwrap_err().to_string());
            assert!(error.contains(words), "{text}: {error}");
            for of_program in ["usize", "u64", "u32", "a boolean", "path string", "nonzero"] {
                assert!(!error.contains(of_program), "{text}: {error}");
            }
        }
    }
}
