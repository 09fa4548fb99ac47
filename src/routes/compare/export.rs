//! All differences of a comparison as lines: NDJSON or CSV. The last line is a summary, so that an answer that was cut is
//! recognised.
//!
//! The comparison is in memory as a whole until the last line is sent, which a permit bounds. Decides the forms, not
//! which differences there are.

use std::io::Write;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use futures_util::{Stream, stream};
use hivesum_actors::job::JobId;
use hivesum_actors::limits::Permit;
use hivesum_core::compare::{Change, Comparison, Counts, Difference, Glimpse};
use hivesum_core::manifest::csv::write_field;
use hivesum_core::result::FileTime;
use memchr::memmem::Finder;
use serde::Serialize;

use crate::error::ApiError;
use crate::request::headers::LineForm;

/// How many differences are looked at for one piece of the answer.
const STEP: usize = 1000;

/// The columns of CSV.
const COLUMNS: &str =
    "verdict,path,from,evidence,old_size,new_size,old_modified_at,new_modified_at,old_digest,new_digest\r\n";

/// Which differences are wanted, of a page as well.
pub(super) struct Wanted {
    change: Option<Change>,
    /// Finds a part of the path; without one it is everywhere.
    q: Finder<'static>,
}

impl Wanted {
    /// Those with this change, and with these bytes in a path; none for all.
    pub(super) fn new(change: Option<Change>, q: &[u8]) -> Self {
        Self { change, q: Finder::new(q).into_owned() }
    }

    pub(super) fn wants(&self, item: &Difference) -> bool {
        let has_q = |path: &Vec<u8>| self.q.find(path).is_some();
        let is_of_change = self.change.is_none_or(|change| item.change == change);
        is_of_change && (has_q(&item.path) || item.content_from.as_ref().is_some_and(has_q))
    }
}

/// A comparison that is being sent.
pub(super) struct Export {
    pub(super) jobs: [JobId; 2],
    pub(super) comparison: Arc<Comparison>,
    pub(super) wanted: Wanted,
    pub(super) form: LineForm,
    /// Held until the end: the comparison stays in memory until then.
    pub(super) _permit: Permit,
}

/// The last line.
#[derive(Serialize)]
struct Summary {
    old: JobId,
    new: JobId,
    counts: Counts,
    /// The lines before it.
    items: usize,
    #[serde(skip_serializing_if = "is_zero")]
    untraced: u64,
}

/// How far the answer is.
#[derive(Clone, Copy)]
struct Step {
    from: usize,
    written: usize,
}

impl Export {
    pub(super) fn answer(self) -> HttpResponse {
        let (media_type, disposition) = (self.form.media_type(), self.form.attachment("comparison"));
        HttpResponse::Ok().content_type(media_type).insert_header(disposition).streaming(self.parts())
    }

    /// The answer in pieces. Other requests of the thread go on between them: of a million differences that nobody wants,
    /// none has a byte to wait for.
    fn parts(self) -> impl Stream<Item = Result<Bytes, ApiError>> {
        let first = Some(Step { from: 0, written: 0 });
        stream::try_unfold((self, first), |(export, step)| async move {
            let Some(step) = step else { return Ok(None) };
            tokio::task::yield_now().await;
            let (part, next) = export.part(step)?;
            Ok(Some((part, (export, next))))
        })
    }

    /// The lines of a step, and the step after it; the last one is the summary.
    fn part(&self, step: Step) -> Result<(Bytes, Option<Step>), ApiError> {
        let mut out = Vec::new();
        if step.from == 0 && self.form == LineForm::Csv {
            out.extend_from_slice(COLUMNS.as_bytes());
        }
        let items = &self.comparison.items;
        let end = items.len().min(step.from + STEP);
        let mut written = step.written;
        for item in items[step.from..end].iter().filter(|item| self.wanted.wants(item)) {
            self.write(&mut out, item)?;
            written += 1;
        }
        let next = (end < items.len()).then_some(Step { from: end, written });
        if next.is_none() {
            self.write_summary(&mut out, written)?;
        }
        Ok((Bytes::from(out), next))
    }

    fn write(&self, out: &mut Vec<u8>, item: &Difference) -> Result<(), ApiError> {
        match self.form {
            LineForm::Ndjson => write_json(out, item),
            LineForm::Csv => {
                write_row(out, item);
                Ok(())
            }
        }
    }

    fn write_summary(&self, out: &mut Vec<u8>, items: usize) -> Result<(), ApiError> {
        let [old, new] = self.jobs;
        let (counts, untraced) = (self.comparison.counts, self.comparison.untraced);
        match self.form {
            LineForm::Ndjson => {
                let summary = Summary { old, new, counts, items, untraced };
                write_json(out, &serde_json::json!({ "summary": summary }))
            }
            LineForm::Csv => {
                let mut told = format!("{items} rows, {} unchanged", counts.unchanged);
                if untraced > 0 {
                    told += &format!(", {untraced} may be copies");
                }
                write!(out, "summary,,,\"{told}\",,,,,,\r\n").map_err(ApiError::internal)
            }
        }
    }
}

fn write_json(out: &mut Vec<u8>, line: &impl Serialize) -> Result<(), ApiError> {
    serde_json::to_writer(&mut *out, line).map_err(ApiError::internal)?;
    out.push(b'\n');
    Ok(())
}

/// Appends a row. Names are exact bytes; a digest is the first one, after its algorithm and a colon.
fn write_row(out: &mut Vec<u8>, item: &Difference) {
    let sides = [item.old.as_ref(), item.new.as_ref()];
    let evidence = item.evidence.map(|evidence| evidence.to_string()).unwrap_or_default();
    out.extend_from_slice(item.change.name().as_bytes());
    let from = item.content_from.as_deref().unwrap_or_default();
    for field in [&item.path, from, evidence.as_bytes()] {
        out.push(b',');
        write_field(out, field);
    }
    for of_side in [size, modified_at, digest] {
        for side in sides {
            out.push(b',');
            out.extend_from_slice(side.and_then(of_side).unwrap_or_default().as_bytes());
        }
    }
    out.extend_from_slice(b"\r\n");
}

fn size(side: &Glimpse) -> Option<String> {
    side.known.size.map(|size| size.to_string())
}

fn modified_at(side: &Glimpse) -> Option<String> {
    side.known.mtime_ns.and_then(FileTime::from_ns).map(|time| time.to_string())
}

fn digest(side: &Glimpse) -> Option<String> {
    let first = side.digests.first()?;
    Some(format!("{}:{}", first.tag()?.name(), hex::encode(first.as_bytes())))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
pub(super) const fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt as _;
    use hivesum_actors::limits::Permits;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    /// So many added files, of which some may be copies.
    fn export(count: usize, untraced: u64, q: &str, form: LineForm) -> Export {
        let item = |number: usize| Difference {
            change: Change::Added,
            path: format!("{number}").into_bytes(),
            content_from: None,
            evidence: None,
            old: None,
            new: None,
        };
        let mut comparison = Comparison::default();
        (comparison.items, comparison.untraced) = ((0..count).map(item).collect(), untraced);
        let id = || "0197a2b4-6d3c-7000-8000-000000000001".parse().unwrap();
        Export {
            jobs: [id(), id()],
            comparison: Arc::new(comparison),
            wanted: Wanted::new(None, q.as_bytes()),
            form,
            _permit: Permits::new(1, 1).take(None).unwrap(),
        }
    }

    #[tokio::test]
    async fn a_search_that_finds_nothing_lets_other_requests_go_on_between_its_steps() {
        let mut parts = pin!(export(3 * STEP, 0, "x", LineForm::Ndjson).parts());
        let (mut pauses, mut text) = (0, Vec::new());
        loop {
            match parts.as_mut().poll_next(&mut Context::from_waker(Waker::noop())) {
                Poll::Pending => pauses += 1,
                Poll::Ready(Some(part)) => text.extend_from_slice(&part.unwrap()),
                Poll::Ready(None) => break,
            }
        }
        assert!(pauses >= 3 && text.starts_with(b"{\"summary\":"), "{pauses}");
    }

    #[tokio::test]
    async fn the_last_row_of_csv_says_how_many_files_may_be_copies() {
        let parts: Vec<_> = export(1, 2, "", LineForm::Csv).parts().collect().await;
        let text: Vec<u8> = parts.into_iter().flat_map(Result::unwrap).collect();
        let rows = String::from_utf8(text).unwrap();
        assert_eq!(rows.lines().last(), Some("summary,,,\"1 rows, 0 unchanged, 2 may be copies\",,,,,,"));
    }
}
