//! `GET /jobs/{id}/manifest`: the digests of an ended job, in a format that other tools check.
//!
//! An algorithm that the job did not compute, a name that the format cannot represent, and damage of the store are
//! refused before the first byte is sent: few formats have an end by which a reader would notice a cut. So its length is
//! known, and a part of it can be asked for. A manifest that breaks off all the same is shorter than its length.

use std::ops::Range;

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentRange, ContentRangeSpec};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{Stream, StreamExt as _, stream};
use hivesum_actors::job::{Job, ResultQuery, StatusFilter};
use hivesum_actors::jobs::{Export, Jobs};
use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::manifest::{Format, LineEnd, ManifestWriter};
use hivesum_core::result::{Item, Summary};

use crate::error::ApiError;
use crate::etag::JobTag;
use crate::gate::{self, StoreExport};
use crate::openapi::schemas;
use crate::request::Query;
use crate::request::headers::manifest_attachment;
use crate::request::range::{Wanted, wanted};
use crate::service::job::KnownJob;
use crate::service::{NO_SUCH_JOB, Service};

#[utoipa::path(
    get, path = "/api/v1/jobs/{id}/manifest", tag = "jobs", operation_id = "job_manifest",
    summary = "Export the digests of an ended job for other tools",
    params(
        schemas::JobPath,
        ("format" = inline(Option<schemas::ManifestFormat>), Query, description = "By default gnu, or bsd for several algorithms.", example = "gnu"),
        ("algorithm" = inline(Option<schemas::AlgorithmName>), Query, description = "The algorithm to write, if the job has several.", example = "sha256"),
        ("Range" = Option<String>, Header, description = "One range of bytes, as in `bytes=1000-`; anything else is ignored, and so is a range of an answer that is compressed."),
        ("If-Range" = Option<String>, Header, description = "The tag of the bytes that the client has: with another one it gets the whole."),
    ),
    responses((status = 200, description = "The manifest, as an attachment. Its length is known unless it is compressed.",
        headers(
            ("Content-Disposition" = String, description = "The name to save the file under."),
            ("Accept-Ranges" = String, description = "`bytes`, or `none` if it is compressed."),
        ),
        content(
            (String = "text/plain; charset=utf-8"), (String = "text/csv; charset=utf-8"),
            (Object = "application/json"), (String = "application/x-ndjson"),
        ),
    ), (status = 206, description = "The part that was asked for.",
        headers(("Content-Range" = String, description = "Which bytes, and of how many.")),
        content(
            (String = "text/plain; charset=utf-8"), (String = "text/csv; charset=utf-8"),
            (Object = "application/json"), (String = "application/x-ndjson"),
        ),
    ), (status = 304, description = "The client has it already: `If-None-Match` contains its tag.")),
    extensions(("x-codes" = json!([
        "algorithm_unknown", "not_found", "job_not_finished", "name_not_representable", "algorithm_not_in_job",
        "algorithm_not_in_format", "range_not_satisfiable",
        "store_corrupt", "queue_full", "draining",
    ]))),
)]
pub(super) async fn manifest(
    request: HttpRequest,
    KnownJob(job): KnownJob,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request)?;
    let format = query.parsed::<Format>("format")?;
    let algorithm = query.text("algorithm")?.map(|name| name.parse::<Algorithm>()).transpose()?;
    query.finish()?;
    let Some(summary) = job.summary.filter(|_| job.state.is_final()) else {
        return Err(ApiError::JobNotFinished("the job has not ended: its manifest would be incomplete"));
    };
    let format = format.unwrap_or_else(|| Format::default_for(&job.spec.algorithms));
    let algorithms = format.choose(algorithm, &job.spec.algorithms)?;
    let tag = JobTag::of(&request, &job, FORM);
    if let Some(not_modified) = tag.not_modified(&request) {
        return Ok(not_modified);
    }
    let document = || Document::new(&service.jobs, &job, (format, algorithms), summary);
    let length = document().await?.length().await?;
    let may_be_part = tag.allows_part(&request) && !gate::is_compressed(&request, format.media_type(), length);
    let (status, part) = match may_be_part.then(|| wanted(&request, length)) {
        Some(Wanted::Beyond) => return Err(ApiError::RangeNotSatisfiable { length }),
        Some(Wanted::Part(part)) => (StatusCode::PARTIAL_CONTENT, part),
        Some(Wanted::Whole) | None => (StatusCode::OK, 0..length),
    };
    let mut response = HttpResponse::build(status);
    response.content_type(format.media_type()).insert_header(manifest_attachment(format, &algorithms));
    response.insert_header((header::ACCEPT_RANGES, "bytes"));
    if status == StatusCode::PARTIAL_CONTENT {
        let range = Some((part.start, part.end - 1));
        response.insert_header(ContentRange(ContentRangeSpec::Bytes { range, instance_length: Some(length) }));
    }
    let bytes = part.end - part.start;
    let mut response = response.body(SizedStream::new(bytes, document().await?.into_stream(part).await?));
    response.extensions_mut().insert(StoreExport);
    Ok(tag.on(response))
}

/// What the tag of a manifest covers beside the job and the query: another release may write other bytes.
const FORM: &str = concat!("manifest of ", env!("CARGO_PKG_VERSION"));

/// A manifest that is being sent, one piece of results at a time.
struct Document {
    writer: ManifestWriter,
    export: Export,
    summary: Summary,
    step: Step,
}

/// A manifest of which some bytes are sent.
struct Cut {
    document: Document,
    /// The bytes that are sent, from the start of the manifest.
    wanted: Range<u64>,
    /// Where the next part begins.
    position: u64,
}

impl Cut {
    /// The next bytes that are wanted; nothing after the last ones.
    async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        while self.position < self.wanted.end {
            let Some(part) = self.document.next_part().await? else { break };
            let (start, part) = (self.position, Bytes::from(part));
            self.position += part.len() as u64;
            // Both are within the part, whose length is in memory.
            let from = self.wanted.start.clamp(start, self.position) - start;
            let to = self.wanted.end.clamp(start, self.position) - start;
            if from < to {
                return Ok(Some(part.slice(from as usize..to as usize)));
            }
        }
        Ok(None)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Begin,
    Items,
    Done,
}

impl Document {
    async fn new(jobs: &Jobs, job: &Job, form: (Format, Algorithms), summary: Summary) -> Result<Self, ApiError> {
        let (format, algorithms) = form;
        let writer = ManifestWriter::new(format, algorithms, LineEnd::Newline);
        let writer = writer.map_err(|mismatch| ApiError::AlgorithmNotInFormat(mismatch.to_string()))?;
        let status = (!format.lists_failures()).then_some(StatusFilter::Hashed);
        let query = ResultQuery { status, ..ResultQuery::default() };
        let export = jobs.export(job, query).await?.ok_or(NO_SUCH_JOB)?;
        Ok(Self { writer, export, summary, step: Step::Begin })
    }

    /// Writes every line and discards it, to find damage, and a name that cannot be represented. Its length in bytes.
    async fn length(mut self) -> Result<u64, ApiError> {
        let mut length = 0;
        while let Some(part) = self.next_part().await? {
            length += part.len() as u64;
        }
        Ok(length)
    }

    /// These of its bytes. Reads the first before the head is sent, so that a damaged store gives an error and not a
    /// truncated answer.
    async fn into_stream(
        self,
        wanted: Range<u64>,
    ) -> Result<impl Stream<Item = Result<Bytes, ApiError>> + use<>, ApiError> {
        let mut cut = Cut { document: self, wanted, position: 0 };
        let first = cut.next().await?;
        let rest = stream::try_unfold(cut, |mut cut| async {
            let part = cut.next().await?;
            Ok(part.map(|part| (part, cut)))
        });
        Ok(stream::iter(first.map(Ok)).chain(rest))
    }

    async fn next_part(&mut self) -> Result<Option<Vec<u8>>, ApiError> {
        let mut out = Vec::new();
        match self.step {
            Step::Done => return Ok(None),
            Step::Begin => {
                self.writer.begin(&mut out);
                self.step = Step::Items;
            }
            Step::Items => {}
        }
        match self.export.next().await? {
            Some(items) => items.iter().try_for_each(|item| self.write(&mut out, item))?,
            None => {
                self.writer.end(&mut out, &self.summary);
                self.step = Step::Done;
            }
        }
        Ok(Some(out))
    }

    fn write(&mut self, out: &mut Vec<u8>, item: &Item) -> Result<(), ApiError> {
        self.writer.item(out, &item.as_ref()).map_err(|refusal| {
            ApiError::NameNotRepresentable(format!("{refusal}: {:?}", String::from_utf8_lossy(&item.path)))
        })
    }
}
