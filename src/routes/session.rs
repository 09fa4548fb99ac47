//! `POST /session`: exchanges a token for a cookie that scripts cannot read and other sites cannot send.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::{COOKIE, Caller, SESSION_LIFETIME};
use crate::error::ApiError;
use crate::request::{NoQuery, read_json};
use crate::service::Service;

/// The body of a request to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    /// The token of the sign-in link, or one created with `hivesum token create`.
    token: String,
}

#[utoipa::path(
    post, path = "/api/v1/session", tag = "access", operation_id = "sign_in",
    summary = "Exchange a token for a session cookie",
    security(()),
    request_body = SignIn,
    responses((status = 204, description = "Signed in.", headers(("Set-Cookie" = String, description = "HttpOnly, SameSite=Strict; Secure under TLS.")))),
    extensions(("x-codes" = json!(["invalid_request", "unauthenticated", "body_too_slow", "too_large", "unsupported_media_type", "rate_limited"]))),
)]
pub(super) async fn sign_in(
    _: NoQuery,
    request: HttpRequest,
    payload: Payload,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    let SignIn { token } = read_json(&request, payload, service.json_rules()).await?;
    let value = service.auth.sign_in(&token, caller.key).await?;
    let cookie = Cookie::build(COOKIE, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(service.over_tls)
        .max_age(Duration::seconds(SESSION_LIFETIME.as_secs() as i64));
    Ok(HttpResponse::NoContent().cookie(cookie.finish()).finish())
}
