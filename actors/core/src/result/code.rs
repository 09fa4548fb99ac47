//! Codes of results: why one file has no digest. Such a result never ends a scan.

use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

/// Why one file has no digest although it should have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, VariantArray, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum ErrorCode {
    /// The file does not exist, or no longer.
    NotFound = 1,
    /// The operating system refused to open or list it.
    Permission = 2,
    /// A read failed.
    IoError = 3,
    /// It was written to, truncated or replaced during each of three reads.
    FileChanged = 4,
    /// A process has it open for writing, and only stable digests were requested.
    FileBusy = 5,
    /// It is larger than the configured limit.
    TooLarge = 6,
    /// No progress within the deadline of one quantum, or of the job.
    Timeout = 7,
    /// A defect of hivesum: the hasher panicked on this file.
    Internal = 8,
    /// The process crashed three times while it read this file.
    CrashLoop = 9,
}

/// The largest number of an error that the kernel returns (`MAX_ERRNO`).
const MOST_ERRNO: i32 = 4095;

impl ErrorCode {
    /// Every code, in the order of their numbers.
    pub const ALL: [Self; 9] = crate::variants();

    /// The stable name in the API and in NDJSON lines.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The reason in words, for a terminal.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::NotFound => "No such file or directory",
            Self::Permission => "Permission denied",
            Self::IoError => "Input/output error",
            Self::FileChanged => "File changed while it was read",
            Self::FileBusy => "File is open for writing",
            Self::TooLarge => "File is larger than the limit",
            Self::Timeout => "No progress within the deadline",
            Self::Internal => "Internal error: the hasher failed on this file",
            Self::CrashLoop => "The process died three times on this file",
        }
    }

    /// The code of the number of an `errno`; 0 stands for a read that failed otherwise, as does what no error has.
    #[must_use]
    pub fn of_number(errno: i32) -> Self {
        match errno {
            1..=MOST_ERRNO => Self::from_errno(Errno::from_raw_os_error(errno)),
            _ => Self::IoError,
        }
    }

    /// The code of an `errno` of opening, listing or reading.
    pub(crate) fn from_errno(errno: Errno) -> Self {
        match errno {
            Errno::NOENT | Errno::NOTDIR => Self::NotFound,
            Errno::ACCESS | Errno::PERM => Self::Permission,
            Errno::FBIG | Errno::OVERFLOW => Self::TooLarge,
            Errno::TIMEDOUT => Self::Timeout,
            // A process holds a write lease on it (`fcntl(2)`) and did not release it.
            Errno::AGAIN => Self::FileBusy,
            _ => Self::IoError,
        }
    }
}

/// Why one entry of a tree was skipped on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, VariantArray, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum SkipReason {
    /// A FIFO, socket or device.
    NotRegular = 1,
    /// A symbolic link in a tree.
    Symlink = 2,
    /// A mount point, and other file systems were not requested.
    OtherFilesystem = 3,
    /// A file system without stored content, such as `/proc`.
    PseudoFilesystem = 4,
    /// A file of hivesum's own (state directory, output file).
    Internal = 5,
    /// More than 1,024 directories deep.
    Depth = 6,
}

impl SkipReason {
    /// Every reason, in the order of their numbers.
    pub const ALL: [Self; 6] = crate::variants();

    /// The stable name in the API and in NDJSON lines.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The reason in words, for a terminal.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::NotRegular => "not a regular file",
            Self::Symlink => "symbolic link",
            Self::OtherFilesystem => "on another file system",
            Self::PseudoFilesystem => "on a pseudo file system",
            Self::Internal => "belongs to hivesum",
            Self::Depth => "more than 1,024 directories deep",
        }
    }
}

/// The system's text for an error, without the number that Rust appends.
#[must_use]
pub fn system_text(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_api_and_of_the_serde_form() {
        let codes = "not_found permission io_error file_changed file_busy too_large timeout internal crash_loop";
        assert_eq!(ErrorCode::ALL.map(ErrorCode::name).join(" "), codes);
        let reasons = "not_regular symlink other_filesystem pseudo_filesystem internal depth";
        assert_eq!(SkipReason::ALL.map(SkipReason::name).join(" "), reasons);
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
        }
        assert_eq!(
            [0, 5, 13, i32::MIN, i32::MAX].map(ErrorCode::of_number),
            [ErrorCode::IoError, ErrorCode::IoError, ErrorCode::Permission, ErrorCode::IoError, ErrorCode::IoError]
        );
        for reason in SkipReason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.name());
        }
    }
}
