//! Accepts verify jobs: the manifest is parsed before the job is accepted, and stored with it.

use super::service::Jobs;
use super::verify;
use crate::error::{ManifestRefused, SubmitError};
use crate::job::{Job, JobKind, JobSpec};

impl Jobs {
    /// Accepts a job that compares a directory or a file with a manifest. The spec's algorithms are replaced by those
    /// that the manifest needs.
    ///
    /// # Errors
    /// When the manifest is invalid, or as [`submit_once`](Self::submit_once).
    pub async fn verify(
        &self,
        spec: JobSpec,
        manifest: Vec<u8>,
        owner: Option<String>,
        key: Option<String>,
    ) -> Result<Job, SubmitError> {
        let asked = spec.algorithm;
        let read = tokio::task::spawn_blocking(move || {
            let algorithms = verify::read_manifest(&manifest, asked)?.algorithms(asked);
            Ok::<_, ManifestRefused>((algorithms, manifest))
        });
        let (algorithms, manifest) = read.await.map_err(|_| SubmitError::Broken)??;
        let spec = JobSpec { kind: JobKind::Verify, algorithms, ..spec };
        self.submit_with(spec, Some(manifest), owner, key).await
    }
}
