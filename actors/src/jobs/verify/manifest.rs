//! The manifest of a verify job: read within the limits of requests, and held against the names in the tree.
//!
//! Lines that are not entries are counted and kept with the job; a strict request is refused for the first of them.
//! Lines of another algorithm than the requested one are left out.

use std::os::fd::AsFd;
use std::sync::Arc;

use hivesum_core::compare::{
    Baseline, BaselineBuilder, Fact, ManifestContent, Spelling, may_be_from_above, may_be_respelled, ways_from_above,
};
use hivesum_core::digest::{Algorithms, AlgorithmsInvalid};
use hivesum_core::file::{self, Dir, Opened, Reach, RelPath};
use hivesum_core::manifest::{
    BagManifest, Candidates, Hint, Limits, LinesNotRead, ManifestReader, NotRead, ReadOptions, RememberedFilters,
    UnreadLines,
};
use hivesum_core::walk::{Filters, GlobInvalid};

use crate::error::ManifestRefused;
use crate::job::JobSpec;

/// Whether lines that are not entries are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// They are counted.
    Lenient,
    /// The manifest is refused for the first of them.
    Strict,
}

/// The entries of a manifest, with their names as they are written.
#[derive(Debug)]
pub(crate) struct Entries {
    written: Baseline,
    candidates: Candidates,
    lines: LinesNotRead,
    /// Algorithms that hivesum lacks and that entries have digests of.
    left_out: Vec<String>,
    /// The globs that it was made with.
    filters: RememberedFilters,
}

/// What a tree should contain.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) baseline: Baseline,
    /// The algorithms that its untagged digests may be of.
    pub(crate) candidates: Candidates,
    /// The globs that the manifest was made with.
    pub(crate) recorded_with: Filters,
    /// The same as text, and what was taken off the names that it is for.
    pub(crate) globs: RememberedFilters,
    pub(crate) taken_off: Vec<u8>,
    /// What the manifest is in a bag; once the directory is known, `None` if that is no bag.
    pub(crate) in_bag: Option<BagManifest>,
    /// The manifest itself, once it is known which digests the job computes: a file with its content is not new.
    pub(crate) manifest: Option<ManifestContent>,
}

impl Expected {
    /// The algorithms to compute for every file.
    ///
    /// # Errors
    /// If there are more than one pass computes.
    pub(super) fn algorithms(&self, candidates: &Candidates) -> Result<Algorithms, ManifestRefused> {
        let too_many = |error: AlgorithmsInvalid| ManifestRefused::Invalid { line: None, why: error.to_string() };
        self.baseline.algorithms(candidates).map_err(too_many)
    }

    /// The same for a job that computes these algorithms: files have told that untagged digests are of no others. The
    /// manifest `body` may lie in the tree.
    pub(crate) fn told_by(mut self, computed: &Algorithms, body: &[u8]) -> Self {
        self.baseline.keep_computed(&mut self.candidates, computed);
        self.manifest = Some(ManifestContent::of(body, *computed));
        self
    }

    /// The same for what is at the job's path, which may be a bag: what the manifest of a bag does not cover has no
    /// verdict.
    ///
    /// # Errors
    /// None in practice: the globs are our own.
    pub(crate) fn in_a_bag(mut self, is_bag: bool) -> Result<Self, ManifestRefused> {
        self.in_bag = self.in_bag.filter(|_| is_bag);
        if let Some(manifest) = self.in_bag {
            (self.globs, self.taken_off) = (manifest.covered(), Vec::new());
            self.recorded_with = self.globs.for_names_after(b"").map_err(invalid_globs)?;
        }
        Ok(self)
    }
}

fn reader<'b>(body: &'b [u8], spec: &JobSpec) -> Result<ManifestReader<'b>, ManifestRefused> {
    let name = spec.manifest_name.as_deref().unwrap_or_default().as_bytes();
    let options =
        ReadOptions { asked: spec.algorithm, named: Hint::of_name(name), ..ReadOptions::new(Limits::REQUEST) };
    Ok(ManifestReader::detecting(body, name, options)?)
}

impl Entries {
    /// Reads a manifest.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub(crate) fn read(body: &[u8], spec: &JobSpec, strictness: Strictness) -> Result<Self, ManifestRefused> {
        let mut reader = reader(body, spec)?;
        let (mut builder, mut lines, mut of_others) = (BaselineBuilder::new(), LinesNotRead::default(), 0_u64);
        while let Some((line, record)) = reader.next_record()? {
            match record {
                Ok(record) => builder.push_fact(&Fact {
                    path: record.name.clone(),
                    known: record.known(),
                    digests: record.digests.clone(),
                }),
                Err(NotRead::OtherAlgorithm(_)) => of_others += 1,
                Err(why) if strictness == Strictness::Strict => return Err(at_line(line, &why.to_string())),
                Err(why) => lines.add(line, why),
            }
        }
        let written = builder.finish();
        if written.is_empty() {
            return Err(without_entry(spec, &lines, of_others));
        }
        let left_out = if spec.algorithm.is_none() { reader.left_out().to_vec() } else { Vec::new() };
        let filters = reader.filters().cloned().unwrap_or_default();
        Ok(Self { written, candidates: reader.candidates().clone(), lines, left_out, filters })
    }

    /// The lines that were not read, and the digests that were left out.
    pub(crate) fn unread(&self) -> Option<UnreadLines> {
        UnreadLines::of(&self.lines, &self.left_out)
    }

    /// Whether the names can be meant in another way than they are written, below this path.
    pub(crate) fn may_be_respelled(&self, path: &RelPath) -> bool {
        may_be_respelled(self.written.names())
            || may_be_from_above(self.written.names(), &ways_from_above(path.as_bytes()))
    }

    /// How the names are spelled so that they meet what was opened at this path. Asks the file system.
    pub(crate) fn spelling(&self, opened: Opened, path: &RelPath, reach: Reach) -> Spelling {
        match opened {
            Opened::File { name, .. } => self.spelling_of_file(&name),
            Opened::Directory(dir) => {
                let dir = Arc::new(dir);
                let beneath = Dir::Beneath(dir.clone(), reach);
                self.spelling_in(path, |name| {
                    beneath.open_file(name).is_ok() || file::open_directory(dir.as_fd(), name, reach).is_ok()
                })
            }
        }
    }

    /// The same for a file of this name.
    pub(super) fn spelling_of_file(&self, name: &[u8]) -> Spelling {
        Spelling::meeting(self.written.names(), &[], |one| one == name)
    }

    /// The same for a directory at this path, in which these names are there.
    pub(super) fn spelling_in(&self, path: &RelPath, is_there: impl Fn(&[u8]) -> bool) -> Spelling {
        let from_above = Spelling::from_above(self.written.names(), &ways_from_above(path.as_bytes()), &is_there);
        from_above.unwrap_or_else(|| Spelling::meeting(self.written.names(), &[], &is_there))
    }

    /// The entries under their names in the tree, as far as the job's globs want them.
    ///
    /// # Errors
    /// A name that cannot be one in the tree, and its line in the manifest `body`.
    pub(crate) fn expected(mut self, body: &[u8], spec: &JobSpec) -> Result<Expected, ManifestRefused> {
        let spelling = spec.names.clone().unwrap_or_default();
        self.written.retain(|name| spelling.is_of(name));
        let respelled = self.written.respelled(&spelling);
        let mut baseline = respelled.map_err(|(name, invalid)| match line_of(body, spec, &name) {
            Some(line) => at_line(line, &invalid.to_string()),
            None => ManifestRefused::Invalid { line: None, why: invalid.to_string() },
        })?;
        let name = spec.manifest_name.as_deref().unwrap_or_default();
        let in_bag = BagManifest::of(name.as_bytes(), baseline.names());
        let wanted = Filters::new(&spec.include, &spec.exclude).map_err(invalid_globs)?;
        baseline.retain(|name| wanted.wants_path(name));
        let recorded_with = self.filters.for_names_after(&spelling.taken_off).map_err(invalid_globs)?;
        let (candidates, globs, taken_off) = (self.candidates, self.filters, spelling.taken_off);
        Ok(Expected { baseline, candidates, recorded_with, globs, taken_off, in_bag, manifest: None })
    }
}

fn invalid_globs(error: GlobInvalid) -> ManifestRefused {
    ManifestRefused::Invalid { line: None, why: error.to_string() }
}

fn at_line(line: u64, why: &str) -> ManifestRefused {
    ManifestRefused::Invalid { line: Some(line), why: format!("line {line}: {why}") }
}

fn without_entry(spec: &JobSpec, lines: &LinesNotRead, of_others: u64) -> ManifestRefused {
    let why = match (spec.algorithm, lines.first()) {
        (Some(asked), _) if of_others > 0 => format!("no line is of {asked}"),
        (_, []) => "the manifest has no entry".to_owned(),
        (_, _) => format!("no line is an entry; {lines}"),
    };
    ManifestRefused::Invalid { line: lines.first().first().map(|(line, _)| *line), why }
}

/// The line of the entry with this name.
fn line_of(body: &[u8], spec: &JobSpec, name: &[u8]) -> Option<u64> {
    let mut reader = reader(body, spec).ok()?;
    while let Some((line, record)) = reader.next_record().ok()? {
        if record.is_ok_and(|record| record.name == name) {
            return Some(line);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(json: &str) -> JobSpec {
        serde_json::from_str(&format!(r#"{{"root":"r"{json}}}"#)).unwrap()
    }

    fn read(body: &str, spec: &JobSpec, strictness: Strictness) -> Result<(Expected, u64), ManifestRefused> {
        let entries = Entries::read(body.as_bytes(), spec, strictness)?;
        let unread = entries.unread().map_or(0, |lines| lines.count);
        Ok((entries.expected(body.as_bytes(), spec)?, unread))
    }

    fn why(body: &str, strictness: Strictness) -> (Option<u64>, String) {
        match read(body, &spec(""), strictness).unwrap_err() {
            ManifestRefused::Invalid { line, why } => (line, why),
            ManifestRefused::TooLarge { limit, line } => (line, format!("more than {limit}")),
        }
    }

    #[test]
    fn what_is_no_manifest_is_refused_with_its_line() {
        for strictness in [Strictness::Lenient, Strictness::Strict] {
            assert_eq!(why("", strictness), (None, "the manifest has no entry".to_owned()));
            let absolute = "line 2: the path is absolute: name it relative to its root";
            assert_eq!(why("352441c2  a\n352441c2  /etc/passwd\n", strictness), (Some(2), absolute.to_owned()));
            assert_eq!(why("352441c2  ../a\n", strictness).0, Some(1));
            assert_eq!(why(&format!("352441c2  {}\n", "a".repeat(9000)), strictness).0, Some(1));
            assert_eq!(why("path,size\r\na,1\r\n", strictness).0, Some(1));
            assert_eq!(why("junk\n", strictness).0, Some(1));
        }
        assert!(why("GOST (a) = 00\n", Strictness::Lenient).1.ends_with("GOST R 34.11-94 is not supported"));
    }

    #[test]
    fn a_line_that_is_not_an_entry_refuses_only_a_strict_request() {
        let body = "352441c2  a\njunk\n";
        assert_eq!(why(body, Strictness::Strict), (Some(2), "line 2: not an entry".to_owned()));
        let (expected, unread) = read(body, &spec(""), Strictness::Lenient).unwrap();
        assert_eq!((expected.baseline.len(), unread), (1, 1));
    }

    #[test]
    fn lines_beyond_the_bound_are_refused_with_their_number() {
        let many = "352441c2  a\n".repeat(1_000_001);
        assert_eq!(why(&many, Strictness::Lenient), (Some(1_000_001), "more than 1000000".to_owned()));
    }

    #[test]
    fn the_name_of_the_manifest_and_the_request_tell_the_algorithm() {
        let algorithms = |body: &str, json: &str| {
            let (expected, unread) = read(body, &spec(json), Strictness::Lenient).unwrap();
            (expected.baseline.algorithms(&expected.candidates).unwrap().to_string(), unread)
        };
        let mixed = "352441c2  a\r\nMD5 (b) = 900150983cd24fb0d6963f7d28e17f72\r\n";
        assert!(algorithms(mixed, "").0.starts_with("crc32,crc32c,") && algorithms(mixed, "").0.ends_with(",md5"));
        assert_eq!(algorithms(mixed, r#","algorithm":"md5""#), ("md5".to_owned(), 1), "8 digits cannot be MD5");
        assert_eq!(algorithms("352441c2  a\n", r#","manifest_name":"x.crc32c""#), ("crc32c".to_owned(), 0));
        let two = "CRC32 (a) = 352441c2\nMD5 (a) = 900150983cd24fb0d6963f7d28e17f72\n";
        assert_eq!(algorithms(two, r#","algorithm":"md5""#), ("md5".to_owned(), 0), "others are left out");
    }

    #[test]
    fn globs_and_spellings_hold_for_the_names_in_the_manifest() {
        let body = "352441c2  t/a\n352441c2  t/b/c\n";
        let names = |json: &str| {
            let (expected, _) = read(body, &spec(json), Strictness::Strict).unwrap();
            expected.baseline.names().map(|name| String::from_utf8(name.to_vec()).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(names(r#","names":{"separator":"slash","taken_off":"t/"}"#), ["a", "b/c"]);
        assert_eq!(
            names(r#","names":{"separator":"slash","taken_off":"t/b/"}"#),
            ["c"],
            "others are of other directories"
        );
        assert_eq!(names(r#","exclude":["b/"]"#), ["t/a"]);
        assert_eq!(names(r#","include":["/a"],"names":{"separator":"slash","taken_off":"t/"}"#), ["a"]);
    }
}
