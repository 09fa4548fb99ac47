//! Every error that the API can return: one type, with one match to its code and status.
//!
//! The public text of an error contains no server path and no cause. Causes stay in [`ApiError::Internal`] and go to
//! the log, with the request id that the body carries. The gate renders every error as RFC 9457
//! `application/problem+json`.

mod code;
mod convert;
pub(crate) mod problem;

use std::borrow::Cow;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use hivesum_core::digest::Digest;
use hivesum_core::file::PathInvalid;

use crate::digest_field::DigestFieldError;
pub(crate) use code::Code;

/// What went wrong, one variant per answer. The text is the `detail` of the problem.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("{0}")]
    InvalidRequest(Cow<'static, str>),
    #[error(transparent)]
    PathInvalid(#[from] PathInvalid),
    #[error("{0}")]
    AlgorithmUnknown(String),
    #[error("{why}")]
    ManifestInvalid { line: Option<u64>, why: String },
    #[error("the manifest is longer than {limit} lines or bytes")]
    ManifestTooLong { limit: u64, line: Option<u64> },
    #[error(transparent)]
    DigestFieldInvalid(#[from] DigestFieldError),
    #[error("sign in, or send a valid token")]
    Unauthenticated,
    #[error("{0}")]
    SignInRefused(&'static str),
    #[error("this token lacks the scope {needs:?}")]
    Forbidden { needs: &'static str },
    #[error("requests that change something are accepted only from hivesum's own page and from programs")]
    CrossSite,
    #[error("the service was started without directories: only uploads can be hashed")]
    NoRoots,
    #[error("{0}")]
    NotFound(&'static str),
    #[error("this resource allows only {allow}")]
    MethodNotAllowed { allow: String },
    #[error("the body arrived too slowly")]
    BodyTooSlow,
    #[error("{0}")]
    JobNotFinished(&'static str),
    /// A member of the body is wrong, and a JSON pointer says which.
    #[error("{error}")]
    AtMember { pointer: String, error: Box<ApiError> },
    #[error("the directory has a collection already: {0}")]
    CollectionExists(String),
    #[error("{0}")]
    CollectionBusy(&'static str),
    #[error("{0}")]
    FileChanged(&'static str),
    #[error("there are {0} collections already: forget one first")]
    TooManyCollections(usize),
    #[error("{0}")]
    SettingFixed(&'static str),
    #[error("the settings have changed: get the collection again, and send its ETag in If-Match")]
    PreconditionFailed,
    #[error("send the ETag of the collection in If-Match, so that nobody's change is undone")]
    PreconditionRequired,
    #[error("this Idempotency-Key was already used for a different request")]
    IdempotencyConflict,
    #[error("{0}")]
    NameNotRepresentable(String),
    #[error("{0}")]
    AlgorithmNotInJob(String),
    #[error("{0}")]
    AlgorithmNotInFormat(String),
    #[error("the requested range begins beyond the end: there are {length} bytes")]
    RangeNotSatisfiable { length: u64 },
    #[error("{what} is larger than the limit of {limit}")]
    TooLarge { what: &'static str, limit: u64 },
    #[error("the head of the request is larger than 64 KiB, or has more than 96 header fields")]
    HeadTooLarge,
    #[error("{0}")]
    UnsupportedMediaType(&'static str),
    #[error("the service does not answer under this host name: it must be started with --allow-host and the name")]
    HostNotAllowed,
    #[error("the {} digest is {}, not {}", .0.expected.algorithm(), .0.computed, .0.expected)]
    DigestMismatch(Box<Mismatch>),
    #[error("too many requests")]
    RateLimited { wait: Duration },
    #[error("this client already has {quota} {of}, the most that one client may have")]
    QuotaReached { of: &'static str, quota: usize },
    #[error("the service failed to answer")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("stored results are damaged")]
    StoreCorrupt,
    #[error("too many requests are waiting: try again later")]
    QueueFull,
    #[error("the service is shutting down")]
    Draining,
    #[error("too many event streams are open")]
    TooManyStreams,
    #[error("the directory does not respond")]
    RootUnavailable,
    #[error(
        "another directory is in the place of the root: mount what belongs there, or run `hivesum roots accept NAME` with the root's name"
    )]
    RootChanged,
    #[error("{0}")]
    RootAmbiguous(String),
    #[error("{0}")]
    Unsupported(&'static str),
    #[error("the node is lost, or does not answer")]
    NodeLost,
    #[error("no space is left to store jobs")]
    StorageFull,
    /// The framework refused the request before or instead of a handler.
    #[error("{}", problem::reason(*.0))]
    Framework(StatusCode),
}

/// The expected digest and the digest of the bytes.
#[derive(Debug)]
pub(crate) struct Mismatch {
    pub(crate) expected: Digest,
    pub(crate) computed: Digest,
}

impl ApiError {
    /// A bad request, with its detail.
    pub(crate) fn invalid(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::InvalidRequest(detail.into())
    }

    /// The same, about a member of the body.
    pub(crate) fn at(self, member: &str) -> Self {
        Self::AtMember { pointer: format!("/{member}"), error: Box::new(self) }
    }

    /// A bug or a failure of the machine; the cause goes to the log only.
    pub(crate) fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// The stable code of this error.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::InvalidRequest(_) => Code::InvalidRequest,
            Self::PathInvalid(_) => Code::PathInvalid,
            Self::AlgorithmUnknown(_) => Code::AlgorithmUnknown,
            Self::ManifestInvalid { .. } => Code::ManifestInvalid,
            Self::ManifestTooLong { .. } => Code::TooLarge,
            Self::DigestFieldInvalid(_) => Code::DigestFieldInvalid,
            Self::Unauthenticated | Self::SignInRefused(_) => Code::Unauthenticated,
            Self::Forbidden { .. } => Code::Forbidden,
            Self::CrossSite => Code::CrossSite,
            Self::NoRoots => Code::NoRoots,
            Self::NotFound(_) => Code::NotFound,
            Self::MethodNotAllowed { .. } => Code::MethodNotAllowed,
            Self::BodyTooSlow => Code::BodyTooSlow,
            Self::JobNotFinished(_) => Code::JobNotFinished,
            Self::IdempotencyConflict => Code::IdempotencyConflict,
            Self::AtMember { error, .. } => error.code(),
            Self::CollectionExists(_) => Code::CollectionExists,
            Self::CollectionBusy(_) => Code::CollectionBusy,
            Self::FileChanged(_) => Code::FileChanged,
            Self::TooManyCollections(_) => Code::TooManyCollections,
            Self::SettingFixed(_) => Code::SettingFixed,
            Self::PreconditionFailed => Code::PreconditionFailed,
            Self::PreconditionRequired => Code::PreconditionRequired,
            Self::NameNotRepresentable(_) => Code::NameNotRepresentable,
            Self::AlgorithmNotInJob(_) => Code::AlgorithmNotInJob,
            Self::AlgorithmNotInFormat(_) => Code::AlgorithmNotInFormat,
            Self::RangeNotSatisfiable { .. } => Code::RangeNotSatisfiable,
            Self::TooLarge { .. } => Code::TooLarge,
            Self::HeadTooLarge => Code::HeadTooLarge,
            Self::UnsupportedMediaType(_) => Code::UnsupportedMediaType,
            Self::HostNotAllowed => Code::HostNotAllowed,
            Self::DigestMismatch(_) => Code::DigestMismatch,
            Self::RateLimited { .. } | Self::QuotaReached { .. } => Code::RateLimited,
            Self::Internal(_) => Code::Internal,
            Self::StoreCorrupt => Code::StoreCorrupt,
            Self::QueueFull => Code::QueueFull,
            Self::Draining => Code::Draining,
            Self::TooManyStreams => Code::TooManyStreams,
            Self::RootUnavailable => Code::RootUnavailable,
            Self::NodeLost => Code::NodeLost,
            Self::RootChanged => Code::RootChanged,
            Self::RootAmbiguous(_) => Code::RootAmbiguous,
            Self::Unsupported(_) => Code::Unsupported,
            Self::StorageFull => Code::StorageFull,
            Self::Framework(status) => Code::for_status(*status),
        }
    }

    /// The status: that of the code, or the one that the framework chose.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Framework(status) => *status,
            error => error.code().status(),
        }
    }

    /// Whole seconds, at least 1, after which a refused request may be sent again.
    pub(crate) fn retry_after_seconds(&self) -> Option<u64> {
        match self {
            Self::RateLimited { wait } => Some(whole_seconds(*wait)),
            Self::QuotaReached { .. } => Some(1),
            error if error.status() == StatusCode::SERVICE_UNAVAILABLE => Some(1),
            _ => None,
        }
    }
}

/// A duration in whole seconds for a header field: rounded up, at least 1.
pub(crate) fn whole_seconds(time: Duration) -> u64 {
    time.as_millis().div_ceil(1000).max(1) as u64
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    /// Without a body: the gate knows the request's id and writes the body.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_given_in_whole_seconds_and_never_as_zero() {
        let seconds = |ms| ApiError::RateLimited { wait: Duration::from_millis(ms) }.retry_after_seconds();
        assert_eq!([seconds(0), seconds(1), seconds(1000), seconds(1001)], [Some(1), Some(1), Some(1), Some(2)]);
        assert_eq!(ApiError::QueueFull.retry_after_seconds(), Some(1));
        assert_eq!(ApiError::CrossSite.retry_after_seconds(), None);
    }

    #[test]
    fn the_cause_of_an_internal_error_stays_out_of_its_text() {
        let error = ApiError::internal("/srv/secret: I/O error");
        assert_eq!(error.to_string(), "the service failed to answer");
    }
}
