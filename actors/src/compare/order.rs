//! The order of a walk, for whole paths.

use std::cmp::Ordering;

/// Compares paths component by component, as a walk meets them: `/` sorts before every other byte.
#[must_use]
pub fn walk_order(one: &[u8], other: &[u8]) -> Ordering {
    let rank = |byte: u8| if byte == b'/' { 0 } else { u16::from(byte) + 1 };
    match one.iter().zip(other).find(|(a, b)| a != b) {
        Some((&a, &b)) => rank(a).cmp(&rank(b)),
        None => one.len().cmp(&other.len()),
    }
}

/// Whether the path is in this directory, at any depth.
pub(super) fn is_below(path: &[u8], directory: &[u8]) -> bool {
    directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_s_content_comes_before_names_that_only_begin_like_it() {
        let sorted = [&b"a"[..], b"a/x", b"a/y/1", b"a/z", b"a\x01", b"a b/1", b"a.c", b"ab", b"b"];
        for (place, one) in sorted.iter().enumerate() {
            for (other_place, other) in sorted.iter().enumerate() {
                assert_eq!(walk_order(one, other), place.cmp(&other_place), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn what_is_below_a_directory_is_told_by_a_slash() {
        assert!(is_below(b"a/b", b"a") && is_below(b"a", b""));
        assert!(!is_below(b"ab", b"a") && !is_below(b"a", b"a"));
    }
}
