//! What somebody is to be told of a collection, and how their sink has done.

use jiff::{SignedDuration, Timestamp};

use super::stored::{StoredCollection, StoredEvent};

/// When a sink takes messages of one collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinkPace {
    /// As soon as there is one.
    AtOnce,
    /// The first one as soon as there is one, and then at most one an hour.
    Digests,
}

/// What somebody is to be told, as it stays until their sink has taken it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What the receiver tells a repeat by: a UUID.
    pub id: String,
    /// The name of the sink.
    pub sink: String,
    /// The collection that it tells of, as it is now.
    pub collection: StoredCollection,
    /// The numbers of the first and the last event that it tells of.
    pub range: (u64, u64),
    /// How many alerts are among them.
    pub alerts: u64,
    /// How many files the collection had.
    pub files: u64,
    /// The first of the alerts, at most [`LISTED_ALERTS`](super::LISTED_ALERTS).
    pub listed: Vec<StoredEvent>,
    /// When the first alert was queued.
    pub queued_at: Timestamp,
    /// How many attempts have failed.
    pub attempts: u32,
}

impl Message {
    /// Whether so much has changed that it is one alert: a disk that is not mounted, or a program that rewrites files.
    #[must_use]
    pub const fn is_mass_change(&self) -> bool {
        hivesum_core::fixity::is_mass_change(self.alerts, self.files)
    }
}

/// Why a sink has not taken a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendFailure {
    /// Whether it has said that it will never take one.
    pub is_gone: bool,
    /// How long it wants to be left alone.
    pub retry_after: Option<SignedDuration>,
    /// The reason in words, without secrets. The first 200 bytes are kept.
    pub error: String,
}

/// What becomes of a message that was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AfterFailure {
    /// When it is tried again.
    pub next_at: Timestamp,
    /// Whether the sink is called failing.
    pub is_failing: bool,
}

/// How a sink has done for one collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The name of the sink.
    pub sink: String,
    /// When it took a message last.
    pub sent_at: Option<Timestamp>,
    /// How many attempts have failed.
    pub failures: u64,
    /// Since when it is called failing.
    pub failing_since: Option<Timestamp>,
    /// What the last failure was; none after a success.
    pub error: Option<String>,
}
