//! The page for a browser that opens `/docs` without a session: it says that a sign-in is needed, and where.
//!
//! Programs get the problem as everywhere: only a request whose `Accept` names HTML gets the page. The status stays 401.

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};

use crate::error::ApiError;
use crate::error::problem::CHALLENGE;

/// Links are relative, so that they hold below a base path too.
const PAGE: &str = "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<title>hivesum: sign in</title>
</head>
<body>
<h1>Sign in first</h1>
<p>The API document needs a session or a token. <a href=\"./\">Sign in to hivesum</a>, then open
<a href=\"./docs\">this page</a> again.</p>
<p>Programs send <code>Authorization: Bearer TOKEN</code>.</p>
</body>
</html>
";

/// The page, if the refused request is a browser's for `/docs`.
pub(super) fn page_for(refused: &ApiError, method: &Method, path: &str, fields: &HeaderMap) -> Option<HttpResponse> {
    let is_visit = path == "/docs" && [Method::GET, Method::HEAD].contains(method) && names_html(fields);
    if !is_visit || !matches!(refused, ApiError::Unauthenticated) {
        return None;
    }
    let mut page = HttpResponse::build(StatusCode::UNAUTHORIZED);
    page.content_type("text/html; charset=utf-8");
    page.insert_header((header::WWW_AUTHENTICATE, CHALLENGE));
    page.insert_header((header::VARY, HeaderValue::from_static("accept")));
    Some(page.body(PAGE))
}

/// Whether the client asks for HTML by name; `*/*` of a program does not.
fn names_html(fields: &HeaderMap) -> bool {
    let accepts = fields.get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    let mut types = accepts.flat_map(|value| value.split(',')).map(|one| one.split(';').next().unwrap_or_default());
    types.any(|name| name.trim().eq_ignore_ascii_case("text/html"))
}
