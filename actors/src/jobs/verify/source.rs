//! Where a manifest comes from that the request does not carry: a file beneath the root, or the results of a job.
//!
//! Decides how it is read and how a repeated request is recognised: by where the manifest is, not by its content, which
//! may have changed since. What a manifest means is not decided here. It is never longer than the limit of requests.

use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::sync::Arc;

use hivesum_core::compare::Spelling;
use hivesum_core::file::{Dir, Opened, Reach, RelPath, Root};
use hivesum_core::manifest::{Format, Limits, LineEnd, ManifestWriter, RememberedFilters};
use hivesum_core::result::FileIdentity;
use hivesum_core::walk::literal_glob;
use rustix::fs::AtFlags;

use crate::error::{ManifestRefused, StoreError, SubmitError};
use crate::job::{ComparedWith, Job, JobId, JobQuery, JobSpec, JobState, MAX_PAGE, Place, ResultQuery, StatusFilter};
use crate::jobs::far::NamedRoot;
use crate::jobs::service::Jobs;
use crate::jobs::submit::Missing;
use crate::listing::ask::ask;

/// Where the manifest of a verify job comes from.
#[derive(Debug)]
pub enum ManifestSource {
    /// The request carried its text.
    Text(Vec<u8>),
    /// A file beneath the root of the job. Its own name in the tree is left out of the comparison.
    File(RelPath),
    /// The results of this ended job, with the times of the files, so that rot can be told from an edit.
    Job(Box<Job>),
    /// The same, asked for as the newest job that says how the files should be, whichever that is. It may be one on a
    /// directory above.
    LastJob(Box<Job>),
    /// What this verify job was compared with. The spec is that of the job.
    Repeated(JobId),
}

impl ManifestSource {
    /// What a repeated request has in common with the first besides its spec; nothing if that is the text itself.
    pub(super) fn asked(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(_) => None,
            Self::File(path) => Some([b"\0manifest_path\0", path.as_bytes()].concat()),
            Self::Job(job) => Some(format!("\0against\0{}", job.id).into_bytes()),
            Self::LastJob(_) => Some(b"\0against\0last".to_vec()),
            Self::Repeated(id) => Some(format!("\0repeat\0{id}").into_bytes()),
        }
    }

    /// The spec of the job, with what follows from the source.
    pub(super) fn complete(&self, mut spec: JobSpec) -> JobSpec {
        match self {
            Self::Text(_) | Self::Repeated(_) => {}
            Self::File(path) => {
                if spec.manifest_name.is_none() {
                    spec.manifest_name = std::str::from_utf8(path.file_name()).ok().map(str::to_owned);
                }
                spec.exclude.extend(below(&spec.path, path).map(literal_glob));
            }
            Self::Job(job) | Self::LastJob(job) => {
                let prefix = prefix_below(&job.spec.path, &spec.path);
                let directory = prefix.is_some().then(|| job.spec.path.clone());
                spec.against = Some(ComparedWith { job: job.id, finished_at: job.finished_at, directory });
                spec.names = prefix.map(|taken_off| Spelling { taken_off, ..Spelling::default() });
                spec.manifest_name = Some(format!("{}.ndjson", job.id));
                spec.cross_filesystems = job.spec.cross_filesystems;
            }
        }
        spec
    }
}

/// The path relative to a directory that it is in.
fn below<'a>(directory: &RelPath, path: &'a RelPath) -> Option<&'a [u8]> {
    if directory.is_root() {
        return Some(path.as_bytes());
    }
    path.as_bytes().strip_prefix(directory.as_bytes())?.strip_prefix(b"/")
}

/// What the results of a job on `directory` begin with if they are below `path`: `PATH/`. `None` if it is the same
/// directory or another one.
fn prefix_below(directory: &RelPath, path: &RelPath) -> Option<Vec<u8>> {
    let below = below(directory, path).filter(|below| !below.is_empty())?;
    Some([below, b"/"].concat())
}

/// The directories above a place, at most [`MAX_PAGE`], the nearest first.
fn places_above(place: &Place) -> Vec<Place> {
    let path = place.path.as_bytes();
    let ends = (0..path.len()).rev().filter(|&at| at == 0 || path[at] == b'/');
    let above = ends.filter_map(|end| RelPath::new(&path[..end]).ok());
    above.map(|path| Place { root: place.root.clone(), path }).take(MAX_PAGE).collect()
}

impl Jobs {
    /// The [newest job](Self::baseline) that says how the files of a place should be; if there is none on exactly this
    /// place, one on a directory above that has digests of files below it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn baseline_or_above(&self, place: &Place, owner: Option<String>) -> Result<Option<Job>, StoreError> {
        if let Some(job) = self.baseline(place, owner.clone()).await? {
            return Ok(Some(job));
        }
        let with_jobs = self.shared.store.last_runs(places_above(place), owner.clone()).await?;
        let mut best: Option<Job> = None;
        for above in with_jobs.keys() {
            let Some(job) = self.baseline(above, owner.clone()).await? else { continue };
            let rank = |job: &Job| (!job.has_includes(), job.id);
            let is_better = best.as_ref().is_none_or(|best| rank(best) < rank(&job));
            if is_better && self.has_hashed_below(&job, place).await? {
                best = Some(job);
            }
        }
        Ok(best)
    }

    async fn has_hashed_below(&self, job: &Job, place: &Place) -> Result<bool, StoreError> {
        let query = ResultQuery {
            status: Some(StatusFilter::Hashed),
            path_prefix: prefix_below(&job.spec.path, &place.path),
            limit: 1,
            ..ResultQuery::default()
        };
        let page = self.shared.store.results(job.id, query).await?;
        Ok(page.is_some_and(|page| !page.items.is_empty()))
    }

    /// The newest job on exactly this place, of one owner or of all, that [says](Job::is_baseline) how its files should
    /// be; one that looked at some files only if there is no other.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn baseline(&self, place: &Place, owner: Option<String>) -> Result<Option<Job>, StoreError> {
        let mut query = JobQuery {
            state: Some(JobState::Completed),
            root: Some(place.root.clone()),
            path: Some(place.path.clone()),
            owner,
            limit: MAX_PAGE,
            ..JobQuery::default()
        };
        let mut of_some_files = None;
        loop {
            let page = self.shared.store.list(query.clone()).await?;
            for job in page.items.into_iter().filter(Job::is_baseline) {
                if !job.has_includes() {
                    return Ok(Some(job));
                }
                of_some_files.get_or_insert(job);
            }
            if page.next_cursor.is_none() {
                return Ok(of_some_files);
            }
            query.cursor = page.next_cursor;
        }
    }

    /// The text of the manifest.
    pub(super) async fn text_of(&self, source: ManifestSource, spec: &JobSpec) -> Result<Vec<u8>, SubmitError> {
        match source {
            ManifestSource::Text(text) => Ok(text),
            ManifestSource::File(path) => {
                let root = match self.shared.named_root(&spec.root)? {
                    NamedRoot::Own(root) => root,
                    NamedRoot::Far(root) => return self.far_text(&root, &path).await,
                };
                self.shared.settle_root(root).await?;
                let own = self.shared.store.own_files()?;
                let read = ask(root, move |root, _| read_beneath(root, &path, &own));
                read.await.map_err(|_| SubmitError::RootUnavailable)?
            }
            ManifestSource::Job(job) | ManifestSource::LastJob(job) => self.results_as_manifest(&job, spec).await,
            ManifestSource::Repeated(id) => {
                let gone = SubmitError::NotFound("what the job was compared with is deleted with it");
                self.shared.store.manifest(id).await?.ok_or(gone)
            }
        }
    }

    async fn results_as_manifest(&self, job: &Job, spec: &JobSpec) -> Result<Vec<u8>, SubmitError> {
        let gone = || SubmitError::NotFound("the job to compare with is deleted");
        let query = ResultQuery { path_prefix: prefix_below(&job.spec.path, &spec.path), ..ResultQuery::default() };
        let filters = RememberedFilters { include: job.spec.include.clone(), exclude: job.spec.exclude.clone() };
        let writer = ManifestWriter::new(Format::Ndjson, job.spec.algorithms, LineEnd::Newline);
        let mut writer = writer.map_err(|_| SubmitError::Broken)?.remembering(filters);
        let mut export = self.shared.store.export(job.id, query).await?.ok_or_else(gone)?;
        let mut text = Vec::new();
        writer.begin(&mut text);
        while let Some(items) = export.next().await? {
            for item in items {
                writer.item(&mut text, &item.as_ref()).map_err(|_| SubmitError::Broken)?;
            }
            check_length(&text)?;
        }
        writer.end(&mut text, &job.summary.ok_or_else(gone)?);
        check_length(&text)?;
        Ok(text)
    }
}

pub(super) fn check_length(text: &[u8]) -> Result<(), SubmitError> {
    let limit = Limits::REQUEST.bytes;
    match text.len() as u64 > limit {
        true => Err(ManifestRefused::TooLarge { limit, line: None }.into()),
        false => Ok(()),
    }
}

/// Reads a file beneath the root. Blocks.
fn read_beneath(root: &Root, path: &RelPath, own: &[FileIdentity]) -> Result<Vec<u8>, SubmitError> {
    let (opened, _) = root.enter(path).map_err(Missing::from)?;
    let Opened::File { parent, name } = opened else {
        return Err(SubmitError::NotFound("the manifest is a directory"));
    };
    // Before it is opened: closing a file of the store would drop its locks.
    let stat = rustix::fs::statat(parent.as_fd(), &name[..], AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT);
    let stat = stat.map_err(|_| SubmitError::NotFound("the manifest may not be opened"))?;
    if own.contains(&FileIdentity { device: stat.st_dev, inode: stat.st_ino }) {
        return Err(SubmitError::NotFound("the manifest is a file of hivesum itself"));
    }
    let file = Dir::Beneath(Arc::new(parent), Reach::Everywhere).open_file(&name);
    let (file, _) = file.map_err(|_| SubmitError::NotFound("the manifest may not be opened"))?;
    let mut text = Vec::new();
    file.take(Limits::REQUEST.bytes + 1).read_to_end(&mut text).map_err(|_| SubmitError::RootUnavailable)?;
    check_length(&text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::new(text).unwrap()
    }

    #[test]
    fn a_file_is_read_up_to_the_limit_of_requests() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(None, dir.path()).unwrap();
        for (length, is_refused) in [(Limits::REQUEST.bytes, false), (Limits::REQUEST.bytes + 1, true)] {
            std::fs::File::create(dir.path().join("SUMS")).unwrap().set_len(length).unwrap();
            let read = read_beneath(&root, &path("SUMS"), &[]);
            assert_eq!(read.is_err(), is_refused, "{length}");
        }
    }

    #[test]
    fn a_file_of_the_store_is_never_opened() {
        use std::os::unix::fs::MetadataExt;
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("own"), "abc").unwrap();
        let found = std::fs::metadata(dir.path().join("own")).unwrap();
        let own = [FileIdentity { device: found.dev(), inode: found.ino() }];
        let root = Root::open(None, dir.path()).unwrap();
        assert!(matches!(read_beneath(&root, &path("own"), &own), Err(SubmitError::NotFound(_))));
    }

    #[test]
    fn the_directories_above_end_with_the_root() {
        let place = |text: &str| Place { root: "r".to_owned(), path: path(text) };
        assert_eq!(places_above(&place("")), []);
        assert_eq!(places_above(&place("a")), [place("")]);
        assert_eq!(places_above(&place("a/b c/d")), [place("a/b c"), place("a"), place("")]);
        let deep = vec!["d"; MAX_PAGE + 5].join("/");
        assert_eq!(places_above(&place(&deep)).len(), MAX_PAGE, "more are not asked for");
        assert_eq!(prefix_below(&path("a"), &path("a/b")), Some(b"b/".to_vec()));
        assert_eq!([prefix_below(&path("a"), &path("a")), prefix_below(&path(""), &path(""))], [None, None]);
    }

    #[test]
    fn only_a_manifest_within_the_directory_is_left_out_of_it() {
        assert_eq!(below(&path(""), &path("d/SUMS")), Some(&b"d/SUMS"[..]));
        assert_eq!(below(&path("d"), &path("d/SUMS")), Some(&b"SUMS"[..]));
        assert_eq!(below(&path("d"), &path("dd/SUMS")), None);
    }
}
