//! Where the collections of a service lie: beneath which of its roots, and whether they can be reached there.
//!
//! A collection may lie anywhere on the machine, and a service looks beneath its roots only: of a collection elsewhere it
//! does not know whether it can be reached. A directory that cannot be reached, is another one or is empty tells nothing
//! of its files, so none of them is called missing.

use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt as _;

use hivesum_core::file::{Opened, RelPath, Root, RootIdentity};
use hivesum_core::walk::Listing;

use super::service::Jobs;
use crate::job::Place;
use crate::listing::ask::ask;
use crate::store::collections::StoredCollection;

/// Where a collection lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionPlace {
    /// The root that it lies beneath, the innermost one, and the path from there. `None` if it lies beneath none.
    pub beneath: Option<Place>,
    /// Whether the directory of the last run is there. `None` if that is not known.
    pub is_reachable: Option<bool>,
}

/// A directory to look for.
struct Sought {
    index: usize,
    path: RelPath,
    recorded: Option<RootIdentity>,
}

impl Jobs {
    /// Where these collections lie, in their order. Each root is asked once, and answers within 5 s or not at all.
    pub async fn places_of(&self, collections: &[&StoredCollection]) -> Vec<CollectionPlace> {
        let roots = self.roots();
        let mut places: Vec<_> =
            collections.iter().map(|_| CollectionPlace { beneath: None, is_reachable: None }).collect();
        let mut sought: Vec<Vec<Sought>> = roots.iter().map(|_| Vec::new()).collect();
        for (index, (collection, place)) in collections.iter().zip(&mut places).enumerate() {
            let Some((at, path)) = innermost(roots, collection) else { continue };
            place.beneath = Some(Place { root: roots[at].name().to_owned(), path: path.clone() });
            sought[at].push(Sought { index, path, recorded: collection.place });
        }
        for (root, sought) in roots.iter().zip(sought).filter(|(_, sought)| !sought.is_empty()) {
            let indexes: Vec<_> = sought.iter().map(|one| one.index).collect();
            let found =
                ask(root, move |root, _| sought.iter().map(|one| is_there(root, one)).collect::<Vec<_>>()).await;
            let found = found.unwrap_or_else(|_| vec![false; indexes.len()]);
            for (index, is_there) in indexes.into_iter().zip(found) {
                places[index].is_reachable = Some(is_there);
            }
        }
        places
    }
}

/// The innermost root above a collection, by its index, and the path from there.
pub(super) fn innermost(roots: &[Root], collection: &StoredCollection) -> Option<(usize, RelPath)> {
    let below = roots.iter().enumerate().filter_map(|(at, root)| {
        let path = collection.directory.strip_prefix(root.path()).ok()?;
        Some((at, RelPath::new(path.as_os_str().as_bytes()).ok()?))
    });
    below.min_by_key(|(_, path)| path.as_bytes().len())
}

/// Whether the directory of the last run is there, and not empty. Blocks.
fn is_there(root: &Root, sought: &Sought) -> bool {
    let Ok((Opened::Directory(dir), _)) = root.enter(&sought.path) else { return false };
    let Some(recorded) = sought.recorded else { return true };
    let is_same = RootIdentity::of(dir.as_fd()).is_ok_and(|identity| identity.is_same_directory(&recorded));
    let mut asked = 0;
    let first_name = || {
        asked += 1;
        asked == 1
    };
    is_same && Listing::of(dir.as_fd(), first_name).is_ok_and(|listing| listing.get(0).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::collections::CollectionSettings;
    use hivesum_core::digest::Algorithms;
    use hivesum_core::fixity::CollectionKind;

    fn collection(directory: &std::path::Path) -> StoredCollection {
        let settings = CollectionSettings::new(Algorithms::default(), CollectionKind::Fixed);
        StoredCollection::for_tests(directory, settings)
    }

    #[test]
    fn a_collection_lies_beneath_the_innermost_root_or_none() {
        let dir = tempfile::tempdir().unwrap();
        let outer = dir.path().canonicalize().unwrap();
        let inner = outer.join("in");
        std::fs::create_dir_all(inner.join("photos")).unwrap();
        let roots = [("outer", &outer), ("inner", &inner)].map(|(name, path)| Root::open(Some(name), path).unwrap());
        let beneath = |directory: &std::path::Path| {
            let found = innermost(&roots, &collection(directory));
            found.map(|(at, path)| (roots[at].name(), String::from_utf8(path.as_bytes().to_vec()).unwrap()))
        };
        assert_eq!(beneath(&inner.join("photos")), Some(("inner", "photos".to_owned())));
        assert_eq!(beneath(&inner), Some(("inner", String::new())));
        assert_eq!(beneath(&outer.join("inn")), Some(("outer", "inn".to_owned())));
        assert_eq!(beneath(std::path::Path::new("/elsewhere")), None);
    }

    #[test]
    fn a_directory_is_there_if_it_is_the_one_of_the_last_run_and_has_entries() {
        let dir = tempfile::tempdir().unwrap();
        let [photos, empty] = ["photos", "empty"].map(|name| dir.path().join(name));
        for path in [&photos, &empty] {
            std::fs::create_dir(path).unwrap();
        }
        std::fs::write(photos.join("a"), "a").unwrap();
        let root = Root::open(Some("root"), dir.path()).unwrap();
        let identity = |path: &std::path::Path| Root::open(Some("one"), path).unwrap().place().identity();
        let there =
            |path: &str, recorded| is_there(&root, &Sought { index: 0, path: RelPath::new(path).unwrap(), recorded });
        assert!(there("photos", Some(identity(&photos))) && there("empty", None));
        assert!(!there("photos", Some(identity(&empty))), "another directory");
        assert!(!there("empty", Some(identity(&empty))), "as the place of a disk that is not mounted");
        assert!(!there("gone", None));
    }
}
