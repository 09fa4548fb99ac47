//! Finds files that are copies: for contents that are looked for, the first unchanged file that has them, in byte order.
//!
//! The contents are those of added and changed files, which are kept anyway; the unchanged files pass by once and are not
//! kept. A short checksum may be that of many contents: of one digest at most [`MAX_ALIKE`] are told apart, and what is
//! beyond is counted, not guessed. Empty files are never copies.

use std::collections::HashMap;

use super::moves::{MAX_ALIKE, Side, fingerprint, is_empty};
use crate::manifest::Candidates;

/// Contents that are looked for.
pub(super) struct Copies<'a> {
    contents: Vec<Side<'a>>,
    /// The indices of contents, at most [`MAX_ALIKE`], by the first bytes of each of their digests.
    by_digest: HashMap<u64, Vec<usize>>,
    /// Who looks for which content.
    sought: Vec<(usize, usize)>,
    /// The first path of each content that was seen.
    first: HashMap<usize, Vec<u8>>,
    untraced: u64,
}

impl<'a> Copies<'a> {
    /// Looks for the contents of these files, each with a number of the caller's.
    pub(super) fn of(files: impl IntoIterator<Item = (usize, Side<'a>)>) -> Self {
        let (by_digest, first) = (HashMap::new(), HashMap::new());
        let mut this = Self { contents: Vec::new(), by_digest, sought: Vec::new(), first, untraced: 0 };
        for (number, side) in files {
            if is_empty(&side) {
                continue;
            }
            match this.index_of(side) {
                Some(content) => this.sought.push((number, content)),
                None => this.untraced += 1,
            }
        }
        this
    }

    /// The index of this file's content, which is added unless too many others have one of its digests.
    fn index_of(&mut self, side: Side<'a>) -> Option<usize> {
        let alike = side.digests.first().and_then(|first| self.by_digest.get(&fingerprint(first)));
        let is_same = |&&index: &&usize| {
            let other = &self.contents[index];
            (other.size, other.digests) == (side.size, side.digests)
        };
        if let Some(&known) = alike.and_then(|alike| alike.iter().find(is_same)) {
            return Some(known);
        }
        let prints: Vec<u64> = side.digests.iter().map(fingerprint).collect();
        let is_full = |print: &u64| self.by_digest.get(print).is_some_and(|alike| alike.len() >= MAX_ALIKE);
        if prints.iter().any(is_full) {
            return None;
        }
        let index = self.contents.len();
        self.contents.push(side);
        for print in prints {
            self.by_digest.entry(print).or_default().push(index);
        }
        Some(index)
    }

    /// Whether nothing is looked for.
    pub(super) fn is_empty(&self) -> bool {
        self.contents.is_empty()
    }

    /// Looks at an unchanged file.
    pub(super) fn see(&mut self, unchanged: &Side<'_>, candidates: &Candidates) {
        for digest in unchanged.digests {
            let Some(alike) = self.by_digest.get(&fingerprint(digest)) else { continue };
            for &index in alike.iter().filter(|&&index| self.contents[index].has_content_of(unchanged, candidates)) {
                let first = self.first.entry(index).or_insert_with(|| unchanged.path.to_vec());
                if unchanged.path < &first[..] {
                    *first = unchanged.path.to_vec();
                }
            }
        }
    }

    /// How many files are not looked for, because too many other contents have one of their digests.
    pub(super) fn untraced(&self) -> u64 {
        self.untraced
    }

    /// The numbers of the files whose content was seen, each with the first path that has it.
    pub(super) fn found(self) -> Vec<(usize, Vec<u8>)> {
        let found =
            self.sought.iter().filter_map(|(number, content)| Some((*number, self.first.get(content)?.clone())));
        found.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{Algorithm, Digest};
    use crate::manifest::Claimed;

    fn crc(byte: u8) -> [Claimed; 1] {
        [Claimed::of(Digest::new(Algorithm::Crc32, &[byte; 4]).unwrap())]
    }

    fn found(sought: &[(usize, Side<'_>)], unchanged: &[Side<'_>]) -> (Vec<(usize, String)>, u64) {
        let mut copies = Copies::of(sought.iter().copied());
        unchanged.iter().for_each(|side| copies.see(side, &Candidates::default()));
        let untraced = copies.untraced();
        let text = |(number, path)| (number, String::from_utf8(path).unwrap());
        (copies.found().into_iter().map(text).collect(), untraced)
    }

    fn side<'a>(path: &'a str, size: u64, digests: &'a [Claimed]) -> Side<'a> {
        Side { path: path.as_bytes(), size: Some(size), digests }
    }

    #[test]
    fn the_first_path_in_byte_order_is_found_in_whatever_order_files_pass() {
        let (one, two) = (crc(1), crc(2));
        let sought = [(7, side("x", 3, &one)), (9, side("y", 3, &one)), (11, side("z", 3, &two))];
        let unchanged = [side("b", 3, &one), side("a", 3, &one), side("a/0", 3, &one), side("0", 4, &one)];
        let expected = vec![(7, "a".to_owned()), (9, "a".to_owned())];
        assert_eq!(found(&sought, &unchanged), (expected, 0), "and not one of another size");
    }

    #[test]
    fn empty_files_are_no_copies() {
        let some = crc(1);
        assert_eq!(found(&[(0, side("x", 0, &some))], &[side("a", 0, &some)]), (Vec::new(), 0));
    }

    #[test]
    fn contents_beyond_those_that_are_told_apart_by_one_checksum_are_counted_and_not_guessed() {
        let same = crc(1);
        let sizes = 1..=MAX_ALIKE as u64 + 2;
        let sought: Vec<_> = sizes.clone().map(|size| (size as usize, side("x", size, &same))).collect();
        let unchanged: Vec<_> = sizes.map(|size| side("a", size, &same)).collect();
        let (found, untraced) = found(&sought, &unchanged);
        assert_eq!((found.len(), untraced), (MAX_ALIKE, 2));
    }
}
