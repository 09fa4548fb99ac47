//! The order of a walk, for whole paths.

pub use crate::job::rows::walk_order;

/// Whether the path is in this directory, at any depth.
pub(super) fn is_below(path: &[u8], directory: &[u8]) -> bool {
    directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_s_content_comes_before_names_that_only_begin_like_it() {
        let sorted = [&b"a"[..], b"a/x", b"a/y/1", b"a/z", b"a b/1", b"a.c", b"ab", b"b"];
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
