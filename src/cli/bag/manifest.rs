//! The manifests of a bag: their names, which tell what they list and by which algorithm, and their lines.

use hivesum_core::digest::Algorithm;
use hivesum_core::manifest::bagit;

use super::declaration::Version;
use super::directory::BagDirectory;
use super::encoding::Encoding;
use super::names::PlainName;
use super::report::Report;
use super::text::{TextError, TextLines};

/// What a manifest lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    /// `manifest-ALG.txt`
    Payload,
    /// `tagmanifest-ALG.txt`
    TagFiles,
}

impl Lists {
    fn prefix(self) -> &'static [u8] {
        match self {
            Self::Payload => b"manifest-",
            Self::TagFiles => b"tagmanifest-",
        }
    }
}

/// One line of a manifest.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) line: u64,
    pub(super) digest: Box<[u8]>,
    /// The name, not percent-decoded.
    pub(super) written: Vec<u8>,
    /// Whether a `*` stood before the name.
    pub(super) marked: bool,
}

/// One manifest.
#[derive(Debug)]
pub(super) struct Manifest {
    pub(super) file: String,
    pub(super) lists: Lists,
    /// `None` if hivesum does not have it.
    pub(super) algorithm: Option<Algorithm>,
    pub(super) entries: Vec<Entry>,
}

/// How the manifests of one bag are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) bag: &'a BagDirectory,
    pub(super) version: Version,
    pub(super) encoding: Encoding,
}

/// What other tools may not accept, counted so that it is told once for a file.
#[derive(Debug, Default)]
struct Tolerated {
    marked: u64,
    dotted: u64,
    blank: u64,
}

impl Reading<'_> {
    /// The manifests of one kind among the files of the base directory.
    pub(super) fn manifests(self, names: &[Vec<u8>], lists: Lists, report: &mut Report) -> Vec<Manifest> {
        let is_one = |name: &&Vec<u8>| name.starts_with(lists.prefix()) && bagit::word_of_name(name).is_some();
        let files = names.iter().filter(is_one).filter_map(|name| String::from_utf8(name.clone()).ok());
        files.map(|file| self.manifest(file, lists, report)).collect()
    }

    fn manifest(self, file: String, lists: Lists, report: &mut Report) -> Manifest {
        let algorithm = bagit::algorithm_of_name(file.as_bytes());
        let word = bagit::word_of_name(file.as_bytes()).unwrap_or_default();
        let normalised = bagit::normalised_word(word);
        match algorithm {
            None => report.unsupported(file.as_bytes(), format!("hivesum has no algorithm {word}")),
            Some(_) if word != normalised => {
                let text = format!("the standard writes {normalised} in its name, and other tools may not find it");
                report.warning(file.as_bytes(), text);
            }
            Some(_) => {}
        }
        let mut manifest = Manifest { file, lists, algorithm, entries: Vec::new() };
        let name = manifest.file.clone();
        match self.bag.open_lines(&name) {
            Ok(Some(reader)) => match TextLines::new(reader, self.encoding) {
                Ok(lines) => manifest.read(lines, report),
                Err(error) => report.fault(name.as_bytes(), error.to_string()),
            },
            Ok(None) => report.fault(name.as_bytes(), "has gone while the bag was read"),
            Err(why) => report.fault(name.as_bytes(), why),
        }
        manifest
    }
}

impl Manifest {
    fn read(&mut self, mut lines: TextLines<impl std::io::BufRead>, report: &mut Report) {
        let file = self.file.clone();
        let mut tolerated = Tolerated::default();
        if let Err(error) = self.read_lines(&mut lines, &mut tolerated, report) {
            report.fault(file.as_bytes(), error.to_string());
        }
        tolerated.tell(&file, report);
        lines.tell_oddities(|text| report.warning(file.as_bytes(), text));
    }

    fn read_lines(
        &mut self,
        lines: &mut TextLines<impl std::io::BufRead>,
        tolerated: &mut Tolerated,
        report: &mut Report,
    ) -> Result<(), TextError> {
        while let Some(line) = lines.next_line()? {
            let entry = match line.text.as_deref() {
                None => Err("is not in the encoding that bagit.txt names"),
                Some(text) if text.trim_matches([' ', '\t']).is_empty() => {
                    tolerated.blank += 1;
                    continue;
                }
                Some(text) => self.entry(line.number, text, tolerated),
            };
            match entry {
                Ok(entry) => self.entries.push(entry),
                Err(what) => report.fault(self.file.as_bytes(), format!("line {} {what}", line.number)),
            }
        }
        Ok(())
    }

    /// The error says what is wrong with the line.
    fn entry(&self, line: u64, text: &str, tolerated: &mut Tolerated) -> Result<Entry, &'static str> {
        if text.starts_with('\\') {
            return Err("begins with a backslash, as md5sum writes it before a name that has one: a bag may not");
        }
        let split = bagit::split_line(text.as_bytes()).ok_or("is not a manifest entry")?;
        let digest = hex::decode(split.digits).map_err(|_| "is not a manifest entry")?;
        if self.algorithm.is_some_and(|algorithm| algorithm.digest_bytes() != digest.len()) {
            return Err("has a digest of another length than the algorithm's");
        }
        let name = PlainName::of(split.written)?;
        let in_payload = name.written.starts_with(bagit::PAYLOAD);
        match self.lists {
            Lists::Payload if !in_payload => return Err("names a file that is not in data/"),
            Lists::TagFiles if in_payload => return Err("names a payload file"),
            Lists::Payload | Lists::TagFiles => {}
        }
        tolerated.marked += u64::from(split.marked);
        tolerated.dotted += u64::from(name.was_dotted);
        Ok(Entry { line, digest: digest.into(), written: name.written, marked: split.marked })
    }
}

impl Tolerated {
    fn tell(&self, file: &str, report: &mut Report) {
        let Self { marked, dotted, blank } = *self;
        let all = [
            (marked, "has a * before names, as md5sum writes it: it will fail strict validation"),
            (dotted, "has names with ./ or // in them: other tools may not find the files"),
            (blank, "has blank lines: it will fail strict validation"),
        ];
        for (_, text) in all.into_iter().filter(|(count, _)| *count > 0) {
            report.warning(file.as_bytes(), text);
        }
    }
}
