//! The stable codes of problems: one table of name, status and meaning, which the OpenAPI document is made from.

use actix_web::http::StatusCode;

macro_rules! codes {
    ($($variant:ident $status:ident $name:literal $meaning:literal)*) => {
        /// A stable `code`: programs act on it, people read the `detail`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Code {
            $(#[doc = $meaning] $variant,)*
        }

        impl Code {
            /// Every code.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];

            /// As it stands in a problem.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The status that it comes with.
            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// When it is given.
            pub(crate) const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

codes! {
    InvalidRequest BAD_REQUEST "invalid_request" "a parameter, a field or the body cannot be taken; the detail says why"
    PathInvalid BAD_REQUEST "path_invalid" "the path has NUL, a leading slash, or an empty, `.` or `..` component"
    AlgorithmUnknown BAD_REQUEST "algorithm_unknown" "no algorithm has this name"
    ManifestInvalid BAD_REQUEST "manifest_invalid" "a line of the manifest cannot be read; `line` says which"
    DigestFieldInvalid BAD_REQUEST "digest_field_invalid" "a Content-Digest or Repr-Digest field cannot be read"
    Unauthenticated UNAUTHORIZED "unauthenticated" "no token or session, or one that is wrong, expired or revoked"
    Forbidden FORBIDDEN "forbidden" "the token lacks the scope"
    CrossSite FORBIDDEN "cross_site" "a page of another site may change nothing"
    NoRoots FORBIDDEN "no_roots" "the service was started without directories"
    NotFound NOT_FOUND "not_found" "nothing is here, or it is another token's"
    MethodNotAllowed METHOD_NOT_ALLOWED "method_not_allowed" "the resource does not take this method; `Allow` says which"
    BodyTooSlow REQUEST_TIMEOUT "body_too_slow" "the body stalled, or came slower than the least rate"
    IdempotencyConflict CONFLICT "idempotency_conflict" "the Idempotency-Key was used for another request"
    JobNotFinished CONFLICT "job_not_finished" "the job has not ended yet"
    NameNotRepresentable CONFLICT "name_not_representable" "the format cannot carry a name"
    AlgorithmNotInJob CONFLICT "algorithm_not_in_job" "the job did not compute this digest"
    TooLarge PAYLOAD_TOO_LARGE "too_large" "the body, or something in it, is over its limit"
    UnsupportedMediaType UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "the body's type, or any content encoding, is not taken"
    HostNotAllowed MISDIRECTED_REQUEST "host_not_allowed" "the service does not answer under this host name"
    DigestMismatch UNPROCESSABLE_ENTITY "digest_mismatch" "the bytes have another digest than expected"
    RateLimited TOO_MANY_REQUESTS "rate_limited" "too many requests of this client, or as many of its uploads, streams or waiting jobs as may be; `RateLimit-Policy` says which"
    Internal INTERNAL_SERVER_ERROR "internal" "the service failed; its log knows the request by its id"
    StoreCorrupt INTERNAL_SERVER_ERROR "store_corrupt" "stored results are damaged"
    QueueFull SERVICE_UNAVAILABLE "queue_full" "too much is waiting already"
    Draining SERVICE_UNAVAILABLE "draining" "the service is shutting down"
    TooManyStreams SERVICE_UNAVAILABLE "too_many_streams" "too many event streams are open"
    RootUnavailable SERVICE_UNAVAILABLE "root_unavailable" "the directory does not answer"
    StorageFull INSUFFICIENT_STORAGE "storage_full" "no room is left to store jobs"
}

impl Code {
    /// The code of this name, if there is one.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// The code of a refusal by the framework, which knows only statuses.
    pub(super) fn for_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::REQUEST_TIMEOUT => Self::BodyTooSlow,
            status if status.is_server_error() => Self::Internal,
            _ => Self::InvalidRequest,
        }
    }
}
