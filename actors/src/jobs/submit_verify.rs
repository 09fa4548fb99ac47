//! Taking verify jobs: the manifest is read before the job is, and kept with it.

use super::service::Jobs;
use super::verify;
use crate::error::{ManifestRefused, SubmitError};
use crate::job::{Job, JobKind, JobSpec};

impl Jobs {
    /// Takes a job that holds a directory, or a file, against a manifest. The spec's algorithms are those that the
    /// manifest needs.
    ///
    /// # Errors
    /// When the manifest is none, or as [`submit_once`](Self::submit_once).
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
