//! A sink of either kind: opened with its secrets, and asked to take a letter.

use std::sync::Arc;

use hivesum_actors::store::collections::{MAX_NOTIFY, SendFailure, SinkPace};

use super::mail::Mail;
use super::message::Letter;
use super::secret;
use super::webhook::Webhook;
use crate::config::SinkConfig;

/// Why a sink cannot be used. The words name no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("sink {name}: {why}")]
pub struct SinkInvalid {
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub why: String,
}

/// A sink that is ready to take messages.
#[derive(Debug)]
pub struct Sink {
    /// What collections name it by.
    pub name: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Webhook(Webhook),
    Mail(Mail),
}

impl Sink {
    /// Reads its secrets. Nothing is sent.
    ///
    /// # Errors
    /// When a secret, the URL or an address is missing or is none.
    pub fn open(config: &SinkConfig) -> Result<Self, SinkInvalid> {
        let secret = |file| secret::read(file, &config.secret_variable());
        let kind = match config {
            SinkConfig::Webhook(webhook) => secret(webhook.secret_file.as_deref())
                .and_then(|secret| Webhook::open(webhook, secret))
                .map(Kind::Webhook),
            SinkConfig::Smtp(smtp) => {
                secret(smtp.password_file.as_deref()).and_then(|secret| Mail::open(smtp, secret)).map(Kind::Mail)
            }
        };
        let name = config.name().to_owned();
        match kind {
            Ok(kind) => Ok(Self { name, kind }),
            Err(why) => Err(SinkInvalid { name, why }),
        }
    }

    /// When it takes messages of one collection: mails are digests.
    #[must_use]
    pub const fn pace(&self) -> SinkPace {
        match self.kind {
            Kind::Webhook(_) => SinkPace::AtOnce,
            Kind::Mail(_) => SinkPace::Digests,
        }
    }

    /// Sends a letter. Returns what was answered, as a status.
    ///
    /// # Errors
    /// When it was not taken, for all that is known.
    pub async fn send(&self, letter: &Letter) -> Result<String, SendFailure> {
        match &self.kind {
            Kind::Webhook(webhook) => webhook.send(letter).await,
            Kind::Mail(mail) => mail.send(letter).await,
        }
    }
}

/// All sinks of a configuration.
///
/// # Errors
/// The first one that cannot be used.
pub fn open_all(configs: &[SinkConfig]) -> Result<Vec<Arc<Sink>>, SinkInvalid> {
    configs.iter().map(|config| Sink::open(config).map(Arc::new)).collect()
}

/// The first of these names that no sink has, in words.
///
/// # Errors
/// When there is one, or when there are too many names.
pub fn check_names<'a>(names: &[String], sinks: impl IntoIterator<Item = &'a str>) -> Result<(), String> {
    if names.len() > MAX_NOTIFY {
        return Err(format!("a collection tells at most {MAX_NOTIFY} sinks"));
    }
    let known: Vec<&str> = sinks.into_iter().collect();
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) if known.is_empty() => Err(format!("{name:?} is no sink: the configuration has none")),
        Some(name) => Err(format!("{name:?} is no sink of the configuration: it has {}", known.join(", "))),
    }
}
