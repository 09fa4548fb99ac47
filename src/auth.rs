//! Authentication and authorization: tokens, sign-in links and sessions.
//!
//! Secrets are 256 random bits and are compared in constant time. The method alone decides which scope a request needs
//! (read for GET, hash for POST, admin for DELETE), so a new route is closed to everyone without a token.

mod secret;
mod session;

use std::num::NonZeroU32;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap};
use hivesum_actors::job::Job;
use hivesum_actors::limits::{ClientKey, Decision, RequestLimiter};
use hivesum_actors::store::tokens::{Scope, Scopes, TokenService};

use crate::config::Access;
use crate::error::ApiError;
use secret::SignInLink;
use session::Sessions;
pub(crate) use session::{COOKIE, LIFETIME as SESSION_LIFETIME};

/// Wrong tokens that one address may send in a burst; after that one a second. More are answered with 429.
const GUESSES_AT_ONCE: NonZeroU32 = NonZeroU32::new(100).expect("a hundred is not zero");

/// The sender of a request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Requests with the same key are counted together.
    pub(crate) key: ClientKey,
    /// The token that will own the caller's new jobs; none if the service runs without tokens.
    pub(crate) owner: Option<Arc<str>>,
    scopes: Scopes,
}

impl Caller {
    /// The caller of a public path, without scopes.
    pub(crate) fn anonymous(key: ClientKey) -> Self {
        Self { key, owner: None, scopes: Scopes::default() }
    }

    /// A caller with all scopes.
    fn trusted(key: ClientKey, owner: Option<Arc<str>>) -> Self {
        Self { key, owner, scopes: Scopes::ALL }
    }

    /// Refuses the method if the caller lacks the scope that it needs.
    pub(crate) fn may(&self, method: &Method) -> Result<(), ApiError> {
        let needs = match *method {
            Method::POST | Method::PUT | Method::PATCH => Scope::Hash,
            Method::DELETE => Scope::Admin,
            _ => Scope::Read,
        };
        match self.scopes.allows(needs) {
            true => Ok(()),
            false => Err(ApiError::Forbidden { needs: needs.name() }),
        }
    }

    /// Whether the caller may see the job.
    pub(crate) fn may_see(&self, job: &Job) -> bool {
        self.is_admin() || job.owner.as_deref() == self.owner.as_deref()
    }

    /// The owner of the caller's new jobs.
    pub(crate) fn owner_name(&self) -> Option<String> {
        self.owner.as_deref().map(str::to_owned)
    }

    /// The owner whose jobs the caller may list; none means all jobs.
    pub(crate) fn sees_jobs_of(&self) -> Option<String> {
        if self.is_admin() { None } else { self.owner_name() }
    }

    fn is_admin(&self) -> bool {
        self.scopes.allows(Scope::Admin)
    }
}

/// Identifies callers by their credentials.
pub(crate) struct Auth {
    access: Access,
    tokens: TokenService,
    sign_in_link: SignInLink,
    sessions: Sessions,
    guesses: RequestLimiter,
}

impl Auth {
    pub(crate) fn new(access: Access, tokens: TokenService) -> Result<Self, getrandom::Error> {
        Ok(Self {
            access,
            tokens,
            sign_in_link: SignInLink::new()?,
            sessions: Sessions::default(),
            guesses: RequestLimiter::new(NonZeroU32::MIN, GUESSES_AT_ONCE),
        })
    }

    /// The token of the sign-in link; none if the service runs without tokens.
    pub(crate) fn start_token(&self) -> Option<String> {
        (self.access == Access::Tokens).then(|| self.sign_in_link.token())
    }

    /// The caller of a request, identified by its token or else by its session.
    pub(crate) async fn identify(&self, request: &HttpRequest, address: ClientKey) -> Result<Caller, ApiError> {
        if self.access == Access::Open {
            return Ok(Caller::trusted(address, None));
        }
        let known = match (bearer(request.headers()), request.cookie(COOKIE)) {
            (Some(token), _) => self.by_token(token).await?,
            (None, Some(session)) => self.by_session(session.value()).await?,
            (None, None) => return Err(ApiError::Unauthenticated),
        };
        known.ok_or_else(|| self.wrong_guess(address))
    }

    /// Opens a session for the token of a sign-in link or a stored token, and returns the value of its cookie.
    pub(crate) async fn sign_in(&self, token: &str, address: ClientKey) -> Result<String, ApiError> {
        if self.sign_in_link.redeem(token) {
            return self.sessions.open(None).map_err(ApiError::internal);
        }
        match self.tokens.verify(token).await? {
            Some(_) => self.sessions.open(Some(token.to_owned())).map_err(ApiError::internal),
            None => Err(self.wrong_guess(address)),
        }
    }

    async fn by_token(&self, token: &str) -> Result<Option<Caller>, ApiError> {
        let Some(record) = self.tokens.verify(token).await? else { return Ok(None) };
        let key = ClientKey::Token(secret::number_of(&record.id));
        Ok(Some(Caller { key, owner: Some(record.id.into()), scopes: record.scopes }))
    }

    /// A session opened with a stored token has the scopes that the token has now.
    async fn by_session(&self, value: &str) -> Result<Option<Caller>, ApiError> {
        let Some(session) = self.sessions.find(value) else { return Ok(None) };
        match session.token {
            Some(token) => self.by_token(&token).await,
            None => Ok(Some(Caller::trusted(ClientKey::Token(session.number), Some(SIGN_IN_LINK_OWNER.into())))),
        }
    }

    fn wrong_guess(&self, address: ClientKey) -> ApiError {
        match self.guesses.take(address) {
            Decision::Allowed { .. } => ApiError::Unauthenticated,
            Decision::Refused { wait } => ApiError::RateLimited { wait },
        }
    }
}

/// The owner of jobs submitted in a session that was opened with a sign-in link.
const SIGN_IN_LINK_OWNER: &str = "sign-in-link";

/// The bearer token of a request.
pub(crate) fn bearer(fields: &HeaderMap) -> Option<&str> {
    let (scheme, token) = fields.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;
    use actix_web::test::TestRequest;

    fn fields(name: header::HeaderName, value: &'static str) -> HeaderMap {
        let mut fields = HeaderMap::new();
        fields.insert(name, HeaderValue::from_static(value));
        fields
    }

    #[test]
    fn a_token_is_found_whatever_the_case_of_its_scheme() {
        assert_eq!(bearer(&fields(header::AUTHORIZATION, "bearer abc")), Some("abc"));
        assert_eq!(bearer(&fields(header::AUTHORIZATION, "Basic abc")), None);
        assert_eq!(bearer(&fields(header::AUTHORIZATION, "Bearer")), None);
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let session = |text: &str| {
            let request = TestRequest::get().insert_header((header::COOKIE, text)).to_http_request();
            request.cookie(COOKIE).map(|cookie| cookie.value().to_owned())
        };
        for text in ["a=b; hivesum_session=x.y; c=d", "hivesum_session=x.y", "nonsense; =; hivesum_session=x.y"] {
            assert_eq!(session(text).as_deref(), Some("x.y"), "{text}");
        }
        assert_eq!(session("xhivesum_session=1"), None);
    }
}
