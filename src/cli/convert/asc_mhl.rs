//! `hivesum convert --to asc_mhl`: the first generation of an ASC MHL history, in the `ascmhl` folder of a directory.
//!
//! Files have the digests of the manifest; no file is read for them. Sizes that the manifest lacks are those of the files
//! in `--root`. What the format cannot carry is refused with the name of the file: algorithms that it lacks, names that
//! are not UTF-8 or lead out of the directory, failures, and fractions of seconds. Digests of directories are left out,
//! because a manifest need not list all that is in them. A history that is there is never touched.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use hivesum_core::digest::{Algorithm, Chain, Digest};
use hivesum_core::manifest::convert::{ConvertError, Converted, Details, merge};
use hivesum_core::manifest::documents::ascmhl::write::{
    Action, NewFile, NewGeneration, NotWritable, can_carry, generation_file_name, write_generation,
};
use hivesum_core::manifest::documents::ascmhl::{CHAIN_FILE, FOLDER, chain, read_generation};
use hivesum_core::manifest::{Claimed, Record};
use hivesum_core::result::FileTime;
use jiff::Timestamp;

use crate::cli::atomic_file::AtomicFile;
use crate::cli::error::path_error;
use crate::cli::manifest_file::ManifestFile;
use crate::cli::quote::quoted;
use crate::cli::terminal::Terminal;
use crate::cli::tree::Tree;

/// What the reference implementation leaves out by default.
const IGNORED: [&str; 3] = [".DS_Store", "ascmhl", "ascmhl/"];

/// The name in the generation's file name if the directory is `/`.
const NAMELESS: &[u8] = b"root";

/// Where the history is written, and what is known of the files.
pub(super) struct Place<'a> {
    /// The directory that gets the `ascmhl` folder.
    pub(super) directory: &'a OsStr,
    /// The directory with the files.
    pub(super) tree: Option<&'a Tree>,
    pub(super) details: Details,
}

impl Place<'_> {
    /// Writes the generation and its chain after it was read back. The result's text is that of the generation.
    pub(super) fn write(&self, manifest: ManifestFile, terminal: &Terminal) -> anyhow::Result<Converted> {
        let folder = self.new_folder()?;
        let records = self.records(manifest, terminal)?;
        let created = Timestamp::now();
        let directory = fs::canonicalize(self.directory).map_err(|error| path_error(self.directory, &error))?;
        let name = directory.file_name().map_or(NAMELESS, OsStr::as_bytes);
        let file_name = generation_file_name(1, name, created)?;
        let text = generation(&records, created)?;
        let read = read_generation(text.as_bytes()).ok();
        if !read.is_some_and(|read| is_same(&records, read.files.iter().map(|file| &file.record))) {
            bail!(ConvertError::NotProven);
        }
        write_files(&folder, &file_name, &text).map_err(|error| path_error(folder.as_os_str(), &error))?;
        terminal.message(&format!("wrote {}", quoted(folder.join(file_name).as_os_str())));
        let digests = records.iter().map(|record| record.digests.len()).sum();
        Ok(Converted { text: text.into_bytes(), files: records.len(), digests })
    }

    /// The path of the folder, which must not be there yet.
    fn new_folder(&self) -> anyhow::Result<PathBuf> {
        let folder = Path::new(self.directory).join(FOLDER);
        match fs::symlink_metadata(&folder) {
            Ok(_) => {
                bail!("{}: a history is there already; `ascmhl create` adds a generation", quoted(folder.as_os_str()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(folder),
            Err(error) => Err(path_error(folder.as_os_str(), &error)),
        }
    }

    /// One record per file, with the name that it has in the directory, its size and whole seconds.
    fn records(&self, manifest: ManifestFile, terminal: &Terminal) -> anyhow::Result<Vec<Record>> {
        let told = manifest.name().to_vec();
        let mut records = manifest.records;
        if let Some(tree) = self.tree {
            respell(&mut records, tree, (&told, terminal))?;
        }
        for record in &mut records {
            record.name = relative(&record.name).with_context(|| shown(record))?;
        }
        let mut records = merge(records)?;
        // What no option but -a helps against is told first.
        if let Some((record, lacking)) = records.iter().find_map(|record| Some((record, lacking(record)?))) {
            return Err(lacking).with_context(|| shown(record));
        }
        if let Some(tree) = self.tree {
            add_sizes(&mut records, tree)?;
        }
        if self.details == Details::Drop {
            records.retain(|record| !record.digests.is_empty());
        }
        for record in &mut records {
            self.check(record).with_context(|| shown(record))?;
            record.modified_at = record.modified_at.filter(|at| at.rfc3339().is_some()).map(FileTime::whole_seconds);
            // The format has no place for them; that they go was asked for, or `check` has refused.
            (record.changed_at, record.inode) = (None, None);
        }
        Ok(records)
    }

    fn check(&self, record: &Record) -> anyhow::Result<()> {
        let has_fraction = record.modified_at.is_some_and(|at| at.whole_seconds() != at);
        let is_far = record.modified_at.is_some_and(|at| at.rfc3339().is_none());
        if record.digests.is_empty() {
            bail!("the asc_mhl format has no place for the failure of this file: use --drop-details to leave it out");
        }
        if record.digests.iter().any(|digest| !digest.is(digest.as_bytes())) {
            bail!("no file has the digest of this line: its base64 has bits left over");
        }
        if record.size.is_none() && self.tree.is_some() {
            bail!("no file of this name is in --root, so its size is not known, which the asc_mhl format needs");
        }
        if record.size.is_none() {
            bail!("the asc_mhl format needs the size of this file: say where the files are with --root");
        }
        if is_far && self.details == Details::Keep {
            bail!("the asc_mhl format has no year such as that of this file: use --drop-details to leave its time out");
        }
        if (record.changed_at.is_some() || record.inode.is_some()) && self.details == Details::Keep {
            bail!(
                "the asc_mhl format has no place for the ctime and inode of this file: use --drop-details to leave them out"
            );
        }
        if has_fraction && self.details == Details::Keep {
            bail!("the asc_mhl format has whole seconds only for the time of this file: use --drop-details to cut it");
        }
        Ok(())
    }
}

/// What the format cannot carry of the digests of this file.
fn lacking(record: &Record) -> Option<anyhow::Error> {
    let mut algorithms = record.digests.iter().filter_map(Claimed::tag);
    let lacking = algorithms.clone().find(|algorithm| !can_carry(*algorithm))?;
    let error = anyhow::Error::from(NotWritable::Algorithm(lacking));
    Some(match algorithms.find(|algorithm| can_carry(*algorithm)) {
        Some(kept) => anyhow::anyhow!("{error}: say with -a which digests to keep, such as -a {kept}"),
        None => anyhow::anyhow!("{error}: hash the files with one of these"),
    })
}

fn shown(record: &Record) -> String {
    quoted(OsStr::from_bytes(&record.name))
}

/// Gives the records the names that they have in the tree.
fn respell(records: &mut [Record], tree: &Tree, told: (&[u8], &Terminal)) -> io::Result<()> {
    let spelling = tree.spelling(records.iter().map(|record| &record.name[..]))?;
    tree.tell(&spelling, told.0, told.1);
    for record in records {
        record.name = spelling.read(&record.name).into_owned();
    }
    Ok(())
}

/// The sizes that the manifest does not have, as far as the files are there.
fn add_sizes(records: &mut [Record], tree: &Tree) -> io::Result<()> {
    let lacking: Vec<Vec<u8>> =
        records.iter().filter(|record| record.size.is_none()).map(|record| record.name.clone()).collect();
    let sizes = tree.sizes(lacking.iter().map(|name| &name[..]))?;
    let mut sizes = sizes.into_iter().peekable();
    // Those that are there, in the order of the records.
    for record in records.iter_mut().filter(|record| record.size.is_none()) {
        record.size = sizes.next_if(|(_, name)| *name == record.name).map(|(size, _)| size);
    }
    Ok(())
}

/// The name without `.` components. Refuses one that leads out of the directory.
fn relative(name: &[u8]) -> anyhow::Result<Vec<u8>> {
    if name.starts_with(b"/") {
        bail!("the name is absolute, and the asc_mhl format has names in its directory only: say which with --root");
    }
    let parts: Vec<&[u8]> = name.split(|&byte| byte == b'/').filter(|part| *part != b"." && !part.is_empty()).collect();
    if parts.contains(&&b".."[..]) {
        bail!("the name leads out of the directory");
    }
    Ok(parts.join(&b'/'))
}

/// The text of the generation.
fn generation(records: &[Record], created: Timestamp) -> anyhow::Result<String> {
    let digests: Vec<Vec<(Digest, Action)>> = records.iter().map(digests_of).collect();
    let files = records.iter().zip(&digests).map(|(record, digests)| new_file(record, digests));
    let files: Vec<NewFile<'_>> = files.collect();
    let system = rustix::system::uname();
    let generation = NewGeneration {
        created,
        hostname: &system.nodename().to_string_lossy(),
        tool: env!("CARGO_PKG_NAME"),
        tool_version: env!("CARGO_PKG_VERSION"),
        ignored: &IGNORED,
        files: &files,
        ..NewGeneration::default()
    };
    Ok(write_generation(&generation)?)
}

fn new_file<'a>(record: &'a Record, digests: &'a [(Digest, Action)]) -> NewFile<'a> {
    let size = record.size.unwrap_or_default();
    NewFile { path: &record.name, size, modified_at: record.modified_at.and_then(FileTime::timestamp), digests }
}

fn digests_of(record: &Record) -> Vec<(Digest, Action)> {
    let digests = record.digests.iter().filter_map(|claim| Digest::new(claim.tag()?, claim.as_bytes()).ok());
    digests.map(|digest| (digest, Action::Original)).collect()
}

/// Whether these are the same files in the same order.
fn is_same<'r>(records: &[Record], read: impl ExactSizeIterator<Item = &'r Record>) -> bool {
    let same = |(one, other): (&Record, &Record)| {
        let without_status = Record { status: None, ..one.clone() };
        without_status == *other
    };
    read.len() == records.len() && records.iter().zip(read).all(same)
}

/// Makes the folder with the generation and then its chain. What was written is removed if something fails.
fn write_files(folder: &Path, file_name: &str, text: &str) -> io::Result<()> {
    fs::create_dir(folder)?;
    let sha512 = sha512_of(text.as_bytes());
    let chain = chain::write(&[chain::NewLink { file_name, sha512: &sha512 }]);
    let write = |name: &str, text: &str| {
        let mut file = AtomicFile::create(&folder.join(name))?;
        file.write_all(text.as_bytes())?;
        file.commit()
    };
    write(file_name, text).and_then(|()| write(CHAIN_FILE, &chain)).inspect_err(|_| {
        let _ = fs::remove_dir_all(folder);
    })
}

fn sha512_of(text: &[u8]) -> [u8; 64] {
    let mut chain = Chain::new(Algorithm::Sha512);
    chain.update(text);
    let mut digest = Vec::new();
    chain.finalize_into(&mut digest);
    digest.try_into().expect("SHA-512 has 64 bytes")
}
