//! Chunked bodies that no handler has read to their end: the connection is closed after the answer.
//!
//! actix-http closes a connection after an unread body of known length, but once the reader of a chunked body is
//! dropped, it drains that body without a time limit. So the reader is held until the answer is sent; then the body
//! counts as unread, and the connection is closed within the disconnect timeout.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::HttpMessage;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::web::Bytes;
use futures_util::Stream;

/// The reader of one chunked body, shared by the handler and the gate.
#[derive(Clone)]
pub(super) struct BodyReader(Rc<RefCell<Payload>>);

/// Holds the body's reader if the body is chunked. The handler reads through it.
pub(super) fn hold_reader(request: &mut ServiceRequest) -> Option<BodyReader> {
    request.headers().get(header::TRANSFER_ENCODING)?;
    let reader = BodyReader(Rc::new(RefCell::new(request.take_payload())));
    request.set_payload(Payload::Stream { payload: Box::pin(reader.clone()) });
    Some(reader)
}

/// Holds a value, such as the body's reader, until the body of the answer is sent.
pub(super) fn hold_until_sent<H: Unpin + 'static>(
    held: H,
    response: ServiceResponse<BoxBody>,
) -> ServiceResponse<BoxBody> {
    response.map_body(|_, body| BoxBody::new(HoldingBody { body, _held: held }))
}

impl Stream for BodyReader {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}

/// The body of an answer, and a value that lives as long.
struct HoldingBody<H> {
    body: BoxBody,
    _held: H,
}

impl<H: Unpin> MessageBody for HoldingBody<H> {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.body.as_pin_mut().poll_next(context)
    }
}
