//! Collections as the API shows them.
//!
//! A directory is shown by its root and the path beneath it, or by its name alone: absolute paths never leave the server.
//! What is not known is null, and health is told from what is stored and from the directory as it is now.

use actix_web::http::header::EntityTag;
use hivesum_actors::job::Place;
use hivesum_actors::jobs::CollectionPlace;
use hivesum_actors::store::collections::{
    AGES_DAYS, Ages, Amount, CollectionSettings, Count, Counted, Delivery, StoredCollection,
};
use hivesum_core::result::serialize_name;
use jiff::Timestamp;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use std::collections::BTreeMap;

use super::planned::{ForecastJson, ScheduleJson};
use crate::error::ApiError;
use crate::service::Service;
use crate::service::collection::NO_SUCH_COLLECTION;

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
    last_survey: Option<Timestamp>,
    schedule: ScheduleJson,
    forecast: Option<ForecastJson>,
    health: Option<&'static str>,
    open_alerts: u64,
    acknowledged_alerts: u64,
    last_event: u64,
    files: BTreeMap<&'static str, CountJson>,
    verified: AgesJson,
    waits_since: Option<Timestamp>,
    notify_failing: Vec<FailingJson>,
}

/// A sink that tells nobody.
#[derive(Debug, Serialize)]
struct FailingJson {
    sink: String,
    since: Timestamp,
    error: Option<String>,
}

/// Those of a collection that its settings name.
fn failing(collection: &StoredCollection, deliveries: &[(String, Delivery)]) -> Vec<FailingJson> {
    let of_it =
        deliveries.iter().filter(|(id, one)| *id == collection.id && collection.settings.notify.contains(&one.sink));
    let failing = of_it.filter_map(|(_, one)| {
        Some(FailingJson { sink: one.sink.clone(), since: one.failing_since?, error: one.error.clone() })
    });
    failing.collect()
}

impl CollectionJson {
    pub(super) fn of(
        service: &Service,
        counted: &Counted,
        place: CollectionPlace,
        (deliveries, now): (&[(String, Delivery)], Timestamp),
    ) -> Self {
        let collection = counted.collection();
        let notify_failing = failing(collection, deliveries);
        let files = counted.by_condition.iter().map(|(condition, count)| (condition.name(), CountJson::of(count)));
        Self {
            id: collection.id.clone(),
            schedule: ScheduleJson::of(service, collection, now),
            forecast: ForecastJson::of_aim(counted, now),
            health: if notify_failing.is_empty() { health(counted, &place, now) } else { Some("alert") },
            notify_failing,
            directory: DirectoryJson::of(collection, place),
            // The name is told with the directory.
            settings: CollectionSettings { name: None, ..collection.settings.clone() },
            created_at: collection.created_at,
            place_known: collection.place.is_some(),
            passes: collection.passes,
            pass_began: collection.pass_began,
            last_run: collection.last_run,
            last_survey: collection.last_survey,
            open_alerts: counted.alerts(),
            acknowledged_alerts: counted.acknowledged(),
            last_event: counted.last_event(),
            files: files.collect(),
            verified: AgesJson::of(&counted.ages(now)),
            waits_since: counted.waits_since,
        }
    }
}

/// The tag that stands for the settings of a collection. What is told beside them changes without it.
pub(super) fn tag_of(collection: &StoredCollection) -> EntityTag {
    EntityTag::new_strong(collection.settings.tag())
}

/// A collection by its id, as it is shown at this time.
pub(super) async fn shown(service: &Service, id: &str) -> Result<CollectionJson, ApiError> {
    let counted = service.jobs.collections().counted(id).await?.ok_or(NO_SUCH_COLLECTION)?;
    let place = service.jobs.places_of(&[counted.collection()]).await.remove(0);
    let deliveries = service.jobs.collections().deliveries().await?;
    Ok(CollectionJson::of(service, &counted, place, (&deliveries, Timestamp::now())))
}

/// In one word how a collection is. `None` before the first pass has come to its end. It is behind if a file waits longer
/// than its aim.
fn health(counted: &Counted, place: &CollectionPlace, now: Timestamp) -> Option<&'static str> {
    let aim = counted.collection().settings.schedule.aim();
    let is_behind = counted.collection().is_late
        || counted.waits_since.zip(aim).is_some_and(|(since, aim)| now.duration_since(since) > aim);
    match (counted.alerts(), place.is_reachable, counted.collection().passes) {
        (1.., _, _) => Some("alert"),
        _ if counted.collection().stopped.is_some() => Some("unreachable"),
        (0, Some(false), _) => Some("unreachable"),
        (0, Some(true) | None, 0) => None,
        (0, Some(true) | None, _) if is_behind => Some("behind"),
        (0, Some(true) | None, _) => Some("ok"),
    }
}

#[derive(Debug)]
struct DirectoryJson {
    /// As somebody has named it, or its last component.
    name: Vec<u8>,
    beneath: Option<Place>,
}

impl DirectoryJson {
    fn of(collection: &StoredCollection, place: CollectionPlace) -> Self {
        Self { name: collection.name().to_owned(), beneath: place.beneath }
    }
}

impl Serialize for DirectoryJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        serialize_name(&mut map, "name", "name_b64", &self.name)?;
        if let Some(Place { root, path }) = &self.beneath {
            map.serialize_entry("root", root)?;
            serialize_name(&mut map, "path", "path_b64", path.as_bytes())?;
        }
        map.end()
    }
}

#[derive(Debug, Serialize)]
struct CountJson {
    files: u64,
    acknowledged: u64,
    bytes: u64,
    never_verified: u64,
    oldest_verified_at: Option<Timestamp>,
}

impl CountJson {
    fn of(count: &Count) -> Self {
        let Count { files, acknowledged, bytes, never_verified, oldest_verified_at } = *count;
        Self { files, acknowledged, bytes, never_verified, oldest_verified_at }
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
