//! Sinks: who is told of alerts, as the configuration describes them. Secrets are never here: they are in files, or in the
//! environment.
//!
//! Decides what a sink needs and which combinations are refused; sending is decided in `notify`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::error::ConfigError;

/// The most sinks.
pub const MAX_SINKS: usize = 32;

/// Bytes of a sink's name.
const MAX_NAME_BYTES: usize = 64;

/// Seconds that a sink may take to answer. Standard Webhooks recommends 15 to 30; a receiver that answers later is asked
/// again.
const MOST_SECONDS: u16 = 30;

/// One sink.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SinkConfig {
    /// A POST request, signed as Standard Webhooks are.
    Webhook(WebhookConfig),
    /// A mail.
    Smtp(SmtpConfig),
}

/// A receiver of webhooks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// What collections name it by.
    pub name: String,
    /// Where it listens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// A file with the URL, if that is a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_file: Option<PathBuf>,
    /// A file with the secret that signs: `whsec_` and base64. Without it, `HIVESUM_SINK_NAME_SECRET` has the secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<PathBuf>,
    /// How long an answer may take; 10 by default.
    #[serde(default = "ten")]
    pub timeout_seconds: u16,
}

/// A mail server, and who gets mail from whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpConfig {
    /// What collections name it by.
    pub name: String,
    /// Its name or address, with a port if that is not the usual one: 587, for `implicit` TLS 465, without TLS 25.
    pub server: String,
    /// How the connection is encrypted.
    #[serde(default)]
    pub tls: SmtpTls,
    /// The sender.
    pub from: String,
    /// The receivers.
    pub to: Vec<String>,
    /// Who signs in at the server. The password is in `password_file` or in `HIVESUM_SINK_NAME_PASSWORD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// A file with the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// How long one step of the dialogue, and the whole of it, may take; 10 by default.
    #[serde(default = "ten")]
    pub timeout_seconds: u16,
}

const fn ten() -> u16 {
    10
}

/// How a connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpTls {
    /// By STARTTLS; a server without it is refused.
    #[default]
    Starttls,
    /// From the first byte on.
    Implicit,
    /// Not at all, as on the machine itself.
    None,
}

impl SinkConfig {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Webhook(webhook) => &webhook.name,
            Self::Smtp(smtp) => &smtp.name,
        }
    }

    /// The paths in it.
    pub fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let paths = match self {
            Self::Webhook(webhook) => [webhook.url_file.as_mut(), webhook.secret_file.as_mut()],
            Self::Smtp(smtp) => [smtp.password_file.as_mut(), None],
        };
        paths.into_iter().flatten()
    }

    /// The variable of the environment that has its secret, if no file has it.
    #[must_use]
    pub fn secret_variable(&self) -> String {
        let name = self.name().to_ascii_uppercase().replace('-', "_");
        match self {
            Self::Webhook(_) => format!("HIVESUM_SINK_{name}_SECRET"),
            Self::Smtp(_) => format!("HIVESUM_SINK_{name}_PASSWORD"),
        }
    }

    fn check(&self) -> Result<(), String> {
        let name = self.name();
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(is_name) {
            return Err(format!("{name:?} cannot be its name: use a-z, 0-9 and -, at most {MAX_NAME_BYTES} of them"));
        }
        let (Self::Webhook(WebhookConfig { timeout_seconds, .. }) | Self::Smtp(SmtpConfig { timeout_seconds, .. })) =
            self;
        if !(1..=MOST_SECONDS).contains(timeout_seconds) {
            return Err(format!("timeout_seconds must be a number from 1 to {MOST_SECONDS}"));
        }
        match self {
            Self::Webhook(WebhookConfig { url, url_file, .. }) if url.is_some() == url_file.is_some() => {
                Err("a webhook has either url or url_file".to_owned())
            }
            Self::Smtp(SmtpConfig { to, .. }) if to.is_empty() => Err("`to` must name somebody".to_owned()),
            Self::Smtp(SmtpConfig { user: None, password_file: Some(_), .. }) => {
                Err("password_file needs `user`".to_owned())
            }
            Self::Webhook(_) | Self::Smtp(_) => Ok(()),
        }
    }
}

/// Checks all sinks, as far as it can be told without their secrets.
///
/// # Errors
/// The first one that is described wrongly.
pub fn check_sinks(sinks: &[SinkConfig]) -> Result<(), ConfigError> {
    let refused = |name: &str, why: String| ConfigError::Sink { name: name.to_owned(), why };
    if let Some(one) = sinks.get(MAX_SINKS) {
        return Err(refused(one.name(), format!("there are more than {MAX_SINKS} sinks")));
    }
    for (index, sink) in sinks.iter().enumerate() {
        sink.check().map_err(|why| refused(sink.name(), why))?;
        if sinks[..index]
            .iter()
            .any(|other| other.secret_variable() == sink.secret_variable() || other.name() == sink.name())
        {
            return Err(refused(sink.name(), "another sink has this name".to_owned()));
        }
    }
    Ok(())
}
