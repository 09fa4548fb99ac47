//! A scrub beside a running service: the service does it, and this command follows it with many short requests.
//!
//! What the service tells is told as if this command had done it; files and events are read from the store. Ctrl-C stops
//! the run in the service and waits for its end. Each request has the bound of every request to a service, so one that
//! hangs or ends is noticed.

use std::num::NonZeroU32;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hivesum::control::job_messages::DirectoryPlace;
use hivesum::control::protocol::{Answer, Command};
use hivesum::control::scrub_messages::{FailureCode, Phase, ScrubOrder, ScrubReport, SentEnd};
use hivesum_actors::error::StoreError;
use hivesum_actors::scrub::{Notice, ScrubEnd, ScrubError, ScrubObserver as _, ScrubRequest};
use hivesum_actors::store::collections::{Collections, MAX_ROWS};
use hivesum_core::fixity::EventKind;
use hivesum_core::result::Progress;
use jiff::SignedDuration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use uuid::Uuid;

use super::report::{Report, failed};
use crate::cli::control::{Asked, StateAccess, unexpected};
use crate::cli::error::{INTERRUPTED, NOT_RUNNING, StatusError, UsageError};
use crate::cli::lock_holder::sees_another;
use crate::cli::quote::quoted;

/// The pause after the first request. Each pause is twice as long as the one before, up to `PAUSE_AT_MOST`.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// So the progress moves five times a second.
const PAUSE_AT_MOST: Duration = Duration::from_millis(200);

/// A service that runs on the state directory.
#[derive(Debug)]
pub(super) struct Beside {
    state: PathBuf,
    access: Arc<StateAccess>,
}

/// How the following of a run ended.
enum Followed {
    Ended(SentEnd),
    Failed(FailureCode, String),
    /// The service has stopped, or was started again since.
    Lost,
}

impl Beside {
    pub(super) fn of(state: &Path) -> Self {
        Self { state: state.to_owned(), access: Arc::new(StateAccess::of(state)) }
    }

    /// The order for what is requested. Its directory is named by its path without links.
    pub(super) fn order(
        &self,
        dir: &Path,
        request: ScrubRequest,
        max_time: Option<SignedDuration>,
    ) -> anyhow::Result<ScrubOrder> {
        let resolved = dir.canonicalize().map_err(|error| failed(dir, ScrubError::Open(error)))?;
        let shown = quoted(dir.as_os_str());
        anyhow::ensure!(
            !sees_another(&self.state, &resolved),
            "{shown}: the service sees another file system there, as in a container: run the scrub there"
        );
        let seconds = |time: SignedDuration| time.as_secs().unsigned_abs();
        let read_timeout = u32::try_from(request.read_timeout.as_secs()).ok().and_then(NonZeroU32::new);
        Ok(ScrubOrder {
            key: Uuid::now_v7(),
            directory: DirectoryPlace { path_b64: STANDARD.encode(resolved.as_os_str().as_bytes()) },
            algorithms: request.algorithms,
            kind: request.kind,
            include: request.include,
            exclude: request.exclude,
            notify: request.notify,
            rebind: request.rebind,
            aim_seconds: request.limits.aim.map(seconds),
            max_bytes: request.limits.bytes,
            max_time_seconds: max_time.map(seconds),
            percent: request.limits.percent,
            leave_out: request.leave_out.into_iter().map(Into::into).collect(),
            read_timeout_seconds: read_timeout.context("a time to wait that is no whole number of seconds")?,
        })
    }

    /// Has the service scrub the directory, which is called `dir` in messages. Returns whether all is well there.
    pub(super) fn scrub(
        &self,
        dir: &Path,
        order: ScrubOrder,
        (mut report, is_verbose): (Report, bool),
    ) -> anyhow::Result<bool> {
        let key = order.key;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let followed = runtime.block_on(async {
            let interrupts = signal(SignalKind::interrupt())?;
            let first = self.ask(Command::ScrubRun { order: Box::new(order) }).await?;
            self.follow(key, (first, interrupts), &mut report).await
        });
        // A request in progress is left behind.
        runtime.shutdown_background();
        let shown = quoted(dir.as_os_str());
        match followed? {
            Followed::Ended(end) => self.tell(report, &end, is_verbose),
            Followed::Failed(FailureCode::SyncFailed, _) => Err(StoreError::SyncFailed.into()),
            Followed::Failed(FailureCode::Usage, detail) => {
                Err(UsageError::of("scrub", format!("{shown}: {detail}")).into())
            }
            Followed::Failed(FailureCode::StoreFailed | FailureCode::Failed | FailureCode::CollectionBusy, detail) => {
                anyhow::bail!("{shown}: {detail}")
            }
            Followed::Failed(FailureCode::Cancelled, _) | Followed::Lost => {
                let message = format!(
                    "{shown}: the service has stopped, and the scrub with it: what it has recorded stays, and the next \
                     scrub goes on"
                );
                Err(StatusError { status: NOT_RUNNING, message }.into())
            }
        }
    }

    /// Follows a run to its end. After Ctrl-C it is stopped, and that is the error.
    async fn follow(
        &self,
        key: Uuid,
        (mut asked, mut interrupts): (Asked, Signal),
        report: &mut Report,
    ) -> anyhow::Result<Followed> {
        let (shown, progress) = watch::channel(Progress::default());
        report.scan_began(progress);
        let (mut known, mut pause, mut is_interrupted) = (0, FIRST_PAUSE, false);
        loop {
            let Some(told) = report_in(asked)? else { return Ok(Followed::Lost) };
            shown.send_replace(told.progress);
            known += told.notices.len();
            for notice in told.notices {
                report.noticed(Notice::try_from(notice)?);
            }
            match told.phase {
                Phase::Ended(_) | Phase::Failed { .. } if told.more => {}
                Phase::Ended(end) => {
                    report.more_were_noticed(told.unkept_notices);
                    return Ok(Followed::Ended(end));
                }
                Phase::Failed { code: FailureCode::Cancelled, detail } if is_interrupted => {
                    return Err(StatusError { status: INTERRUPTED, message: detail }.into());
                }
                Phase::Failed { code, detail } => return Ok(Followed::Failed(code, detail)),
                Phase::Waiting | Phase::Running => {
                    tokio::select! {
                        biased;
                        _ = interrupts.recv() => is_interrupted = true,
                        () = tokio::time::sleep(pause) => {}
                    }
                    pause = (pause * 2).min(PAUSE_AT_MOST);
                }
            }
            let next =
                if is_interrupted { Command::ScrubCancel { key } } else { Command::ScrubShow { key, after: known } };
            asked = self.ask(next).await?;
        }
    }

    async fn ask(&self, command: Command) -> anyhow::Result<Asked> {
        let access = self.access.clone();
        tokio::task::spawn_blocking(move || access.ask(&command)).await?
    }

    /// Tells what is to be seen, from the store and from what the service knows alone.
    fn tell(&self, mut report: Report, sent: &SentEnd, is_verbose: bool) -> anyhow::Result<bool> {
        let opened = Collections::open(&self.state)?;
        let mut collections = opened.with_context(|| format!("{}: no state", quoted(self.state.as_os_str())))?;
        let collection = collections.by_id(&sent.collection)?.context("the collection was forgotten meanwhile")?;
        let counts = collections.deviating(&collection)?;
        let mut after = sent.last_event_before;
        while collection.alerts(&counts) > 0 {
            let page = collections.events(&collection, after, MAX_ROWS)?;
            let Some(last) = page.last() else { break };
            after = last.n;
            let by_people = [EventKind::Accepted, EventKind::Acknowledged];
            let of_run = page.iter().filter(|stored| !by_people.contains(&stored.event.kind));
            of_run.for_each(|stored| report.happened(&stored.event));
        }
        let end = ScrubEnd {
            collection,
            pass: sent.pass(),
            files_before: sent.files_before,
            is_limited: sent.is_limited,
            read: sent.read(),
            last_event_before: sent.last_event_before,
        };
        report.end(&mut collections, &end, is_verbose)
    }
}

/// How the run stands; none if the service does not know, or has ended.
fn report_in(asked: Asked) -> anyhow::Result<Option<ScrubReport>> {
    match asked {
        Asked::Answered(Answer::Scrub { report }) => Ok(report.map(|report| *report)),
        Asked::Answered(other) => Err(unexpected(&other)),
        Asked::NobodyListens | Asked::Lost => Ok(None),
    }
}
