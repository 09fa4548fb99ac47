//! The globs that a manifest was made with, so that a later audit does not take what they left out for new.
//!
//! Three formats can carry them: JSON as the member `filters` before its items, NDJSON as that member of its summary,
//! hashdeep in a comment. Readers that do not know them ignore all three. The globs are relative to the names of the
//! manifest: after `hivesum hash tree --exclude build` the names begin with `tree/`, and the glob is `/tree/**/build`.

use serde::{Deserialize, Serialize};

use crate::walk::{Filters, GlobInvalid, MAX_GLOBS, literal_glob, seen_from_above};

/// What a comment of a hashdeep file begins with if it carries globs.
const HASHDEEP_COMMENT: &[u8] = b"## hivesum filters: ";

/// The globs that a manifest was made with, relative to its names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedFilters {
    /// Only files that match one of these are in the manifest; none means all.
    #[serde(default)]
    pub include: Vec<String>,
    /// What matches one of these is not in the manifest.
    #[serde(default)]
    pub exclude: Vec<String>,
}

impl RememberedFilters {
    /// Adds the globs of one of the trees in the manifest, relative to that tree. `path` is what its names begin with.
    ///
    /// # Errors
    /// A glob that is not valid, or one too many.
    pub fn add_tree(&mut self, path: &[u8], include: &[String], exclude: &[String]) -> Result<(), GlobInvalid> {
        for (globs, added) in [(&mut self.include, include), (&mut self.exclude, exclude)] {
            for glob in added {
                globs.extend(seen_from_above(path, glob)?);
                bounded(globs)?;
            }
        }
        Ok(())
    }

    /// Adds a file that is in the manifest whatever the globs say. Without include globs that needs none.
    ///
    /// # Errors
    /// One glob too many.
    pub fn add_file(&mut self, name: &[u8]) -> Result<(), GlobInvalid> {
        if !self.include.is_empty() {
            self.include.push(literal_glob(name));
        }
        bounded(&self.include)
    }

    /// The filters for a tree with the names of the manifest, after `prefix` was taken off them.
    ///
    /// # Errors
    /// A glob that is not valid: the manifest is of another program.
    pub fn for_names_after(&self, prefix: &[u8]) -> Result<Filters, GlobInvalid> {
        Ok(Filters::new(&self.include, &self.exclude)?.within(prefix))
    }

    /// What a member `filters` of a JSON manifest carries. `None` if it is of another program.
    pub(super) fn of_json(value: serde_json::Value) -> Option<Self> {
        serde_json::from_value(value).ok()
    }

    /// Whether there is no glob.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }
}

fn bounded(globs: &[String]) -> Result<(), GlobInvalid> {
    match globs.get(MAX_GLOBS) {
        None => Ok(()),
        Some(_) => Filters::new(globs, &[]).map(drop),
    }
}

/// Appends the comment of a hashdeep file.
pub(super) fn write_hashdeep_comment(out: &mut Vec<u8>, filters: &RememberedFilters) {
    out.extend_from_slice(HASHDEEP_COMMENT);
    super::item_json::write_value(out, filters);
    out.push(b'\n');
}

/// The globs that a comment of a hashdeep file carries. `None` for every other line.
#[must_use]
pub fn filters_of_hashdeep_comment(line: &[u8]) -> Option<RememberedFilters> {
    serde_json::from_slice(line.strip_prefix(HASHDEEP_COMMENT)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Format, Limits, LineEnd, ManifestReader, ManifestWriter, ReadOptions};
    use crate::result::Summary;

    fn remembered() -> RememberedFilters {
        let globs = |globs: &[&str]| globs.iter().map(|&glob| glob.to_owned()).collect::<Vec<_>>();
        let mut filters = RememberedFilters::default();
        filters.add_tree(b"tree", &globs(&["*.{rs,\"}"]), &globs(&["build/", "/\u{e9}", "path"])).unwrap();
        filters.add_file(b"na[m]ed").unwrap();
        filters
    }

    fn written(format: Format) -> Vec<u8> {
        let writer = ManifestWriter::new(format, "md5".parse().unwrap(), LineEnd::Newline).unwrap();
        let writer = writer.remembering(remembered());
        let mut out = Vec::new();
        writer.begin(&mut out);
        writer.end(&mut out, &Summary { files: 3, complete: true, ..Summary::default() });
        out
    }

    #[test]
    fn globs_are_kept_relative_to_the_names_of_the_manifest() {
        let filters = remembered();
        assert_eq!(filters.include, ["/tree/**/*.rs", "/tree/**/*.\"", "/na\\[m\\]ed"]);
        assert_eq!(filters.exclude, ["/tree/**/build/", "/tree/\u{e9}", "/tree/**/path"]);
        let whole = filters.for_names_after(b"").unwrap();
        assert!(whole.wants_path(b"tree/a.rs") && whole.wants_path(b"na[m]ed") && !whole.wants_path(b"other/a.rs"));
        let below = filters.for_names_after(b"./tree/").unwrap();
        assert!(below.wants_path(b"a.rs") && below.wants_path(b"./x/b.rs") && !below.wants_path(b"x/build/a.rs"));
        let of_here = RememberedFilters { exclude: vec!["build".to_owned()], ..RememberedFilters::default() };
        let mut same = RememberedFilters::default();
        same.add_tree(b".", &[], &of_here.exclude).unwrap();
        same.add_file(b"f").unwrap();
        assert_eq!(same, of_here);
    }

    #[test]
    fn three_formats_carry_the_globs_and_give_them_back() {
        for format in [Format::Json, Format::Ndjson, Format::Hashdeep] {
            let text = written(format);
            let mut reader =
                ManifestReader::new(&text[..], format.into(), ReadOptions::new(Limits::COMMAND_LINE)).unwrap();
            assert_eq!(reader.next_record().unwrap(), None);
            assert_eq!(reader.filters(), Some(&remembered()), "{format}: {}", String::from_utf8_lossy(&text));
        }
        assert_eq!(written(Format::Gnu), b"");
    }

    #[test]
    fn a_manifest_with_globs_is_detected_and_has_no_line_too_many() {
        let glob = RememberedFilters { exclude: vec!["path".to_owned()], ..RememberedFilters::default() };
        for (format, filters) in [Format::Json, Format::Ndjson, Format::Hashdeep].map(|format| (format, &glob)) {
            let writer = ManifestWriter::new(format, "md5".parse().unwrap(), LineEnd::Newline).unwrap();
            let writer = writer.remembering(filters.clone());
            let mut text = Vec::new();
            writer.begin(&mut text);
            writer.end(&mut text, &Summary::default());
            let options = ReadOptions::new(Limits::COMMAND_LINE);
            let mut reader = ManifestReader::detecting(&text[..], b"", options).unwrap();
            assert_eq!((reader.form(), reader.next_record().unwrap()), (format.into(), None));
        }
    }

    #[test]
    fn globs_of_another_program_are_ignored_and_their_number_is_bounded() {
        for text in [r#"{"filters":["x"],"items":[],"filters":3}"#, "{\"path\":1}\n{\"summary\":{\"filters\":\"x\"}}\n"]
        {
            let mut reader =
                ManifestReader::detecting(text.as_bytes(), b"", ReadOptions::new(Limits::REQUEST)).unwrap();
            while reader.next_record().unwrap().is_some() {}
            assert_eq!(reader.filters(), None, "{text}");
        }
        for line in ["## made by hivesum", "## hivesum filters: x", "3,abc,## hivesum filters: {}"] {
            assert_eq!(filters_of_hashdeep_comment(line.as_bytes()), None, "{line}");
        }
        let mut filters = RememberedFilters::default();
        let globs = vec!["a".to_owned(); 600];
        filters.add_tree(b"one", &[], &globs).unwrap();
        assert!(filters.add_tree(b"two", &[], &globs).is_err());
    }
}
