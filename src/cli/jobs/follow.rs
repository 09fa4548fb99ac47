//! Waits for the end of a job of the running service, with many short requests.
//!
//! Each request has the bound of every request to a service, so a service that hangs or ends is noticed. Ctrl-C ends the
//! waiting at once, also while a request is in progress.

use std::ffi::OsStr;
use std::process::ExitCode;
use std::time::Duration;

use hivesum::control::job_messages::JobReport;
use hivesum::control::protocol::{Answer, Command};
use hivesum_actors::job::{JobId, JobState, WaitsFor};
use hivesum_core::result::{JobVerdict, Progress, RootWarning, Summary};
use tokio::sync::watch;

use crate::cli::control::{Asked, StateAccess, unexpected};
use crate::cli::error::{INTERRUPTED, NOT_RUNNING, StatusError};
use crate::cli::quote::quoted;
use crate::cli::terminal::{Terminal, amount};

/// The pause after the first request. Each pause is twice as long as the one before, up to `PAUSE_AT_MOST`.
const FIRST_PAUSE: Duration = Duration::from_millis(25);

/// So the progress moves twice a second.
const PAUSE_AT_MOST: Duration = Duration::from_millis(500);

/// The waiting for the end of a job.
pub(super) struct Following {
    pub(super) access: StateAccess,
    pub(super) terminal: Terminal,
    pub(super) id: JobId,
    /// The flag that leads another command to the same service, with a space before it, or nothing.
    pub(super) flag: String,
    /// What to say if it found no file, beside that.
    pub(super) of_nothing: Option<String>,
}

impl Following {
    /// Waits, and says how it ended.
    pub(super) fn wait_for_end(self, job: JobReport) -> anyhow::Result<ExitCode> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (id, terminal) = (self.id, self.terminal.clone());
        let (flag, of_nothing) = (self.flag.clone(), self.of_nothing.clone());
        let ended = runtime.block_on(self.follow(job));
        // A request in progress is left behind.
        runtime.shutdown_background();
        terminal.finish_progress();
        let Some(job) = ended? else {
            terminal.message(&format!(
                "the job {id} goes on in the service: hivesum jobs show{flag} {id} shows it, hivesum jobs cancel{flag} {id} \
                 stops it"
            ));
            return Ok(ExitCode::from(INTERRUPTED));
        };
        terminal.message(&closing_line(&job));
        if let Some(told) = of_nothing.filter(|_| found_nothing(&job)) {
            terminal.message(&told);
        }
        if let Some(hint) = hint(&job, &flag) {
            terminal.message(&hint);
        }
        Ok(if has_succeeded(&job) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// The job as it ended; none after Ctrl-C.
    async fn follow(self, mut job: JobReport) -> anyhow::Result<Option<JobReport>> {
        let access = std::sync::Arc::new(self.access);
        let interrupted = tokio::signal::ctrl_c();
        tokio::pin!(interrupted);
        let (shown, progress) = watch::channel(Progress::default());
        self.terminal.follow(progress);
        let (mut pause, mut is_told) = (FIRST_PAUSE, false);
        while !job.state.is_final() {
            shown.send_replace(job.progress);
            if let Some(waits_for) = job.waits_for.filter(|_| !is_told) {
                is_told = true;
                self.terminal.message(&format!("the job waits: {}", in_words(waits_for, &job.root)));
            }
            let (access, id) = (access.clone(), self.id);
            let next = async {
                tokio::time::sleep(pause).await;
                tokio::task::spawn_blocking(move || ask(&access, id)).await?
            };
            tokio::select! {
                signal = &mut interrupted => { signal?; return Ok(None) }
                next = next => job = next?,
            }
            pause = (pause * 2).min(PAUSE_AT_MOST);
        }
        Ok(Some(job))
    }
}

/// How the job stands.
fn ask(access: &StateAccess, id: JobId) -> anyhow::Result<JobReport> {
    match access.ask(&Command::JobShow { id })? {
        Asked::Answered(Answer::Job { job }) => Ok(*job),
        Asked::Answered(other) => Err(unexpected(&other)),
        Asked::NobodyListens | Asked::Lost => {
            let message = format!(
                "the service has stopped; the job {id} goes on when it starts again, unless it has ended: see hivesum \
                 jobs show {id}"
            );
            Err(StatusError { status: NOT_RUNNING, message }.into())
        }
    }
}

fn has_succeeded(job: &JobReport) -> bool {
    let Summary { errors, verdict, root_warning, .. } = job.summary.unwrap_or_default();
    let is_clean = errors == 0 && root_warning.is_none();
    job.state == JobState::Completed && is_clean && matches!(verdict, None | Some(JobVerdict::Ok))
}

fn found_nothing(job: &JobReport) -> bool {
    job.state == JobState::Completed && job.summary.is_some_and(|summary| summary.hashed + summary.errors == 0)
}

/// `job ID completed: 2 files, 10 B in 0.1 s; 1 error; verdict failed`.
fn closing_line(job: &JobReport) -> String {
    let summary = job.summary.unwrap_or_default();
    let mut parts = vec![amount(summary.hashed, summary.bytes, Duration::from_millis(summary.elapsed_ms))];
    match summary.errors {
        0 => {}
        1 => parts.push("1 error".to_owned()),
        errors => parts.push(format!("{errors} errors")),
    }
    parts.extend(summary.verdict.map(|verdict| format!("verdict {}", verdict.name())));
    parts.extend(summary.root_warning.map(|warning| warned(warning, &job.root)));
    parts.extend(job.error.as_ref().map(|error| error.detail.clone()));
    format!("job {} {}: {}", job.id, job.state.name(), parts.join("; "))
}

/// Where it stands which files are not as they should be.
fn hint(job: &JobReport, flag: &str) -> Option<String> {
    let Summary { errors, verdict, .. } = job.summary?;
    let differs = matches!(verdict, Some(JobVerdict::Failed | JobVerdict::Incomplete));
    let which = match (errors > 0, differs) {
        (false, false) => return None,
        (true, false) => "for each file whether it had an error, and which",
        (_, true) => "the verdict of each file",
    };
    Some(format!("hivesum jobs export{flag} --format ndjson {} tells {which}", job.id))
}

fn in_words(waits_for: WaitsFor, root: &str) -> String {
    let root = quoted(OsStr::new(root));
    match waits_for {
        WaitsFor::RootChanged => format!(
            "another directory is in the place of the root {root}: mount what belongs there, or accept it with hivesum \
             roots accept {root}"
        ),
        WaitsFor::RootUnavailable => format!("the service was started without the root {root}"),
    }
}

fn warned(warning: RootWarning, root: &str) -> String {
    let root = quoted(OsStr::new(root));
    let what = match warning {
        RootWarning::RootChanged => format!("another directory is in the place of the root {root}"),
        RootWarning::RootEmpty => format!("the root {root} is empty, and there are results of files in it"),
    };
    format!("{what}: hivesum roots accept {root} accepts it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use hivesum_actors::job::JobError;

    fn job(state: JobState, summary: Summary) -> JobReport {
        let (root, path_b64) = ("t".to_owned(), String::new());
        let (id, progress, waits_for, error) = (JobId::nil(), Progress::default(), None, None);
        JobReport { id, root, path_b64, state, waits_for, progress, summary: Some(summary), error }
    }

    #[test]
    fn only_a_completed_job_without_errors_or_differences_is_a_success() {
        let clean = Summary::default();
        let of = |verdict| Summary { verdict: Some(verdict), ..clean };
        let cases = [
            (JobState::Completed, clean, true),
            (JobState::Completed, of(JobVerdict::Ok), true),
            (JobState::Completed, of(JobVerdict::Failed), false),
            (JobState::Completed, of(JobVerdict::Incomplete), false),
            (JobState::Completed, Summary { errors: 1, ..clean }, false),
            (JobState::Completed, Summary { root_warning: Some(RootWarning::RootEmpty), ..clean }, false),
            (JobState::Failed, clean, false),
            (JobState::Cancelled, clean, false),
        ];
        for (state, summary, expected) in cases {
            assert_eq!(has_succeeded(&job(state, summary)), expected, "{state:?} {summary:?}");
        }
    }

    #[test]
    fn what_is_odd_about_a_root_is_told_with_its_name_and_the_command_that_accepts_it() {
        for warning in [RootWarning::RootChanged, RootWarning::RootEmpty] {
            let summary = Summary { root_warning: Some(warning), ..Summary::default() };
            let line = closing_line(&job(JobState::Completed, summary));
            assert!(line.contains(" root t") && line.ends_with(": hivesum roots accept t accepts it"), "{line}");
        }
        let waits = in_words(WaitsFor::RootChanged, "my root");
        assert!(waits.ends_with("hivesum roots accept 'my root'"), "{waits}");
        let absent = in_words(WaitsFor::RootUnavailable, "t");
        assert_eq!(absent, "the service was started without the root t");
    }

    #[test]
    fn the_closing_line_says_what_is_known() {
        let summary = Summary { hashed: 2, bytes: 10, errors: 1, ..Summary::default() };
        let clean = closing_line(&job(JobState::Completed, Summary { errors: 0, ..summary }));
        assert!(clean.ends_with(" completed: 2 files, 10 B in 0.0 s"), "{clean}");
        let summary = Summary { verdict: Some(JobVerdict::Failed), ..summary };
        let failed = JobReport {
            error: Some(JobError { code: "deadline".to_owned(), detail: "too slow".to_owned() }),
            ..job(JobState::Failed, summary)
        };
        let failed = closing_line(&failed);
        assert!(failed.ends_with(" failed: 2 files, 10 B in 0.0 s; 1 error; verdict failed; too slow"), "{failed}");
    }
}
