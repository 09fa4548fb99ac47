//! Collections as they are made and changed, their schedules, and their runs.

use utoipa::ToSchema;

use super::values::{AlgorithmNames, Glob, PathBeneath, PathInBase64, Positive};

/// What changes a collection expects: in a `fixed` one every change is an alert, in a `living` one only damage is.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum CollectionKind {
    Fixed,
    Living,
}

/// When the service may read a collection by itself: in the minutes that match.
#[derive(ToSchema)]
#[schema(example = json!({ "cron": "* 22-23,0-5 * * *", "time_zone": "Europe/Berlin" }))]
pub(crate) struct Window {
    /// Minute, hour, day of the month, month, day of the week. It is open for 15 minutes or longer at a time.
    cron: String,
    /// The name of a time zone, such as `UTC`.
    time_zone: String,
}

/// A new collection.
#[derive(ToSchema)]
#[schema(example = json!({ "root": "photos", "path": "2026", "aim_days": 90 }))]
pub(crate) struct CollectionRequest {
    /// The name of a root.
    root: String,
    /// A directory beneath the root; the root itself by default.
    #[schema(value_type = Option<PathBeneath>, inline)]
    path: Option<String>,
    /// The exact bytes in base64, instead of `path`.
    #[schema(value_type = Option<PathInBase64>, inline)]
    path_b64: Option<String>,
    /// What people call it; the last component of the directory by default.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    name: Option<String>,
    /// Names from `/algorithms`; blake3 by default. They cannot be changed later, nor can `include` and `exclude`.
    #[schema(value_type = Option<AlgorithmNames>, inline)]
    algorithms: Option<Vec<String>>,
    /// Only files that match one of these globs, or are below a directory that does, as in a .gitignore.
    #[schema(value_type = Vec<Glob>, inline, required = false)]
    include: Vec<String>,
    /// Globs of files and directories to leave out.
    #[schema(value_type = Vec<Glob>, inline, required = false)]
    exclude: Vec<String>,
    /// `fixed` by default.
    #[schema(required = false)]
    kind: CollectionKind,
    /// Within so many days every file is read again; 30 by default, null for never by itself.
    #[schema(minimum = 1, maximum = 65535)]
    aim_days: Option<u16>,
    /// So often the tree is walked, and what is new or changed is read; 24 by default, null for never by itself.
    #[schema(minimum = 1, maximum = 65535)]
    survey_every_hours: Option<u16>,
    /// When the service may read by itself; always by default.
    #[schema(max_items = 16)]
    windows: Option<Vec<Window>>,
    /// No run of the service reads faster.
    #[schema(value_type = Option<Positive>, inline)]
    max_bytes_per_second: Option<u64>,
    /// The sinks of the configuration that are told of alerts, by their names; none by default.
    #[schema(max_items = 16)]
    notify: Option<Vec<String>>,
    /// Whether nothing is started until it is resumed.
    paused: Option<bool>,
}

/// A change of a collection: what is left out stays, and null takes a setting back.
#[derive(ToSchema)]
#[schema(example = json!({ "paused": true }))]
pub(crate) struct CollectionChange {
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    name: Option<String>,
    #[schema(required = false)]
    kind: CollectionKind,
    #[schema(minimum = 1, maximum = 65535)]
    aim_days: Option<u16>,
    #[schema(minimum = 1, maximum = 65535)]
    survey_every_hours: Option<u16>,
    #[schema(max_items = 16)]
    windows: Option<Vec<Window>>,
    #[schema(value_type = Option<Positive>, inline)]
    max_bytes_per_second: Option<u64>,
    #[schema(max_items = 16)]
    notify: Option<Vec<String>>,
    paused: Option<bool>,
}

/// What the schedule does: nothing (`off`), nothing until it is resumed (`paused`) or a window opens (`closed`), nothing
/// that is due yet (`waiting`), or a run that is due (`due`).
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum ScheduleWord {
    Off,
    Paused,
    Closed,
    Waiting,
    Due,
}

/// What the schedule of a collection does now.
#[derive(ToSchema)]
pub(crate) struct ScheduleState {
    state: ScheduleWord,
    /// When the next window opens, or something is due. Null if that is not known.
    #[schema(required, format = DateTime)]
    next_at: Option<String>,
    /// The latest run of the collection that the service remembers.
    #[schema(required)]
    run: Option<Run>,
}

/// What is to be read, and how long that takes.
#[derive(ToSchema)]
pub(crate) struct Forecast {
    files: u64,
    bytes: u64,
    /// The seconds that it takes at `max_bytes_per_second`; null without a limit.
    #[schema(required)]
    seconds: Option<u64>,
    /// When it would be done if it began now and was read in the windows. Null without a limit, and beyond ten years.
    #[schema(required, format = DateTime)]
    done_at: Option<String>,
    /// Whether the aim can be met so. Null if that is not known.
    #[schema(required)]
    meets_aim: Option<bool>,
    /// The same in words, where the aim cannot be met.
    #[schema(nullable = false)]
    detail: Option<String>,
}

/// What a run reads: everything again, or what is new or changed.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum RunKind {
    Scrub,
    Survey,
}

/// How far a run has come.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum RunState {
    Waiting,
    Running,
    Ended,
    Failed,
}

/// A run of a collection.
#[derive(ToSchema)]
pub(crate) struct Run {
    #[schema(format = "uuid")]
    id: String,
    kind: RunKind,
    /// Whether the schedule has started it.
    scheduled: bool,
    started_by: RunStarter,
    #[schema(format = DateTime)]
    started_at: String,
    state: RunState,
    /// Null if that is not known, as of a run that was interrupted.
    #[schema(required)]
    files_done: Option<u64>,
    #[schema(required)]
    bytes_done: Option<u64>,
    /// Why it has failed.
    #[schema(nullable = false)]
    detail: Option<String>,
    /// How it ended. Not there before that, nor for a run that has not begun.
    #[schema(nullable = false)]
    outcome: Option<RunOutcome>,
    /// Null if that is not known.
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// Why it has failed, as a word that stays: `unreachable`, `empty`, `another`, `aborted` or `internal`.
    #[schema(nullable = false)]
    code: Option<String>,
    /// What it has read, each file as often as it was read. Null if that is not known.
    read: Option<RunRead>,
    /// How many events it has recorded. Null if that is not known.
    events: Option<u64>,
}

/// What a run has read.
#[derive(ToSchema)]
pub(crate) struct RunRead {
    files: u64,
    bytes: u64,
    /// Files that were read from their devices.
    from_device: u64,
    /// Files that may have been read from memory.
    from_cache: u64,
    /// Files of which that is not known.
    from_unknown: u64,
}

/// Who has started a run: somebody by a command or a request, or the schedule.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum RunStarter {
    Command,
    Request,
    Schedule,
}

/// How a run ended: everything that was due was read (`complete`) or a limit was reached (`limited`); it was cancelled,
/// has failed, or its process ended before it did (`interrupted`).
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum RunOutcome {
    Complete,
    Limited,
    Cancelled,
    Failed,
    Interrupted,
}

/// How a run is started. The body may be left out.
#[derive(ToSchema)]
pub(crate) struct RunRequest {
    /// Tell what would be read and start nothing.
    #[schema(required = false)]
    dry_run: bool,
}
