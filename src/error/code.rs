//! The stable codes of problems: one table of names, statuses and meanings, from which the OpenAPI document is made.

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

            /// Its name in a problem.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The status that it is sent with.
            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// What it means.
            pub(crate) const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

codes! {
    InvalidRequest BAD_REQUEST "invalid_request" "a parameter, a header field or the body is invalid; the detail says why"
    PathInvalid BAD_REQUEST "path_invalid" "the path contains NUL, a leading slash, or an empty, `.` or `..` component"
    AlgorithmUnknown BAD_REQUEST "algorithm_unknown" "no algorithm has this name"
    ManifestInvalid BAD_REQUEST "manifest_invalid" "a line of the manifest cannot be read; `line` says which"
    DigestFieldInvalid BAD_REQUEST "digest_field_invalid" "a Content-Digest or Repr-Digest field cannot be read"
    Unauthenticated UNAUTHORIZED "unauthenticated" "no token or session, or one that is wrong, expired or revoked"
    Forbidden FORBIDDEN "forbidden" "the token lacks the scope"
    CrossSite FORBIDDEN "cross_site" "pages of other sites may not change anything"
    NoRoots FORBIDDEN "no_roots" "the service was started without directories"
    NotFound NOT_FOUND "not_found" "it does not exist, or it belongs to another token"
    MethodNotAllowed METHOD_NOT_ALLOWED "method_not_allowed" "the resource does not allow this method; `Allow` lists those that it allows"
    BodyTooSlow REQUEST_TIMEOUT "body_too_slow" "the body stalled, or arrived below the minimum rate"
    IdempotencyConflict CONFLICT "idempotency_conflict" "the Idempotency-Key was used for another request"
    CollectionBusy CONFLICT "collection_busy" "another run of the collection has not ended"
    FileChanged CONFLICT "file_changed" "somebody writes to the file while it is read"
    CollectionExists CONFLICT "collection_exists" "the directory has a collection already"
    TooManyCollections CONFLICT "too_many_collections" "there are as many collections as there may be"
    SettingFixed CONFLICT "setting_fixed" "this setting of a collection cannot be changed: make another collection"
    PreconditionFailed PRECONDITION_FAILED "precondition_failed" "the settings have changed since the ETag in If-Match"
    PreconditionRequired PRECONDITION_REQUIRED "precondition_required" "the request needs If-Match with an ETag"
    JobNotFinished CONFLICT "job_not_finished" "the job has not ended yet"
    NameNotRepresentable CONFLICT "name_not_representable" "the format cannot represent a name"
    AlgorithmNotInJob CONFLICT "algorithm_not_in_job" "the job did not compute this digest"
    RootChanged CONFLICT "root_changed" "another directory is at the path of the root since the service opened it; `hivesum roots accept` accepts it"
    RootAmbiguous CONFLICT "root_ambiguous" "several roots of the fleet have this name; the detail lists their full names"
    AlgorithmNotInFormat CONFLICT "algorithm_not_in_format" "the format cannot carry digests of this algorithm, as sfv carries crc32 alone"
    TooLarge PAYLOAD_TOO_LARGE "too_large" "the body, or something in it, is over its limit"
    UnsupportedMediaType UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "the media type or the content encoding of the body is not supported"
    RangeNotSatisfiable RANGE_NOT_SATISFIABLE "range_not_satisfiable" "the requested range begins beyond the end; `Content-Range` has the length"
    HostNotAllowed MISDIRECTED_REQUEST "host_not_allowed" "the service does not answer under this host name"
    DigestMismatch UNPROCESSABLE_ENTITY "digest_mismatch" "the bytes do not have the expected digest"
    HeadTooLarge REQUEST_HEADER_FIELDS_TOO_LARGE "head_too_large" "the head of the request is over 64 KiB or 96 header fields; the connection is closed"
    Unsupported UNPROCESSABLE_ENTITY "unsupported" "this is not possible for files on other machines"
    RateLimited TOO_MANY_REQUESTS "rate_limited" "this client sends too many requests, or has the most uploads, streams or queued jobs that one client may have; `RateLimit-Policy` says which"
    Internal INTERNAL_SERVER_ERROR "internal" "the service failed; the log has the cause under the request id"
    StoreCorrupt INTERNAL_SERVER_ERROR "store_corrupt" "stored results are damaged"
    QueueFull SERVICE_UNAVAILABLE "queue_full" "too many requests are waiting"
    Draining SERVICE_UNAVAILABLE "draining" "the service is shutting down"
    TooManyStreams SERVICE_UNAVAILABLE "too_many_streams" "too many event streams are open"
    RootUnavailable SERVICE_UNAVAILABLE "root_unavailable" "the directory does not respond"
    NodeLost SERVICE_UNAVAILABLE "node_lost" "the node is lost, or does not answer"
    StorageFull INSUFFICIENT_STORAGE "storage_full" "no space is left to store jobs"
}

impl Code {
    /// The code of this name, if there is one.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// The code of a refusal by the framework, which gives only a status.
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
