//! Sinks as words: one inline table of TOML on the command line and in each line of the variable, a table in the file.

use std::str::FromStr;

use hivesum::config::SinkConfig;
use serde::{Deserialize, Serialize};

/// One sink.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::cli) struct SinkWord(pub(in crate::cli) SinkConfig);

/// A file with nothing but one sink.
#[derive(Deserialize)]
struct Only {
    sink: SinkWord,
}

impl FromStr for SinkWord {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let inline = word.trim().trim_start_matches('{').trim_end_matches('}');
        let parsed: Result<Only, _> = toml::from_str(&format!("sink = {{ {inline} }}"));
        parsed.map(|only| only.sink).map_err(|error| error.message().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sink_is_a_table_and_has_no_secret_in_it() {
        let word: SinkWord = "name = 'ops', kind = 'webhook', url = 'https://a.example/x'".parse().unwrap();
        assert_eq!(word.0.name(), "ops");
        let same: SinkWord = "{ name = 'ops', kind = 'webhook', url = 'https://a.example/x' }".parse().unwrap();
        assert_eq!(same.0, word.0);
        for (wrong, why) in [
            ("name = 'ops', kind = 'pigeon'", "pigeon"),
            ("name = 'ops', kind = 'webhook', secret = 'x'", "unknown field `secret`"),
            ("name = 'ops', kind = 'smtp', password = 'x'", "unknown field `password`"),
            ("kind = 'smtp', server = 'a', from = 'b', to = []", "missing field `name`"),
            ("name = ", "expected"),
        ] {
            let error = wrong.parse::<SinkWord>().unwrap_err();
            assert!(error.contains(why), "{wrong}: {error}");
        }
    }
}
