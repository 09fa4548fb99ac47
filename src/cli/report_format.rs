//! The format of a report: for people or for programs.

use std::fmt;
use std::str::FromStr;

/// The format of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum ReportFormat {
    /// Lines of text, for people.
    #[default]
    Human,
    /// One JSON document, for programs.
    Json,
}

impl fmt::Display for ReportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Human => "human",
            Self::Json => "json",
        })
    }
}

impl FromStr for ReportFormat {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "human" => Ok(Self::Human),
            "json" => Ok(Self::Json),
            _ => Err("must be human or json"),
        }
    }
}
