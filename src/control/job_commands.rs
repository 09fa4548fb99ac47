//! Starts, shows and cancels jobs for a command.
//!
//! A directory of the machine is found beneath a root by its real path: the root with the longest path that leads to it.
//! One that lies beneath no root is refused in words that list the roots, as is a name that no root has. Whoever may
//! write the state directory may know their paths. Jobs that are started here belong to no token.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hivesum_actors::error::SubmitError;
use hivesum_actors::job::{JobId, JobSpec};
use hivesum_core::file::{RelPath, Root};
use serde_json::json;

use super::job_messages::JobOrder;
use super::protocol::{Answer, Reason};
use super::server::refused;
use crate::service::Service;

/// Roots that a refusal lists.
const ROOTS_LISTED: usize = 20;

/// Starts the job, or finds the one that was started by the same order. A store that fails is the error.
pub(super) async fn run(service: &Service, order: JobOrder) -> Result<Answer, SubmitError> {
    let key = order.key.to_string();
    let spec = match spec(service.jobs.roots(), order) {
        Ok(spec) => spec,
        Err((reason, detail)) => return Ok(refused(reason, detail)),
    };
    match service.jobs.submit_once(spec, None, Some(key)).await {
        Ok(job) => Ok(Answer::Job { job: Box::new(job.into()) }),
        Err(error @ SubmitError::Store(_)) => Err(error),
        Err(error) => Ok(refused(Reason::Impossible, error.to_string())),
    }
}

/// The error text if no job has this id.
pub(super) fn no_such_job(id: JobId) -> Answer {
    refused(Reason::Impossible, format!("no job has the id {id}: see hivesum jobs list"))
}

/// The job that was ordered, as the store keeps it.
fn spec(roots: &[Root], order: JobOrder) -> Result<JobSpec, (Reason, String)> {
    let (root, path) = place(roots, &order)?;
    let JobOrder { algorithms, include, exclude, from_device, .. } = order;
    let members = json!({
        "root": root, "algorithms": algorithms, "include": include, "exclude": exclude, "from_device": from_device,
    });
    let spec: JobSpec = serde_json::from_value(members).map_err(|error| (Reason::InvalidRequest, error.to_string()))?;
    Ok(JobSpec { path, ..spec })
}

/// The name of the root and the path beneath it.
fn place(roots: &[Root], order: &JobOrder) -> Result<(String, RelPath), (Reason, String)> {
    let invalid = |error: &dyn std::fmt::Display| (Reason::InvalidRequest, error.to_string());
    let decoded = |text: &str| STANDARD.decode(text).map_err(|error| invalid(&error));
    if roots.is_empty() {
        return Err((Reason::Impossible, SubmitError::NoRoots.to_string()));
    }
    if let Some(named) = &order.named
        && roots.iter().any(|root| root.name() == named.root)
    {
        let path = RelPath::new(decoded(&named.path_b64)?).map_err(|error| invalid(&error))?;
        return Ok((named.root.clone(), path));
    }
    let Some(directory) = &order.directory else {
        let name = order.named.as_ref().map_or("", |named| &named.root);
        return Err((Reason::Impossible, format!("no root has the name {name:?}; the roots are: {}", listed(roots))));
    };
    let path = PathBuf::from(OsString::from_vec(decoded(&directory.path_b64)?));
    let Some((root, below)) = beneath(roots, &path) else {
        return Err((Reason::Impossible, format!("{path:?} lies beneath no root; the roots are: {}", listed(roots))));
    };
    let below = RelPath::new(below.as_os_str().as_bytes()).map_err(|error| invalid(&error))?;
    Ok((root.name().to_owned(), below))
}

/// The root with the longest path that leads to this one, and the path beneath it.
fn beneath<'a>(roots: &'a [Root], path: &Path) -> Option<(&'a Root, PathBuf)> {
    let found = roots.iter().filter_map(|root| Some((root, path.strip_prefix(root.path()).ok()?.to_owned())));
    found.min_by_key(|(_, below)| below.as_os_str().len())
}

/// `a ("/srv/a"), b ("/srv/b")`, and how many more there are.
fn listed(roots: &[Root]) -> String {
    let mut text = String::new();
    for (index, root) in roots.iter().take(ROOTS_LISTED).enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        // Writing into a string never fails.
        let _ = write!(text, "{comma}{} ({:?})", root.name().escape_debug(), root.path());
    }
    match roots.len().saturating_sub(ROOTS_LISTED) {
        0 => text,
        more => text + &format!(" and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::job_messages::{DirectoryPlace, NamedPlace};
    use hivesum_core::digest::Algorithms;

    fn order(named: Option<&str>, directory: Option<&Path>) -> JobOrder {
        JobOrder {
            key: JobId::nil(),
            named: named.map(|root| NamedPlace { root: root.to_owned(), path_b64: STANDARD.encode("x/y") }),
            directory: directory.map(|path| DirectoryPlace { path_b64: STANDARD.encode(path.as_os_str().as_bytes()) }),
            algorithms: Algorithms::default(),
            include: Vec::new(),
            exclude: vec!["*.tmp".to_owned()],
            from_device: false,
        }
    }

    #[test]
    fn a_directory_is_found_beneath_the_nearest_root_and_a_name_beats_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(path.join("a/b/c")).unwrap();
        let open = |name: &str, below: &str| Root::open(Some(name), &path.join(below)).unwrap();
        let roots = [open("outer", "a"), open("inner", "a/b")];
        let spec = |named, directory: Option<&str>| {
            let directory = directory.map(|directory| path.join(directory));
            let spec = super::spec(&roots, order(named, directory.as_deref())).map_err(|(_, detail)| detail)?;
            Ok((spec.root, spec.path.as_bytes().to_vec()))
        };
        let at = |root: &str, below: &str| Ok::<_, String>((root.to_owned(), below.as_bytes().to_vec()));
        assert_eq!(spec(None, Some("a/b/c/d")), at("inner", "c/d"));
        assert_eq!(spec(None, Some("a/b")), at("inner", ""));
        assert_eq!(spec(None, Some("a/bc")), at("outer", "bc"), "a name is not the beginning of another");
        assert_eq!(spec(Some("outer"), Some("a/b")), at("outer", "x/y"));
        assert_eq!(spec(Some("other"), Some("a/b")), at("inner", ""));
        let roots_are = format!("the roots are: outer ({:?}), inner ({:?})", path.join("a"), path.join("a/b"));
        let refused = spec(Some("other"), None).unwrap_err();
        assert_eq!(refused, format!("no root has the name \"other\"; {roots_are}"));
        let outside = path.join("e");
        assert_eq!(spec(None, Some("e")).unwrap_err(), format!("{outside:?} lies beneath no root; {roots_are}"));
        let none = super::spec(&[], order(Some("a"), None)).unwrap_err().1;
        assert!(none.contains("without directories"), "{none}");
    }

    #[test]
    fn a_refusal_lists_a_bounded_number_of_roots() {
        let dir = tempfile::tempdir().unwrap();
        let roots: Vec<_> =
            (0..=ROOTS_LISTED).map(|number| Root::open(Some(&format!("r{number}")), dir.path()).unwrap()).collect();
        let text = listed(&roots);
        assert!(text.contains("r19 (") && !text.contains("r20 (") && text.ends_with(" and 1 more"), "{text}");
    }
}
