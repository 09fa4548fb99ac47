//! `POST /session`: exchanges a token for a cookie that scripts cannot read and other sites cannot send.
//! `GET /session`: what the caller may do. `DELETE /session`: ends the session of that cookie.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header;
use actix_web::web::{Data, Json, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, Responder};
use hivesum_actors::store::sessions::LONGEST;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Caller;
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
    description = "The session is kept over restarts of the service. It ends a day after its last use, after 30 days, with \
        its token, or by `DELETE /session`.",
    security(()),
    request_body = SignIn,
    responses((status = 204, description = "Signed in.", headers(("Set-Cookie" = String, description = "HttpOnly, SameSite=Strict; Secure under TLS.")))),
    extensions(("x-codes" = json!([
        "invalid_request", "unauthenticated", "body_too_slow", "too_large", "unsupported_media_type", "rate_limited",
        "host_not_allowed", "store_corrupt", "storage_full", "draining",
    ]))),
)]
pub(super) async fn sign_in(
    _: NoQuery,
    request: HttpRequest,
    payload: Payload,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    require_https(&request, &service)?;
    let SignIn { token } = read_json(&request, payload, service.json_rules()).await?;
    let value = service.auth.sign_in(&token, caller.key).await?;
    // The browser keeps the cookie as long as a session may last; the store knows when this one ends.
    Ok(no_content(cookie(&service, value, Duration::seconds(LONGEST.as_secs()))))
}

/// What the caller may do.
#[derive(Debug, Serialize, ToSchema)]
struct Session {
    /// False if the service runs without tokens; then everybody has all scopes.
    authenticated: bool,
    /// The scopes: `read` for GET, of the jobs of the token itself, `read:all` of all jobs, `hash` for hashing, verifying
    /// and cancelling, `admin` for deleting and for the jobs of other tokens.
    #[schema(example = json!(["read", "hash"]))]
    scopes: Vec<&'static str>,
    /// The name of the token; none for a session that a sign-in link opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "monitoring")]
    name: Option<String>,
    /// When the token expires; none if it never does. A session may end before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

#[utoipa::path(
    get, path = "/api/v1/session", tag = "access", operation_id = "show_session",
    summary = "Tell what the caller may do",
    description = "The scopes, the name and the end of the request's token, or of the token that its session was opened \
        with. It needs no particular scope.",
    responses((status = 200, description = "What the caller may do.", body = Session)),
    extensions(("x-codes" = json!(["store_corrupt"]))),
)]
pub(super) async fn show(_: NoQuery, caller: ReqData<Caller>) -> impl Responder {
    let (name, expires_at) = caller.token.clone().map(|token| (token.name, token.expires_at)).unzip();
    Json(Session {
        authenticated: caller.credentials.is_some(),
        scopes: caller.scopes().collect(),
        name,
        expires_at: expires_at.flatten(),
    })
}

#[utoipa::path(
    delete, path = "/api/v1/session", tag = "access", operation_id = "sign_out",
    summary = "Sign out",
    description = "Ends the session of the request's cookie, in the store, and clears the cookie. Any session may end \
        itself. A token is revoked with `hivesum token revoke`.",
    responses((status = 204, description = "Signed out.", headers(("Set-Cookie" = String, description = "Clears the cookie.")))),
    extensions(("x-codes" = json!(["not_found", "store_corrupt", "storage_full", "draining"]))),
)]
pub(super) async fn sign_out(
    _: NoQuery,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    match service.auth.sign_out(&caller).await? {
        true => Ok(no_content(cookie(&service, String::new(), Duration::ZERO))),
        false => Err(ApiError::NotFound("the request has no session")),
    }
}

/// Refuses a page that was loaded over plain http where cookies are sent over https only: the browser would drop the
/// cookie, and the page would ask to sign in again and again. The token is not used up. Browsers make an exception for
/// this machine.
fn require_https(request: &HttpRequest, service: &Service) -> Result<(), ApiError> {
    let origin = request.headers().get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    let plain = origin.and_then(|origin| origin.strip_prefix("http://"));
    let is_far = |host: &str| {
        let name = host.rsplit_once(':').filter(|_| !host.ends_with(']')).map_or(host, |(name, _)| name);
        !["localhost", "127.0.0.1", "[::1]"].contains(&name)
    };
    match service.over_tls && plain.is_some_and(is_far) {
        true => Err(ApiError::invalid(
            "this page was loaded over http, and the service, which was started with --behind-proxy, keeps sign-ins for \
             https alone: open the page with https://",
        )),
        false => Ok(()),
    }
}

fn cookie(service: &Service, value: String, max_age: Duration) -> Cookie<'_> {
    Cookie::build(service.auth.cookie(), value)
        .path(service.base_path.to_string())
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(service.over_tls)
        .max_age(max_age)
        .finish()
}

fn no_content(cookie: Cookie<'_>) -> HttpResponse {
    HttpResponse::NoContent().cookie(cookie).finish()
}
