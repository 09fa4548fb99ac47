//! `--last`: the newest job in the state directory whose results say how the directory was.
//!
//! That is a job that has ended and whose walk reached its end, of the kinds that find every file of a tree and keep its
//! digests: hash, and verify if its verdict is ok and it did not look at the files of its manifest alone. What a failed
//! verify job found is the damage: compared with that, the next audit would find nothing. A job that read only what
//! matches a glob is taken if there is no other. Its tree is the directory, or one above it, by their real paths; one
//! above it must have entered the file system of the directory. Where no job is found, the error says what was looked
//! for, and its exit status is none that an audit could have.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use hivesum_actors::job::{Job, JobKind, JobQuery, JobState};
use hivesum_actors::store::history::History;
use hivesum_core::compare::{Baseline, BaselineBuilder};

use super::args::AuditArgs;
use crate::cli::error::{StatusError, USAGE, path_error};
use crate::cli::quote::quoted;
use crate::cli::state::StateArgs;
use crate::cli::stored_jobs;
use crate::cli::terminal::counted;

/// Jobs that are read at a time.
const PAGE: usize = 1000;

/// The job to compare with.
pub(super) struct LastJob {
    pub(super) job: Job,
    /// What it has stored of the files in the directory.
    pub(super) baseline: Baseline,
    /// The path from the tree of the job to the directory; empty if they are the same.
    pub(super) below: Vec<u8>,
    /// Newer jobs of this directory, or of one above it, that are no baseline because their verdict is not ok.
    pub(super) failed_since: u64,
}

/// Opens the jobs in the state directory.
pub(super) fn open(state: &StateArgs) -> anyhow::Result<History> {
    let directory = state.directory()?;
    let opened =
        History::open(&directory).map_err(|error| anyhow::anyhow!(error).context(directory.display().to_string()));
    opened?.ok_or_else(|| {
        none(format!(
            "no service has stored jobs in {}: --state names another state directory",
            quoted(directory.as_os_str())
        ))
    })
}

/// The newest job for the directory that is audited.
pub(super) fn find(history: &mut History, args: &AuditArgs) -> anyhow::Result<LastJob> {
    let failed = |error: &std::io::Error| path_error(&args.dir, error);
    let dir = fs::canonicalize(&args.dir).map_err(|error| failed(&error))?;
    let device = fs::metadata(&dir).map_err(|error| failed(&error))?.dev();
    let mut search = Search { dir, device, args, trees: HashMap::new(), seen: 0, failed: 0 };
    let Some((job, below)) = search.newest(history)? else {
        return Err(none(search.in_words()));
    };
    let (mut builder, prefix) = (BaselineBuilder::new(), below_prefix(&below));
    let job = stored_jobs::each_fact(history, job.id, args.read.algorithm, |mut fact| {
        if fact.path.starts_with(&prefix) {
            fact.path.drain(..prefix.len());
            builder.push_fact(&fact);
        }
    })?;
    let baseline = builder.finish();
    if baseline.is_empty() && !below.is_empty() {
        let id = job.id;
        return Err(none(format!("{}: the job {id} of a directory above has no file in it", quoted(&args.dir))));
    }
    Ok(LastJob { job, baseline, below, failed_since: search.failed })
}

impl LastJob {
    /// Which job it is, and of when.
    pub(super) fn said(&self) -> String {
        let job = &self.job;
        let mut tree = job.spec.root.clone().into_bytes();
        if !job.spec.path.is_root() {
            tree.push(b':');
            tree.extend(job.spec.path.as_bytes());
        }
        let mut text = format!("compared with the job {} of {}", job.id, quoted(OsStr::from_bytes(&tree)));
        // Writing into a string never fails.
        if let Some(finished) = job.finished_at {
            let _ = write!(text, ", which ended {finished:.0}");
        }
        if let Some(failed) = failed_in_words(self.failed_since) {
            let _ = write!(text, "; newer than it: {failed}");
        }
        for (word, globs) in [("it read only", &job.spec.include), ("it left out", &job.spec.exclude)] {
            if !globs.is_empty() {
                let globs: Vec<_> = globs.iter().map(|glob| quoted(OsStr::new(glob))).collect();
                let _ = write!(text, "; {word} {}", globs.join(" "));
            }
        }
        text
    }
}

/// Jobs that are no baseline because they failed; nothing if there are none.
fn failed_in_words(count: u64) -> Option<String> {
    (count > 0).then(|| {
        let jobs = counted(count, "verify job");
        format!("{jobs} whose verdict is not ok, so that what was found then is no baseline")
    })
}

/// `PATH/`, or nothing.
pub(super) fn below_prefix(below: &[u8]) -> Vec<u8> {
    if below.is_empty() { Vec::new() } else { [below, b"/"].concat() }
}

fn none(message: String) -> anyhow::Error {
    StatusError { status: USAGE, message }.into()
}

struct Search<'a> {
    /// The real path of the directory.
    dir: PathBuf,
    device: u64,
    args: &'a AuditArgs,
    /// The real paths of the roots; none for those that are not there.
    trees: HashMap<String, Option<PathBuf>>,
    /// Jobs that were looked at.
    seen: u64,
    /// Those of them that would fit, but for their verdict.
    failed: u64,
}

impl Search<'_> {
    /// The newest job that fits, and the path from its tree to the directory: one of the directory itself comes first, as
    /// in `against=last` of the API.
    fn newest(&mut self, history: &mut History) -> anyhow::Result<Option<(Job, Vec<u8>)>> {
        let (mut cursor, mut above, mut of_some_files) = (None, None, None);
        loop {
            let state = Some(JobState::Completed);
            let page = history.list(&JobQuery { state, cursor, limit: PAGE, ..JobQuery::default() })?;
            for job in page.items {
                self.seen += 1;
                if !self.has_digests(&job) {
                    continue;
                }
                match self.below(history, &job)? {
                    Some(below) if job.is_baseline() && job.has_includes() => {
                        of_some_files.get_or_insert((job, below));
                    }
                    Some(below) if job.is_baseline() && below.is_empty() => return Ok(Some((job, below))),
                    Some(below) if job.is_baseline() => {
                        above.get_or_insert((job, below));
                    }
                    Some(_) if above.is_none() && of_some_files.is_none() => {
                        self.failed += u64::from(job.kind == JobKind::Verify);
                    }
                    Some(_) => {}
                    None => {}
                }
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(above.or(of_some_files));
            }
        }
    }

    /// Whether it has found every file of its tree, and has the digests that are asked for.
    fn has_digests(&self, job: &Job) -> bool {
        job.has_read_its_tree() && self.args.read.algorithm.is_none_or(|asked| job.spec.algorithms.contains(asked))
    }

    /// The path from the tree of the job to the directory; none if it is elsewhere.
    fn below(&mut self, history: &mut History, job: &Job) -> anyhow::Result<Option<Vec<u8>>> {
        let root = match self.trees.get(&job.spec.root) {
            Some(known) => known.clone(),
            None => {
                let found = history.root_path(&job.spec.root)?.and_then(|path| fs::canonicalize(path).ok());
                self.trees.entry(job.spec.root.clone()).or_insert(found).clone()
            }
        };
        let Some(root) = root else { return Ok(None) };
        let tree = match job.spec.path.is_root() {
            true => root,
            false => root.join(OsStr::from_bytes(job.spec.path.as_bytes())),
        };
        let Ok(below) = self.dir.strip_prefix(&tree) else { return Ok(None) };
        let has_entered = below == Path::new("")
            || job.spec.cross_filesystems
            || fs::metadata(&tree).is_ok_and(|tree| tree.dev() == self.device);
        Ok(has_entered.then(|| below.as_os_str().as_bytes().to_vec()))
    }

    /// What was looked for.
    fn in_words(&self) -> String {
        let digests = self.args.read.algorithm.map_or_else(String::new, |asked| format!(" in {asked}"));
        let mut roots: Vec<String> = self.trees.keys().map(|name| name.escape_debug().to_string()).collect();
        roots.sort_unstable();
        let roots = if roots.is_empty() { "none".to_owned() } else { roots.join(", ") };
        let failed = failed_in_words(self.failed).map_or_else(String::new, |failed| format!(" ({failed})"));
        format!(
            "no job has hashed {} or a directory above it{digests} to its end{failed}: {} completed jobs were looked at, of the \
             roots: {roots}; hivesum jobs run {} starts one if it lies beneath a root of the service",
            quoted(self.dir.as_os_str()),
            self.seen,
            quoted(&self.args.dir),
        )
    }
}
