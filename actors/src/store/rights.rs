//! Who may read the state: its owner alone. The files name what was hashed, and hold the hashes of tokens.
//!
//! Others' rights are taken away at every start, because earlier releases left files open to them. The rights of a
//! directory that has other files too are not ours to change: somebody may have named `/srv` or `/tmp`.

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::error::system_failure;
use crate::error::StoreError;

/// Creates an empty file that its owner alone may read: SQLite gives its log the rights of the database.
///
/// # Errors
/// [`StoreError::Failed`], also if there is something in its place.
pub(super) fn create_private(path: &Path) -> Result<(), StoreError> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(system_failure)?;
    Ok(())
}

/// What the names of all files in a state directory begin with.
const OUR_NAMES: [&str; 2] = ["hivesum.", "tokens.changed"];

/// Takes the rights of others from a state directory of an earlier release and from its files, which name what was
/// hashed. A directory that has other files too keeps its own.
pub(super) fn close_to_others(path: &Path) {
    let Ok(entries) = std::fs::read_dir(path) else { return };
    let mut is_ours_alone = true;
    for entry in entries.flatten() {
        match OUR_NAMES.iter().any(|name| entry.file_name().as_encoded_bytes().starts_with(name.as_bytes())) {
            true if entry.file_type().is_ok_and(|kind| kind.is_file()) => take_rights(&entry.path(), 0o600),
            true => {}
            false => is_ours_alone = false,
        }
    }
    if is_ours_alone {
        take_rights(path, 0o700);
    }
}

/// Takes all rights but these.
fn take_rights(path: &Path, rights: u32) {
    let Ok(meta) = std::fs::symlink_metadata(path) else { return };
    if meta.mode() & 0o777 & !rights == 0 {
        return;
    }
    let was = format!("{:03o}", meta.mode() & 0o777);
    let taken = std::fs::set_permissions(path, Permissions::from_mode(meta.mode() & rights));
    // As text: a JSON log quotes it once then.
    let path = &*path.to_string_lossy();
    match taken {
        Ok(()) => tracing::info!(path, was, "others could read this part of the state: their rights were taken away"),
        Err(error) => tracing::warn!(path, was, %error, "others can read this part of the state"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::state_dir::StateDir;
    use super::*;

    #[test]
    fn a_state_directory_that_others_could_read_is_closed_to_them() {
        let dir = tempfile::tempdir().unwrap();
        let (state, foreign) = (dir.path().join("state"), dir.path().join("shared"));
        let rights = |path: &Path| path.metadata().unwrap().mode() & 0o777;
        let set = |path: &Path, rights| std::fs::set_permissions(path, Permissions::from_mode(rights)).unwrap();
        for directory in [&state, &foreign] {
            std::fs::create_dir(directory).unwrap();
            set(directory, 0o755);
            for name in ["hivesum.db", "hivesum.db.v3", "tokens.changed"] {
                std::fs::write(directory.join(name), "").unwrap();
                set(&directory.join(name), 0o644);
            }
        }
        std::fs::write(foreign.join("other"), "").unwrap();
        set(&foreign.join("other"), 0o644);
        std::os::unix::fs::symlink("../shared/other", state.join("hivesum.link")).unwrap();
        for directory in [&state, &foreign] {
            StateDir::open(directory).unwrap();
            for name in ["hivesum.db", "hivesum.db.v3", "tokens.changed"] {
                assert_eq!(rights(&directory.join(name)), 0o600, "{name}");
            }
        }
        assert_eq!((rights(&state), rights(&foreign), rights(&foreign.join("other"))), (0o700, 0o755, 0o644));
    }
}
