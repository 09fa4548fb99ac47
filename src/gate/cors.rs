//! CORS: which other sites' pages may call the API, with a bearer token and never with a cookie. By default none may.
//!
//! The gate decides, not a layer outside of it, so that a preflight is rate-limited and checked like every request, and
//! a page can read problems as well as results.

use actix_web::HttpResponse;
use actix_web::dev::RequestHead;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");

/// The header fields that requests may carry.
const ALLOWED_FIELDS: HeaderValue = HeaderValue::from_static(
    "accept, authorization, content-digest, content-type, idempotency-key, if-match, if-none-match, last-event-id, \
     repr-digest, want-content-digest, want-repr-digest",
);

/// The header fields of answers that a script may read.
const EXPOSED_FIELDS: HeaderValue = HeaderValue::from_static(
    "allow, content-digest, content-disposition, etag, location, ratelimit, ratelimit-policy, repr-digest, retry-after",
);

/// How many seconds a browser may cache the answer to a preflight.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// The allowed origins, as browsers write them.
#[derive(Debug)]
pub(crate) struct Cors {
    allowed: Vec<String>,
}

impl Cors {
    pub(crate) fn new(allowed: &[String]) -> Self {
        Self { allowed: allowed.to_vec() }
    }

    /// Whether the request comes from a page of an allowed origin.
    fn allows(&self, fields: &HeaderMap) -> bool {
        let mut origins = fields.get_all(header::ORIGIN);
        let (Some(origin), None) = (origins.next(), origins.next()) else { return false };
        self.allowed.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
    }

    /// Whether a page of another site may change something with this request: the origin is allowed, and the request
    /// carries a token, which a browser never adds by itself.
    pub(super) fn allows_unsafe(&self, fields: &HeaderMap) -> bool {
        self.allows(fields) && crate::auth::bearer(fields).is_some()
    }

    /// Whether this is a preflight from an allowed origin.
    pub(super) fn is_preflight(&self, head: &RequestHead) -> bool {
        head.method == Method::OPTIONS
            && head.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
            && self.allows(head.headers())
    }

    /// The answer to a preflight.
    pub(super) fn preflight_response() -> HttpResponse {
        HttpResponse::NoContent()
            .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, METHODS))
            .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_FIELDS))
            .insert_header((header::ACCESS_CONTROL_MAX_AGE, MAX_AGE))
            .finish()
    }

    /// The CORS header fields of the answer to this request.
    pub(super) fn headers_for(&self, fields: &HeaderMap) -> CorsHeaders {
        let origin = self.allows(fields).then(|| fields.get(header::ORIGIN).cloned()).flatten();
        CorsHeaders { differs: !self.allowed.is_empty(), origin }
    }
}

/// The CORS header fields of one answer.
#[derive(Debug)]
pub(super) struct CorsHeaders {
    /// Whether the answer depends on the origin.
    differs: bool,
    origin: Option<HeaderValue>,
}

impl CorsHeaders {
    pub(super) fn write(self, fields: &mut HeaderMap) {
        if self.differs {
            fields.append(header::VARY, HeaderValue::from_name(HeaderName::from_static("origin")));
        }
        if let Some(origin) = self.origin {
            fields.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            fields.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_FIELDS);
        }
    }
}
