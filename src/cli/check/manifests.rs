//! Reads the manifests of the command line, one after the other, page by page.
//!
//! Reading runs ahead of the reports, over the ends of manifests. It waits where a page must be reported first: as long
//! as an algorithm is undecided, because every file is hashed with all candidates until one of them matches; and before
//! a manifest whose opening or reading may block, such as standard input or a FIFO.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufReader, Cursor};
use std::iter::Peekable;
use std::os::unix::ffi::OsStrExt;
use std::vec::IntoIter;

use hivesum_core::manifest::{Candidates, Digits, Hint, Limits, LineEnd, ReadOptions};

use super::args::CheckArgs;
use super::expect::ExpectedDigest;
use super::manifest::{Manifest, Origin, Reading};
use super::page::{Begin, Next, Page, PageEntry};
use super::source::Text;
use crate::cli::audit::checksum_file_in;
use crate::cli::error::system_text;
use crate::cli::inputs::Stdin;
use crate::cli::naming::{Naming, NamingArgs};
use crate::cli::quote::quoted;

/// The name of a manifest on standard input in messages.
const STDIN_NAME: &[u8] = b"standard input";

/// The name of `--expect` in messages, where that of a manifest would be.
const EXPECT_NAME: &[u8] = b"--expect";

/// What is known when a page is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// All pages before were reported.
    Reported,
    /// Some are still being hashed.
    Running,
}

/// The manifests of the command line.
pub(super) struct Manifests {
    options: ReadOptions,
    naming: NamingArgs,
    /// The digest of `--expect`: then the paths are files.
    expect: Option<ExpectedDigest>,
    paths: Peekable<IntoIter<OsString>>,
    current: Option<Manifest>,
    /// The number of the current manifest, or of the next one.
    number: usize,
}

impl Manifests {
    pub(super) fn new(args: &CheckArgs) -> Self {
        let options = ReadOptions {
            asked: args.algorithm,
            named: None,
            digits: if args.base64 { Digits::HexOrBase64 } else { Digits::Hex },
            end: if args.zero { LineEnd::Nul } else { LineEnd::Newline },
            limits: Limits::COMMAND_LINE,
        };
        let paths = match args.manifests.is_empty() {
            true => vec![OsString::from("-")],
            false => args.manifests.clone(),
        };
        let (naming, expect) = (args.naming.clone(), args.expect.clone());
        Self { options, naming, expect, paths: paths.into_iter().peekable(), current: None, number: 0 }
    }

    /// The next page. It is empty only if there is nothing more, or the next manifest may block and not all pages
    /// before were reported.
    pub(super) fn next_page(&mut self, before: Before) -> Page {
        let mut page = Page::default();
        page.next = loop {
            if page.is_full() && self.current.is_none() {
                break Next::Anytime;
            }
            match (&mut self.current, self.paths.peek()) {
                (Some(manifest), _) => match manifest.read_into(&mut page) {
                    Reading::Full => break Next::Anytime,
                    Reading::Undecided => break Next::AfterReport,
                    Reading::Ended => self.end(),
                },
                (None, None) => break Next::Nothing,
                (None, Some(path)) => {
                    let must_wait = !page.entries.is_empty() || before == Before::Running;
                    if must_wait && self.expect.is_none() && may_block(path) {
                        break Next::AfterReport;
                    }
                    self.begin(&mut page);
                }
            }
        };
        page
    }

    /// Replaces the candidates of a manifest by those that matches have left.
    pub(super) fn narrow(&mut self, number: usize, candidates: &Candidates) {
        if let Some(manifest) = self.current.as_mut().filter(|_| self.number == number) {
            manifest.narrow(candidates);
        }
    }

    fn begin(&mut self, page: &mut Page) {
        let Some(path) = self.paths.next() else { return };
        let name = match (&self.expect, path == "-") {
            (Some(_), _) => EXPECT_NAME,
            (None, true) => STDIN_NAME,
            (None, false) => path.as_bytes(),
        };
        let name = name.to_vec();
        match self.open(&path) {
            Ok(manifest) => {
                let (candidates, expected) = (manifest.candidates().clone(), manifest.expected());
                let begin = Begin { number: self.number, name, candidates, expected };
                page.entries.push(PageEntry::Begin(Box::new(begin)));
                let told = self.expect.as_ref().and_then(|expect| expect.told_of_name(&path));
                page.entries.extend(told.map(PageEntry::Told));
                self.current = Some(manifest);
            }
            Err(why) => page.entries.push(PageEntry::Unopened(name, why)),
        }
    }

    fn open(&self, path: &OsStr) -> Result<Manifest, String> {
        if let Some(expect) = &self.expect {
            let options = ReadOptions { end: LineEnd::Nul, ..self.options };
            let text = Box::new(Cursor::new(expect.manifest_of(path)));
            return Manifest::open(text, b"", Origin::File, options, Naming::default());
        }
        let naming = self.naming.of_manifest(path);
        let (name, reader, origin): (_, Text, _) = match path == "-" {
            true => (&b""[..], Box::new(BufReader::new(Stdin)), Origin::Stdin),
            false => {
                let file = File::open(path).map_err(|error| system_text(&error))?;
                if file.metadata().is_ok_and(|metadata| metadata.is_dir()) && has_entries(path) {
                    return Err(told_of_directory(path));
                }
                (path.as_bytes(), Box::new(BufReader::new(file)), Origin::File)
            }
        };
        // The name of a manifest may tell its algorithm and its form.
        let options = ReadOptions { named: Hint::of_name(name), ..self.options };
        Manifest::open(reader, name, origin, options, naming)
    }

    fn end(&mut self) {
        self.current = None;
        self.number += 1;
    }
}

/// Whether a directory has something to compare. An empty one is a read error, as in sha256sum.
fn has_entries(path: &OsStr) -> bool {
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some())
}

/// What to say of a directory, which sha256sum calls a read error.
fn told_of_directory(path: &OsStr) -> String {
    let audit = format!("Is a directory: to compare it with what it should have, hivesum audit {}", quoted(path));
    match checksum_file_in(path) {
        Ok(file) => format!("{audit}; to check the files of a list, hivesum check {}", quoted(file.as_os_str())),
        Err(_) => audit,
    }
}

/// Whether to open and read it may block for an unknown time. A path that does not exist is an error at once.
fn may_block(path: &OsStr) -> bool {
    path == "-" || std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}
