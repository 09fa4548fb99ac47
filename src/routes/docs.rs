//! `GET /openapi.json`: the API document. `GET /docs`: the same as a page, with nothing from another host.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Data, Path};
use utoipa_swagger_ui::Config;

use crate::auth::COOKIE_PREFIX;
use crate::error::ApiError;
use crate::openapi::STATE_ID;
use crate::service::Service;

/// Returns the text of the document. The document lists the handlers of this file too, so the module above provides it.
#[derive(Clone, Copy)]
pub(super) struct DocumentSource(pub(super) fn() -> &'static str);

/// The server in the text of the document, which is the same for all services.
const SERVER: &str = "\"url\": \"/\"";

/// Swagger UI sets inline styles. Scripts come from this service only, and it may call only this service.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

const PAGE: &str = include_str!("docs/page.html");
const START: &str = include_str!("docs/start.js");

#[utoipa::path(
    get, path = "/openapi.json", tag = "operations", operation_id = "openapi",
    summary = "This document",
    responses((status = 200, description = "OpenAPI 3.1.", body = Object)),
)]
pub(super) async fn document(source: Data<DocumentSource>, service: Data<Service>) -> HttpResponse {
    let cookie = format!("{COOKIE_PREFIX}{STATE_ID}");
    let text = (source.0)().replacen(&cookie, service.auth.cookie(), 1);
    let text = text.replacen(SERVER, &format!("\"url\": \"{}\"", service.base_path.server()), 1);
    HttpResponse::Ok().content_type("application/json").body(text)
}

#[utoipa::path(
    get, path = "/docs", tag = "operations", operation_id = "docs",
    summary = "This document, rendered",
    description = "Needs a token or a session, as the document itself does. A browser without one gets a page with a link to \
        the sign-in, with the status 401.",
    responses(
        (status = 200, description = "A page that loads nothing from elsewhere.", body = String, content_type = "text/html; charset=utf-8"),
        (status = 401, description = "Not signed in.", body = String, content_type = "text/html; charset=utf-8"),
    ),
)]
pub(super) async fn page() -> HttpResponse {
    part("text/html; charset=utf-8", PAGE)
}

/// The files that the page loads.
pub(super) async fn file(name: Path<String>) -> Result<HttpResponse, ApiError> {
    if name.as_str() == "start.js" {
        return Ok(part("text/javascript; charset=utf-8", START));
    }
    let wanted = matches!(name.as_str(), "swagger-ui.css" | "swagger-ui-bundle.js");
    let found = wanted.then(|| utoipa_swagger_ui::serve(&name, Arc::new(Config::from("/openapi.json"))));
    match found {
        Some(Ok(Some(file))) => Ok(part(&file.content_type, file.bytes.into_owned())),
        Some(Err(error)) => Err(ApiError::internal(error.to_string())),
        Some(Ok(None)) | None => Err(ApiError::NotFound("there is nothing at this path")),
    }
}

fn part(media_type: &str, body: impl actix_web::body::MessageBody + 'static) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(media_type)
        .insert_header((header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)))
        .insert_header((header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")))
        .body(body)
}
