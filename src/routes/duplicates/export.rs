//! All groups of duplicates as lines: NDJSON, or CSV with a row for each name. The last line is a summary, so that an
//! answer that was cut is recognised.
//!
//! Rows are read in small steps between which no transaction is open; they do not change after the end of a job. If the
//! job is deleted meanwhile, the answer breaks off. Decides the forms, not which groups there are.

use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use futures_util::{StreamExt as _, stream};
use hivesum_actors::job::JobId;
use hivesum_actors::limits::Permit;
use hivesum_core::compare::Group;
use hivesum_core::digest::Algorithm;
use hivesum_core::manifest::csv::write_field;
use hivesum_core::result::Item;
use serde::Serialize;

use super::group::{NAMES_SHOWN, Names, items_at, show};
use crate::error::ApiError;
use crate::request::headers::LineForm;
use crate::service::Service;

/// The groups of a job that are being sent.
pub(super) struct Export {
    pub(super) service: Data<Service>,
    pub(super) job: JobId,
    pub(super) algorithm: Algorithm,
    pub(super) groups: Arc<Vec<Group>>,
    pub(super) form: LineForm,
    /// Held until the end: the groups stay in memory until then.
    pub(super) _permit: Permit,
}

/// The last line.
#[derive(Serialize)]
struct Summary {
    algorithm: Algorithm,
    groups: usize,
    names: usize,
    reclaimable_bytes: u64,
}

/// Names that are read in one step, all of one group.
#[derive(Debug, Clone, Copy)]
struct Step {
    group: usize,
    from: usize,
}

impl Export {
    /// Reads the first names before the head is sent, so that a damaged store gives an error and not a truncated answer.
    pub(super) async fn answer(self) -> Result<HttpResponse, ApiError> {
        let (media_type, disposition) = (self.form.media_type(), self.form.attachment("duplicates"));
        let (first, next) = self.part(Step { group: 0, from: 0 }).await?;
        let rest = stream::try_unfold((self, next), |(export, step)| async move {
            let Some(step) = step else { return Ok(None) };
            let (part, next) = export.part(step).await?;
            Ok::<_, ApiError>(Some((part, (export, next))))
        });
        let first = stream::iter([Ok(first)]);
        Ok(HttpResponse::Ok().content_type(media_type).insert_header(disposition).streaming(first.chain(rest)))
    }

    /// The lines of a step, and the step after it; the last one is followed by the summary.
    async fn part(&self, step: Step) -> Result<(Bytes, Option<Step>), ApiError> {
        let mut out = Vec::new();
        if (step.group, step.from, self.form) == (0, 0, LineForm::Csv) {
            out.extend_from_slice(b"group,digest,size,file,path\r\n");
        }
        let Some(group) = self.groups.get(step.group) else {
            self.write_summary(&mut out)?;
            return Ok((Bytes::from(out), None));
        };
        let names = step.from..(step.from + NAMES_SHOWN).min(group.places.len());
        let items = items_at(&self.service, self.job, group.places[names.clone()].to_vec()).await?;
        let is_last = names.end == group.places.len();
        self.write(&mut out, step.group, names.clone(), items)?;
        let next = match is_last {
            true => Step { group: step.group + 1, from: 0 },
            false => Step { from: names.end, ..step },
        };
        Ok((Bytes::from(out), Some(next)))
    }

    fn write(&self, out: &mut Vec<u8>, number: usize, names: Range<usize>, items: Vec<Item>) -> Result<(), ApiError> {
        let group = &self.groups[number];
        match self.form {
            LineForm::Ndjson => {
                let line = show(group, self.algorithm, Names { from: names.start, items });
                serde_json::to_writer(&mut *out, &line).map_err(ApiError::internal)?;
                out.push(b'\n');
            }
            LineForm::Csv => {
                for (item, file) in items.iter().zip(&group.file_numbers[names]) {
                    let digest = item.as_ref().digest(self.algorithm).map(hex::encode).unwrap_or_default();
                    write!(out, "{number},{digest},{},{file},", group.size).map_err(ApiError::internal)?;
                    write_field(out, &item.path);
                    out.extend_from_slice(b"\r\n");
                }
            }
        }
        Ok(())
    }

    fn write_summary(&self, out: &mut Vec<u8>) -> Result<(), ApiError> {
        let summary = Summary {
            algorithm: self.algorithm,
            groups: self.groups.len(),
            names: self.groups.iter().map(|group| group.places.len()).sum(),
            reclaimable_bytes: self.groups.iter().map(|group| group.reclaimable_bytes).sum(),
        };
        let Summary { algorithm, groups, reclaimable_bytes, .. } = &summary;
        match self.form {
            LineForm::Ndjson => {
                serde_json::to_writer(&mut *out, &serde_json::json!({ "summary": summary }))
                    .map_err(ApiError::internal)?;
                out.push(b'\n');
                Ok(())
            }
            LineForm::Csv => write!(out, "summary,{},{reclaimable_bytes},{groups},\r\n", algorithm.name())
                .map_err(ApiError::internal),
        }
    }
}
