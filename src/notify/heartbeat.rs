//! The heartbeat: a GET of a URL after each run over a collection that came to its end, so that silence is noticed by
//! whoever waits for it.
//!
//! It obeys the same bounds as webhooks. One that fails is counted, is not repeated, and holds nothing up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::{Client, Url};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::sink::SinkInvalid;
use super::webhook::{checked, client, in_words, words_of};

/// How long an answer may take.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// Who waits for a heartbeat.
pub struct Heartbeat {
    url: Url,
    client: Client,
    failures: AtomicU64,
}

impl std::fmt::Debug for Heartbeat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Heartbeat")
    }
}

impl Heartbeat {
    /// Nothing is sent.
    ///
    /// # Errors
    /// When the URL is none that can be asked.
    pub fn open(url: &str) -> Result<Self, SinkInvalid> {
        let opened = checked(url).and_then(|url| client(&url, ANSWERS_WITHIN).map(|client| (url, client)));
        match opened {
            Ok((url, client)) => Ok(Self { url, client, failures: AtomicU64::new(0) }),
            Err(why) => Err(SinkInvalid { name: "heartbeat_url".to_owned(), why }),
        }
    }

    /// Asks the URL.
    ///
    /// # Errors
    /// The reason in words, without the URL, if the answer is no success. It is counted.
    pub async fn beat(&self) -> Result<(), String> {
        let why = match self.client.get(self.url.clone()).send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => in_words(answer.status()),
            Err(error) => words_of(error, ANSWERS_WITHIN),
        };
        self.failures.fetch_add(1, Ordering::Relaxed);
        Err(why)
    }

    /// How many have failed.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }
}

/// Sends a heartbeat whenever a run has come to its end, until the service stops. Runs that end during one are one more.
pub(crate) async fn serve_heartbeat(
    mut finished: watch::Receiver<u64>,
    heartbeat: Arc<Heartbeat>,
    stop: CancellationToken,
) {
    let beating = async {
        while finished.changed().await.is_ok() {
            finished.mark_unchanged();
            if let Err(error) = heartbeat.beat().await {
                tracing::warn!(error, "the heartbeat was not answered");
            }
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = beating => {}
    }
}
