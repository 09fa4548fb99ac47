//! One way to write all formats: [`ManifestWriter`] appends to the caller's buffer what begins, continues and
//! ends a manifest. The command line and the service's manifest route both write through it.

use super::json::Place;
use super::{Format, FormatMismatch, LineEnd, NotRepresentable};
use super::{b3sum, bsd, csv, gnu, json, ndjson};
use crate::digest::Algorithms;
use crate::job::item::ItemRef;
use crate::job::rows::{Status, split_digests};
use crate::job::spec::Summary;

/// Writes results in one format. It keeps no results: call it in the order of the output.
#[derive(Debug)]
pub struct ManifestWriter {
    format: Format,
    algorithms: Algorithms,
    end: LineEnd,
    place: Place,
    /// The digests of one item in the order of `algorithms`, where that is not the item's own.
    chosen: Vec<u8>,
}

impl ManifestWriter {
    /// A writer of digests of these algorithms, which may be some of those that the results carry.
    ///
    /// # Errors
    /// [`FormatMismatch`] where the format cannot carry them.
    pub fn new(format: Format, algorithms: Algorithms, end: LineEnd) -> Result<Self, FormatMismatch> {
        format.carries(&algorithms)?;
        Ok(Self { format, algorithms, end, place: Place::First, chosen: Vec::new() })
    }

    /// Appends what stands before the first item.
    pub fn begin(&self, out: &mut Vec<u8>) {
        match self.format {
            Format::Csv => csv::write_header(out, &self.algorithms),
            Format::Json => json::write_start(out, &self.algorithms),
            Format::Gnu | Format::Bsd | Format::B3sum | Format::Ndjson => {}
        }
    }

    /// Appends one result. Only JSON and NDJSON have a place for results without a digest; for the others
    /// these leave no trace.
    ///
    /// # Errors
    /// [`NotRepresentable`] where the format cannot carry the name; nothing is written then.
    pub fn item(&mut self, out: &mut Vec<u8>, item: &ItemRef<'_>) -> Result<(), NotRepresentable> {
        let Self { format, algorithms, end, place, chosen } = self;
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
            Format::Json => json::write_item(out, item, std::mem::replace(place, Place::Later)),
            Format::Ndjson => ndjson::write_item(out, item),
            Format::Gnu | Format::Bsd | Format::B3sum | Format::Csv if !hashed => {}
            Format::Gnu => gnu::write_line(out, item.path, item.digests, *end),
            Format::B3sum => b3sum::write_line(out, item.path, item.digests)?,
            Format::Csv => csv::write_row(out, item),
            Format::Bsd => write_tagged(out, item, *end),
        }
        Ok(())
    }

    /// Appends what stands after the last item.
    pub fn end(&self, out: &mut Vec<u8>, summary: &Summary) {
        match self.format {
            Format::Json => json::write_end(out, summary),
            Format::Ndjson => ndjson::write_summary(out, summary),
            Format::Gnu | Format::Bsd | Format::B3sum | Format::Csv => {}
        }
    }
}

/// Puts the digests of `algorithms` out of the item's own into `chosen`.
fn choose(item: &ItemRef<'_>, algorithms: &Algorithms, chosen: &mut Vec<u8>) {
    chosen.clear();
    for algorithm in algorithms {
        let at = item.algorithms.position(algorithm);
        let digest = at.and_then(|at| item.digests.get(at..at + algorithm.digest_bytes()));
        chosen.extend_from_slice(digest.unwrap_or_default());
    }
}

fn write_tagged(out: &mut Vec<u8>, item: &ItemRef<'_>, end: LineEnd) {
    for digest in split_digests(item.digests, item.algorithms) {
        let line = bsd::Tagged { name: item.path, algorithm: digest.algorithm(), digest: digest.as_bytes() };
        bsd::write_line(out, line, end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ErrorCode, SkipReason};
    use crate::job::rows::{FileMeta, Stability};

    const HASHED: Status = Status::Hashed(Stability::Stable);
    const FAILED: Status = Status::Error { code: ErrorCode::Permission, errno: 13 };
    const SKIPPED: Status = Status::Skipped(SkipReason::Symlink);

    fn write(format: Format, wanted: &str) -> String {
        let carried: Algorithms = "crc32,xxh3_64".parse().unwrap();
        let mut writer = ManifestWriter::new(format, wanted.parse().unwrap(), LineEnd::Newline).unwrap();
        let digests = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
        let item =
            |path, status, digests| ItemRef { path, meta: FileMeta::default(), status, digests, algorithms: &carried };
        let mut out = Vec::new();
        writer.begin(&mut out);
        writer.item(&mut out, &item(b"a\nb", HASHED, &digests)).unwrap();
        writer.item(&mut out, &item(b"bad", FAILED, &[])).unwrap();
        writer.item(&mut out, &item(b"link", SKIPPED, &[])).unwrap();
        writer.item(&mut out, &item(b"c", HASHED, &digests)).unwrap();
        writer.end(
            &mut out,
            &Summary { files: 4, hashed: 2, errors: 1, skipped: 1, bytes: 0, elapsed_ms: 7, complete: true },
        );
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn checksum_lines_carry_what_has_a_digest_and_only_the_algorithms_wanted() {
        assert_eq!(write(Format::Gnu, "crc32"), "\\00010203  a\\nb\n00010203  c\n");
        assert_eq!(
            write(Format::Bsd, "xxh3_64"),
            "\\XXH3-64 (a\\nb) = 0405060708090a0b\nXXH3-64 (c) = 0405060708090a0b\n"
        );
        let both = write(Format::Bsd, "crc32,xxh3_64");
        assert!(both.ends_with("CRC32 (c) = 00010203\nXXH3-64 (c) = 0405060708090a0b\n"), "{both}");
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
