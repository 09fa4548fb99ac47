//! Verify jobs: accepts them, parses the submitted manifest and audits the results of the scan.
//!
//! The manifest is parsed twice: before the job is accepted, so that an invalid line is refused, and when the
//! job runs, from the store. Reading takes time and never happens on an event loop.

mod far;
mod manifest;
mod probe;
mod source;

use std::sync::Arc;

use hivesum_core::compare::{Absent, Audit, Baseline, Findings, Spelling};
use hivesum_core::manifest::BagManifest;
use hivesum_core::result::{FileMeta, ItemRef, Judged, Origin, RowRef, Rows, Status};
use hivesum_core::walk::{Filters, Target};

pub use self::manifest::Strictness;
pub(crate) use self::manifest::{Entries, Expected};
pub use self::source::ManifestSource;
use crate::error::{ManifestRefused, StoreError, SubmitError};
use crate::job::{Job, JobError, JobId, JobKind, JobSpec, VerifyMode};
use crate::jobs::far::NamedRoot;
use crate::jobs::outcome::job_error;
use crate::jobs::service::Jobs;
use crate::jobs::shared::JobsShared;
use crate::jobs::submit::{Missing, Submitted, fingerprint};
use crate::listing::ask::ask;
use crate::store::IdempotencyKey;

/// Beneath the job's path: it tells a bag from another directory (RFC 8493, section 2.1.1).
pub(super) const BAGIT_TXT: &[u8] = b"bagit.txt";

/// A request to compare a tree with a manifest.
#[derive(Debug)]
pub struct VerifyRequest {
    /// The job. Its algorithms and names are found out when it is accepted.
    pub spec: JobSpec,
    /// Whether lines that are not entries are accepted.
    pub strictness: Strictness,
    /// Where the manifest is.
    pub manifest: ManifestSource,
}

/// A running comparison of a job's results with its manifest.
#[derive(Debug)]
pub(crate) struct RunningAudit {
    audit: Audit,
    /// The globs that the manifest was made with: what they do not want has no verdict.
    recorded_with: Filters,
}

/// What the tree of a verify job should contain. It was read once before the job was accepted. `is_bag` tells whether the
/// job's path is a bag, and may wait.
pub(crate) async fn expected_of(
    shared: &JobsShared,
    id: JobId,
    spec: &JobSpec,
    is_bag: impl FnOnce() -> bool + Send + 'static,
) -> Result<Result<Expected, JobError>, StoreError> {
    let (manifest, spec) = (shared.store.manifest(id).await?, spec.clone());
    let Some(manifest) = manifest else {
        return Ok(Err(job_error("internal", "the manifest to verify against is gone")));
    };
    let read = move || {
        let expected = Entries::read(&manifest, &spec, Strictness::Lenient)?.expected(&manifest, &spec)?;
        expected.told_by(&spec.algorithms, &manifest).in_a_bag(is_bag())
    };
    Ok(match tokio::task::spawn_blocking(read).await {
        Ok(Ok(expected)) => Ok(expected),
        Ok(Err(refused)) => Err(job_error("manifest_invalid", &refused.to_string())),
        Err(_) => Err(job_error("internal", "the manifest to verify against could not be read")),
    })
}

/// The target of a verify job: the directory, or what the manifest lists in it.
pub(crate) fn target_of(target: Target, spec: &JobSpec, baseline: &Baseline) -> Target {
    match (target, spec.mode.unwrap_or_default()) {
        (Target::Directory { dir, .. }, VerifyMode::Check) => Target::Listed { dir, names: baseline.names().collect() },
        (target, _) => target,
    }
}

impl RunningAudit {
    pub(crate) fn new(expected: Expected) -> Self {
        let Expected { baseline, candidates, recorded_with, in_bag, manifest, .. } = expected;
        let audit = Audit::new(baseline, candidates).with_manifest(manifest);
        let audit = match in_bag {
            Some(BagManifest::Payload) => audit.of_regular_files(),
            Some(BagManifest::TagFiles) | None => audit,
        };
        Self { audit, recorded_with }
    }

    /// Judges the results of a batch, which follows the batches before it.
    pub(crate) fn judge(&mut self, rows: &mut Rows) {
        let mut judged = Vec::with_capacity(rows.len());
        let mut path = Vec::new();
        for row in rows.iter() {
            path.clear();
            row.path_into(&mut path);
            judged.push(match self.recorded_with.wants_path(&path) {
                true => self.audit.judge(&ItemRef::of_row(row, &path, rows.algorithms())),
                false => {
                    self.audit.pass_over();
                    Judged::default()
                }
            });
        }
        rows.judged = judged;
    }

    /// What is known at the end. It takes seconds for a million files whose contents changed places. `None` if the runtime
    /// stops meanwhile.
    pub(crate) async fn finish(self) -> Option<Findings> {
        match tokio::task::spawn_blocking(|| self.audit.finish()).await {
            Ok(findings) => Some(findings),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => None,
        }
    }
}

/// Baseline entries without a result, as results.
pub(crate) fn absent_rows(absent: &[Absent], rows: &mut Rows) {
    for one in absent {
        let status = Status::error(one.code);
        let (directory, name, meta) = (b"".as_slice(), &one.path[..], FileMeta::default());
        rows.push(RowRef { directory, name, meta, status, digests: &[], origin: Origin::Read });
        rows.judged.push(Judged { verdict: Some(one.verdict), evidence: None });
    }
}

impl Jobs {
    /// Accepts a job that compares a directory or a file with a manifest.
    ///
    /// # Errors
    /// When the manifest is invalid, or as [`submit_once`](Self::submit_once).
    pub async fn verify(
        &self,
        request: VerifyRequest,
        owner: Option<String>,
        key: Option<String>,
    ) -> Result<Job, SubmitError> {
        let VerifyRequest { spec, strictness, manifest } = request;
        Filters::new(&spec.include, &spec.exclude)?;
        let spec = JobSpec { kind: JobKind::Verify, ..spec };
        let fingerprint = manifest.asked().map(|asked| fingerprint(&spec, Some(&asked)));
        if let Some((key, fingerprint)) = key.clone().zip(fingerprint)
            && let Some(job) = self.find_repeated(owner.clone(), IdempotencyKey { key, fingerprint }).await?
        {
            return Ok(job);
        }
        let spec = manifest.complete(spec);
        let manifest = self.text_of(manifest, &spec).await?;
        let asked = spec.clone();
        let read = off_the_loop(move || Ok((Entries::read(&manifest, &asked, strictness)?, manifest)));
        let (entries, body) = read.await?;
        let lines_not_read = entries.unread();
        let (entries, spelling) = match spec.names.clone() {
            Some(known) => (entries, known),
            None => self.spelling(entries, &spec).await?,
        };
        let spec = JobSpec { names: (!spelling.is_plain()).then_some(spelling), ..spec };
        let accepted = spec.clone();
        let needed = off_the_loop(move || {
            let expected = entries.expected(&body, &accepted)?;
            let algorithms = expected.algorithms(&expected.candidates)?;
            Ok((Arc::new(expected), algorithms, body))
        });
        let (expected, algorithms, body) = needed.await?;
        // The request is the same one when other files tell the algorithms.
        let spec = JobSpec { algorithms, ..spec };
        let of_text = || key.as_ref().map(|_| self::fingerprint(&spec, Some(&body)));
        let fingerprint = fingerprint.or_else(of_text);
        let candidates = self.told_apart(&expected, &spec).await;
        let algorithms = off_the_loop(move || expected.algorithms(&candidates)).await?;
        let spec = JobSpec { algorithms, ..spec };
        self.submit_with(spec, Some(Submitted { body, lines_not_read, fingerprint }), owner, key).await
    }

    /// How the names of the manifest meet the tree. The file system is asked only if they can be meant in several ways.
    async fn spelling(&self, entries: Entries, spec: &JobSpec) -> Result<(Entries, Spelling), SubmitError> {
        if !entries.may_be_respelled(&spec.path) {
            return Ok((entries, Spelling::default()));
        }
        let root = match self.shared.named_root(&spec.root)? {
            NamedRoot::Own(root) => root,
            NamedRoot::Far(root) => return self.far_spelling(&root, entries, spec).await,
        };
        let (path, reach) = (spec.path.clone(), spec.reach());
        self.shared.settle_root(root).await?;
        let look = ask(root, move |root, _| {
            let (opened, _) = root.enter(&path).map_err(Missing::from)?;
            let spelling = entries.spelling(opened, &path, reach);
            Ok::<_, Missing>((entries, spelling))
        });
        Ok(look.await.map_err(|_| SubmitError::RootUnavailable)??)
    }
}

/// Reads on a thread that may wait.
async fn off_the_loop<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, ManifestRefused> + Send + 'static,
) -> Result<T, SubmitError> {
    Ok(tokio::task::spawn_blocking(read).await.map_err(|_| SubmitError::Broken)??)
}
