//! How an answer is framed: by the method and the version of its request alone, so that no route has to think of it.
//!
//! An answer to HEAD has the head of the answer to GET, and no body: what the body would have held, such as the permit
//! of an event stream or a snapshot of the store, is released before the head is sent. HTTP/1.0 knows no chunks: there a
//! streamed body ends with the connection (RFC 9112, 6.3). The connection reads one request after the other, so that
//! actix-http, which frames by the request that it read last, never frames by another one.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::{ConnectionType, Method, Version};
use actix_web::web::Bytes;

/// The answer as its request wants it framed.
pub(super) fn framed(mut response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let is_streamed = matches!(response.response().body().size(), BodySize::Stream);
    if is_streamed && response.request().version() < Version::HTTP_11 {
        let head = response.response_mut().head_mut();
        head.no_chunking(true);
        head.set_connection_type(ConnectionType::Close);
    }
    match *response.request().method() == Method::HEAD {
        true => response.map_body(|_, body| BoxBody::new(NoBody { size: body.size() })),
        false => response,
    }
}

/// In the place of a body that is not sent.
struct NoBody {
    /// Of the body, for the head.
    size: BodySize,
}

impl MessageBody for NoBody {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        self.size
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(None)
    }
}
