//! What the directory is compared with: the entries of a manifest, or the results of a job of a service.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::bail;
use hivesum_actors::job::{Job, JobId};
use hivesum_actors::store::history::History;
use hivesum_core::compare::{Baseline, BaselineBuilder, Findings, ManifestContent};
use hivesum_core::digest::Algorithms;
use hivesum_core::manifest::documents::found::{Kind, must_be_listed};
use hivesum_core::manifest::{BagManifest, Candidates, UnreadLines};
use hivesum_core::result::FileIdentity;
use hivesum_core::walk::Filters;

use super::args::AuditArgs;
use super::found::{self, FoundBaseline};
use super::last::{self, LastJob};
use super::own::{self, OwnText};
use crate::cli::error::UsageError;
use crate::cli::manifest_file::{Contents, ManifestFile};
use crate::cli::quote::quoted;
use crate::cli::stored_jobs;
use crate::cli::terminal::{Terminal, counted};
use crate::cli::tree::Tree;

/// What the directory is compared with.
pub(super) enum Source {
    Manifest(ManifestFile, OwnText),
    Job(JobId),
    /// The newest job that has hashed the directory.
    Last,
    /// The manifests that lie in the directory.
    Found(FoundBaseline),
}

/// What the directory should contain.
pub(super) struct Expected {
    pub(super) baseline: Baseline,
    pub(super) candidates: Candidates,
    /// The globs that it was recorded with, so that files that they left out are not new.
    pub(super) recorded_with: Filters,
    /// The files that are named without a digest: nothing is said of them.
    pub(super) without_digest: HashSet<Vec<u8>>,
    /// Files to skip: the manifest itself, or the state of the service.
    pub(super) leave_out: Vec<FileIdentity>,
    /// The job to compare with.
    pub(super) job: Option<Job>,
    /// Whether the directory is a bag, whose payload may have regular files alone.
    pub(super) is_bag: bool,
    /// What is known of files that no entry names, if the manifests were found in the directory.
    pub(super) listed: Option<Listed>,
}

/// Names that checksum files of a whole directory usually have.
const CHECKSUM_FILES: [&str; 10] = [
    "SHA256SUMS",
    "SHA512SUMS",
    "B3SUMS",
    "B2SUMS",
    "SHA384SUMS",
    "SHA224SUMS",
    "SHA1SUMS",
    "MD5SUMS",
    "CHECKSUMS",
    "SHA256SUMS.txt",
];

/// The one checksum file that lies in the directory.
pub(in crate::cli) fn checksum_file_in(dir: &OsStr) -> Result<PathBuf, UsageError> {
    let found: Vec<_> = CHECKSUM_FILES.into_iter().filter(|name| Path::new(dir).join(name).is_file()).collect();
    let why = match found[..] {
        [one] => return Ok(Path::new(dir).join(one)),
        [] => match bag_of_payload(Path::new(dir)) {
            Some(bag) => format!("this is the payload of a bag: hivesum audit {}", quoted(bag.as_os_str())),
            None => format!("name a manifest or a job; nothing known was found in {}", quoted(dir)),
        },
        _ => format!("several checksum files lie in {}: name one with --manifest: {}", quoted(dir), found.join(", ")),
    };
    Err(UsageError::of("audit", why))
}

/// The bag that a directory is the payload of.
fn bag_of_payload(dir: &Path) -> Option<PathBuf> {
    let payload = dir.canonicalize().ok()?;
    let bag = payload.parent().filter(|_| payload.ends_with("data"))?;
    bag.join("bagit.txt").is_file().then(|| bag.to_owned())
}

impl Source {
    /// What the command line names.
    pub(super) fn of(args: &AuditArgs, terminal: &Terminal) -> anyhow::Result<Self> {
        match (&args.manifest, args.job) {
            (Some(path), _) => Self::read(path, args),
            (None, Some(id)) => Ok(Self::Job(id)),
            (None, None) if args.last => Ok(Self::Last),
            (None, None) => Self::find(args, terminal),
        }
    }

    fn read(path: &OsStr, args: &AuditArgs) -> anyhow::Result<Self> {
        let (manifest, text) = own::read(path, &args.read)?;
        Ok(Self::Manifest(manifest, text))
    }

    /// The manifest as a file that may lie in the directory. Its text is not kept any longer.
    pub(super) fn take_content(&mut self, algorithms: Algorithms) -> Option<ManifestContent> {
        match self {
            Self::Manifest(_, text) => text.take_content(algorithms),
            Self::Job(_) | Self::Last | Self::Found(_) => None,
        }
    }

    fn find(args: &AuditArgs, terminal: &Terminal) -> anyhow::Result<Self> {
        let Some(mut found) = found::find(&args.dir)? else {
            let path = checksum_file_in(&args.dir)?;
            terminal.message(&format!("compared with {}", quoted(path.as_os_str())));
            return Self::read(path.as_os_str(), args);
        };
        if args.read.strict && found.not_read.count() > 0 {
            bail!("{}: {}", quoted(&args.dir), found.not_read);
        }
        if let Some(asked) = args.read.algorithm {
            found.records.iter_mut().for_each(|record| record.digests.retain(|digest| digest.tag() == Some(asked)));
        }
        Ok(Self::Found(found))
    }

    /// What the tree should contain, among the files that the filters of the command line want.
    pub(super) fn expected(
        &self,
        args: &AuditArgs,
        (tree, wanted): (&Tree, &Filters),
        terminal: &Terminal,
    ) -> anyhow::Result<Expected> {
        let mut expected = match self {
            Self::Job(id) => of_job(args, *id, terminal)?,
            Self::Last => of_last(args, terminal)?,
            Self::Manifest(manifest, _) => of_manifest(manifest, args, tree, terminal)?,
            Self::Found(found) => of_found(found, args, terminal)?,
        };
        expected.baseline.retain(|name| wanted.wants_path(name));
        Ok(expected)
    }

    /// The lines that were not read.
    pub(super) fn unread(&self) -> Option<UnreadLines> {
        match self {
            Self::Manifest(manifest, _) => manifest.unread(),
            Self::Found(found) => UnreadLines::of(&found.not_read, &[]),
            Self::Job(_) | Self::Last => None,
        }
    }

    /// Says what the files have shown the untagged digests to be of.
    pub(super) fn tell_algorithms(&self, terminal: &Terminal, findings: &Findings) {
        match self {
            Self::Manifest(manifest, _) => manifest.tell_algorithms(terminal, &findings.found, &findings.undecided),
            // Their digests name their algorithms.
            Self::Found(_) | Self::Job(_) | Self::Last => {}
        }
    }
}

/// Says what was found, and what of it is not read.
fn of_found(found: &FoundBaseline, args: &AuditArgs, terminal: &Terminal) -> anyhow::Result<Expected> {
    let about = |message: &str| terminal.message_about(args.dir.as_bytes(), message);
    about(&found.found.to_string());
    if found.not_read.count() > 0 {
        about(&found.not_read.to_string());
    }
    for (count, what) in [
        (found.without_digest, "files are named without a digest that can be checked"),
        (found.outside, "names lead out of the directory and are not looked at"),
    ] {
        if count > 0 {
            about(&format!("{count} {what}"));
        }
    }
    let baseline = found.baseline()?;
    let known = baseline.names().map(<[u8]>::to_vec).collect();
    Ok(Expected {
        baseline,
        candidates: Candidates::default(),
        recorded_with: Filters::default(),
        without_digest: HashSet::new(),
        leave_out: Vec::new(),
        job: None,
        is_bag: found.found.kinds().contains(&Kind::Bag),
        listed: Some(Listed { known, kinds: found.found.kinds() }),
    })
}

/// What manifests that lie in a directory say about files that they do not name.
pub(super) struct Listed {
    known: HashSet<Vec<u8>>,
    kinds: Vec<Kind>,
}

impl Listed {
    /// Whether only the named files are looked at: a system has more files than its packages.
    pub(super) fn are_all(&self) -> bool {
        !self.kinds.iter().any(|kind| kind.covers_all())
    }

    /// Whether a file is one of the manifests, or nothing that they should name.
    pub(super) fn leave_out(&self, name: &[u8]) -> bool {
        !must_be_listed(&self.kinds, name) && !self.known.contains(name)
    }
}

fn of_manifest(
    manifest: &ManifestFile,
    args: &AuditArgs,
    tree: &Tree,
    terminal: &Terminal,
) -> anyhow::Result<Expected> {
    manifest.tell(terminal);
    if manifest.records.is_empty() {
        bail!("{}: the manifest has no entry", terminal.quoted(manifest.name()));
    }
    let Contents { baseline, mut filters, without_digest } = manifest.contents(tree, &args.naming, terminal)?;
    let in_bag = BagManifest::of(manifest.name(), baseline.names());
    let mut is_bag = false;
    if let Some(part) = in_bag
        && !tree.sizes(std::iter::once(&b"bagit.txt"[..]))?.is_empty()
    {
        is_bag = part == BagManifest::Payload;
        filters = part.covered().for_names_after(b"")?;
        terminal
            .message_about(manifest.name(), &format!("{} {}", part.in_words(), terminal.quoted(args.dir.as_bytes())));
    }
    Ok(Expected {
        baseline,
        candidates: manifest.candidates.clone(),
        recorded_with: filters,
        without_digest,
        leave_out: manifest.identity.into_iter().collect(),
        job: None,
        is_bag,
        listed: None,
    })
}

fn of_job(args: &AuditArgs, id: JobId, terminal: &Terminal) -> anyhow::Result<Expected> {
    let (mut history, mut builder) = (stored_jobs::open(&args.state)?, BaselineBuilder::new());
    let job = stored_jobs::each_fact(&mut history, id, args.read.algorithm, |fact| builder.push_fact(&fact))?;
    of_stored(&mut history, (job, builder.finish()), b"", terminal)
}

fn of_last(args: &AuditArgs, terminal: &Terminal) -> anyhow::Result<Expected> {
    let mut history = last::open(&args.state)?;
    let last = last::find(&mut history, args)?;
    terminal.message(&last.said());
    let LastJob { job, baseline, below, failed_since: _ } = last;
    let expected = of_stored(&mut history, (job, baseline), &last::below_prefix(&below), terminal)?;
    Ok(Expected { recorded_with: expected.recorded_with.within(&below), ..expected })
}

/// What a job has stored of the files beneath `prefix`. Those that it could not read are not new.
fn of_stored(
    history: &mut History,
    (job, baseline): (Job, Baseline),
    prefix: &[u8],
    terminal: &Terminal,
) -> anyhow::Result<Expected> {
    let without_digest = stored_jobs::unread(history, &job, prefix)?;
    if !without_digest.is_empty() {
        let count = counted(without_digest.len() as u64, "path");
        terminal.message(&format!("{count} that the job could not read: nothing is said of what is there now"));
    }
    Ok(Expected {
        baseline,
        candidates: Candidates::default(),
        recorded_with: Filters::new(&job.spec.include, &job.spec.exclude)?,
        without_digest,
        leave_out: history.own_files()?,
        job: Some(job),
        is_bag: false,
        listed: None,
    })
}
