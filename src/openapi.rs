//! The OpenAPI document: made from the annotations at the handlers and from the table of codes, once.
//!
//! A handler names the codes of its own failures in `x-codes`; here they become responses, together with those
//! that the gate gives everywhere, so that no status is documented by hand.

mod links;
mod parameters;
mod problems;
pub(crate) mod schemas;

use utoipa::Modify;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};

pub(crate) use links::Links;
pub(crate) use parameters::Parameters;
pub(crate) use problems::Problems;

use crate::auth::COOKIE;

/// How a caller says who it is.
pub(crate) struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = Http::builder()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token of `hivesum token create`."))
            .build();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        let cookie = ApiKeyValue::with_description(COOKIE, "The web page's session, opened by `POST /session`.");
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}
