//! Names of a manifest that lies in a directory above the one that is compared: some lead into it, others are of other
//! directories.
//!
//! They are told by a file that is there under such a name, and only if none is there under a name as it is written.

use super::{DEEPEST, Spelling, sample_of, without_dot};

impl Spelling {
    /// The spelling of names that are relative to a directory above, if none of them meets what is there as it is
    /// written: names that do not begin with the way from there to here are of other files. `ways` have a `/` at their
    /// end; the first is taken after which a name meets what is there.
    pub fn from_above<'n>(
        names: impl Iterator<Item = &'n [u8]> + Clone,
        ways: &[Vec<u8>],
        mut is_there: impl FnMut(&[u8]) -> bool,
    ) -> Option<Self> {
        let names = names.map(without_dot);
        if sample_of(names.clone()).into_iter().any(&mut is_there) {
            return None;
        }
        let leads_here = |way: &&Vec<u8>| {
            let below = names.clone().filter_map(|name| name.strip_prefix(&way[..]));
            sample_of(below).into_iter().any(&mut is_there)
        };
        let taken_off = ways.iter().find(leads_here)?;
        Some(Self { taken_off: taken_off.clone(), ..Self::default() })
    }
}

/// Whether a name can be relative to a directory above: one of these ways, each with a `/` at its end, leads from there
/// to here.
pub fn may_be_from_above<'n>(mut names: impl Iterator<Item = &'n [u8]>, ways: &[Vec<u8>]) -> bool {
    names.any(|name| ways.iter().any(|way| without_dot(name).starts_with(way)))
}

/// The ways to a path from the directories above it, each with a `/` at its end, the longest first. At most
/// 64: every name may be held against each.
#[must_use]
pub fn ways_from_above(path: &[u8]) -> Vec<Vec<u8>> {
    let starts = std::iter::once(0).chain((0..path.len()).filter(|&at| path[at] == b'/').map(|at| at + 1));
    let ways = starts.filter(|_| !path.is_empty()).map(|start| [&path[start..], b"/"].concat());
    ways.take(DEEPEST).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Separator;
    use super::*;

    fn spelling(taken_off: &str) -> Spelling {
        Spelling { taken_off: taken_off.into(), ..Spelling::default() }
    }

    #[test]
    fn names_of_a_directory_above_are_told_by_a_file_that_is_here() {
        let ways = ["2026/a/", "a/"].map(|way| way.as_bytes().to_vec());
        let told = |names: &[&str], here: &[&str]| {
            let is_there = |name: &[u8]| here.iter().any(|one| one.as_bytes() == name);
            Spelling::from_above(names.iter().map(|name| name.as_bytes()), &ways, is_there)
        };
        assert_eq!(told(&["a/x", "./a/y", "b/x"], &["x"]), Some(spelling("a/")));
        assert_eq!(told(&["2026/a/x", "a/x"], &["x"]), Some(spelling("2026/a/")), "the longest way");
        assert_eq!(told(&["a/x", "x"], &["x"]), None, "a name that is here as it is written");
        assert_eq!(told(&["a/x", "b/x"], &["z"]), None, "nothing tells");
        assert_eq!(told(&["ab/x"], &["x", "b/x"]), None);
        let read = spelling("a/");
        assert_eq!(["a/x", "./a/x", "b/x", "a"].map(|name| read.is_of(name.as_bytes())), [true, true, false, false]);
        let from_windows = Spelling { separator: Separator::Backslash, ..spelling("a/") };
        assert!(from_windows.is_of(b"a\\x") && Spelling::default().is_of(b"x"));
    }

    #[test]
    fn the_ways_from_above_begin_with_the_longest_and_have_a_bound() {
        let ways = |path: &str| ways_from_above(path.as_bytes());
        assert_eq!(ways(""), Vec::<Vec<u8>>::new());
        assert_eq!(ways("2026/a b"), [&b"2026/a b/"[..], b"a b/"]);
        assert_eq!(ways(&vec!["d"; DEEPEST + 5].join("/")).len(), DEEPEST);
    }
}
