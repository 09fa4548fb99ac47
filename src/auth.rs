//! Authentication and authorization: tokens, sign-in links and sessions.
//!
//! Secrets are 256 random bits; they are compared in constant time or found by their hash. The method alone decides which
//! scope a request needs (read for GET, hash for POST, admin for DELETE), so a new route is closed to everyone without a
//! token. Tokens and sessions are in the store.

mod secret;
mod streams;

use std::num::NonZeroU32;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::body::BoxBody;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap};
use hivesum_actors::error::StoreError;
use hivesum_actors::job::Job;
use hivesum_actors::limits::{ClientKey, Decision, RequestLimiter};
use hivesum_actors::store::sessions::SessionService;
use hivesum_actors::store::tokens::{Scope, Scopes, SecretHash, TokenRecord, TokenService};

use jiff::Timestamp;

use crate::config::Access;
use crate::error::ApiError;
use secret::{Redeemed, SignInLinks};
pub(crate) use streams::{Credentials, End};
use streams::{EndsWithCredentials, OpenStreams};

/// The cookie's name, up to the id of the state directory: services on one host share their cookies, and must not sign
/// each other out.
pub(crate) const COOKIE_PREFIX: &str = "hivesum_";

/// Wrong tokens that one address may send in a burst; after that one a second. More are answered with 429.
const GUESSES_AT_ONCE: NonZeroU32 = NonZeroU32::new(100).expect("a hundred is not zero");

/// The sender of a request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Requests with the same key are counted together.
    pub(crate) key: ClientKey,
    /// The token that will own the caller's new jobs; none if the service runs without tokens.
    pub(crate) owner: Option<Arc<str>>,
    /// None on public paths, and if the service runs without tokens.
    pub(crate) credentials: Option<Credentials>,
    /// The stored token of the request or of its session; none for a session that a sign-in link opened.
    pub(crate) token: Option<TokenLabel>,
    scopes: Scopes,
}

/// What a caller may know of its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenLabel {
    /// As it was named when it was created.
    pub(crate) name: String,
    /// It is refused from then on; none means that it never expires.
    pub(crate) expires_at: Option<Timestamp>,
}

impl Caller {
    /// The caller of a public path, without scopes.
    pub(crate) fn anonymous(key: ClientKey) -> Self {
        Self { key, owner: None, credentials: None, token: None, scopes: Scopes::default() }
    }

    /// The caller with a token, or with a session that was opened with one. It has the scopes that the token has now.
    fn with_token(record: TokenRecord, credentials: Credentials) -> Self {
        let TokenRecord { id, name, scopes, expires_at, .. } = record;
        let key = ClientKey::Token(secret::number_of(&id));
        let token = Some(TokenLabel { name, expires_at });
        Self { key, owner: Some(id.into()), credentials: Some(credentials), token, scopes }
    }

    /// A caller with all scopes.
    fn trusted(key: ClientKey) -> Self {
        Self { key, owner: None, credentials: None, token: None, scopes: Scopes::ALL }
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

    /// The names of the scopes that the caller has.
    pub(crate) fn scopes(&self) -> impl Iterator<Item = &'static str> {
        self.scopes.names()
    }

    /// Whether the caller may see the job.
    pub(crate) fn may_see(&self, job: &Job) -> bool {
        self.sees_all() || self.owns(job)
    }

    /// Refuses to let the caller change a job that it may only see.
    pub(crate) fn may_change(&self, job: &Job) -> Result<(), ApiError> {
        if self.owns(job) { Ok(()) } else { self.may_administer() }
    }

    /// The owner of the caller's new jobs.
    pub(crate) fn owner_name(&self) -> Option<String> {
        self.owner.as_deref().map(str::to_owned)
    }

    /// The owner whose jobs the caller may list; none means all jobs.
    pub(crate) fn sees_jobs_of(&self) -> Option<String> {
        if self.sees_all() { None } else { self.owner_name() }
    }

    /// Refuses a caller who may not see the jobs of everyone.
    pub(crate) fn may_see_all(&self) -> Result<(), ApiError> {
        match self.sees_all() {
            true => Ok(()),
            false => Err(ApiError::Forbidden { needs: Scope::ReadAll.name() }),
        }
    }

    /// Refuses a caller who may not change what belongs to no token.
    pub(crate) fn may_administer(&self) -> Result<(), ApiError> {
        match self.scopes.allows(Scope::Admin) {
            true => Ok(()),
            false => Err(ApiError::Forbidden { needs: Scope::Admin.name() }),
        }
    }

    fn sees_all(&self) -> bool {
        self.scopes.allows(Scope::Admin) || self.scopes.allows(Scope::ReadAll)
    }

    fn owns(&self, job: &Job) -> bool {
        job.owner.as_deref() == self.owner.as_deref()
    }
}

/// Identifies callers by their credentials.
pub(crate) struct Auth {
    access: Access,
    tokens: TokenService,
    sessions: SessionService,
    cookie: String,
    sign_in_links: SignInLinks,
    guesses: RequestLimiter,
    streams: Arc<OpenStreams>,
}

impl Auth {
    pub(crate) fn new(access: Access, tokens: TokenService, sessions: SessionService) -> Self {
        Self {
            access,
            tokens,
            cookie: format!("{COOKIE_PREFIX}{}", sessions.state_id()),
            sessions,
            sign_in_links: SignInLinks::default(),
            guesses: RequestLimiter::new(NonZeroU32::MIN, GUESSES_AT_ONCE),
            streams: Arc::default(),
        }
    }

    /// The name of this service's cookie.
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    /// The token of a fresh sign-in link; none if the service runs without tokens.
    pub(crate) fn new_link(&self) -> Result<Option<String>, getrandom::Error> {
        (self.access == Access::Tokens).then(|| self.sign_in_links.open()).transpose()
    }

    /// The caller of a request, identified by its token or else by its session.
    pub(crate) async fn identify(&self, request: &HttpRequest, address: ClientKey) -> Result<Caller, ApiError> {
        if self.access == Access::Open {
            return Ok(Caller::trusted(address));
        }
        let known = match (bearer(request.headers()), request.cookie(&self.cookie)) {
            (Some(token), _) => self.by_token(SecretHash::of(token)).await?,
            (None, Some(session)) => self.by_session(SecretHash::of(session.value())).await?,
            (None, None) => return Err(ApiError::Unauthenticated),
        };
        known.ok_or_else(|| self.wrong_guess(address, ApiError::Unauthenticated))
    }

    /// Opens a session for the token of a sign-in link or a stored token, and returns the value of its cookie.
    pub(crate) async fn sign_in(&self, token: &str, address: ClientKey) -> Result<String, ApiError> {
        let session = match self.sign_in_links.redeem(token) {
            Redeemed::Works => self.sessions.begin(None).await?,
            Redeemed::Ended(why) => return Err(self.wrong_guess(address, ApiError::SignInRefused(why.in_words()))),
            Redeemed::Unknown => match self.tokens.verify(SecretHash::of(token)).await? {
                Some(record) => self.sessions.begin(Some(record.id)).await?,
                None => None,
            },
        };
        session.ok_or_else(|| self.wrong_guess(address, ApiError::SignInRefused(UNKNOWN_TOKEN)))
    }

    /// Ends the caller's session. Returns false if the caller has none.
    pub(crate) async fn sign_out(&self, caller: &Caller) -> Result<bool, ApiError> {
        match caller.credentials {
            Some(Credentials::Session(hash)) => {
                self.sessions.end(hash).await?;
                Ok(true)
            }
            Some(Credentials::Token(_)) | None => Ok(false),
        }
    }

    /// A body that ends with these credentials.
    pub(crate) fn end_with(&self, credentials: Credentials, end: End, body: BoxBody) -> EndsWithCredentials {
        self.streams.end_with(credentials, end, body)
    }

    /// Ends streams whose credentials have ended, as long as it is polled.
    pub(crate) async fn watch_streams(&self) {
        self.streams.watch(async |credentials| self.is_valid(credentials).await).await;
    }

    /// Whether the credentials of an earlier request are still valid. It does not count as a use of a session.
    async fn is_valid(&self, credentials: Credentials) -> Result<bool, StoreError> {
        match credentials {
            Credentials::Token(hash) => Ok(self.tokens.verify(hash).await?.is_some()),
            Credentials::Session(hash) => Ok(self.sessions.find(hash).await?.is_some()),
        }
    }

    async fn by_token(&self, hash: SecretHash) -> Result<Option<Caller>, ApiError> {
        let record = self.tokens.verify(hash).await?;
        Ok(record.map(|record| Caller::with_token(record, Credentials::Token(hash))))
    }

    async fn by_session(&self, hash: SecretHash) -> Result<Option<Caller>, ApiError> {
        let Some(session) = self.sessions.touch(hash).await? else { return Ok(None) };
        let credentials = Credentials::Session(hash);
        Ok(Some(match session.token {
            Some(record) => Caller::with_token(record, credentials),
            None => Caller {
                key: ClientKey::Token(secret::number_of(&session.id)),
                owner: Some(SIGN_IN_LINK_OWNER.into()),
                credentials: Some(credentials),
                token: None,
                scopes: Scopes::ALL,
            },
        }))
    }

    /// Counts a wrong token or link; the answer to it, or to too many of them.
    fn wrong_guess(&self, address: ClientKey, answer: ApiError) -> ApiError {
        match self.guesses.take(address) {
            Decision::Allowed { .. } => answer,
            Decision::Refused { wait } => ApiError::RateLimited { wait },
        }
    }
}

/// What whoever signs in with an unknown token is told.
const UNKNOWN_TOKEN: &str = "this is neither a token of this service nor one of its sign-in links, which end with the \
    service: `hivesum token link` prints a fresh one";

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
}
