//! A program that is killed between any two calls leaves the old bag, or one that says what it needs.

use super::*;

const OLD_FILES: [(&str, &str); 2] = [("manifest-md5.txt", "old list"), ("tagmanifest-md5.txt", "old tags")];
const NEW_FILES: [(&str, &str); 3] =
    [("bag-info.txt", "new info"), ("manifest-md5.txt", "new list"), ("tagmanifest-md5.txt", "new tags")];

fn bag() -> tempfile::TempDir {
    let bag = tempfile::tempdir().unwrap();
    OLD_FILES.iter().for_each(|(name, text)| fs::write(bag.path().join(name), text).unwrap());
    bag
}

fn new_files() -> Vec<(String, Vec<u8>)> {
    NEW_FILES.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
}

fn interrupted(bag: &Path) -> Option<Interrupted> {
    let names: Vec<_> = fs::read_dir(bag).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    Interrupted::among(names.iter().map(|name| name.as_encoded_bytes()))
}

fn has_exactly(bag: &Path, files: &[(&str, &str)]) -> bool {
    let names = NEW_FILES.map(|(name, _)| name);
    names.iter().all(|name| {
        let wanted = files.iter().find(|(one, _)| one == name).map(|(_, text)| (*text).to_owned());
        fs::read_to_string(bag.join(name)).ok() == wanted
    })
}

/// Performs at most so many steps, and tells how many are left.
fn up_to(steps: &[Step], count: usize) -> usize {
    let done = count.min(steps.len());
    perform(&steps[..done]).unwrap();
    count - done
}

/// A bag whose update was killed after so many steps, and whether it came to its end before.
fn killed_after(count: usize) -> (tempfile::TempDir, bool) {
    let bag = bag();
    let mut left = up_to(&steps_to_decide(bag.path(), new_files()), count);
    if interrupted(bag.path()).is_none() {
        return (bag, false);
    }
    let steps = steps_to_finish(bag.path()).unwrap();
    let is_done = left >= steps.len();
    left = up_to(&steps, left);
    assert!(left == 0 || is_done);
    (bag, is_done)
}

#[test]
fn an_update_that_is_killed_leaves_the_old_bag_or_can_be_finished_or_undone() {
    for count in 0.. {
        let (bag, is_done) = killed_after(count);
        match interrupted(bag.path()) {
            None => assert!(has_exactly(bag.path(), &OLD_FILES) || has_exactly(bag.path(), &NEW_FILES), "{count}"),
            Some(state) => {
                assert_eq!(state, Interrupted::Update);
                finish(bag.path()).unwrap();
                assert!(has_exactly(bag.path(), &NEW_FILES) && interrupted(bag.path()).is_none(), "{count}");
                let (bag, _) = killed_after(count);
                undo(bag.path()).unwrap();
                assert!(has_exactly(bag.path(), &OLD_FILES) && interrupted(bag.path()).is_none(), "{count}");
            }
        }
        // Whatever was left over, the next update succeeds.
        replace(bag.path(), new_files()).unwrap();
        assert!(has_exactly(bag.path(), &NEW_FILES));
        if is_done {
            return;
        }
    }
}

#[test]
fn an_undo_that_is_killed_can_only_be_undone() {
    for killed_at in 0.. {
        let (bag, is_done) = killed_after(killed_at);
        if is_done {
            return;
        }
        if interrupted(bag.path()).is_none() {
            continue;
        }
        for count in 0..=steps_to_undo(bag.path()).unwrap().len() {
            let (bag, _) = killed_after(killed_at);
            up_to(&steps_to_undo(bag.path()).unwrap(), count);
            match interrupted(bag.path()) {
                Some(Interrupted::Undo) => {
                    assert!(finish(bag.path()).is_err());
                    undo(bag.path()).unwrap();
                }
                Some(Interrupted::Update) => undo(bag.path()).unwrap(),
                None => {}
            }
            assert!(has_exactly(bag.path(), &OLD_FILES) && interrupted(bag.path()).is_none(), "{killed_at} {count}");
        }
    }
}

#[test]
fn what_an_update_did_not_write_is_not_moved() {
    for planted in ["bagit.txt", "x", "manifest-md5.txt.bak"] {
        let bag = bag();
        perform(&steps_to_decide(bag.path(), new_files())).unwrap();
        fs::write(bag.path().join(PENDING).join(NEW).join(planted), "x").unwrap();
        assert!(finish(bag.path()).unwrap_err().to_string().ends_with("was not written by an update"));
        assert!(has_exactly(bag.path(), &OLD_FILES), "{planted}");
    }
    let bag = bag();
    std::os::unix::fs::symlink("/etc", bag.path().join(PENDING)).unwrap();
    assert!(finish(bag.path()).is_err() && undo(bag.path()).is_err());
}

#[test]
fn the_new_files_have_the_permissions_of_the_old_ones() {
    use std::os::unix::fs::PermissionsExt;
    let bag = bag();
    let path = bag.path().join("manifest-md5.txt");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    replace(bag.path(), new_files()).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
}
