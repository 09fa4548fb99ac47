//! Webhooks: a POST request, signed as Standard Webhooks are, and what its answer means.
//!
//! No redirect is followed, no answer is read beyond its head, and TLS is checked against the certificates of the system
//! (`SSL_CERT_FILE` names others).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hivesum_actors::store::collections::SendFailure;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Response, StatusCode, Url, redirect};
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP};

use super::cause;
use super::message::{Letter, failure};
use super::secret::{self, Secret};
use crate::config::WebhookConfig;

/// Bytes of a key, at least: what is shorter can be guessed. Standard Webhooks asks for 24 to 64.
const MIN_KEY_BYTES: usize = 24;

/// A receiver of webhooks.
pub(super) struct Webhook {
    url: Url,
    signer: standardwebhooks::Webhook,
    client: Client,
    timeout: Duration,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Webhook")
    }
}

impl Webhook {
    pub(super) fn open(config: &WebhookConfig, secret: Option<Secret>) -> Result<Self, String> {
        let url = match (&config.url, &config.url_file) {
            (Some(url), _) => url.clone(),
            (None, Some(file)) => secret::of_file(file)?.0,
            (None, None) => return Err("a webhook has either url or url_file".to_owned()),
        };
        let secret = secret.ok_or("its secret is missing: name a secret_file")?;
        let words = "its secret must be whsec_ and at least 24 bytes in base64, as openssl rand -base64 24 prints them";
        let signer = standardwebhooks::Webhook::new(&secret.0).map_err(|_| words.to_owned())?;
        // Four letters of base64 are three bytes.
        if secret.0.strip_prefix("whsec_").unwrap_or(&secret.0).trim_end_matches('=').len() * 3 / 4 < MIN_KEY_BYTES {
            return Err(words.to_owned());
        }
        let (url, timeout) = (checked(&url)?, Duration::from_secs(config.timeout_seconds.into()));
        let client = client(&url, timeout)?;
        Ok(Self { url, signer, client, timeout })
    }

    pub(super) async fn send(&self, letter: &Letter) -> Result<String, SendFailure> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let body = letter.json.to_string();
        let signature = self.signer.sign(&letter.id, now as i64, body.as_bytes());
        let signature = signature.map_err(|_| failure("the message could not be signed"))?;
        let request = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header(HEADER_WEBHOOK_ID, &letter.id)
            .header(HEADER_WEBHOOK_TIMESTAMP, now)
            .header(HEADER_WEBHOOK_SIGNATURE, signature)
            .body(body);
        let answer = request.send().await.map_err(|error| failure(self.words(error)))?;
        if answer.status().is_success() { Ok(in_words(answer.status())) } else { Err(refusal(&answer)) }
    }

    fn words(&self, error: reqwest::Error) -> String {
        words_of(error, self.timeout)
    }
}

/// A URL that can be asked.
pub(super) fn checked(url: &str) -> Result<Url, String> {
    let url = Url::parse(url).map_err(|error| format!("its URL is none: {error}"))?;
    if !["http", "https"].contains(&url.scheme()) || !url.has_host() {
        return Err("its URL must begin with https:// or http:// and a host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("its URL must not have a user or a password".to_owned());
    }
    Ok(url)
}

/// A client of one receiver.
pub(super) fn client(url: &Url, timeout: Duration) -> Result<Client, String> {
    // Whoever came first has installed the same one.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .redirect(redirect::Policy::none())
        .timeout(timeout)
        .pool_max_idle_per_host(0)
        .no_proxy()
        .referer(false)
        .user_agent(concat!("hivesum/", env!("CARGO_PKG_VERSION")));
    // Without TLS no certificates are needed, and a machine may have none.
    let builder = if url.scheme() == "http" { builder.tls_certs_only([]) } else { builder };
    builder.build().map_err(|error| format!("TLS cannot be used: {}", cause::in_words(&error)))
}

/// What an error of the client says, without the URL.
pub(super) fn words_of(error: reqwest::Error, timeout: Duration) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", timeout.as_secs());
    }
    format!("no answer: {}", cause::in_words(&error.without_url()))
}

pub(super) fn in_words(status: StatusCode) -> String {
    format!("status {}", status.as_u16())
}

fn refusal(answer: &Response) -> SendFailure {
    let status = answer.status();
    let retry_after =
        answer.headers().get(RETRY_AFTER).and_then(|value| wait_of(value.to_str().ok()?, Timestamp::now()));
    SendFailure { is_gone: status == StatusCode::GONE, retry_after, error: in_words(status) }
}

/// A number of seconds, or a date.
fn wait_of(value: &str, now: Timestamp) -> Option<SignedDuration> {
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(SignedDuration::from_secs(seconds.into()));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(date.duration_since(now)).filter(SignedDuration::is_positive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_may_say_how_long_it_wants_to_be_left_alone() {
        let now: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
        assert_eq!(wait_of("120", now), Some(SignedDuration::from_secs(120)));
        assert_eq!(wait_of("Sun, 01 Nov 2026 00:01:00 GMT", now), Some(SignedDuration::from_secs(60)));
        for nothing in ["", "-1", "soon", "Sun, 01 Nov 2025 00:01:00 GMT", "99999999999999"] {
            assert_eq!(wait_of(nothing, now), None, "{nothing}");
        }
    }
}
