//! Verify jobs: accepts them, parses the submitted manifest and audits the results of the scan.
//!
//! The manifest is parsed twice: before the job is accepted, so that an invalid line is refused, and when the
//! job runs, from the store. Reading takes time and never happens on an event loop.

use hivesum_core::compare::{Absent, Audit, Baseline, BaselineBuilder};
use hivesum_core::digest::Algorithm;
use hivesum_core::manifest::{Limits, LinesError, ManifestError, ManifestReader, ReadOptions};
use hivesum_core::result::{FileMeta, ItemRef, Judged, NameList, Origin, RowRef, Rows, Status};
use hivesum_core::walk::Target;

use crate::error::{ManifestRefused, SubmitError};
use crate::job::{Job, JobKind, JobSpec, VerifyMode};
use crate::jobs::service::Jobs;
use crate::jobs::verify;

/// Parses a submitted manifest, within the limits of requests. Every line must be an entry.
///
/// # Errors
/// What is wrong, and where.
pub(crate) fn read_manifest(body: &[u8], asked: Option<Algorithm>) -> Result<Baseline, ManifestRefused> {
    let options = ReadOptions { asked, untagged: asked, ..ReadOptions::new(Limits::REQUEST) };
    let mut reader =
        ManifestReader::detecting(body, b"", options).map_err(|error| refused(&LinesError::from(error).into()))?;
    let mut builder = BaselineBuilder::new();
    while let Some((line, record)) = reader.next_record().map_err(|error| refused(&error))? {
        let invalid = |why: String| ManifestRefused::Invalid { line: Some(line), why };
        let record = record.ok_or_else(|| invalid(format!("line {line} is no entry of a manifest")))?;
        builder.push(record).map_err(|error| invalid(format!("line {line}: {error}")))?;
    }
    let baseline = builder.finish();
    match baseline.is_empty() {
        true => Err(ManifestRefused::Invalid { line: None, why: "the manifest has no entry".to_owned() }),
        false => Ok(baseline),
    }
}

fn refused(error: &ManifestError) -> ManifestRefused {
    match error {
        ManifestError::Lines(LinesError::TooManyLines(limit)) => {
            ManifestRefused::TooLarge { limit: *limit, line: error.line() }
        }
        ManifestError::Lines(LinesError::TooManyBytes(limit)) => {
            ManifestRefused::TooLarge { limit: *limit, line: None }
        }
        error => ManifestRefused::Invalid { line: error.line(), why: error.to_string() },
    }
}

/// The target of a verify job: the directory, or what the manifest lists in it.
pub(crate) fn target_of(target: Target, spec: &JobSpec, baseline: &Baseline) -> Target {
    match (target, spec.mode.unwrap_or_default()) {
        (Target::Directory { dir, .. }, VerifyMode::Check) => {
            let mut names = NameList::new();
            baseline.names().for_each(|name| names.push(name));
            Target::Listed { dir, names }
        }
        (target, _) => target,
    }
}

/// Audits the results of a batch, which follows the batches before it.
pub(crate) fn judge(audit: &mut Audit, rows: &mut Rows) {
    let mut judged = Vec::with_capacity(rows.len());
    let mut path = Vec::new();
    for row in rows.iter() {
        path.clear();
        row.path_into(&mut path);
        judged.push(audit.judge(&ItemRef::of_row(row, &path, rows.algorithms())));
    }
    rows.judged = judged;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn why(body: &str) -> (Option<u64>, String) {
        match read_manifest(body.as_bytes(), None).unwrap_err() {
            ManifestRefused::Invalid { line, why } => (line, why),
            ManifestRefused::TooLarge { limit, line } => (line, format!("more than {limit}")),
        }
    }

    #[test]
    fn what_is_no_manifest_is_refused_with_its_line() {
        assert_eq!(why("").0, None);
        assert_eq!(why("352441c2  a\njunk\n").0, Some(2));
        assert_eq!(
            why("352441c2  a\n352441c2  /etc/passwd\n"),
            (Some(2), "line 2: the path is absolute: name it relative to its root".to_owned())
        );
        assert_eq!(why("352441c2  ../a\n").0, Some(1));
        assert_eq!(why("\u{feff}352441c2  a\n").0, Some(1));
        assert_eq!(why(&format!("352441c2  {}\n", "a".repeat(9000))).0, Some(1));
        assert_eq!(why("path,size\r\na,1\r\n").0, Some(1));
    }

    #[test]
    fn lines_beyond_the_bound_are_refused_with_their_number() {
        let many = "352441c2  a\n".repeat(1_000_001);
        assert_eq!(why(&many), (Some(1_000_001), "more than 1000000".to_owned()));
    }

    #[test]
    fn crlf_and_mixed_algorithms_are_read() {
        let body = "352441c2  a\r\nMD5 (b) = 900150983cd24fb0d6963f7d28e17f72\r\n";
        let baseline = read_manifest(body.as_bytes(), None).unwrap();
        assert_eq!((baseline.len(), baseline.algorithms(None).to_string().as_str()), (2, "crc32,md5"));
    }
}
