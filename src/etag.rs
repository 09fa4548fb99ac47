//! What a client has already: answers that will never change have a tag, and who knows it gets no body.

use std::hash::{DefaultHasher, Hash, Hasher};

use actix_web::http::header::{self, EntityTag, Header, HeaderValue, IfNoneMatch, TryIntoHeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use hivesum_actors::job::Job;

/// Whether the client says that it has this one.
pub(crate) fn client_has(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(tag)),
        Err(_) => false,
    }
}

/// The tag of an answer about a job; none while the job goes on.
pub(crate) struct JobTag(Option<EntityTag>);

impl JobTag {
    /// Of the job, of its end, and of what was asked for in which form.
    pub(crate) fn of(request: &HttpRequest, job: &Job, form: &str) -> Self {
        let ended = job.finished_at.filter(|_| job.state.is_final());
        Self(ended.map(|ended| {
            let mut asked = DefaultHasher::new();
            (ended.as_nanosecond(), request.path(), request.query_string(), form).hash(&mut asked);
            EntityTag::new_strong(format!("{}-{:016x}", job.id.simple(), asked.finish()))
        }))
    }

    /// The answer to who has it already.
    pub(crate) fn not_modified(&self, request: &HttpRequest) -> Option<HttpResponse> {
        let known = self.0.as_ref().is_some_and(|tag| client_has(request, tag));
        known.then(|| self.on(HttpResponse::NotModified().finish()))
    }

    /// Puts the tag on the answer. It is the token's own, and asked for again each time.
    pub(crate) fn on(&self, mut response: HttpResponse) -> HttpResponse {
        let fields = response.headers_mut();
        if let Some(tag) = self.0.as_ref().and_then(|tag| tag.to_string().try_into_value().ok()) {
            fields.insert(header::ETAG, tag);
            fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        }
        response
    }
}
