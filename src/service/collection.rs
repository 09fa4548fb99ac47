//! Collections in requests: the one that a path names. A collection belongs to no token, so whoever sees one sees all.
//! Whoever may start its runs, or change it, need not see it: the gate has asked for the scope of that.

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use hivesum_actors::store::collections::StoredCollection;

use super::asked;
use crate::error::ApiError;

/// The answer for a collection that does not exist, or was forgotten meanwhile.
pub(crate) const NO_SUCH_COLLECTION: ApiError = ApiError::NotFound("there is no such collection");

/// The collection at `{id}`. Who asks to see it and may not see the jobs of everyone is refused before it is looked up.
pub(crate) struct KnownCollection(pub(crate) StoredCollection);

impl FromRequest for KnownCollection {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let id = request.match_info().get("id").unwrap_or_default().to_owned();
        let is_seen = [Method::GET, Method::HEAD].contains(request.method());
        let asked = asked(request, payload);
        Box::pin(async move {
            let (caller, service) = asked.await?;
            if is_seen {
                caller.may_see_all()?;
            }
            // An invalid id matches no collection, and no look-up that finds nothing has to read the table.
            uuid::Uuid::try_parse(&id).map_err(|_| NO_SUCH_COLLECTION)?;
            service.jobs.collections().by_id(id).await?.ok_or(NO_SUCH_COLLECTION).map(Self)
        })
    }
}
