//! How the names of a manifest are spelled: with a beginning that all of them share, or with `\` between directories.
//!
//! `rotmnt/a` of one listing and `a` of another are one file where that makes the two meet. What is taken off or
//! translated is the least that makes most of a sample of the names meet the other side; nothing is changed that does
//! not. The caller says what was changed. Nothing here looks at files: it asks what is there.

mod above;
mod json;

use std::borrow::Cow;
use std::collections::HashSet;

use serde::{Deserialize, Serialize};

pub use self::above::{may_be_from_above, ways_from_above};

/// How many names of one side are held against the other side.
const SAMPLE: usize = 64;

/// The deepest directory that may be taken off: every level is tried.
const DEEPEST: usize = 64;

/// How the names of one side are read. By default as they are, without a leading `./`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spelling {
    /// What is between directories.
    pub separator: Separator,
    /// What all names begin with and is taken off, with a `/` at its end; may be empty.
    pub taken_off: Vec<u8>,
}

/// What is between the directories of a name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Separator {
    /// `/`.
    #[default]
    Slash,
    /// `\`, as on Windows. It is read as `/`.
    Backslash,
}

impl Spelling {
    /// Whether names are read as they are.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// The name as the other side has it.
    #[must_use]
    pub fn read<'n>(&self, name: &'n [u8]) -> Cow<'n, [u8]> {
        match translated(name, self.separator) {
            Cow::Borrowed(name) => Cow::Borrowed(name.strip_prefix(&self.taken_off[..]).unwrap_or(name)),
            Cow::Owned(name) => Cow::Owned(name.strip_prefix(&self.taken_off[..]).unwrap_or(&name).to_vec()),
        }
    }

    /// Whether a name is one of the side that is read: it begins with what is taken off.
    #[must_use]
    pub fn is_of(&self, name: &[u8]) -> bool {
        translated(name, self.separator).starts_with(&self.taken_off)
    }

    /// The spelling with which most names meet what is there. `known` are beginnings with a `/` at their end, such as
    /// the directory as it was given: they are preferred where all names have them.
    pub fn meeting<'n>(
        names: impl Iterator<Item = &'n [u8]> + Clone,
        known: &[Vec<u8>],
        mut is_there: impl FnMut(&[u8]) -> bool,
    ) -> Self {
        let sample = sample_of(names.clone());
        let mut best: Option<((usize, usize), Self)> = None;
        for separator in separators(names.clone()) {
            let common = common_directory(names.clone(), separator);
            let given = known.iter().filter(|start| common.starts_with(start)).map(Vec::len);
            for cut in given.chain(cuts(&common)) {
                let spelling = Self { separator, taken_off: common[..cut].to_vec() };
                let met = sample.iter().filter(|name| is_there(&spelling.read(name))).count();
                if met == sample.len() && met > 0 {
                    return spelling;
                }
                // Of files that are gone, the directory may still be there.
                let in_directory = |name: &&&[u8]| directory_of(&spelling.read(name)).is_some_and(&mut is_there);
                let found = (met, sample.iter().filter(in_directory).count());
                if best.as_ref().is_none_or(|(most, _)| found > *most) {
                    best = Some((found, spelling));
                }
            }
        }
        best.map(|(_, spelling)| spelling).unwrap_or_default()
    }
}

/// The spellings of two sides with which most of their names meet.
#[must_use]
pub fn align(old: &[&[u8]], new: &[&[u8]]) -> (Spelling, Spelling) {
    // The side with fewer names is held against the other one.
    if old.len() > new.len() {
        let (new, old) = align(new, old);
        return (old, new);
    }
    let mut best = (0, (Spelling::default(), Spelling::default()));
    if !may_be_respelled(old.iter().copied()) && !may_be_respelled(new.iter().copied()) {
        return best.1;
    }
    for of_new in separators(new.iter().copied()) {
        let names: HashSet<Cow<'_, [u8]>> = new.iter().map(|name| translated(name, of_new)).collect();
        let new_common = common_directory(new.iter().copied(), of_new);
        for new_cut in cuts(&new_common) {
            let start = &new_common[..new_cut];
            let is_there = |name: &[u8]| names.contains(&[start, name].concat()[..]);
            let spelling = Spelling::meeting(old.iter().copied(), &[], is_there);
            let met = sample_of(old.iter().copied()).iter().filter(|name| is_there(&spelling.read(name))).count();
            if met > best.0 {
                best = (met, (spelling, Spelling { separator: of_new, taken_off: start.to_vec() }));
            }
        }
    }
    best.1
}

/// Whether names can be spelled in another way: they have a common directory, or a separator to translate.
pub fn may_be_respelled<'n>(names: impl Iterator<Item = &'n [u8]> + Clone) -> bool {
    separators(names.clone()).len() > 1 || !common_directory(names, Separator::Slash).is_empty()
}

/// Up to [`SAMPLE`] names from everywhere.
fn sample_of<'n>(names: impl Iterator<Item = &'n [u8]> + Clone) -> Vec<&'n [u8]> {
    let step = names.clone().count().div_ceil(SAMPLE).max(1);
    names.step_by(step).collect()
}

/// How directories may be separated. By `\` only if no name has a `/`.
fn separators<'n>(names: impl Iterator<Item = &'n [u8]> + Clone) -> Vec<Separator> {
    let has = |wanted: u8| names.clone().any(|name| without_dot(name).contains(&wanted));
    match has(b'\\') && !has(b'/') {
        true => vec![Separator::Slash, Separator::Backslash],
        false => vec![Separator::Slash],
    }
}

fn translated(name: &[u8], separator: Separator) -> Cow<'_, [u8]> {
    match separator {
        Separator::Slash => Cow::Borrowed(without_dot(name)),
        Separator::Backslash => {
            let name: Vec<u8> = name.iter().map(|&byte| if byte == b'\\' { b'/' } else { byte }).collect();
            Cow::Owned(without_dot(&name).to_vec())
        }
    }
}

/// The name without leading `./`.
pub(super) fn without_dot(mut name: &[u8]) -> &[u8] {
    while let Some(rest) = name.strip_prefix(b"./") {
        name = rest;
    }
    name
}

/// The longest directory that all names are in, with a `/` at its end.
fn common_directory<'n>(names: impl Iterator<Item = &'n [u8]>, separator: Separator) -> Vec<u8> {
    let mut common: Option<Vec<u8>> = None;
    for name in names {
        let name = translated(name, separator);
        let length = match &common {
            None => name.len(),
            Some(common) => common.iter().zip(name.iter()).take_while(|(one, other)| one == other).count(),
        };
        let end = name[..length].iter().rposition(|&byte| byte == b'/').map_or(0, |at| at + 1);
        match &mut common {
            None => common = Some(name[..end].to_vec()),
            Some(common) => common.truncate(end),
        }
        if end == 0 {
            break;
        }
    }
    common.unwrap_or_default()
}

/// The directory of a name, without a `/` at its end; `None` if the name has none.
fn directory_of(name: &[u8]) -> Option<&[u8]> {
    let end = name.iter().rposition(|&byte| byte == b'/')?;
    Some(&name[..end])
}

/// Where the directory may be cut: before everything, and after each `/`.
fn cuts(common: &[u8]) -> impl Iterator<Item = usize> {
    let ends = common.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at + 1);
    std::iter::once(0).chain(ends.take(DEEPEST))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spelling(taken_off: &str) -> Spelling {
        Spelling { taken_off: taken_off.into(), ..Spelling::default() }
    }

    fn from_windows(taken_off: &str) -> Spelling {
        Spelling { separator: Separator::Backslash, ..spelling(taken_off) }
    }

    fn aligned(old: &[&str], new: &[&str]) -> (Spelling, Spelling) {
        let (old, new) = (bytes(old), bytes(new));
        align(&old, &new)
    }

    fn bytes<'n>(names: &[&'n str]) -> Vec<&'n [u8]> {
        names.iter().map(|name| name.as_bytes()).collect()
    }

    fn meeting(names: &[&str], known: &[&str], there: &[&str]) -> Spelling {
        let known: Vec<Vec<u8>> = known.iter().map(|start| start.as_bytes().to_vec()).collect();
        Spelling::meeting(names.iter().map(|name| name.as_bytes()), &known, |name| {
            there.iter().any(|one| one.as_bytes() == name)
        })
    }

    #[test]
    fn a_beginning_is_taken_off_where_that_makes_two_sides_meet() {
        let none = Spelling::default();
        assert_eq!(aligned(&["rotmnt/a", "rotmnt/b/c"], &["a", "b/c"]), (spelling("rotmnt/"), none.clone()));
        assert_eq!(
            aligned(&["a", "b/c"], &["rotmnt/a", "rotmnt/b/c", "rotmnt/d"]),
            (none.clone(), spelling("rotmnt/"))
        );
        assert_eq!(
            aligned(&["/srv/jan/a", "/srv/jan/b"], &["/srv/feb/a"]),
            (spelling("/srv/jan/"), spelling("/srv/feb/"))
        );
        assert_eq!(
            aligned(&["/srv/a/x", "/srv/a/y"], &["/srv/a/x"]),
            (none.clone(), none.clone()),
            "they meet as they are"
        );
        assert_eq!(aligned(&["d/a", "d/b"], &["e", "f"]), (none.clone(), none.clone()), "they never meet");
        assert_eq!(aligned(&["d/a", "b"], &["a", "b"]), (none.clone(), none.clone()), "not all begin with it");
        assert_eq!(aligned(&["./d/a"], &["d/a"]), (none.clone(), none.clone()));
        assert_eq!(aligned(&[], &["a"]), (none.clone(), none));
    }

    #[test]
    fn the_least_is_taken_off_on_both_sides() {
        assert_eq!(aligned(&["x/lib/a", "x/lib/b"], &["y/lib/a", "y/lib/b"]), (spelling("x/"), spelling("y/")));
    }

    #[test]
    fn backslashes_separate_where_no_name_has_a_slash_and_the_other_side_has_the_name() {
        let none = Spelling::default();
        assert_eq!(aligned(&["d\\a", "b"], &["d/a", "b"]), (from_windows(""), none.clone()));
        assert_eq!(
            aligned(&["C:\\data\\a", "C:\\data\\b\\c"], &["a", "b/c"]),
            (from_windows("C:/data/"), none.clone())
        );
        assert_eq!(aligned(&["d\\a", "e/b"], &["d/a", "e/b"]), (none.clone(), none.clone()));
        assert_eq!(aligned(&["d\\a"], &["d\\a"]), (none.clone(), none), "a name may have one");
        assert_eq!(&*from_windows("C:/data/").read(b"C:\\data\\b\\c"), b"b/c");
    }

    #[test]
    fn names_meet_a_directory_by_its_name_or_by_the_files_in_it() {
        let there = ["a", "b/c"];
        assert_eq!(meeting(&["a", "b/c"], &["d/", "/srv/d/"], &there), spelling(""));
        assert_eq!(meeting(&["d/a", "d/b/c"], &["d/", "/srv/d/"], &there), spelling("d/"));
        assert_eq!(meeting(&["/srv/d/a", "/srv/d/gone"], &["d/", "/srv/d/"], &there), spelling("/srv/d/"));
        assert_eq!(meeting(&["/old/place/a", "/old/place/b/c"], &["d/"], &there), spelling("/old/place/"));
        assert_eq!(meeting(&["d/gone", "d/lost"], &["d/"], &there), spelling("d/"), "it is the directory's name");
        assert_eq!(meeting(&["e/gone", "e/lost"], &["d/"], &there), spelling(""));
        assert_eq!(meeting(&["b\\c"], &[], &there), from_windows(""));
        assert_eq!(meeting(&["a", "b\\gone"], &[], &["a", "b"]), from_windows(""), "its directory is there");
        assert_eq!(meeting(&["d/d/a", "d/b/c"], &["d/"], &["d/d/a", "d/b/c"]), spelling(""), "the files decide");
    }

    proptest! {
        #[test]
        fn a_prefix_on_one_side_never_changes_which_names_meet(
            names in prop::collection::btree_set("[ab]{1,2}(/[ab]{1,2}){0,2}", 1..20),
            prefix in "[xy]{1,3}(/[xyz]{1,3}){0,3}/",
        ) {
            let with: Vec<Vec<u8>> = names.iter().map(|name| format!("{prefix}{name}").into_bytes()).collect();
            let old: Vec<&[u8]> = with.iter().map(|name| &name[..]).collect();
            let new: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
            let (of_old, of_new) = align(&old, &new);
            let read = |names: &[&[u8]], spelling: &Spelling| {
                names.iter().map(|name| spelling.read(name).into_owned()).collect::<Vec<_>>()
            };
            prop_assert_eq!(read(&old, &of_old), read(&new, &of_new));
            prop_assert_eq!(align(&new, &new), (Spelling::default(), Spelling::default()));
        }
    }
}
