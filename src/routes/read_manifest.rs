//! `POST /manifests/read`: the entries of a checksum file, as every command reads them. Nothing is stored.
//!
//! The page compares uploads with them. A digest that does not name its algorithm leaves with the algorithms that it may
//! be of, so that no client has to guess; lines that are not entries are counted and said, as everywhere.

use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use hivesum_actors::error::ManifestRefused;
use hivesum_core::digest::Algorithm;
use hivesum_core::manifest::{
    Candidates, Claimed, Limits, LinesNotRead, ManifestReader, NamedDigests, NotRead, ReadOptions, Record, UnreadLines,
};
use hivesum_core::result::serialize_name;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::schemas;
use crate::request::{PacedBody, Query, read_manifest_text};
use crate::service::Service;

/// The most entries of one answer.
const MOST_ENTRIES: usize = 100_000;

#[utoipa::path(
    post, path = "/api/v1/manifests/read", tag = "hashing", operation_id = "read_manifest",
    summary = "Read a checksum file",
    description = "The body is a checksum file of any form; its form is detected from its name and content. Nothing is \
        stored and no file is opened. An untagged digest has `candidates`, the algorithms with that length that the \
        name of the file leaves; the files that match it narrow them. Signatures are not verified.",
    params(
        ("name" = Option<String>, Query, description = "The name of the checksum file, which may tell its form and its algorithm.", example = "SHA256SUMS"),
    ),
    request_body(description = "The checksum file, at most 64 MiB, 1,000,000 lines and 100,000 entries.", content(
        (inline(schemas::Bytes) = "application/octet-stream", example = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  abc.txt\n"),
        (inline(schemas::ManifestText) = "text/plain"),
    )),
    responses((status = 200, description = "The entries; none if it is not a checksum file.", body = schemas::ManifestRead)),
    extensions(("x-codes" = json!([
        "manifest_invalid", "body_too_slow", "too_large", "unsupported_media_type", "queue_full", "draining",
    ]))),
)]
pub(super) async fn read_manifest(
    request: HttpRequest,
    payload: Payload,
    caller: ReqData<Caller>,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    service.admit_work()?;
    let mut query = Query::of(&request)?;
    let name = query.bytes("name").unwrap_or_default();
    query.finish()?;
    let permit = service.manifest_for(&caller)?;
    let body =
        PacedBody::open(&request, payload, service.manifest_rules())?.within(service.bandwidth.clone(), caller.key);
    let text = read_manifest_text(&request, body).await?;
    if text.is_empty() {
        return Err(ApiError::ManifestInvalid { line: None, why: "the body is empty".to_owned() });
    }
    let read = tokio::task::spawn_blocking(move || {
        // Held to the end of the reading: the text is in memory until then, even if the client has gone.
        let _permit = permit;
        serde_json::to_vec(&ManifestRead::of(&text, &name)?).map_err(ApiError::internal)
    });
    let json = read.await.map_err(ApiError::internal)??;
    Ok(HttpResponse::Ok().content_type("application/json").body(json))
}

/// What was read.
#[derive(serde::Serialize)]
struct ManifestRead {
    form: &'static str,
    algorithm: Option<&'static str>,
    entries: Vec<Entry>,
    lines_not_read: UnreadLines,
}

impl ManifestRead {
    /// Reads a checksum file with this name.
    fn of(text: &[u8], name: &[u8]) -> Result<Self, ApiError> {
        let refused = |error| ApiError::from(ManifestRefused::from(error));
        let reader = ManifestReader::detecting(text, name, ReadOptions::new(Limits::REQUEST));
        let mut reader = reader.map_err(refused)?;
        let candidates = reader.candidates().clone();
        let (mut entries, mut not_read) = (Vec::new(), LinesNotRead::default());
        while let Some((line, record)) = reader.next_record().map_err(refused)? {
            match record {
                Ok(_) if entries.len() == MOST_ENTRIES => {
                    return Err(ApiError::ManifestTooLong { limit: MOST_ENTRIES as u64, line: Some(line) });
                }
                Ok(record) if record.digests.iter().all(can_match) => entries.push(Entry::of(record, &candidates)),
                Ok(_) => not_read.add(line, NotRead::Malformed),
                Err(why) => not_read.add(line, why),
            }
        }
        let algorithm = candidates.algorithm().map(Algorithm::name);
        Ok(Self {
            form: reader.form().name(),
            algorithm,
            entries,
            lines_not_read: UnreadLines::of(&not_read, &[]).unwrap_or_default(),
        })
    }
}

/// Whether a file can have the digest; base64 may have bits left over that none has.
fn can_match(claimed: &Claimed) -> bool {
    claimed.is(claimed.as_bytes())
}

/// An entry of the checksum file.
struct Entry {
    name: Vec<u8>,
    size: Option<u64>,
    tagged: Vec<Claimed>,
    untagged: Vec<Untagged>,
}

/// A digest that does not name its algorithm.
#[derive(serde::Serialize)]
struct Untagged {
    hex: String,
    candidates: Vec<&'static str>,
}

impl Entry {
    fn of(record: &Record, candidates: &Candidates) -> Self {
        let (tagged, others): (Vec<_>, Vec<_>) = record.digests.iter().partition(|digest| digest.tag().is_some());
        let untagged = |claimed: &Claimed| {
            let of = candidates.of(claimed).into_iter().flat_map(|set| set.iter().collect::<Vec<_>>());
            Untagged { hex: hex::encode(claimed.as_bytes()), candidates: of.map(Algorithm::name).collect() }
        };
        let untagged = others.iter().map(untagged).collect();
        Self { name: record.name.clone(), size: record.size, tagged, untagged }
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        serialize_name(&mut map, "path", "path_b64", &self.name)?;
        if let Some(size) = self.size {
            map.serialize_entry("size", &size)?;
        }
        map.serialize_entry("digests", &NamedDigests(&self.tagged))?;
        map.serialize_entry("untagged", &self.untagged)?;
        map.end()
    }
}
