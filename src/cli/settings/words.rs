//! Settings whose values are words, on the command line and in the configuration file.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use clap::ValueEnum;
use hivesum::config::{HasherPriority, LogFormat, RateLimit};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::cli) enum PriorityWord {
    Idle,
    Normal,
}

impl PriorityWord {
    pub(super) fn of(priority: HasherPriority) -> Self {
        match priority {
            HasherPriority::Idle => Self::Idle,
            HasherPriority::Normal => Self::Normal,
        }
    }

    pub(super) fn priority(self) -> HasherPriority {
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
    pub(super) fn of(format: LogFormat) -> Self {
        match format {
            LogFormat::Text => Self::Human,
            LogFormat::Json => Self::Json,
        }
    }

    pub(super) fn format(self) -> LogFormat {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_or_off() {
        assert_eq!("off".parse::<RateWord>().unwrap().0, RateLimit::Off);
        assert_eq!("5".parse::<RateWord>().unwrap().0, RateLimit::per_second(NonZeroU32::new(5).unwrap()));
        assert!("0".parse::<RateWord>().is_err() && "many".parse::<RateWord>().is_err());
        assert!(RateWord::try_from(RateValue::Number(0)).is_err());
    }
}
