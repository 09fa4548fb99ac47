//! `GET /search`: the files with one digest in the jobs of every token. "Do we have this file?"

use std::collections::BTreeSet;

use actix_web::web::{Data, Json, ReqData};
use actix_web::{HttpRequest, Responder};
use hivesum_actors::job::Job;
use hivesum_actors::jobs::Hit;
use hivesum_core::digest::{Algorithm, Digest, SoughtInvalid};
use hivesum_core::result::Item;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::Query;
use crate::service::Service;

/// The files with one digest.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchPage)]
struct SearchPage {
    /// The files, of the newest job first.
    items: Vec<SearchHit>,
    /// The number of files that the searched jobs have.
    total: u64,
    /// Jobs that were searched under at least one of the algorithms.
    jobs_searched: u64,
    /// Jobs that were not searched: those that have not ended or are not indexed yet, those that computed no digest of
    /// any of the algorithms, and those after the newest thousand.
    jobs_left_out: u64,
    /// The same for each algorithm that the digest may be of.
    algorithms: Vec<SearchedUnder>,
    /// Whether no job was left out under any algorithm that the digest may be of. Only then does no file mean that no
    /// job knows one. A file that was found tells the algorithm, if its digests have at least 16 bytes.
    complete: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchedUnder)]
struct SearchedUnder {
    #[schema(value_type = String, example = "blake3")]
    algorithm: Algorithm,
    jobs_searched: u64,
    /// Jobs that were not searched under this algorithm, also because they computed no digest of it.
    jobs_left_out: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchHit)]
struct SearchHit {
    #[schema(value_type = schemas::Job)]
    job: Job,
    /// The algorithm of the digest.
    #[schema(value_type = String, example = "blake3")]
    algorithm: Algorithm,
    #[schema(value_type = schemas::Item)]
    item: Item,
}

#[utoipa::path(
    get, path = "/api/v1/search", tag = "jobs", operation_id = "search_digest",
    summary = "Find the files with one digest in all jobs",
    description = "Searches the results of every token's jobs, so the scope `read:all` is needed, or `admin` together with \
        `read`. What was not searched is counted, for each algorithm that the digest may be of.",
    params(
        ("digest" = inline(schemas::WantedDigest), Query, description = "The digest, as hex or `ALGORITHM:HEX`. Hex alone is searched under every algorithm with digests of its length.", example = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 1000, description = "The most files; 100 by default."),
    ),
    responses((status = 200, description = "The files, of the newest job first.", body = SearchPage)),
    extensions(("x-codes" = json!(["algorithm_unknown", "store_corrupt", "queue_full", "draining"]))),
)]
pub(super) async fn search(
    request: HttpRequest,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<impl Responder, ApiError> {
    caller.may_see_all()?;
    let mut query = Query::of(&request)?;
    let text = query.text("digest")?.ok_or_else(|| ApiError::invalid("say which digest to search for: ?digest=HEX"))?;
    let wanted = digests_of(&text)?;
    let limit = query.limit()?;
    query.finish()?;
    let found = service.jobs.search(&wanted, limit).await?;
    let hit = |Hit { job, algorithm, item }| SearchHit { job, algorithm, item };
    let complete = found.is_complete();
    let under = found.under.iter().map(|one| SearchedUnder {
        algorithm: one.algorithm,
        jobs_searched: one.searched,
        jobs_left_out: one.left_out,
    });
    Ok(Json(SearchPage {
        algorithms: under.collect(),
        complete,
        items: found.hits.into_iter().map(hit).collect(),
        total: found.total,
        jobs_searched: found.searched,
        jobs_left_out: found.left_out,
    }))
}

/// The digest under its algorithm, or under every algorithm with digests of its length.
fn digests_of(text: &str) -> Result<Vec<Digest>, ApiError> {
    Digest::sought(text).map_err(|invalid| match invalid {
        SoughtInvalid::Algorithm(unknown) => unknown.into(),
        SoughtInvalid::Length => {
            let usual: BTreeSet<usize> = Algorithm::ALL.iter().map(|algorithm| 2 * algorithm.digest_bytes()).collect();
            let usual: Vec<_> = usual.iter().map(usize::to_string).collect();
            ApiError::invalid(format!(
                "no usual algorithm has digests of {} hex digits, but of {}: give the whole digest, or ALGORITHM:HEX",
                text.len(),
                usual.join(", ")
            ))
        }
        error => ApiError::invalid(format!("the digest: {error}")),
    })
}
