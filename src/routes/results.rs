//! `GET /jobs/{id}/results`: a page as JSON, or, with `Accept: application/x-ndjson`, all results as lines. The summary
//! comes last, so that a truncated answer is recognised.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use hivesum_actors::job::{Job, ResultQuery, StatusFilter};
use hivesum_core::digest::{Algorithm, Algorithms, Digest};
use hivesum_core::manifest::{Format, ndjson};
use hivesum_core::result::{Item, Summary, Verdict};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::etag::JobTag;
use crate::openapi::schemas;
use crate::request::Query;
use crate::request::headers::prefers;
use crate::service::job::KnownJob;
use crate::service::{NO_SUCH_JOB, Service};

/// A page of results.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ResultPage)]
struct ResultPage {
    #[schema(value_type = Vec<schemas::Item>)]
    items: Vec<Item>,
    /// The number of results that match so far.
    total: u64,
    position: u64,
}

#[utoipa::path(
    get, path = "/api/v1/jobs/{id}/results", tag = "jobs", operation_id = "list_results",
    summary = "List the results of a job",
    description = "A page as JSON, or with `Accept: application/x-ndjson` all results, one object per line, with the summary last.",
    params(
        schemas::JobPath,
        ("status" = Option<schemas::ItemStatus>, Query, description = "Only results with this status."),
        ("verdict" = inline(Option<schemas::VerdictNames>), Query, style = Form, explode = false, description = "Only results with one of these verdicts, separated by commas. A repeated parameter adds to the list.", example = json!(["modified", "missing"])),
        ("path_prefix" = Option<String>, Query, description = "Only paths that begin with this. Decoded once, to bytes."),
        ("q" = Option<String>, Query, description = "Only paths that contain this; upper and lower case differ. Decoded once, to bytes."),
        ("digest" = inline(Option<schemas::WantedDigest>), Query, description = "Only files with this digest, as hex or `ALGORITHM:HEX`; only after the job has ended.", example = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("sort" = Option<String>, Query, pattern = "^-?(path|size|modified_at)$", description = "The order, only after the job has ended: `path`, `size` or `modified_at`; `-` in front reverses it."),
        ("position" = inline(Option<schemas::Whole>), Query, description = "The index of the first row, counted from 0."),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 1000, description = "The most results per page; 100 by default."),
    ),
    responses((status = 200, description = "The results, by default in walk order.", content(
        (ResultPage = "application/json"),
        (String = "application/x-ndjson"),
    )), (status = 304, description = "The client has it already: `If-None-Match` contains the tag of an ended job's answer.")),
    extensions(("x-codes" = json!(["algorithm_unknown", "not_found", "job_not_finished", "algorithm_not_in_job", "store_corrupt", "queue_full", "draining"]))),
)]
pub(super) async fn results(
    request: HttpRequest,
    KnownJob(job): KnownJob,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    let mut query = Query::repeating(&request, &["verdict"])?;
    let query = result_query(&mut query, &job.spec.algorithms).and_then(|wanted| query.finish().map(|()| wanted))?;
    let lines = wants_ndjson(&request);
    let tag = JobTag::of(&request, &job, if lines { "lines" } else { "page" });
    if let Some(not_modified) = tag.not_modified(&request) {
        return Ok(not_modified);
    }
    if lines {
        return Ok(tag.on(all_results(service, job, query).await?));
    }
    let page = service.jobs.results(&job, query).await?.ok_or(NO_SUCH_JOB)?;
    let body = ResultPage { items: page.items, total: page.total, position: page.position };
    Ok(tag.on(HttpResponse::Ok().json(body)))
}

fn result_query(query: &mut Query, algorithms: &Algorithms) -> Result<ResultQuery, ApiError> {
    Ok(ResultQuery {
        status: query.named("status", StatusFilter::from_name, &["hashed", "error", "skipped"])?,
        verdicts: query.named_list("verdict", Verdict::from_name, &Verdict::ALL.map(Verdict::name))?,
        path_prefix: query.bytes("path_prefix"),
        q: query.bytes("q"),
        digest: query.text("digest")?.map(|text| digest_of(&text, algorithms)).transpose()?,
        sort: query.parsed("sort")?,
        position: query.position()?,
        limit: query.limit()?,
    })
}

/// A digest with the name of its algorithm in front. Without a name, it belongs to the first of the job's algorithms
/// with digests of this length.
fn digest_of(text: &str, of_job: &Algorithms) -> Result<Digest, ApiError> {
    let (algorithm, hex) = match text.split_once(':') {
        Some((name, hex)) => (name.parse::<Algorithm>()?, hex),
        None => {
            let fits = |algorithm: &Algorithm| 2 * algorithm.digest_bytes() == text.len();
            let known = Algorithm::of_length(text.len() / 2).iter().copied();
            let fitting = of_job.iter().chain(known).find(fits);
            (fitting.ok_or_else(|| ApiError::invalid("no algorithm has digests of this length"))?, text)
        }
    };
    let digest = Digest::from_hex(algorithm, hex).map_err(|error| ApiError::invalid(format!("the digest: {error}")))?;
    match of_job.contains(algorithm) {
        true => Ok(digest),
        false => Err(ApiError::AlgorithmNotInJob(format!("the job computed only {of_job}"))),
    }
}

fn wants_ndjson(request: &HttpRequest) -> bool {
    prefers(request, Format::Ndjson.media_type(), "application/json")
}

async fn all_results(service: Data<Service>, job: Job, query: ResultQuery) -> Result<HttpResponse, ApiError> {
    let mut export = service.jobs.export(&job, query).await?.ok_or(NO_SUCH_JOB)?;
    // Read before the head is sent, so that a damaged store gives an error and not a truncated answer.
    let first = export.next().await?;
    let lines = stream::try_unfold(Some((export, Some(first))), move |state| async move {
        let Some((mut export, ready)) = state else { return Ok(None) };
        let mut out = Vec::new();
        let items = match ready {
            Some(first) => first,
            None => export.next().await?,
        };
        let Some(items) = items else {
            ndjson::write_summary(&mut out, &summary_so_far(export.job()));
            return Ok(Some((Bytes::from(out), None)));
        };
        for item in &items {
            ndjson::write_item(&mut out, &item.as_ref());
        }
        Ok::<_, ApiError>(Some((Bytes::from(out), Some((export, None)))))
    });
    Ok(HttpResponse::Ok().content_type(Format::Ndjson.media_type()).streaming(lines))
}

/// The summary; before the job has ended, one of the committed results, marked as incomplete.
fn summary_so_far(job: &Job) -> Summary {
    let progress = job.progress;
    job.summary.unwrap_or(Summary {
        files: progress.files_done + progress.files_failed + progress.files_skipped,
        hashed: progress.files_done,
        errors: progress.files_failed,
        skipped: progress.files_skipped,
        bytes: progress.bytes_done,
        elapsed_ms: 0,
        complete: false,
        verdict: None,
        verdicts: None,
        algorithm: None,
        untraced: 0,
        root_warning: None,
    })
}
