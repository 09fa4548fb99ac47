//! Bounds streamed answers: each ends with the credentials of its request, and those that read from the store must be
//! read at a minimum pace.
//!
//! It decides by the kind of the answer alone, so that no route has to think of it. The body ends itself while the
//! client reads; the connection is told, too, for clients that do not.

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header;

use crate::auth::{Auth, Credentials, End};
use crate::connection::{AnswerHandle, Reading};

/// Where the bytes of an answer come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerKind {
    /// They are all there.
    InMemory,
    /// Events, as they happen.
    Events,
    /// A snapshot of the store, which lasts until they are sent.
    Export,
}

/// The mark of an answer that is read from the store while it is sent, though its length is known: in its extensions.
#[derive(Debug)]
pub(crate) struct StoreExport;

impl AnswerKind {
    pub(super) fn of(response: &ServiceResponse<BoxBody>) -> Self {
        let media_type = response.headers().get(header::CONTENT_TYPE);
        let is_export = response.response().extensions().contains::<StoreExport>();
        match response.response().body().size() {
            BodySize::Sized(_) if is_export => Self::Export,
            BodySize::None | BodySize::Sized(_) => Self::InMemory,
            BodySize::Stream if media_type.is_some_and(|media_type| media_type == "text/event-stream") => Self::Events,
            BodySize::Stream => Self::Export,
        }
    }

    /// The answer with its bounds.
    pub(super) fn bound(
        self,
        credentials: Option<Credentials>,
        auth: &Auth,
        response: ServiceResponse<BoxBody>,
    ) -> ServiceResponse<BoxBody> {
        let (reading, end) = match self {
            Self::InMemory => (Reading::Unhurried, None),
            Self::Events => (Reading::Unhurried, Some(End::Close)),
            Self::Export => (Reading::AtMinimumPace, Some(End::BreakOff)),
        };
        let mut ended = None;
        let response = match credentials.zip(end) {
            None => response,
            Some((credentials, end)) => response.map_body(|_, body| {
                let body = auth.end_with(credentials, end, body);
                ended = Some(body.ended());
                BoxBody::new(body)
            }),
        };
        if let Some(answer) = response.request().conn_data::<AnswerHandle>() {
            answer.begin(reading, ended);
        }
        response
    }
}
