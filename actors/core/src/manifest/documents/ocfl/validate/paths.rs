//! Paths of an inventory: which are well-formed, and which conflict.

use std::collections::HashSet;

use super::fault::Faults;

/// The codes for what may be wrong with a path.
#[derive(Debug, Clone, Copy)]
pub(super) struct PathCodes {
    /// It is not a string.
    pub(super) type_of: &'static str,
    /// It begins or ends with `/`.
    pub(super) slash: &'static str,
    /// It has an element that is empty, `.` or `..`.
    pub(super) element: &'static str,
    /// It is there twice, or begins another one.
    pub(super) conflict: &'static str,
}

/// Of content paths, in the manifest.
pub(super) const CONTENT: PathCodes = PathCodes { type_of: "E092", slash: "E100", element: "E099", conflict: "E101" };

/// Of logical paths, in a state.
pub(super) const LOGICAL: PathCodes = PathCodes { type_of: "E051", slash: "E053", element: "E052", conflict: "E095" };

/// Whether a path is well-formed. Otherwise it is a fault.
fn is_well_formed(path: &str, codes: &PathCodes, faults: &mut Faults) -> bool {
    if path.starts_with('/') || path.ends_with('/') {
        faults.add(codes.slash, format!("the path {path:?} begins or ends with a slash"));
        return false;
    }
    let is_odd = |element: &str| matches!(element, "" | "." | "..");
    if path.split('/').any(is_odd) {
        faults.add(codes.element, format!("the path {path:?} has an element that is empty, \".\" or \"..\""));
        return false;
    }
    true
}

/// The well-formed paths of one block.
#[derive(Debug, Default)]
pub(super) struct Paths<'n>(pub(super) HashSet<&'n str>);

impl<'n> Paths<'n> {
    /// Adds a path, if it is well-formed.
    pub(super) fn add(&mut self, path: &'n str, codes: &PathCodes, faults: &mut Faults) {
        if is_well_formed(path, codes, faults) && !self.0.insert(path) {
            faults.add(codes.conflict, format!("the path {path:?} stands twice"));
        }
    }

    /// At the end: paths that begin others. Each directory is looked up once.
    pub(super) fn check_conflicts(&self, codes: &PathCodes, faults: &mut Faults) {
        let mut directories = HashSet::new();
        for path in &self.0 {
            let ends = path.match_indices('/').map(|(at, _)| &path[..at]);
            // From the deepest on: where one was seen, those above it were, too.
            for directory in ends.rev() {
                if !directories.insert(directory) {
                    break;
                }
            }
        }
        let mut conflicts: Vec<_> = directories.iter().filter(|directory| self.0.contains(**directory)).collect();
        conflicts.sort_unstable();
        for path in conflicts {
            faults.add(codes.conflict, format!("the path {path:?} is that of a file and of a directory"));
        }
    }
}
