//! Starts, shows and cancels scrubs for a command.
//!
//! A directory is any of this machine, not only one beneath a root: whoever may write the state directory may have every
//! file read that the service may read. The run belongs to the service, and goes on if nobody asks for it.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hivesum_actors::error::StoreError;
use hivesum_actors::scrub::{self, Limits, ScrubEnd, ScrubError, ScrubPhase, ScrubRequest, ScrubTold, Starter};
use jiff::SignedDuration;
use uuid::Uuid;

use super::protocol::{Answer, MAX_ANSWER_BYTES, Reason};
use super::scrub_messages::{FailureCode, Phase, ScrubOrder, ScrubReport, SentEnd, SentNotice};
use super::server::refused;
use crate::notify::check_names;
use crate::service::Service;

/// Bytes of the notices in one report, as JSON. One notice is as long as a path at most, and an answer has room for it.
const NOTICES_BYTES: usize = MAX_ANSWER_BYTES / 4;

/// Starts the run, or finds the one that was started by the same order.
pub(super) fn start(service: &Service, order: ScrubOrder) -> Answer {
    let key = order.key;
    let named = order.notify.as_deref().unwrap_or_default();
    if let Err(wrong) = check_names(named, service.sinks.iter().map(|sink| &*sink.name)) {
        return refused(Reason::Impossible, wrong);
    }
    let order = match read(order) {
        Ok(order) => order,
        Err(wrong) => return refused(Reason::InvalidRequest, wrong),
    };
    match service.jobs.scrubs().start(key, order) {
        Ok(()) => show(service, key, 0),
        Err(error) => refused(Reason::Impossible, error.to_string()),
    }
}

/// How the run stands, with the notices after so many.
pub(super) fn show(service: &Service, key: Uuid, after: usize) -> Answer {
    let report = service.jobs.scrubs().show(key, |told| report_of(told, after));
    Answer::Scrub { report: report.map(Box::new) }
}

/// Cancels the run. It ends soon.
pub(super) fn cancel(service: &Service, key: Uuid) -> Answer {
    // An unknown run is told as one that is unknown.
    let _ = service.jobs.scrubs().cancel(key);
    show(service, key, usize::MAX)
}

/// What is to be done, as the service does it.
fn read(order: ScrubOrder) -> Result<scrub::ScrubOrder, String> {
    let seconds = |seconds: u64| {
        i64::try_from(seconds).map(SignedDuration::from_secs).map_err(|_| "a time is too long".to_owned())
    };
    let directory = STANDARD.decode(&order.directory.path_b64).map_err(|error| error.to_string())?;
    let limits = Limits {
        aim: order.aim_seconds.map(seconds).transpose()?,
        share: None,
        bytes: order.max_bytes,
        until: None,
        percent: order.percent,
    };
    let request = ScrubRequest {
        algorithms: order.algorithms,
        kind: order.kind,
        include: order.include,
        exclude: order.exclude,
        notify: order.notify,
        rebind: order.rebind,
        limits,
        leave_out: order.leave_out.into_iter().map(Into::into).collect(),
        read_timeout: Duration::from_secs(order.read_timeout_seconds.get().into()),
        ..ScrubRequest::new(OsString::from_vec(directory))
    };
    let max_time = order.max_time_seconds.map(seconds).transpose()?;
    Ok(scrub::ScrubOrder { request, max_time, starter: Starter::Command })
}

fn report_of(told: &ScrubTold, after: usize) -> ScrubReport {
    let mut left = told.notices.iter().skip(after).peekable();
    let (mut notices, mut bytes) = (Vec::new(), 0);
    while bytes < NOTICES_BYTES
        && let Some(notice) = left.next()
    {
        let notice = SentNotice::from(notice);
        bytes += serde_json::to_vec(&notice).map_or(0, |json| json.len());
        notices.push(notice);
    }
    let phase = match &told.phase {
        ScrubPhase::Waiting => Phase::Waiting,
        ScrubPhase::Running => Phase::Running,
        ScrubPhase::Ended(end) => Phase::Ended(sent(end)),
        ScrubPhase::Failed(error) => Phase::Failed { code: code_of(error), detail: in_words(error) },
    };
    let more = left.peek().is_some();
    ScrubReport { phase, progress: told.progress(), notices, more, unkept_notices: told.more_notices }
}

fn sent(end: &ScrubEnd) -> SentEnd {
    SentEnd {
        collection: end.collection.id.clone(),
        is_baseline: end.pass == hivesum_core::fixity::PassKind::Baseline,
        files_before: end.files_before,
        is_limited: end.is_limited,
        last_event_before: end.last_event_before,
        files: end.read.files,
        bytes: end.read.bytes,
        from_device: end.read.from_device,
        from_cache: end.read.from_cache,
        unknown: end.read.unknown.iter().map(|(device, files)| (*device, *files)).collect(),
    }
}

fn code_of(error: &ScrubError) -> FailureCode {
    match error {
        ScrubError::Busy => FailureCode::CollectionBusy,
        ScrubError::Cancelled => FailureCode::Cancelled,
        ScrubError::Store(StoreError::SyncFailed) => FailureCode::SyncFailed,
        ScrubError::Store(_) => FailureCode::StoreFailed,
        error if error.is_usage() => FailureCode::Usage,
        _ => FailureCode::Failed,
    }
}

/// The user of the service may be another one than that of the command.
fn in_words(error: &ScrubError) -> String {
    match error {
        ScrubError::Open(source) if source.kind() == io::ErrorKind::PermissionDenied => {
            format!("the service may not open it: {error}")
        }
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::protocol::{line_of, parse};
    use hivesum_actors::scrub::Notice;

    fn told(paths: usize, bytes: usize) -> ScrubTold {
        let mut told = ScrubTold::default();
        told.notices = (0..paths).map(|_| Notice::ChangedMeanwhile { path: vec![0xff; bytes] }).collect();
        told
    }

    #[test]
    fn notices_come_in_pages_that_fit_into_an_answer_and_none_is_lost() {
        let told = told(200, 60_000);
        let (mut notices, mut pages) = (Vec::new(), 0);
        loop {
            let report = report_of(&told, notices.len());
            let (more, page) = (report.more, report.notices.clone());
            let answer = Answer::Scrub { report: Some(Box::new(report)) };
            let line = line_of(&answer).unwrap();
            assert!(line.len() <= MAX_ANSWER_BYTES, "{}", line.len());
            assert_eq!(parse::<Answer>(&line).unwrap(), answer);
            notices.extend(page.into_iter().map(|notice| Notice::try_from(notice).unwrap()));
            pages += 1;
            if !more {
                break;
            }
        }
        assert_eq!((notices == told.notices, pages > 5), (true, true), "{pages}");
    }

    #[test]
    fn failures_have_codes_and_a_directory_that_the_service_may_not_open_is_told_as_such() {
        let denied = ScrubError::Open(io::Error::from_raw_os_error(13));
        assert!(
            in_words(&denied).starts_with("the service may not open it: Permission denied"),
            "{}",
            in_words(&denied)
        );
        for (error, code) in [
            (denied, FailureCode::Failed),
            (ScrubError::Busy, FailureCode::CollectionBusy),
            (ScrubError::OtherGlobs, FailureCode::Usage),
            (ScrubError::Store(StoreError::SyncFailed), FailureCode::SyncFailed),
            (ScrubError::Store(StoreError::Full), FailureCode::StoreFailed),
        ] {
            assert_eq!(code_of(&error), code, "{error}");
        }
    }
}
