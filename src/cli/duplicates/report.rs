//! The output of duplicates: groups for people, one JSON document for programs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hivesum_core::compare::Group;
use hivesum_core::digest::Algorithm;
use indicatif::HumanBytes;
use serde::Serialize;

use crate::cli::output::{ReportFormat, push_json};
use crate::cli::terminal::Terminal;

#[derive(Serialize)]
struct Document<'a> {
    algorithm: &'static str,
    groups: Vec<JsonGroup<'a>>,
    total: usize,
    reclaimable_bytes: u64,
}

#[derive(Serialize)]
struct JsonGroup<'a> {
    digest: String,
    size: u64,
    count: u64,
    reclaimable_bytes: u64,
    paths: Vec<std::borrow::Cow<'a, str>>,
    /// For each path the number of its file within the group: paths with the same number are hard links to one file.
    file_numbers: &'a [u64],
    /// The exact bytes of each path, if one of them is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    paths_b64: Option<Vec<String>>,
}

/// Files with the same content, and their names.
pub(super) struct Found<'a> {
    pub(super) group: &'a Group,
    pub(super) digest: &'a [u8],
    pub(super) names: Vec<&'a [u8]>,
}

/// The groups of a report, and the algorithm that compared their files.
pub(super) struct Duplicates<'a> {
    pub(super) groups: &'a [Found<'a>],
    pub(super) algorithm: Algorithm,
}

/// Writes the report.
pub(super) fn write(out: &mut Vec<u8>, duplicates: &Duplicates<'_>, format: ReportFormat, terminal: &Terminal) {
    let Duplicates { groups: found, algorithm } = duplicates;
    let reclaimable_bytes = found.iter().map(|found| found.group.reclaimable_bytes).sum();
    match format {
        ReportFormat::Json => {
            let groups: Vec<_> = found.iter().map(json_group).collect();
            let document = Document { algorithm: algorithm.name(), total: groups.len(), groups, reclaimable_bytes };
            push_json(out, &document);
            out.push(b'\n');
        }
        ReportFormat::Human => {
            for found in *found {
                out.extend_from_slice(lines(found, terminal).as_bytes());
            }
            let line = format!("{} groups, {} reclaimable\n", found.len(), HumanBytes(reclaimable_bytes));
            out.extend_from_slice(line.as_bytes());
        }
    }
}

fn json_group<'a>(found: &Found<'a>) -> JsonGroup<'a> {
    let names = &found.names;
    let exact = names.iter().any(|name| std::str::from_utf8(name).is_err());
    JsonGroup {
        digest: hex::encode(found.digest),
        size: found.group.size,
        count: found.group.count,
        reclaimable_bytes: found.group.reclaimable_bytes,
        paths: names.iter().map(|name| String::from_utf8_lossy(name)).collect(),
        file_numbers: &found.group.file_numbers,
        paths_b64: exact.then(|| names.iter().map(|name| STANDARD.encode(name)).collect()),
    }
}

fn lines(found: &Found<'_>, terminal: &Terminal) -> String {
    let group = found.group;
    let (reclaimable, size) = (HumanBytes(group.reclaimable_bytes), HumanBytes(group.size));
    let mut text = format!("{reclaimable} reclaimable, {} copies of {size}\n", group.count);
    let mut firsts: Vec<&[u8]> = Vec::new();
    for (name, &number) in found.names.iter().zip(&group.file_numbers) {
        text += &format!("  {}", terminal.quoted(name));
        match usize::try_from(number).ok().and_then(|number| firsts.get(number)) {
            Some(first) => text += &format!(" (hard link to {})", terminal.quoted(first)),
            // Files are numbered in the order of their first names.
            None => firsts.push(name),
        }
        text.push('\n');
    }
    text + "\n"
}
