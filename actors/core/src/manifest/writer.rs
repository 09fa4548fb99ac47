//! [`ManifestWriter`] writes all formats: it appends the start, the entries and the end of a manifest to the caller's
//! buffer. The command line and the service use it.

use super::entry::Claimed;
use super::forms::{mtree, wheel_record};
use super::json::Position;
use super::record::Record;
use super::{
    Format, FormatMismatch, LineEnd, NotRepresentable, RememberedFilters, b3sum, bagit, bsd, csv, gnu, hashdeep, json,
    ndjson, sfv,
};
use crate::digest::{Algorithms, Digest};
use crate::result::{ItemRef, Status, Summary, split_digests};

/// Writes results in one format. It keeps no results, so it must be called in the order of the output.
#[derive(Debug)]
pub struct ManifestWriter {
    format: Format,
    algorithms: Algorithms,
    end: LineEnd,
    position: Position,
    names: bagit::Names,
    filters: RememberedFilters,
    /// The directory of the last line of an mtree specification.
    mtree: mtree::Writer,
    /// The digests of one item in the order of `algorithms`, if the item has others or another order.
    chosen: Vec<u8>,
}

impl ManifestWriter {
    /// A writer of digests of these algorithms; the results may have more. In a bag's manifest `data/` is added before
    /// the names.
    ///
    /// # Errors
    /// [`FormatMismatch`] if the format cannot carry the algorithms.
    pub fn new(format: Format, algorithms: Algorithms, end: LineEnd) -> Result<Self, FormatMismatch> {
        format.carries(&algorithms)?;
        let (names, filters) = (bagit::Names::WithinPayload, RememberedFilters::default());
        let (position, mtree) = (Position::First, mtree::Writer::default());
        Ok(Self { format, algorithms, end, position, names, filters, mtree, chosen: Vec::new() })
    }

    /// The same, but the manifest remembers these globs if its format can: JSON, NDJSON and hashdeep.
    #[must_use]
    pub fn remembering(self, filters: RememberedFilters) -> Self {
        Self { filters, ..self }
    }

    /// The same, but a bag's manifest gets the names as they are.
    #[must_use]
    pub fn keeping_names(self) -> Self {
        Self { names: bagit::Names::WithinBag, ..self }
    }

    /// Appends the start of the manifest.
    pub fn begin(&self, out: &mut Vec<u8>) {
        match self.format {
            Format::Csv => csv::write_header(out, &self.algorithms),
            Format::Json => json::write_start(out, &self.algorithms, &self.filters),
            Format::Hashdeep => hashdeep::write_header(out, &self.algorithms, &self.filters),
            Format::Mtree => mtree::Writer::write_header(out),
            Format::Gnu | Format::Bsd | Format::B3sum | Format::Sfv | Format::Bagit | Format::Ndjson => {}
            Format::WheelRecord | Format::OcflSidecar => {}
        }
    }

    /// Appends one result. Only JSON and NDJSON can carry results without a digest; in other formats they are left out.
    ///
    /// # Errors
    /// [`NotRepresentable`] if the format cannot carry the name. Nothing is written then.
    pub fn item(&mut self, out: &mut Vec<u8>, item: &ItemRef<'_>) -> Result<(), NotRepresentable> {
        let Self { format, algorithms, end, position, names, mtree, chosen, .. } = self;
        let narrowed;
        let item = if item.algorithms == algorithms {
            item
        } else {
            choose(item, algorithms, chosen);
            narrowed = ItemRef { digests: chosen, algorithms, ..*item };
            &narrowed
        };
        let hashed = matches!(item.status, Status::Hashed(_));
        match format {
            Format::Json => json::write_item(out, item, std::mem::replace(position, Position::Later)),
            Format::Ndjson => ndjson::write_item(out, item),
            _ if !hashed => {}
            Format::Gnu => gnu::write_line(out, item.path, item.digests, *end),
            Format::B3sum => b3sum::write_line(out, item.path, item.digests)?,
            Format::Sfv => sfv::write_line(out, item.path, item.digests)?,
            Format::Bagit => bagit::write_line(out, without_dot(item.path), *names, item.digests)?,
            Format::Hashdeep => {
                let digests: Vec<Digest> = split_digests(item.digests, algorithms).collect();
                let size = item.meta.known_size();
                let size = size.ok_or(NotRepresentable { format: *format, why: "has no size" })?;
                hashdeep::write_line(out, item.path, size, &digests)?;
            }
            Format::Csv => {
                let row = csv::Row { name: item.path, size: item.meta.known_size(), modified_at: item.modified_at() };
                csv::write_row(out, row, split_digests(item.digests, algorithms).map(Some));
            }
            Format::Bsd => write_tagged(out, item.path, split_digests(item.digests, algorithms), *end),
            Format::Mtree => write_mtree(out, mtree, &record_of(item))?,
            Format::WheelRecord => {
                write_wheel_row(out, &record_of(&ItemRef { path: without_dot(item.path), ..*item }))?;
            }
            Format::OcflSidecar => gnu::write_reversed_line(out, item.path, item.digests)?,
        }
        Ok(())
    }

    /// Appends one record: its digests of this writer's algorithms, and what else the format can carry.
    ///
    /// # Errors
    /// [`NotRepresentable`] if the format cannot carry the record. Nothing is written then.
    pub fn record(&mut self, out: &mut Vec<u8>, record: &Record) -> Result<(), NotRepresentable> {
        let Self { format, algorithms, end, position, names, mtree, .. } = self;
        let refuse = |why| Err(NotRepresentable { format: *format, why });
        let digests: Vec<Option<Digest>> = algorithms.iter().map(|one| digest_of(record, one)).collect();
        let known = || digests.iter().flatten();
        match (*format, known().next()) {
            (Format::Json, _) => json::write_element(out, record, std::mem::replace(position, Position::Later)),
            (Format::Ndjson, _) => ndjson::write_line(out, record),
            (Format::Csv, Some(_)) => {
                let row = csv::Row { name: &record.name, size: record.size, modified_at: record.modified_at };
                csv::write_row(out, row, digests.iter().copied());
            }
            (Format::Bsd, Some(_)) => write_tagged(out, &record.name, known().copied(), *end),
            (Format::Hashdeep, Some(_)) if digests.contains(&None) => return refuse("lacks one of the digests"),
            (Format::Hashdeep, Some(_)) => {
                let Some(size) = record.size else { return refuse("has no size") };
                let digests: Vec<Digest> = known().copied().collect();
                hashdeep::write_line(out, &record.name, size, &digests)?;
            }
            (Format::Gnu, Some(digest)) => gnu::write_line(out, &record.name, digest.as_bytes(), *end),
            (Format::B3sum, Some(digest)) => b3sum::write_line(out, &record.name, digest.as_bytes())?,
            (Format::Sfv, Some(digest)) => sfv::write_line(out, &record.name, digest.as_bytes())?,
            (Format::Bagit, Some(digest)) => bagit::write_line(out, &record.name, *names, digest.as_bytes())?,
            (Format::Mtree, Some(_)) => write_mtree(out, mtree, record)?,
            (Format::WheelRecord, Some(_)) => write_wheel_row(out, record)?,
            (Format::OcflSidecar, Some(digest)) => gnu::write_reversed_line(out, &record.name, digest.as_bytes())?,
            (_, None) => return refuse("has no digest"),
        }
        Ok(())
    }

    /// Appends the end of the manifest.
    pub fn end(&self, out: &mut Vec<u8>, summary: &Summary) {
        match self.format {
            Format::Json => json::write_end(out, summary),
            Format::Ndjson if self.filters.is_empty() => ndjson::write_summary(out, summary),
            Format::Ndjson => ndjson::write_summary_and_filters(out, summary, &self.filters),
            Format::Gnu
            | Format::Bsd
            | Format::B3sum
            | Format::Hashdeep
            | Format::Sfv
            | Format::Bagit
            | Format::Csv
            | Format::Mtree
            | Format::WheelRecord
            | Format::OcflSidecar => {}
        }
    }
}

fn digest_of(record: &Record, algorithm: crate::digest::Algorithm) -> Option<Digest> {
    Digest::new(algorithm, record.digest_of(algorithm)?.as_bytes()).ok()
}

/// The name without a leading `./`, which neither bags nor wheels have, and which a walk of `.` begins with.
fn without_dot(mut path: &[u8]) -> &[u8] {
    while let Some(rest) = path.strip_prefix(b"./") {
        path = rest;
    }
    path
}

/// Copies the item's digests of `algorithms` to `chosen`, in their order.
fn choose(item: &ItemRef<'_>, algorithms: &Algorithms, chosen: &mut Vec<u8>) {
    chosen.clear();
    for algorithm in algorithms {
        let at = item.algorithms.position(algorithm);
        let digest = at.and_then(|at| item.digests.get(at..at + algorithm.digest_bytes()));
        chosen.extend_from_slice(digest.unwrap_or_default());
    }
}

/// What a record has of a result.
fn record_of(item: &ItemRef<'_>) -> Record {
    let digests = split_digests(item.digests, item.algorithms).map(Claimed::of).collect();
    let (name, size, modified_at) = (item.path.to_vec(), item.meta.known_size(), item.modified_at());
    Record { name, size, modified_at, digests, ..Record::default() }
}

fn write_mtree(out: &mut Vec<u8>, writer: &mut mtree::Writer, record: &Record) -> Result<(), NotRepresentable> {
    writer.write_line(out, record).map_err(|why| NotRepresentable { format: Format::Mtree, why })
}

fn write_wheel_row(out: &mut Vec<u8>, record: &Record) -> Result<(), NotRepresentable> {
    let refuse = |why| NotRepresentable { format: Format::WheelRecord, why };
    let digest = record.digests.iter().find_map(|one| Digest::new(one.tag()?, one.as_bytes()).ok());
    let digest = digest.ok_or(refuse("has no digest"))?;
    wheel_record::write_row(out, &record.name, digest, record.size).map_err(refuse)
}

fn write_tagged(out: &mut Vec<u8>, name: &[u8], digests: impl Iterator<Item = Digest>, end: LineEnd) {
    for digest in digests {
        let line = bsd::Tagged { name, algorithm: digest.algorithm(), digest: digest.as_bytes() };
        bsd::write_line(out, line, end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::Origin;
    use crate::result::{ErrorCode, FileMeta, SkipReason, Stability};

    const HASHED: Status = Status::Hashed(Stability::Stable);
    const FAILED: Status = Status::Error { code: ErrorCode::Permission, errno: 13 };
    const SKIPPED: Status = Status::Skipped(SkipReason::Symlink);

    fn write(format: Format, wanted: &str) -> String {
        let carried: Algorithms = "crc32,xxh3_64".parse().unwrap();
        let mut writer = ManifestWriter::new(format, wanted.parse().unwrap(), LineEnd::Newline).unwrap();
        let digests = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
        let item = |path, status, digests| {
            let meta = FileMeta::default();
            ItemRef { path, meta, status, digests, algorithms: &carried, origin: Origin::Read, fixity: None }
        };
        let mut out = Vec::new();
        writer.begin(&mut out);
        writer.item(&mut out, &item(b"a\nb", HASHED, &digests)).unwrap();
        writer.item(&mut out, &item(b"bad", FAILED, &[])).unwrap();
        writer.item(&mut out, &item(b"link", SKIPPED, &[])).unwrap();
        writer.item(&mut out, &item(b"c", HASHED, &digests)).unwrap();
        writer.end(
            &mut out,
            &Summary {
                files: 4,
                hashed: 2,
                errors: 1,
                skipped: 1,
                bytes: 0,
                elapsed_ms: 7,
                complete: true,
                ..Summary::default()
            },
        );
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn checksum_lines_carry_what_has_a_digest_and_only_the_algorithms_wanted() {
        assert_eq!(write(Format::Gnu, "crc32"), "\\00010203  a\\nb\n00010203  c\n");
        assert_eq!(write(Format::Bsd, "xxh3_64"), "\\XXH3 (a\\nb) = 0405060708090a0b\nXXH3 (c) = 0405060708090a0b\n");
        let both = write(Format::Bsd, "crc32,xxh3_64");
        assert!(both.ends_with("CRC32 (c) = 00010203\nXXH3 (c) = 0405060708090a0b\n"), "{both}");
        assert_eq!(
            write(Format::Csv, "crc32"),
            "path,size,modified_at,crc32\r\n\"a\nb\",0,,00010203\r\nc,0,,00010203\r\n"
        );
    }

    #[test]
    fn json_and_ndjson_carry_every_result_and_a_summary() {
        let document: serde_json::Value = serde_json::from_str(&write(Format::Json, "crc32")).unwrap();
        assert_eq!(document["algorithms"], serde_json::json!(["crc32"]));
        let items = document["items"].as_array().unwrap();
        assert_eq!(items.len(), 4);
        assert_eq!(items[0]["digests"], serde_json::json!({"crc32": "00010203"}));
        assert_eq!(document["summary"]["errors"], 1);

        let lines = write(Format::Ndjson, "crc32");
        let lines: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[..4], items[..]);
        assert_eq!(lines[4]["summary"], document["summary"]);
    }

    #[test]
    fn an_empty_document_is_still_one() {
        let writer = ManifestWriter::new(Format::Json, Algorithms::default(), LineEnd::Newline).unwrap();
        let mut out = Vec::new();
        writer.begin(&mut out);
        writer.end(&mut out, &Summary::default());
        let document: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(document["items"], serde_json::json!([]));
    }
}
