//! The heads of handlers that are about one job: which job the path names, and that the query says nothing more.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::web::{Data, ReqData};
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use hivesum_actors::job::Job;

use super::Query;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::service::Service;

/// The job at `{id}`, if it is there and the caller may know of it; else the request is answered with 404.
pub(crate) struct KnownJob(pub(crate) Job);

impl FromRequest for KnownJob {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let id = request.match_info().get("id").unwrap_or_default().to_owned();
        let caller = ReqData::<Caller>::from_request(request, payload);
        let service = Data::<Service>::from_request(request, payload);
        Box::pin(async move {
            let caller = caller.await.map_err(|_| ApiError::internal("nobody was let in"))?;
            let service = service.await.map_err(|_| ApiError::internal("the app has no service"))?;
            service.job(&caller, &id).await.map(Self)
        })
    }
}

/// A query without parameters. It stands before other arguments of a handler: what is refused for its form costs no
/// look into the store.
pub(crate) struct NoQuery;

impl FromRequest for NoQuery {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Query::of(request).and_then(Query::finish).map(|()| Self))
    }
}
