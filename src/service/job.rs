//! Jobs in requests and answers: the one that a path names, and the answer to a request that created one.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use futures_util::future::LocalBoxFuture;
use hivesum_actors::job::Job;

use super::{Service, asked};
use crate::error::ApiError;

/// The job at `{id}`, if it exists and the caller may see it; otherwise the request is answered with 404.
pub(crate) struct KnownJob(pub(crate) Job);

impl FromRequest for KnownJob {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let id = request.match_info().get("id").unwrap_or_default().to_owned();
        let asked = asked(request, payload);
        Box::pin(async move {
            let (caller, service) = asked.await?;
            service.job(&caller, &id).await.map(Self)
        })
    }
}

/// The answer to a request that created a job, or created it before under the same key.
pub(crate) fn accepted(service: &Service, job: &Job) -> HttpResponse {
    let location = service.base_path.before(&format!("/api/v1/jobs/{}", job.id));
    HttpResponse::Accepted().insert_header((header::LOCATION, location)).json(job)
}
