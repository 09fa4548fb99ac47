//! `GET /collections/{id}/manifest`: what the files of a collection should be, or should have been at a time, in a format
//! that other tools check.
//!
//! Everything is read twice: a name that the format cannot carry, and damage of the store, are refused before the first
//! byte is sent. Both times the files are as they were at one moment, whatever runs write meanwhile.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{Stream, stream};
use hivesum_actors::jobs::Jobs;
use hivesum_actors::report::{LATEST, NoManifest, PastManifest};
use hivesum_actors::store::collections::{FilePage, FileQuery, StoredCollection};
use hivesum_core::digest::Algorithm;
use hivesum_core::manifest::Format;
use jiff::Timestamp;

use crate::error::ApiError;
use crate::gate::StoreExport;
use crate::openapi::schemas;
use crate::request::Query;
use crate::request::headers::manifest_attachment;
use crate::service::Service;
use crate::service::collection::{KnownCollection, NO_SUCH_COLLECTION};

/// How many files or events are read at a time.
const PAGE: usize = 1000;

#[utoipa::path(
    get, path = "/api/v1/collections/{id}/manifest", tag = "collections", operation_id = "collection_manifest",
    summary = "Export what the files of a collection should be for other tools",
    description = "Each file with the content that it should have: also one that is missing or damaged. With `at` it is what \
        the files should have been at that time, since the collection was made; at most 200,000 files may have changed since.",
    params(
        schemas::CollectionPath,
        ("format" = inline(Option<schemas::ManifestFormat>), Query, description = "By default gnu, or bsd for several algorithms.", example = "gnu"),
        ("algorithm" = inline(Option<schemas::AlgorithmName>), Query, description = "The algorithm to write, if the collection has several.", example = "sha256"),
        ("at" = Option<String>, Query, format = DateTime, description = "A time in the past, RFC 3339; now by default."),
    ),
    responses((status = 200, description = "The manifest, as an attachment.",
        headers(("Content-Disposition" = String, description = "The name to save the file under.")),
        content(
            (String = "text/plain; charset=utf-8"), (String = "text/csv; charset=utf-8"),
            (Object = "application/json"), (String = "application/x-ndjson"),
        ),
    )),
    extensions(("x-codes" = json!([
        "algorithm_unknown", "not_found", "name_not_representable", "algorithm_not_in_job", "algorithm_not_in_format",
        "store_corrupt", "queue_full", "draining",
    ]))),
)]
pub(in crate::routes) async fn manifest(
    request: HttpRequest,
    KnownCollection(collection): KnownCollection,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request)?;
    let format = query.parsed::<Format>("format")?;
    let algorithm = query.text("algorithm")?.map(|name| name.parse::<Algorithm>()).transpose()?;
    let at = query.parsed::<Timestamp>("at")?;
    query.finish()?;
    let now = Timestamp::now();
    let manifest = || PastManifest::new(&collection, (format, algorithm), (at, now)).map_err(refusal);
    let (tried, manifest) = (manifest()?, manifest()?);
    let last = service.jobs.collections().last_event_until(collection.id.clone(), at.unwrap_or(LATEST)).await?;
    let last = last.ok_or(NO_SUCH_COLLECTION)?;
    let writing = |manifest| Writing::new(&service.jobs, &collection, manifest, last);
    let mut tried = writing(tried);
    while tried.next_piece().await?.is_some() {}
    let writing = writing(manifest);
    let (format, algorithms) = (writing.manifest.format(), writing.manifest.algorithms());
    let mut response = HttpResponse::Ok();
    response.content_type(format.media_type()).insert_header(manifest_attachment(format, algorithms));
    let mut response = response.streaming(writing.into_stream());
    response.extensions_mut().insert(StoreExport);
    Ok(response)
}

/// A manifest that is being sent.
struct Writing {
    jobs: Jobs,
    id: String,
    manifest: PastManifest,
    /// The last event that was taken back.
    taken: u64,
    step: Step,
}

enum Step {
    Begin,
    /// The files after this path.
    Files(Option<Vec<u8>>),
    End,
    Done,
}

impl Writing {
    /// `taken` is the number of the last event that is not taken back.
    fn new(jobs: &Jobs, collection: &StoredCollection, manifest: PastManifest, taken: u64) -> Self {
        Self { jobs: jobs.clone(), id: collection.id.clone(), manifest, taken, step: Step::Begin }
    }

    fn into_stream(self) -> impl Stream<Item = Result<Bytes, ApiError>> {
        stream::try_unfold(self, |mut writing| async {
            let piece = writing.next_piece().await?;
            Ok(piece.map(|piece| (piece, writing)))
        })
    }

    async fn next_piece(&mut self) -> Result<Option<Bytes>, ApiError> {
        let mut out = Vec::new();
        match std::mem::replace(&mut self.step, Step::Done) {
            Step::Done => return Ok(None),
            Step::Begin => {
                self.manifest.begin(&mut out);
                self.step = Step::Files(None);
            }
            Step::Files(after) => self.step = self.files(&mut out, after).await?,
            Step::End => self.manifest.end(&mut out),
        }
        Ok(Some(Bytes::from(out)))
    }

    async fn files(&mut self, out: &mut Vec<u8>, after: Option<Vec<u8>>) -> Result<Step, ApiError> {
        let query = FileQuery { after, limit: PAGE, ..FileQuery::default() };
        let page = self.jobs.collections().files(self.id.clone(), query).await?;
        let FilePage { files, has_more } = page.ok_or(NO_SUCH_COLLECTION)?;
        self.take_back().await?;
        let last = files.last().filter(|_| has_more).map(|last| last.path.clone());
        self.manifest.page(out, files, !has_more).map_err(refusal)?;
        Ok(last.map_or(Step::End, |last| Step::Files(Some(last))))
    }

    /// Takes back every event that was added until now.
    async fn take_back(&mut self) -> Result<(), ApiError> {
        loop {
            let page = self.jobs.collections().events(self.id.clone(), None, (self.taken, PAGE)).await?;
            let events = page.ok_or(NO_SUCH_COLLECTION)?;
            for stored in &events {
                self.manifest.take_back(&stored.event).map_err(refusal)?;
            }
            self.taken = events.last().map_or(self.taken, |last| last.n);
            if events.len() < PAGE {
                return Ok(());
            }
        }
    }
}

fn refusal(why: NoManifest) -> ApiError {
    match why {
        NoManifest::NoSuchDigest(missing) => missing.into(),
        NoManifest::Mismatch(mismatch) => ApiError::AlgorithmNotInFormat(mismatch.to_string()),
        NoManifest::Name { .. } => ApiError::NameNotRepresentable(why.to_string()),
        other => ApiError::invalid(other.to_string()),
    }
}
