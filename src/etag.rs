//! ETags: an answer that never changes has a tag, and a client that sends the tag gets 304 without a body.

use std::hash::{DefaultHasher, Hash, Hasher};

use actix_web::http::header::{self, EntityTag, Header, HeaderValue, IfNoneMatch, TryIntoHeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use hivesum_actors::job::Job;

/// Whether the client says that it has the answer with this tag.
pub(crate) fn client_has(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(tag)),
        Err(_) => false,
    }
}

/// The tag of an answer about a job; none before the job has ended.
pub(crate) struct JobTag(Option<EntityTag>);

impl JobTag {
    /// Made from the job, the time of its end, the request's path and query, and the form of the answer.
    pub(crate) fn of(request: &HttpRequest, job: &Job, form: &str) -> Self {
        let ended = job.finished_at.filter(|_| job.state.is_final());
        Self(ended.map(|ended| {
            let mut hasher = DefaultHasher::new();
            (ended.as_nanosecond(), request.path(), request.query_string(), form).hash(&mut hasher);
            EntityTag::new_strong(format!("{}-{:016x}", job.id.simple(), hasher.finish()))
        }))
    }

    /// The answer to a client that has it already.
    pub(crate) fn not_modified(&self, request: &HttpRequest) -> Option<HttpResponse> {
        let known = self.0.as_ref().is_some_and(|tag| client_has(request, tag));
        known.then(|| self.on(HttpResponse::NotModified().finish()))
    }

    /// Whether a part may be sent: the client names no tag, or this one (RFC 9110, 13.1.5). A weak tag names no bytes, and
    /// a date is none that the answer has.
    pub(crate) fn allows_part(&self, request: &HttpRequest) -> bool {
        let Some(field) = request.headers().get(header::IF_RANGE) else { return true };
        let named = field.to_str().ok().and_then(|text| text.trim().parse::<EntityTag>().ok());
        named.zip(self.0.as_ref()).is_some_and(|(named, tag)| named.strong_eq(tag))
    }

    /// Adds the tag to the answer. Caches may keep it for one token only and must revalidate it each time.
    pub(crate) fn on(&self, mut response: HttpResponse) -> HttpResponse {
        let fields = response.headers_mut();
        if let Some(tag) = self.0.as_ref().and_then(|tag| tag.to_string().try_into_value().ok()) {
            fields.insert(header::ETAG, tag);
            fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        }
        response
    }
}
