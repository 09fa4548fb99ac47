//! The body of an error: RFC 9457, with the stable `code` and the request id that the log uses.

use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use serde::Serialize;

use super::{ApiError, Mismatch};

/// The id of a request: unique within one run of the service, and formatted only when it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestId(u64);

static RUN: LazyLock<u32> = LazyLock::new(|| getrandom::u32().unwrap_or_else(|_| std::process::id()));
static NEXT: AtomicU64 = AtomicU64::new(1);

/// `WWW-Authenticate` of an answer that asks for a token (RFC 6750, 3).
pub(crate) const CHALLENGE: &str = "Bearer realm=\"hivesum\"";

impl RequestId {
    /// The next id of this run.
    pub(crate) fn next() -> Self {
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{:08x}", *RUN, self.0)
    }
}

/// `application/problem+json`.
#[derive(Debug, Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    request_id: String,
    /// The line of the manifest that the problem is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    /// Which member of the body the problem is about (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'a str>,
    #[serde(flatten)]
    values: Option<Values>,
}

/// The two values of a digest that differs.
#[derive(Debug, Serialize)]
struct Values {
    algorithm: &'static str,
    expected: String,
    computed: String,
}

impl Values {
    fn of(error: &ApiError) -> Option<Self> {
        let ApiError::DigestMismatch(mismatch) = error else { return None };
        let Mismatch { expected, computed } = &**mismatch;
        let algorithm = expected.algorithm().name();
        Some(Self { algorithm, expected: expected.to_string(), computed: computed.to_string() })
    }
}

fn line_of(error: &ApiError) -> Option<u64> {
    match error {
        ApiError::ManifestInvalid { line, .. } | ApiError::ManifestTooLong { line, .. } => *line,
        _ => None,
    }
}

fn pointer_of(error: &ApiError) -> Option<&str> {
    match error {
        ApiError::AtMember { pointer, .. } => Some(pointer),
        _ => None,
    }
}

/// The phrase of a status, as RFC 9110 has it. The `http` crate still has older words for two of them.
pub(crate) fn reason(status: StatusCode) -> &'static str {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => "Content Too Large",
        StatusCode::UNPROCESSABLE_ENTITY => "Unprocessable Content",
        other => other.canonical_reason().unwrap_or("Error"),
    }
}

/// The answer for an error. The connection is closed if the body was not read to its end.
pub(crate) fn problem(error: &ApiError, id: RequestId) -> HttpResponse {
    let status = error.status();
    let problem = Problem {
        r#type: "about:blank",
        title: reason(status),
        status: status.as_u16(),
        detail: &error.to_string(),
        code: error.code().name(),
        request_id: id.to_string(),
        line: line_of(error),
        pointer: pointer_of(error),
        values: Values::of(error),
    };
    let mut response = HttpResponse::build(status);
    response.reason(reason(status));
    response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json")));
    if let Some(seconds) = error.retry_after_seconds() {
        response.insert_header((header::RETRY_AFTER, seconds));
    }
    match error {
        ApiError::MethodNotAllowed { allow } => {
            response.insert_header((header::ALLOW, allow.as_str()));
        }
        ApiError::Unauthenticated | ApiError::SignInRefused(_) => {
            response.insert_header((header::WWW_AUTHENTICATE, CHALLENGE));
        }
        ApiError::QuotaReached { of, quota } => {
            response.insert_header(("ratelimit-policy", format!("\"{of}\";q={quota}")));
            response.insert_header(("ratelimit", format!("\"{of}\";r=0")));
        }
        ApiError::RangeNotSatisfiable { length } => {
            response.insert_header((header::CONTENT_RANGE, format!("bytes */{length}")));
        }
        ApiError::TooLarge { .. } | ApiError::BodyTooSlow => {
            response.force_close();
        }
        _ => {}
    }
    response.body(serde_json::to_vec(&problem).unwrap_or_default())
}
