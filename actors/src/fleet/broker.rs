//! What a fleet has in the broker: the stream of works, its consumers, and the two buckets.
//!
//! Each is made, and what the server says that it has made is compared with what was asked for: old servers ignore
//! fields that they do not know, and somebody else may have something of this name. Ours carry a mark; what carries
//! none is never changed. Nothing in the broker is kept that cannot be made again from the coordinator's store.

use std::collections::HashMap;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::context::{CreateStreamErrorKind, GetStreamErrorKind};
use async_nats::jetstream::kv::Store;
use async_nats::jetstream::stream::{Config, DiscardPolicy, Info, RetentionPolicy, StorageType};
use async_nats::jetstream::{Context, ErrorCode};

use super::error::FleetError;
use super::link::Link;
use super::protocol::{MAX_MESSAGE_BYTES, RootId};
use super::subjects::Subjects;

/// The mark of what a fleet has made.
const MARK: (&str, &str) = ("made_by", "hivesum fleet");

/// All works that wait, at most: some 2,000 of the usual length. A scan has at most 64.
const MAX_STREAM_BYTES: i64 = 256 << 20;

/// Works that nobody has asked for in so long are removed. If they are still wanted, they are sent again.
const MAX_WORK_AGE: Duration = Duration::from_secs(24 * 3600);

/// All values of a bucket, at most.
const MAX_BUCKET_BYTES: i64 = 64 << 20;

/// One value of a bucket, at most.
const MAX_VALUE_BYTES: i32 = 128 << 10;

/// Makes the stream of works, or checks the one that is there.
///
/// # Errors
/// In words: no JetStream, somebody else's stream, or no answer.
pub(crate) async fn ensure_works(link: &Link, subjects: &Subjects) -> Result<(), FleetError> {
    let wanted = Config {
        name: subjects.stream(),
        subjects: vec![subjects.all_works()],
        retention: RetentionPolicy::WorkQueue,
        discard: DiscardPolicy::New,
        storage: StorageType::File,
        max_age: MAX_WORK_AGE,
        max_bytes: MAX_STREAM_BYTES,
        max_message_size: MAX_MESSAGE_BYTES as i32,
        ..ours()
    };
    ensure_stream(&link.jetstream, wanted).await
}

/// Makes the bucket of announcements, or checks the one that is there.
///
/// # Errors
/// As [`ensure_works`].
pub(crate) async fn ensure_nodes(link: &Link, subjects: &Subjects, age: Duration) -> Result<Store, FleetError> {
    ensure_bucket(link, &subjects.nodes_bucket(), age).await
}

/// Makes the bucket of the lease, or checks the one that is there.
///
/// # Errors
/// As [`ensure_works`].
pub(crate) async fn ensure_lease(link: &Link, subjects: &Subjects, age: Duration) -> Result<Store, FleetError> {
    ensure_bucket(link, &subjects.lease_bucket(), age).await
}

/// A bucket is a stream of a certain form (ADR-8 of NATS), made here so that it carries the mark.
async fn ensure_bucket(link: &Link, bucket: &str, age: Duration) -> Result<Store, FleetError> {
    let wanted = Config {
        name: format!("KV_{bucket}"),
        subjects: vec![format!("$KV.{bucket}.>")],
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::New,
        storage: StorageType::File,
        max_messages_per_subject: 1,
        max_age: age,
        max_message_size: MAX_VALUE_BYTES,
        max_bytes: MAX_BUCKET_BYTES,
        duplicate_window: age.min(Duration::from_secs(120)),
        allow_rollup: true,
        deny_delete: true,
        allow_direct: true,
        ..ours()
    };
    ensure_stream(&link.jetstream, wanted).await?;
    link.jetstream.get_key_value(bucket).await.map_err(|error| FleetError::NoAnswer(error.to_string()))
}

fn ours() -> Config {
    let metadata = HashMap::from([(MARK.0.to_owned(), MARK.1.to_owned())]);
    Config { num_replicas: 1, metadata, ..Config::default() }
}

async fn ensure_stream(jetstream: &Context, wanted: Config) -> Result<(), FleetError> {
    let what = format!("the stream {}", wanted.name);
    let made = match jetstream.create_stream(wanted.clone()).await {
        Ok(stream) => stream.cached_info().clone(),
        Err(error) => match error.kind() {
            CreateStreamErrorKind::JetStream(cause) if cause.error_code() == ErrorCode::STREAM_NAME_EXIST => {
                changed(jetstream, &wanted, &what).await?
            }
            CreateStreamErrorKind::JetStream(cause) => return Err(of_server(&what, &cause)),
            CreateStreamErrorKind::JetStreamUnavailable => {
                return Err(FleetError::NoJetStream { why: error.to_string() });
            }
            _ => return Err(FleetError::NoAnswer(error.to_string())),
        },
    };
    difference(&wanted, &made.config).map_or(Ok(()), |difference| Err(FleetError::Foreign { what, difference }))
}

/// A stream of this name with other settings: if it is ours, an earlier start had other ones.
async fn changed(jetstream: &Context, wanted: &Config, what: &str) -> Result<Info, FleetError> {
    let found = jetstream.get_stream(&wanted.name).await.map_err(|error| match error.kind() {
        GetStreamErrorKind::JetStream(cause) => of_server(what, &cause),
        _ => FleetError::NoAnswer(error.to_string()),
    })?;
    let found = found.cached_info().clone();
    if found.config.metadata.get(MARK.0).map(String::as_str) != Some(MARK.1) {
        let difference = difference(wanted, &found.config).unwrap_or_else(|| "it is not of a fleet".to_owned());
        return Err(FleetError::Foreign { what: what.to_owned(), difference });
    }
    let updated = jetstream.update_stream(wanted.clone()).await;
    updated.map_err(|error| FleetError::Foreign { what: what.to_owned(), difference: error.to_string() })
}

fn of_server(what: &str, error: &async_nats::jetstream::Error) -> FleetError {
    match error.error_code() {
        ErrorCode::JETSTREAM_NOT_ENABLED | ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT => {
            FleetError::NoJetStream { why: error.to_string() }
        }
        _ => FleetError::Foreign { what: what.to_owned(), difference: error.to_string() },
    }
}

/// What the server has, where it is not what was asked for.
fn difference(wanted: &Config, made: &Config) -> Option<String> {
    let facts = |config: &Config| {
        [
            ("subjects", format!("{:?}", config.subjects)),
            ("retention", format!("{:?}", config.retention)),
            ("storage", format!("{:?}", config.storage)),
            ("discard", format!("{:?}", config.discard)),
            ("max_age", format!("{:?}", config.max_age)),
            ("max_bytes", config.max_bytes.to_string()),
            ("max_msgs_per_subject", config.max_messages_per_subject.max(0).to_string()),
            ("max_msg_size", config.max_message_size.to_string()),
            ("no_ack, sealed, allow_direct", format!("{} {} {}", config.no_ack, config.sealed, config.allow_direct)),
            ("mirror, sources", format!("{} {}", config.mirror.is_some(), config.sources.is_some())),
            ("its mark", format!("{:?}", config.metadata.get(MARK.0))),
        ]
    };
    // A stream without such a limit says -1 for what was asked for as 0.
    let differs = |((name, wanted), (_, made)): ((&str, String), (&str, String))| {
        (wanted != made).then(|| format!("{name} is {made} instead of {wanted}"))
    };
    facts(wanted).into_iter().zip(facts(made)).find_map(differs)
}

/// The consumer that the nodes of a root share.
fn consumer_config(subjects: &Subjects, root: RootId, ack_wait: Duration) -> pull::Config {
    pull::Config {
        durable_name: Some(subjects.consumer(root)),
        filter_subject: subjects.works_of(root),
        ack_policy: AckPolicy::Explicit,
        ack_wait,
        // Whether a file kills its nodes is counted by the coordinator, which knows who gave work back.
        max_deliver: -1,
        max_ack_pending: 1000,
        ..pull::Config::default()
    }
}

/// Makes the consumer of a root, or checks the one that is there.
///
/// # Errors
/// In words.
pub(crate) async fn ensure_consumer(
    link: &Link,
    subjects: &Subjects,
    root: RootId,
    ack_wait: Duration,
) -> Result<(), FleetError> {
    let wanted = consumer_config(subjects, root, ack_wait);
    let what = format!("the consumer {} of the stream {}", subjects.consumer(root), subjects.stream());
    let made = link.jetstream.create_consumer_on_stream(wanted.clone(), subjects.stream()).await;
    let made = made.map_err(|error| FleetError::NoAnswer(format!("{what}: {error}")))?;
    let config = &made.cached_info().config;
    let differs = [
        ("filter_subject", config.filter_subject != wanted.filter_subject),
        ("filter_subjects", !config.filter_subjects.is_empty()),
        ("ack_policy", config.ack_policy != wanted.ack_policy),
        ("ack_wait", config.ack_wait != wanted.ack_wait),
        ("max_deliver", config.max_deliver > 0),
    ];
    match differs.iter().find(|(_, differs)| *differs) {
        Some((name, _)) => Err(FleetError::Foreign { what, difference: format!("{name} is another one") }),
        None => Ok(()),
    }
}
