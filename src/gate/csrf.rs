//! Requests that change something must not come from another site's page.
//!
//! Browsers send `Sec-Fetch-Site`, older ones `Origin`; programs send neither. A site that the configuration allows may
//! change something with a token.

use actix_web::dev::RequestHead;
use actix_web::http::{Method, header};

use super::cors::Cors;
use crate::error::ApiError;

/// Refuses an unsafe method from another origin.
pub(super) fn check(head: &RequestHead, cors: &Cors) -> Result<(), ApiError> {
    if matches!(head.method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE) {
        return Ok(());
    }
    let own = match head.headers().get("sec-fetch-site") {
        Some(site) => matches!(site.as_bytes(), b"same-origin" | b"none"),
        None => head.headers().get(header::ORIGIN).is_none_or(|origin| is_host(head, origin.as_bytes())),
    };
    if own || cors.allows_unsafe(head.headers()) { Ok(()) } else { Err(ApiError::CrossSite) }
}

/// Whether the origin is the host that the request was sent to.
fn is_host(head: &RequestHead, origin: &[u8]) -> bool {
    let host = head.headers().get(header::HOST).map(|host| host.as_bytes());
    let authority = [&b"http://"[..], b"https://"].iter().find_map(|scheme| origin.strip_prefix(*scheme));
    authority.is_some_and(|authority| host.is_some_and(|host| host.eq_ignore_ascii_case(authority)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    const FRIEND: (&str, &str) = ("origin", "https://friend.example");
    const TOKEN: (&str, &str) = ("authorization", "Bearer x");

    fn check_post(fields: &[(&'static str, &str)]) -> Result<(), ApiError> {
        let request = TestRequest::post().insert_header(("host", "localhost:8080"));
        let request = fields.iter().fold(request, |request, field| request.insert_header(*field));
        check(request.to_http_request().head(), &Cors::new(&["https://friend.example".to_owned()]))
    }

    #[test]
    fn programs_and_our_own_page_may_change_things() {
        for fields in [
            &[][..],
            &[("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "none")],
            &[("origin", "http://localhost:8080")],
            &[FRIEND, TOKEN],
            &[FRIEND, TOKEN, ("sec-fetch-site", "cross-site")],
        ] {
            assert!(check_post(fields).is_ok(), "{fields:?} was refused");
        }
    }

    #[test]
    fn another_sites_page_may_not() {
        for fields in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "cross-site"), ("origin", "http://localhost:8080")],
            &[("origin", "null")],
            &[("origin", "http://localhost:9090")],
            &[("origin", "http://localhost:8080.evil.example")],
            &[FRIEND],
            &[FRIEND, ("cookie", "hivesum_0123456789abcdef=x"), ("sec-fetch-site", "cross-site")],
            &[("origin", "https://evil.example"), TOKEN],
            &[("origin", "https://friend.example.evil.example"), TOKEN],
            &[("origin", "https://friend.example:8443"), TOKEN],
        ] {
            assert!(matches!(check_post(fields), Err(ApiError::CrossSite)), "{fields:?} was accepted");
        }
    }
}
