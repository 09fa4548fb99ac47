//! One group of duplicates as the API shows it: in a page, or as a line of an export.
//!
//! Decides the members and how many names one object has; not which groups there are, nor their order.

use hivesum_actors::job::JobId;
use hivesum_core::compare::Group;
use hivesum_core::digest::Algorithm;
use hivesum_core::result::Item;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::service::{NO_SUCH_JOB, Service};

/// The most names that one group lists, and that one line of NDJSON has.
pub(super) const NAMES_SHOWN: usize = 1000;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DuplicateGroup)]
pub(super) struct DuplicateGroup {
    digest: String,
    size: u64,
    /// The number of copies; hard links to one file count as one.
    count: u64,
    reclaimable_bytes: u64,
    /// The number of all names; `paths` lists the first thousand.
    names: u64,
    #[serde(serialize_with = "readable")]
    #[schema(value_type = Vec<String>)]
    paths: Vec<Vec<u8>>,
    /// For each of `paths` the number of its file, counted from 0 within the group: paths with the same number are hard
    /// links to one file.
    file_numbers: Vec<u64>,
    /// Only in NDJSON, where a group with more than a thousand names takes several lines: the index of this line's
    /// first name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    paths_from: Option<usize>,
    /// The exact bytes of each path, if one of them is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    paths_b64: Option<Vec<String>>,
}

/// The results at these positions. None of them if the job was deleted meanwhile.
pub(super) async fn items_at(service: &Service, id: JobId, places: Vec<u64>) -> Result<Vec<Item>, ApiError> {
    let wanted = places.len();
    let items = service.jobs.results_at(id, places).await?;
    if items.len() == wanted { Ok(items) } else { Err(NO_SUCH_JOB) }
}

/// Some names of a group: from this one on.
pub(super) struct Names {
    pub(super) from: usize,
    pub(super) items: Vec<Item>,
}

pub(super) fn show(group: &Group, algorithm: Algorithm, Names { from, items }: Names) -> DuplicateGroup {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let of_first = items.first().and_then(|item| item.as_ref().digest(algorithm)).map(hex::encode);
    let paths: Vec<Vec<u8>> = items.into_iter().map(|item| item.path).collect();
    let exact = paths.iter().any(|path| std::str::from_utf8(path).is_err());
    DuplicateGroup {
        digest: of_first.unwrap_or_default(),
        size: group.size,
        count: group.count,
        reclaimable_bytes: group.reclaimable_bytes,
        names: group.places.len() as u64,
        file_numbers: group.file_numbers[from..from + paths.len()].to_vec(),
        paths_from: (from > 0).then_some(from),
        paths_b64: exact.then(|| paths.iter().map(|path| STANDARD.encode(path)).collect()),
        paths,
    }
}

fn readable<S: Serializer>(paths: &[Vec<u8>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().map(|path| String::from_utf8_lossy(path)))
}
