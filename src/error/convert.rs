//! Conversions of the engine's errors into answers.

use actix_web::error::PayloadError;
use hivesum_actors::error::{CompareError, ManifestRefused, Refused, StoreError, SubmitError, UploadError};
use hivesum_actors::fleet::DrainFailed;
use hivesum_actors::jobs::{ListRefused, ResultsError, SubscribeError};
use hivesum_actors::listing::ListError;
use hivesum_core::compare::DigestsTooShort;
use hivesum_core::digest::{AlgorithmsInvalid, UnknownAlgorithm};
use hivesum_core::manifest::NoSuchDigest;
use hivesum_core::walk::GlobInvalid;

use super::ApiError;

impl From<UnknownAlgorithm> for ApiError {
    fn from(error: UnknownAlgorithm) -> Self {
        Self::AlgorithmUnknown(error.to_string())
    }
}

impl From<AlgorithmsInvalid> for ApiError {
    fn from(error: AlgorithmsInvalid) -> Self {
        match error {
            AlgorithmsInvalid::Unknown(unknown) => unknown.into(),
            error => Self::invalid(error.to_string()),
        }
    }
}

impl From<GlobInvalid> for ApiError {
    fn from(error: GlobInvalid) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::QueueFull => Self::QueueFull,
            Refused::Draining => Self::Draining,
            Refused::SelfTest(_) => Self::internal(refused),
        }
    }
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Refused(refused) => refused.into(),
            UploadError::HasherFailed => Self::internal(error),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Corrupt | StoreError::Incomplete(_) | StoreError::Newer { .. } | StoreError::Older { .. } => {
                Self::StoreCorrupt
            }
            StoreError::Full => Self::StorageFull,
            StoreError::Closed => Self::Draining,
            StoreError::Busy | StoreError::HeldUp { .. } => Self::QueueFull,
            StoreError::Locked
            | StoreError::ReadOnly
            | StoreError::NotAFile { .. }
            | StoreError::SyncFailed
            | StoreError::Failed(_) => Self::internal(error),
        }
    }
}

impl From<CompareError> for ApiError {
    fn from(error: CompareError) -> Self {
        match error {
            CompareError::Store(error) => error.into(),
            CompareError::NothingInCommon => Self::AlgorithmNotInJob(error.to_string()),
            CompareError::TooMany => Self::TooLarge { what: "the comparison", limit: 1_000_000 },
        }
    }
}

impl From<NoSuchDigest> for ApiError {
    fn from(error: NoSuchDigest) -> Self {
        Self::AlgorithmNotInJob(error.to_string())
    }
}

impl From<DigestsTooShort> for ApiError {
    fn from(error: DigestsTooShort) -> Self {
        Self::AlgorithmNotInJob(error.to_string())
    }
}

impl From<ManifestRefused> for ApiError {
    fn from(refused: ManifestRefused) -> Self {
        match refused {
            ManifestRefused::Invalid { line, why } => Self::ManifestInvalid { line, why },
            ManifestRefused::TooLarge { limit, line } => Self::ManifestTooLong { limit, line },
        }
    }
}

impl From<DrainFailed> for ApiError {
    fn from(failed: DrainFailed) -> Self {
        match failed {
            DrainFailed::Unknown => Self::NotFound("no node has this name"),
            DrainFailed::Away => Self::NodeLost,
            DrainFailed::TooOld => Self::Unsupported("the node is too old for this: stop it instead (SIGTERM)"),
        }
    }
}

impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::NoRoots => Self::NoRoots,
            SubmitError::NotFound(what) => Self::NotFound(what),
            SubmitError::RootAmbiguous(_) => Self::RootAmbiguous(error.to_string()),
            SubmitError::NotOnNodes(why) => Self::Unsupported(why),
            SubmitError::Path(invalid) => invalid.into(),
            SubmitError::Glob(invalid) => invalid.into(),
            SubmitError::Manifest(refused) => refused.into(),
            SubmitError::QuotaReached { quota } => Self::QuotaReached { of: "queued-jobs", quota },
            SubmitError::Broken => Self::internal(error),
            SubmitError::RootUnavailable => Self::RootUnavailable,
            SubmitError::RootChanged => Self::RootChanged,
            SubmitError::EarlierNotFinished => Self::JobNotFinished("the job in reuse_unchanged_from has not ended"),
            SubmitError::EarlierLacks(_) => Self::AlgorithmNotInJob(error.to_string()),
            SubmitError::EarlierHasAnotherTree => Self::invalid(error.to_string()),
            SubmitError::KeyConflict => Self::IdempotencyConflict,
            SubmitError::Refused(refused) => refused.into(),
            SubmitError::Store(error) => error.into(),
        }
    }
}

impl From<ResultsError> for ApiError {
    fn from(error: ResultsError) -> Self {
        match error {
            ResultsError::NotFinished => {
                Self::JobNotFinished("results can be sorted and searched by digest only after the job has ended")
            }
            ResultsError::Store(error) => error.into(),
        }
    }
}

impl From<SubscribeError> for ApiError {
    fn from(error: SubscribeError) -> Self {
        match error {
            SubscribeError::Store(error) => error.into(),
            SubscribeError::TooMany => Self::TooManyStreams,
        }
    }
}

impl From<ListRefused> for ApiError {
    fn from(refused: ListRefused) -> Self {
        match refused {
            ListRefused::Root(error) => error.into(),
            ListRefused::List(error) => error.into(),
        }
    }
}

impl From<ListError> for ApiError {
    fn from(error: ListError) -> Self {
        match error {
            ListError::NotFound => Self::NotFound("there is nothing at this path"),
            ListError::Permission => Self::NotFound("the service may not list this directory"),
            ListError::NotADirectory => Self::NotFound("there is no directory at this path"),
            ListError::RootChanged => Self::RootChanged,
            ListError::RootUnavailable | ListError::Busy => Self::RootUnavailable,
        }
    }
}

impl From<PayloadError> for ApiError {
    /// The body is incomplete or malformed.
    fn from(error: PayloadError) -> Self {
        match error {
            PayloadError::Io(_) | PayloadError::Incomplete(_) => Self::invalid("the body is incomplete"),
            error => Self::invalid(format!("the body cannot be read: {error}")),
        }
    }
}
