//! Groups for people, or one document for programs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hivesum_actors::job::scan::NameList;
use indicatif::HumanBytes;
use serde::Serialize;

use super::stages::{Found, algorithms};
use crate::cli::screen::Screen;
use crate::cli::shape::Shape;

#[derive(Serialize)]
struct Document<'a> {
    algorithm: &'static str,
    groups: Vec<GroupShown<'a>>,
    total: usize,
    reclaimable_bytes: u64,
}

#[derive(Serialize)]
struct GroupShown<'a> {
    digest: String,
    size: u64,
    count: u64,
    reclaimable_bytes: u64,
    paths: Vec<std::borrow::Cow<'a, str>>,
    /// The exact bytes of each path, where one of them is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    paths_b64: Option<Vec<String>>,
}

pub(super) fn write(out: &mut Vec<u8>, found: &[Found], names: &NameList, shape: Shape, screen: &Screen) {
    let reclaimable_bytes = found.iter().map(|found| found.group.reclaimable_bytes).sum();
    match shape {
        Shape::Json => {
            let groups: Vec<_> = found.iter().map(|found| shown(found, names)).collect();
            let algorithm = algorithms().first().name();
            let document = Document { algorithm, total: groups.len(), groups, reclaimable_bytes };
            serde_json::to_writer(&mut *out, &document).expect("a vector takes every write, and keys are strings");
            out.push(b'\n');
        }
        Shape::Human => {
            for found in found {
                out.extend_from_slice(in_words(found, names, screen).as_bytes());
            }
            let line = format!("{} groups, {} reclaimable\n", found.len(), HumanBytes(reclaimable_bytes));
            out.extend_from_slice(line.as_bytes());
        }
    }
}

fn paths<'a>(found: &'a Found, names: &'a NameList) -> impl Iterator<Item = &'a [u8]> {
    found.group.places.iter().filter_map(|&place| names.get(usize::try_from(place).ok()?))
}

fn shown<'a>(found: &'a Found, names: &'a NameList) -> GroupShown<'a> {
    let exact = paths(found, names).any(|path| std::str::from_utf8(path).is_err());
    GroupShown {
        digest: hex::encode(&found.digest),
        size: found.group.size,
        count: found.group.count,
        reclaimable_bytes: found.group.reclaimable_bytes,
        paths: paths(found, names).map(String::from_utf8_lossy).collect(),
        paths_b64: exact.then(|| paths(found, names).map(|path| STANDARD.encode(path)).collect()),
    }
}

fn in_words(found: &Found, names: &NameList, screen: &Screen) -> String {
    let group = &found.group;
    let (reclaimable, size) = (HumanBytes(group.reclaimable_bytes), HumanBytes(group.size));
    let mut text = format!("{reclaimable} reclaimable, {} copies of {size}\n", group.count);
    for path in paths(found, names) {
        text += &format!("  {}\n", screen.quoted(path));
    }
    text + "\n"
}
