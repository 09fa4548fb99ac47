//! Collections: directories that hivesum keeps watch over, as a whole.

use utoipa::openapi::schema::{ArrayBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::collection_changes::{CollectionKind, Forecast, ScheduleState, Window};
use super::values::AlgorithmName;

/// The path of one collection.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct CollectionPath {
    /// The collection's id.
    #[param(format = "uuid", example = "0197a2b4-6d3c-7000-8000-000000000001")]
    id: String,
}

/// How a file compares with what it should be.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Condition {
    Ok,
    New,
    Modified,
    Moved,
    Missing,
    SuspectedRot,
    Unreadable,
    ReadsDisagree,
}

/// Conditions of files; one that is named twice counts once.
pub(crate) struct ConditionNames;

impl PartialSchema for ConditionNames {
    fn schema() -> RefOr<Schema> {
        let names = ArrayBuilder::new().items(Ref::from_schema_name("Condition")).min_items(Some(1));
        names.build().into()
    }
}

impl ToSchema for ConditionNames {}

/// The form of a report.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum ReportFormatName {
    Html,
    Csv,
    Premis,
}

/// How a collection is: `alert` if files are not what they should be, or a sink that should tell of them is failing;
/// `unreachable` if its directory is not there, is another one than in the last run, or is empty, which is known beneath
/// the roots of the service alone, or if a disk that was mounted beneath it is not there; `behind` if a file was not verified
/// for longer than the aim, or its tree was not looked at for too long.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Health {
    Ok,
    Behind,
    Alert,
    Unreachable,
}

/// A directory that hivesum keeps watch over, with its files counted.
#[derive(ToSchema)]
pub(crate) struct Collection {
    #[schema(format = "uuid")]
    id: String,
    /// As somebody has named it, or the last component of its directory.
    name: String,
    /// The exact bytes in base64, if `name` is not UTF-8.
    #[schema(nullable = false)]
    name_b64: Option<String>,
    /// The innermost root that its directory lies beneath. Left out, as `path` is, if it lies beneath none.
    #[schema(nullable = false)]
    root: Option<String>,
    /// The path beneath the root; empty for the root itself.
    #[schema(nullable = false)]
    path: Option<String>,
    /// The exact bytes in base64, if `path` is not UTF-8.
    #[schema(nullable = false)]
    path_b64: Option<String>,
    /// What is computed of each file.
    #[schema(inline)]
    algorithms: Vec<AlgorithmName>,
    kind: CollectionKind,
    /// Only files that match one of these globs belong to it. Left out if there is none: all do.
    #[schema(nullable = false)]
    include: Option<Vec<String>>,
    /// Globs of files and directories that do not belong to it. Left out if there is none.
    #[schema(nullable = false)]
    exclude: Option<Vec<String>>,
    /// The sinks of the configuration that are told of alerts, by their names. Left out if there is none.
    #[schema(nullable = false)]
    notify: Option<Vec<String>>,
    #[schema(format = DateTime)]
    created_at: String,
    /// Whether a run has looked at its directory, which later runs compare with what they find.
    place_known: bool,
    /// How many times everything that was due was read. As long as there is none, files are taken as they are.
    passes: u64,
    /// When the pass began that is under way, perhaps interrupted.
    #[schema(required, format = DateTime)]
    pass_began: Option<String>,
    /// When the last run began that came to its end.
    #[schema(required, format = DateTime)]
    last_run: Option<String>,
    /// When the last run began that looked at every file and read what was new or changed.
    #[schema(required, format = DateTime)]
    last_survey: Option<String>,
    /// Within so many days every file is read again. Left out if nothing starts scrubs by itself.
    #[schema(nullable = false)]
    aim_days: Option<u16>,
    /// So often the tree is walked, and what is new or changed is read. Left out if nothing starts surveys by itself.
    #[schema(nullable = false)]
    survey_every_hours: Option<u16>,
    /// When the service may read by itself. Left out if always.
    #[schema(nullable = false)]
    windows: Option<Vec<Window>>,
    /// No run of the service reads faster. Left out without a limit.
    #[schema(nullable = false, minimum = 1)]
    max_bytes_per_second: Option<u64>,
    /// True while it is paused; else left out.
    #[schema(nullable = false)]
    paused: Option<bool>,
    schedule: ScheduleState,
    /// How long it takes to read everything. Null without an aim.
    #[schema(required)]
    forecast: Option<Forecast>,
    /// Null if no pass has come to its end yet and nothing is wrong for all that is known.
    #[schema(required)]
    health: Option<Health>,
    /// How many files are not what they should be, and nobody has acknowledged that.
    open_alerts: u64,
    /// How many files are not what they should be, and somebody knows of it.
    acknowledged_alerts: u64,
    /// The number of its last event; 0 if there is none.
    last_event: u64,
    files: ConditionCounts,
    verified: VerifiedAges,
    /// Since when the file that is there and waits longest was not verified: its last verification, or if there was none,
    /// when it was first seen. Null if there is no file.
    #[schema(required, format = DateTime)]
    waits_since: Option<String>,
    /// Sinks that have not taken a message for a day, or have said that they never will: nobody is told by them.
    notify_failing: Vec<FailingSink>,
}

/// A sink that tells nobody.
#[derive(ToSchema)]
pub(crate) struct FailingSink {
    sink: String,
    #[schema(format = DateTime)]
    since: String,
    /// What its last failure was.
    #[schema(required)]
    error: Option<String>,
}

/// Files by condition. Conditions without files are left out. While a pass is under way, verifications of the last minute
/// may be missing.
#[derive(ToSchema)]
pub(crate) struct ConditionCounts {
    #[schema(nullable = false)]
    ok: Option<ConditionCount>,
    #[schema(nullable = false)]
    new: Option<ConditionCount>,
    #[schema(nullable = false)]
    modified: Option<ConditionCount>,
    #[schema(nullable = false)]
    moved: Option<ConditionCount>,
    #[schema(nullable = false)]
    missing: Option<ConditionCount>,
    #[schema(nullable = false)]
    suspected_rot: Option<ConditionCount>,
    #[schema(nullable = false)]
    unreadable: Option<ConditionCount>,
    #[schema(nullable = false)]
    reads_disagree: Option<ConditionCount>,
}

/// The files in one condition.
#[derive(ToSchema)]
pub(crate) struct ConditionCount {
    files: u64,
    /// Of how many of them somebody has said that they know.
    acknowledged: u64,
    /// The bytes that they should have.
    bytes: u64,
    /// How many were never read from their device, for all that is known.
    never_verified: u64,
    /// When the one was verified that waits longest since.
    #[schema(required, format = DateTime)]
    oldest_verified_at: Option<String>,
}

/// How long ago the files that are there were last read from their device and found as they should be. Times are rounded
/// down, to the hour within two days and to the day beyond, so no age is told as less than it is.
#[derive(ToSchema)]
pub(crate) struct VerifiedAges {
    /// Those verified within 1, 7, 30, 90 and 365 days: each includes the one before it.
    within: Vec<VerifiedWithin>,
    /// Those verified longer ago.
    older: FileAmount,
    /// Those never verified.
    never: FileAmount,
}

/// The files that were verified within so many days.
#[derive(ToSchema)]
pub(crate) struct VerifiedWithin {
    days: u16,
    files: u64,
    bytes: u64,
}

/// Files and the bytes that they should have.
#[derive(ToSchema)]
pub(crate) struct FileAmount {
    files: u64,
    bytes: u64,
}
