//! Collections as the API shows them.
//!
//! A directory is shown by its root and the path beneath it, or by its name alone: absolute paths never leave the server.
//! What is not known is null, and health is told from what is stored and from the directory as it is now.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hivesum_actors::jobs::CollectionPlace;
use hivesum_actors::store::collections::{
    AGES_DAYS, Ages, Amount, CollectionSettings, Count, Counted, StoredCollection,
};
use jiff::Timestamp;
use serde::Serialize;

/// A collection with its files counted.
#[derive(Debug, Serialize)]
pub(super) struct CollectionJson {
    id: String,
    #[serde(flatten)]
    directory: DirectoryJson,
    #[serde(flatten)]
    settings: CollectionSettings,
    created_at: Timestamp,
    place_known: bool,
    passes: u64,
    pass_began: Option<Timestamp>,
    last_run: Option<Timestamp>,
    health: Option<&'static str>,
    open_alerts: u64,
    last_event: u64,
    files: BTreeMap<&'static str, CountJson>,
    verified: AgesJson,
    waits_since: Option<Timestamp>,
}

impl CollectionJson {
    pub(super) fn of(counted: &Counted, place: CollectionPlace, now: Timestamp) -> Self {
        let collection = counted.collection();
        let files = counted.by_condition.iter().map(|(condition, count)| (condition.name(), CountJson::of(count)));
        Self {
            id: collection.id.clone(),
            health: health(counted, &place),
            directory: DirectoryJson::of(collection, place),
            settings: collection.settings.clone(),
            created_at: collection.created_at,
            place_known: collection.place.is_some(),
            passes: collection.passes,
            pass_began: collection.pass_began,
            last_run: collection.last_run,
            open_alerts: counted.alerts(),
            last_event: counted.last_event(),
            files: files.collect(),
            verified: AgesJson::of(&counted.ages(now)),
            waits_since: counted.waits_since,
        }
    }
}

/// In one word how a collection is. `None` before the first pass has come to its end. No collection has an aim, so none
/// is behind.
fn health(counted: &Counted, place: &CollectionPlace) -> Option<&'static str> {
    match (counted.alerts(), place.is_reachable, counted.collection().passes) {
        (1.., _, _) => Some("alert"),
        (0, Some(false), _) => Some("unreachable"),
        (0, Some(true) | None, 0) => None,
        (0, Some(true) | None, _) => Some("ok"),
    }
}

#[derive(Debug, Serialize)]
struct DirectoryJson {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_b64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_b64: Option<String>,
}

impl DirectoryJson {
    fn of(collection: &StoredCollection, place: CollectionPlace) -> Self {
        let last = collection.directory.file_name().map_or(&b"/"[..], |name| name.as_bytes());
        let (name, name_b64) = readable(last);
        let (root, path) = place.beneath.map(|beneath| (beneath.root, beneath.path)).unzip();
        let (path, path_b64) = path.map(|path| readable(path.as_bytes())).unzip();
        Self { name, name_b64, root, path, path_b64: path_b64.flatten() }
    }
}

/// A name as text, and in base64 if that is not the same.
fn readable(name: &[u8]) -> (String, Option<String>) {
    match std::str::from_utf8(name) {
        Ok(text) => (text.to_owned(), None),
        Err(_) => (String::from_utf8_lossy(name).into_owned(), Some(STANDARD.encode(name))),
    }
}

#[derive(Debug, Serialize)]
struct CountJson {
    files: u64,
    bytes: u64,
    never_verified: u64,
    oldest_verified_at: Option<Timestamp>,
}

impl CountJson {
    fn of(count: &Count) -> Self {
        let Count { files, bytes, never_verified, oldest_verified_at } = *count;
        Self { files, bytes, never_verified, oldest_verified_at }
    }
}

#[derive(Debug, Serialize)]
struct AgesJson {
    within: Vec<WithinJson>,
    older: AmountJson,
    never: AmountJson,
}

#[derive(Debug, Serialize)]
struct WithinJson {
    days: u16,
    #[serde(flatten)]
    amount: AmountJson,
}

#[derive(Debug, Serialize)]
struct AmountJson {
    files: u64,
    bytes: u64,
}

impl AmountJson {
    fn of(Amount { files, bytes }: Amount) -> Self {
        Self { files, bytes }
    }
}

impl AgesJson {
    fn of(ages: &Ages) -> Self {
        let within = AGES_DAYS.into_iter().zip(ages.within);
        Self {
            within: within.map(|(days, amount)| WithinJson { days, amount: AmountJson::of(amount) }).collect(),
            older: AmountJson::of(ages.older),
            never: AmountJson::of(ages.never),
        }
    }
}
