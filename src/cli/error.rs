//! Errors of the command line, their texts and their exit statuses.

use std::ffi::OsStr;
use std::process::ExitCode;
use std::{fmt, io};

use hivesum_actors::error::StoreError;
use hivesum_core::result::Status;
pub(super) use hivesum_core::result::system_text;

use super::output::WriteError;
use super::quote::quoted;

/// Exit status of a wrong command line.
pub(super) const USAGE: u8 = 2;

/// Exit status if the disk failed to store what was written: `EX_IOERR` of `sysexits.h`.
const IO_FAILED: u8 = 74;

/// Exit status if another process uses the state directory, or keeps a service from starting: `EX_TEMPFAIL` of
/// `sysexits.h`.
pub(super) const IN_USE: u8 = 75;

/// Exit status if no service runs where one is needed: `EX_UNAVAILABLE` of `sysexits.h`.
pub(super) const NOT_RUNNING: u8 = 69;

/// Exit status after Ctrl-C: 128 and the number of SIGINT, as a shell has it.
pub(super) const INTERRUPTED: u8 = 130;

/// An error with an exit status of its own.
#[derive(Debug)]
pub(super) struct StatusError {
    pub(super) status: u8,
    pub(super) message: String,
}

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StatusError {}

/// Flags that contradict each other, or a value that is not allowed. Reported like an error of clap.
#[derive(Debug)]
pub(super) struct UsageError {
    /// The command whose usage is printed with the message.
    pub(super) command: &'static str,
    pub(super) message: String,
}

impl UsageError {
    /// An error of the command with this name.
    pub(super) fn of(command: &'static str, message: impl fmt::Display) -> Self {
        Self { command, message: message.to_string() }
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for UsageError {}

/// The exit status of a command that failed with this error.
pub(super) fn exit_status(error: &anyhow::Error) -> ExitCode {
    own_status(error).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// The exit status that the error has whatever the command; none if the command decides.
fn own_status(error: &anyhow::Error) -> Option<u8> {
    if let Some(error) = error.downcast_ref::<StatusError>() {
        return Some(error.status);
    }
    match error.downcast_ref::<StoreError>() {
        Some(StoreError::Locked | StoreError::HeldUp { .. }) => Some(IN_USE),
        Some(StoreError::SyncFailed) => Some(IO_FAILED),
        _ => None,
    }
}

/// The error with this exit status, unless it has one of its own, or is about the command line or stdout.
pub(super) fn with_status(status: u8, error: anyhow::Error) -> anyhow::Error {
    match own_status(&error).is_some() || error.is::<UsageError>() || error.is::<WriteError>() {
        true => error,
        false => StatusError { status, message: format!("{error:#}") }.into(),
    }
}

/// `NAME: TEXT`: an operation on this path failed.
pub(super) fn path_error(path: &OsStr, error: &io::Error) -> anyhow::Error {
    anyhow::anyhow!("{}: {}", quoted(path), system_text(error))
}

/// Why a file has no digest; `None` if it has one.
pub(super) fn reason(status: Status) -> Option<String> {
    match status {
        Status::Hashed(_) => None,
        Status::Error { code, errno: 0 } => Some(code.in_words().to_owned()),
        Status::Error { errno, .. } => Some(system_text(&io::Error::from_raw_os_error(errno))),
        Status::Skipped(reason) => Some(reason.in_words().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hivesum_core::result::SkipReason;

    #[test]
    fn errors_use_the_text_of_the_system() {
        assert_eq!(system_text(&io::Error::from_raw_os_error(2)), "No such file or directory");
        assert_eq!(system_text(&io::Error::other("broken")), "broken");
        assert_eq!(reason(Status::Skipped(SkipReason::Symlink)).as_deref(), Some("symbolic link"));
    }
}
