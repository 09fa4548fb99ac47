//! `GET /collections/{id}/report`: what is held, when each file was last verified, and what happened, as one document.
//!
//! It is read and sent a page at a time, so files may change while it is written: each row is right at its time. A report
//! that breaks off lacks its last line, and the connection is closed before the end of the answer.

use actix_web::http::header::{self, DispositionType, HeaderValue};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{Stream, StreamExt as _, stream};
use hivesum_actors::jobs::Jobs;
use hivesum_actors::report::{HTML_POLICY, Report, ReportFormat, ReportPart, Subject};
use hivesum_actors::store::collections::{FilePage, FileQuery};
use jiff::Timestamp;

use crate::error::ApiError;
use crate::gate::StoreExport;
use crate::openapi::schemas;
use crate::request::Query;
use crate::request::headers::named;
use crate::service::Service;
use crate::service::collection::{KnownCollection, NO_SUCH_COLLECTION};

/// How many files or events are read for one piece of the answer.
const PAGE: usize = 1000;

#[utoipa::path(
    get, path = "/api/v1/collections/{id}/report", tag = "collections", operation_id = "collection_report",
    summary = "Report on a collection",
    description = "What is held, when each file was last verified, and what happened. HTML is one page to read and to \
        print: it lists each of up to 10,000 files, of a larger collection those that are not what they should be, and the \
        last 1,000 events. CSV has a row for each file; a cell that a spreadsheet would take for a formula begins with an \
        apostrophe. PREMIS 3.0 has each file as an object, and as events each file's last full check and everything that \
        happened. Every form ends with a line or an element by which a report that was cut off is recognised.",
    params(
        schemas::CollectionPath,
        ("format" = inline(Option<schemas::ReportFormatName>), Query, description = "`html` by default."),
    ),
    responses((status = 200, description = "The report; CSV and PREMIS as an attachment.",
        headers(("Content-Disposition" = String, description = "The name to save it under.")),
        content(
            (String = "text/html; charset=utf-8"), (String = "text/csv; charset=utf-8"), (String = "application/xml"),
        ),
    )),
    extensions(("x-codes" = json!(["not_found", "store_corrupt", "queue_full", "draining"]))),
)]
pub(in crate::routes) async fn report(
    request: HttpRequest,
    KnownCollection(collection): KnownCollection,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request)?;
    let names = ReportFormat::ALL.iter().map(|format| format.name()).collect::<Vec<_>>();
    let format = query.named("format", |name| name.parse().ok(), &names)?.unwrap_or(ReportFormat::Html);
    query.finish()?;
    let counted = service.jobs.collections().counted(&collection.id).await?.ok_or(NO_SUCH_COLLECTION)?;
    let subject = Subject { counted: &counted, directory: collection.name(), now: Timestamp::now() };
    let report = Report::new(format, subject);
    let writing = Writing::new(&service.jobs, collection.id, report);
    let mut response = HttpResponse::Ok();
    let disposition = match format {
        ReportFormat::Html => DispositionType::Inline,
        ReportFormat::Csv | ReportFormat::Premis => DispositionType::Attachment,
    };
    response
        .content_type(format.media_type())
        .insert_header(named(disposition, format.file_name()))
        .insert_header((header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(HTML_POLICY)));
    let mut response = response.streaming(writing.into_stream().await?);
    response.extensions_mut().insert(StoreExport);
    Ok(response)
}

/// A report that is being sent.
struct Writing {
    jobs: Jobs,
    id: String,
    report: Report,
    /// The parts that are still to be written, the next one last.
    parts: Vec<ReportPart>,
    step: Step,
}

enum Step {
    Begin,
    NextPart,
    /// The files after this path.
    Files(Option<Vec<u8>>),
    /// The events after this number.
    Events(u64),
    Done,
}

impl Writing {
    fn new(jobs: &Jobs, id: String, report: Report) -> Self {
        let mut parts = report.parts();
        parts.reverse();
        Self { jobs: jobs.clone(), id, report, parts, step: Step::Begin }
    }

    /// Writes the beginning and the first page before the head is sent, so that a damaged store gives an error.
    async fn into_stream(mut self) -> Result<impl Stream<Item = Result<Bytes, ApiError>> + use<>, ApiError> {
        let mut first = Vec::new();
        for _ in 0..3 {
            first.extend(self.next_piece().await?.map(Ok));
        }
        let rest = stream::try_unfold(self, |mut writing| async {
            let piece = writing.next_piece().await?;
            Ok(piece.map(|piece| (piece, writing)))
        });
        Ok(stream::iter(first).chain(rest))
    }

    async fn next_piece(&mut self) -> Result<Option<Bytes>, ApiError> {
        let mut out = String::new();
        match std::mem::replace(&mut self.step, Step::Done) {
            Step::Done => return Ok(None),
            Step::Begin => {
                self.report.begin(&mut out);
                self.step = Step::NextPart;
            }
            Step::NextPart => match self.parts.pop() {
                None => self.report.end(&mut out),
                Some(part) => {
                    self.report.begin_part(&mut out, part);
                    self.step = match part {
                        ReportPart::Files | ReportPart::Checks => Step::Files(None),
                        ReportPart::EventsAfter(n) => Step::Events(n),
                    };
                }
            },
            Step::Files(after) => self.step = self.files(&mut out, after).await?,
            Step::Events(after) => self.step = self.events(&mut out, after).await?,
        }
        Ok(Some(Bytes::from(out)))
    }

    async fn files(&mut self, out: &mut String, after: Option<Vec<u8>>) -> Result<Step, ApiError> {
        let query = FileQuery { after, limit: PAGE, ..FileQuery::default() };
        let page = self.jobs.collections().files(self.id.clone(), query).await?;
        let FilePage { files, has_more } = page.ok_or(NO_SUCH_COLLECTION)?;
        files.iter().for_each(|file| self.report.file(out, file));
        let last = files.into_iter().next_back().filter(|_| has_more);
        Ok(last.map_or(Step::NextPart, |last| Step::Files(Some(last.path))))
    }

    async fn events(&mut self, out: &mut String, after: u64) -> Result<Step, ApiError> {
        let page = self.jobs.collections().events(self.id.clone(), None, (after, PAGE)).await?;
        let events = page.ok_or(NO_SUCH_COLLECTION)?;
        events.iter().for_each(|event| self.report.event(out, event));
        let last = events.last().filter(|_| events.len() == PAGE);
        Ok(last.map_or(Step::NextPart, |last| Step::Events(last.n)))
    }
}
