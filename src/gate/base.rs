//! Requests below the base path: the path is stripped before anything looks at it, so Host, CSRF, access and routes see
//! the service's own paths only.

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::{Uri, header};

use crate::config::BasePath;

/// Whether the page's own path was asked for, without the slash that its relative links need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LastSlash {
    There,
    Missing,
}

/// Strips the base path from the request, if it has it.
pub(super) fn strip(base: &BasePath, request: &mut ServiceRequest) -> LastSlash {
    let missing = base.is_without_slash(request.path());
    if let Some(uri) = stripped(base, request.uri()) {
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
    if missing { LastSlash::Missing } else { LastSlash::There }
}

fn stripped(base: &BasePath, uri: &Uri) -> Option<Uri> {
    let own = base.strip(uri.path())?;
    let target = match uri.query() {
        Some(query) => format!("{own}?{query}"),
        None => own.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// Sends a browser to the page.
pub(super) fn redirect(base: &BasePath) -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, base.to_string())).finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn the_query_and_an_absolute_form_are_kept() {
        let base: BasePath = "/h/".parse().unwrap();
        for (sent, own) in [("/h/x?a=%2F&b", "/x?a=%2F&b"), ("/x?h=/h/", "/x?h=/h/"), ("http://a/h/x", "http://a/x")] {
            let mut request = TestRequest::with_uri(sent).to_srv_request();
            assert_eq!(strip(&base, &mut request), LastSlash::There);
            assert_eq!(request.uri().to_string(), own);
        }
        let mut request = TestRequest::with_uri("/h?x").to_srv_request();
        assert_eq!(strip(&base, &mut request), LastSlash::Missing);
        assert_eq!(request.path(), "/");
    }
}
