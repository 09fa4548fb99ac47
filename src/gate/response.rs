//! What is added to every answer: security header fields, gzip if the client accepts it, and the digest that the client
//! wants (RFC 9530).

use actix_http::encoding::Encoder;
use actix_web::HttpRequest;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{
    self, AcceptEncoding, ContentEncoding, Encoding, Header, HeaderMap, HeaderName, HeaderValue, Preference, Quality,
};
use actix_web::http::{Method, StatusCode};
use hivesum_core::digest::{Algorithm, Algorithms, Digest, MultiHasher};

use crate::digest_field;

/// Compression does not make shorter answers smaller.
const WORTH_GZIP_BYTES: u64 = 1024;

/// The policy of answers that are not pages: load nothing, and allow no frame.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

static RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Finishes the answer.
pub(super) fn finish(mut response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    add_security_headers(response.headers_mut());
    if let Some((field, algorithm)) = wanted_digest(response.request()) {
        return with_digest(response, field, algorithm);
    }
    let is_worth = is_worth_gzip(&response);
    if is_worth && accepts_gzip(response.request()) {
        return gzipped(response);
    }
    // They have the fields of the whole answer, which may be compressed (RFC 9110, 15.3.7 and 15.4.5).
    let has_no_whole = [StatusCode::NOT_MODIFIED, StatusCode::PARTIAL_CONTENT].contains(&response.status());
    if is_worth || has_no_whole {
        response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    response
}

/// Whether an answer of this type and length is compressed for the client. Parts of such an answer are not served: its
/// bytes are other ones each time.
pub(crate) fn is_compressed(request: &HttpRequest, content_type: &str, bytes: u64) -> bool {
    is_compressible(content_type, BodySize::Sized(bytes)) && accepts_gzip(request) && wanted_digest(request).is_none()
}

/// The digest that the client wants, and the field to send it in.
fn wanted_digest(request: &HttpRequest) -> Option<(&'static str, Algorithm)> {
    // A digest of the answer to HEAD would be the digest of nothing.
    if *request.method() == Method::HEAD {
        return None;
    }
    let wanted = [("want-repr-digest", "repr-digest"), ("want-content-digest", "content-digest")];
    wanted.into_iter().find_map(|(want, field)| Some((field, digest_field::preferred(request.headers(), want)?)))
}

/// Whether the client names gzip, with a quality above zero.
fn accepts_gzip(request: &HttpRequest) -> bool {
    let gzip = Preference::Specific(Encoding::gzip());
    AcceptEncoding::parse(request)
        .is_ok_and(|accepted| accepted.iter().any(|coding| coding.item == gzip && coding.quality > Quality::ZERO))
}

/// Adds the header fields that restrict what a browser does with an answer.
pub(super) fn add_security_headers(fields: &mut HeaderMap) {
    fields.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    fields.insert(RESOURCE_POLICY.clone(), HeaderValue::from_static("same-origin"));
    if !fields.contains_key(header::CONTENT_SECURITY_POLICY) {
        fields.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    }
}

/// Whole text answers of a known length that is not short, and streamed lines. Event streams stay uncompressed, because each
/// event is flushed at once.
fn is_worth_gzip(response: &ServiceResponse<BoxBody>) -> bool {
    let media_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_part = response.status() == StatusCode::PARTIAL_CONTENT;
    !is_part && is_compressible(media_type.unwrap_or_default(), response.response().body().size())
}

fn is_compressible(content_type: &str, size: BodySize) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    match size {
        BodySize::Sized(bytes) => {
            let text = [
                "application/json",
                "application/problem+json",
                "application/x-ndjson",
                "text/html",
                "text/css",
                "text/javascript",
                "image/svg+xml",
            ];
            bytes >= WORTH_GZIP_BYTES && text.contains(&essence)
        }
        BodySize::Stream => matches!(essence, "application/x-ndjson" | "application/json"),
        BodySize::None => false,
    }
}

/// Compresses the answer. This is another representation, so a strong tag becomes a weak one.
fn gzipped(mut response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let weak = response.headers().get(header::ETAG).filter(|tag| tag.as_bytes().starts_with(b"\""));
    if let Some(weak) = weak.and_then(|tag| HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat()).ok()) {
        response.headers_mut().insert(header::ETAG, weak);
    }
    if response.headers().contains_key(header::ACCEPT_RANGES) {
        response.headers_mut().insert(header::ACCEPT_RANGES, HeaderValue::from_static("none"));
    }
    response.map_body(|head, body| BoxBody::new(Encoder::response(ContentEncoding::Gzip, head, body)))
}

/// Adds the digest of an answer in memory. The digest of a stream is not known in advance.
fn with_digest(
    response: ServiceResponse<BoxBody>,
    field: &'static str,
    algorithm: Algorithm,
) -> ServiceResponse<BoxBody> {
    response.map_body(|head, body| match body.try_into_bytes() {
        Ok(bytes) => {
            let algorithms = Algorithms::single(algorithm);
            let (mut hasher, mut digest) = (MultiHasher::new(&algorithms), Vec::new());
            hasher.update(&bytes);
            hasher.finalize_reset_into(&mut digest);
            let value = Digest::new(algorithm, &digest).ok().and_then(|digest| digest_field::value([digest]));
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                head.headers_mut().insert(HeaderName::from_static(field), value);
            }
            BoxBody::new(bytes)
        }
        Err(body) => body,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn gzip_is_used_if_it_is_named_with_a_quality_above_zero() {
        let takes = |text: &str| {
            accepts_gzip(&TestRequest::get().insert_header((header::ACCEPT_ENCODING, text)).to_http_request())
        };
        assert!(takes("gzip") && takes("br, GZIP;q=0.5") && takes("deflate, gzip"));
        assert!(!takes("br") && !takes("gzip;q=0") && !takes("gzip;q=x") && !takes("") && !takes("xgzip"));
        assert!(!accepts_gzip(&TestRequest::get().to_http_request()));
    }
}
